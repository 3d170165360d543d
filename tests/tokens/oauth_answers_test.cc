// SPDX-License-Identifier: Apache-2.0
// What a token endpoint may answer, from a real server over TLS, and what becomes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/https/https.h"
#include "lanyard/sdk/tokens/oauth_token_source.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/fetch_token.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/interceptors/eventually.h"
#include "tests/keys/nginx_server.h"
#include "tests/tokens/silent_server.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using testing::FetchToken;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kSecret[] = "what-only-the-client-may-know";

class OAuthAnswersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!NginxServer::IsInstalled()) GTEST_SKIP() << "SKIPPED: nginx is not installed";
    options_.client.token_url = nginx_.Url("token");
    options_.client.client_id = "checkout";
    options_.client.client_secret_file = Private("secret", kSecret);
    options_.client.ca_file = files_.Client().root_certificates;
    options_.client.timeout = absl::Minutes(1);  // A busy machine may need it.
    options_.client.https = Https();
    options_.client.clock = clock_;
  }

  std::string Private(const std::string& name, const std::string& content) const {
    const std::string path = files_.Write(name, content);
    chmod(path.c_str(), 0600);
    return path;
  }

  absl::StatusOr<BearerToken> Fetch() const {
    const auto source = ClientCredentialsTokenSource(options_);
    if (!source.ok()) return source.status();
    absl::StatusOr<BearerToken> got = FetchToken(**source, {"orders"});
    if (!got.ok()) {
      EXPECT_THAT(std::string(got.status().message()), Not(HasSubstr(kSecret)));
    }
    return got;
  }
  // What the source makes of these directives for the endpoint.
  absl::StatusOr<BearerToken> FetchFrom(const std::string& directives) {
    nginx_.Restart("location = /token { " + directives + " }");
    return Fetch();
  }
  // Of an answer with that status and body.
  absl::StatusOr<BearerToken> Answered(int status, const std::string& body) {
    return FetchFrom(absl::StrCat("return ", status, " '", body, "';"));
  }
  absl::StatusOr<BearerToken> Answered(const std::string& body) { return Answered(200, body); }

  void ExpectPermanent(const absl::StatusOr<BearerToken>& token, const std::string& says) const {
    EXPECT_EQ(token.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_THAT(token, IsError(AllOf(StartsWith(nginx_.origin()), HasSubstr(says))));
  }
  void ExpectTransient(const absl::StatusOr<BearerToken>& token, const std::string& says) const {
    EXPECT_EQ(token.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(token, IsError(AllOf(StartsWith(nginx_.origin()), HasSubstr(says))));
  }

  testing::TestCertificates files_;
  const std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
  NginxServer nginx_{files_};
  ClientCredentialsOptions options_;
};

TEST_F(OAuthAnswersTest, GivesTheTokenForAsLongAsItIsSaidToLive) {
  for (const char* type : {"Bearer", "bearer", "BEARER"}) {
    const auto token =
        Answered(absl::StrCat(R"({"access_token":"opaque~+/==","token_type":")", type,
                              R"(","expires_in":77,"refresh_token":"x","scope":"a"})"));
    ASSERT_THAT(token, IsOk());
    EXPECT_EQ(token->text(), "opaque~+/==");
    EXPECT_EQ(token->expires_at(), clock_->Now() + absl::Seconds(77));
  }
}

TEST_F(OAuthAnswersTest, TakesTheTokensOwnExpiryWhereTheIssuerSaysNone) {
  const testing::TestIssuer issuer(Algorithm::kEs256, "test", clock_);
  const std::string jwt = issuer.Token().ExpiresIn(absl::Seconds(99)).Sign();
  const auto token = Answered(R"({"token_type":"Bearer","access_token":")" + jwt + "\"}");
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->text(), jwt);
  EXPECT_EQ(token->expires_at(), clock_->Now() + absl::Seconds(99));
  ExpectPermanent(Answered(R"({"token_type":"Bearer","access_token":"opaque"})"),
                  "has no expires_in, and its token no exp that can be read");
}

TEST_F(OAuthAnswersTest, RefusesAnswersThatAreNoTokens) {
  const std::string valid = R"("token_type":"Bearer","expires_in":60)";
  const std::pair<std::string, std::string> answers[] = {
      {"", "is no JSON object"},
      {"<html>log in</html>", "is no JSON object"},
      {"[]", "is no JSON object"},
      {R"({"access_token":"opaque")", "is no JSON object"},
      {R"({"access_token":"opaque","access_token":"opaque2",)" + valid + "}", "is no JSON object"},
      {"{" + valid + "}", "has no access_token"},
      {R"({"access_token":17,)" + valid + "}", "no bearer token"},
      {R"({"access_token":"",)" + valid + "}", "no bearer token"},
      {R"({"access_token":"two words",)" + valid + "}", "no bearer token"},
      {R"({"access_token":"opaque\\r\\nx: y",)" + valid + "}", "no bearer token"},
      {R"({"access_token":"opaque","expires_in":60})", "has no token_type"},
      {R"({"access_token":"opaque","token_type":null,"expires_in":60})", "has no token_type"},
      {R"({"access_token":"opaque","token_type":"DPoP","expires_in":60})",
       "has the token_type \"DPoP\", not Bearer"},
      {R"({"access_token":"opaque","token_type":"opaque","expires_in":60})",
       "has a token_type that is not Bearer"},
  };
  for (const auto& [body, says] : answers) {
    const auto token = Answered(body);
    ExpectPermanent(token, says);
    EXPECT_THAT(token, IsError(Not(HasSubstr("opaque"))));
  }
  for (const char* life : {"0", "-1", "1.5", "60.0", "\"60\"", "null", "18446744073709551615"}) {
    ExpectPermanent(
        Answered(absl::StrCat(R"({"access_token":"opaque","token_type":"Bearer","expires_in":)",
                              life, "}")),
        "has an expires_in that is no integer above 0");
  }
}

TEST_F(OAuthAnswersTest, SaysWhatTheEndpointRefused) {
  ExpectPermanent(Answered(401, R"({"error":"invalid_client"})"),
                  "HTTP status 401: invalid_client");
  ExpectPermanent(Answered(400, R"({"error":"invalid_scope","error_description":"no such scope"})"),
                  "HTTP status 400: invalid_scope: no such scope");
  ExpectPermanent(Answered(R"({"error":"unauthorized_client"})"),
                  "has no access_token: unauthorized_client");
  for (const int status : {201, 400, 401, 403, 404, 405}) {
    const auto token = Answered(status, "<html>");
    ExpectPermanent(token, absl::StrCat("HTTP status ", status));
    EXPECT_THAT(token, IsError(EndsWith(absl::StrCat(status))));
  }
}

TEST_F(OAuthAnswersTest, WhatMayPassIsTransient) {
  for (const int status : {408, 429, 500, 502, 503, 504, 599}) {
    ExpectTransient(Answered(status, R"({"error":"temporarily_unavailable"})"),
                    absl::StrCat("HTTP status ", status, ": temporarily_unavailable"));
  }
}

TEST_F(OAuthAnswersTest, NeverRepeatsASecret) {
  const auto said = [](const std::string& error, const std::string& description) {
    return absl::StrCat(R"({"error":")", error, R"(","error_description":")", description, "\"}");
  };
  const auto code_alone = IsError(EndsWith("HTTP status 401: invalid_client"));
  for (const std::string& description :
       {std::string("you sent ") + kSecret, std::string(kSecret).substr(3, 8),
        std::string(2000, 'x')}) {
    EXPECT_THAT(Answered(401, said("invalid_client", description)), code_alone);
  }
  EXPECT_THAT(Answered(401, said(kSecret, "none")), IsError(EndsWith("HTTP status 401")));
  // The very header that it was sent.
  EXPECT_THAT(Answered(401, said("invalid_client", "$http_authorization")), code_alone);
}

TEST_F(OAuthAnswersTest, WhatTheEndpointSaysIsSafeToShow) {
  const auto token = Answered(
      400, R"({"error":"invalid_scope","error_description":"one\u000atwo\u001b[31m\u202e"})");
  ExpectPermanent(token, "invalid_scope: one?two?[31m?");
  std::string words;
  while (words.size() < 900) words += "word ";
  const auto longer = Answered(
      400, absl::StrCat(R"({"error":"invalid_scope","error_description":")", words, "\"}"));
  ExpectPermanent(longer, "invalid_scope: word word ");
  EXPECT_LT(longer.status().message().size(), 512u);
}

TEST_F(OAuthAnswersTest, FollowsNoRedirect) {
  nginx_.Serve("elsewhere", R"({"access_token":"a","token_type":"Bearer","expires_in":60})");
  for (const int status : {301, 302, 303, 307, 308}) {
    ExpectPermanent(FetchFrom(absl::StrCat("return ", status, " ", nginx_.Url("elsewhere"), ";")),
                    absl::StrCat("HTTP status ", status, "; redirects are not followed"));
  }
  for (const std::string& request : nginx_.requests()) {
    EXPECT_THAT(request, HasSubstr("/token"));
  }
}

TEST_F(OAuthAnswersTest, ReadsNoMoreThanItsLimit) {
  const std::string answer = R"({"access_token":"opaque","token_type":"Bearer","expires_in":60})";
  // nginx gives files to GET alone; as an error page it gives them to anybody.
  const std::string file = "error_page 405 =200 /answer; return 405;";
  nginx_.Serve("answer", answer + std::string(64 * 1024 - answer.size(), ' '));
  EXPECT_THAT(FetchFrom(file), IsOk());
  nginx_.Serve("answer", answer + std::string(64 * 1024 - answer.size() + 1, ' '));
  ExpectTransient(FetchFrom(file), "longer than 65536 bytes");
}

TEST_F(OAuthAnswersTest, AnEndpointThatCannotBeReachedMayComeBack) {
  ExpectTransient(Fetch(), "");
  const SilentServer silent;
  options_.client.token_url = absl::StrCat("https://127.0.0.1:", silent.port(), "/token");
  options_.client.timeout = absl::Seconds(1);
  EXPECT_EQ(Fetch().status().code(), absl::StatusCode::kUnavailable);
  options_.client.token_url = nginx_.Url("token");
  ExpectTransient(FetchFrom(absl::StrCat("proxy_pass http://127.0.0.1:", silent.port(), ";")), "");
  options_.client.token_url = "https://no-such-host.invalid/token";
  options_.client.timeout = absl::Seconds(5);
  EXPECT_EQ(Fetch().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(OAuthAnswersTest, SendsNothingToAnEndpointThatIsNotTheRightOne) {
  const std::string answer =
      R"(return 200 '{"access_token":"a","token_type":"Bearer","expires_in":60}';)";
  const std::string trusted = options_.client.ca_file;
  options_.client.ca_file.clear();  // The system's certificates do not know it.
  ExpectTransient(FetchFrom(answer), "SSL");
  const testing::TestCertificates others;
  options_.client.ca_file = others.Client().root_certificates;
  ExpectTransient(Fetch(), "SSL");
  options_.client.ca_file = trusted;
  files_.Issue("stranger", {"DNS:stranger.example.test"});
  NginxServer stranger(files_, "stranger");
  stranger.Start();
  options_.client.token_url = stranger.Url("token");
  EXPECT_THAT(Fetch(), IsError(AllOf(StartsWith(stranger.origin()), HasSubstr("SSL"))));
  EXPECT_THAT(stranger.requests(), IsEmpty());
  options_.client.token_url = nginx_.Url("token");
  ASSERT_THAT(Fetch(), IsOk());
  // Requests are logged in their order, and a little late.
  ASSERT_TRUE(Eventually([this] { return !nginx_.requests().empty(); }));
  EXPECT_THAT(nginx_.requests(), SizeIs(1));
}

TEST_F(OAuthAnswersTest, UsesNoProxyOfTheEnvironment) {
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    setenv(name, "http://127.0.0.1:1", 1);
  }
  EXPECT_THAT(Answered(R"({"access_token":"a","token_type":"Bearer","expires_in":60})"), IsOk());
  for (const char* name : {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) unsetenv(name);
}

TEST_F(OAuthAnswersTest, ReadsTheSecretAnewForEachRequest) {
  // "checkout:first" and "checkout:second", as the header has them.
  nginx_.Start(R"(location = /token {
      if ($http_authorization = "Basic Y2hlY2tvdXQ6Zmlyc3Q=") {
        return 200 '{"access_token":"first","token_type":"Bearer","expires_in":60}'; }
      if ($http_authorization = "Basic Y2hlY2tvdXQ6c2Vjb25k") {
        return 200 '{"access_token":"second","token_type":"Bearer","expires_in":60}'; }
      return 401 '{"error":"invalid_client"}'; })");
  Private("secret", "first");
  const auto source = *ClientCredentialsTokenSource(options_);
  const auto text = [&] {
    const auto token = FetchToken(*source, {"orders"});
    return token.ok() ? std::string(token->text()) : std::string(token.status().message());
  };
  EXPECT_EQ(text(), "first");
  Private("secret", "second\n");
  EXPECT_EQ(text(), "second");
  Private("secret", "third");
  EXPECT_THAT(text(), EndsWith("invalid_client"));
}

TEST_F(OAuthAnswersTest, ShowsItsCertificateToTheEndpoint) {
  files_.Issue("client", {"DNS:checkout.example.test"});
  const std::string root = files_.Client().root_certificates;
  nginx_.Start("ssl_client_certificate " + root + R"(; ssl_verify_client optional;
      location = /token {
        if ($ssl_client_verify != SUCCESS) { return 401 '{"error":"invalid_client"}'; }
        return 200 '{"access_token":"opaque","token_type":"Bearer","expires_in":60}'; })");
  ExpectPermanent(Fetch(), "invalid_client");
  options_.client.client_secret_file.clear();
  options_.client.tls_certificate_file = files_.Path("client.crt");
  options_.client.tls_private_key_file = Private("client.key", files_.Read("client.key"));
  EXPECT_THAT(Fetch(), IsOk());
}

}  // namespace
}  // namespace lanyard::test
