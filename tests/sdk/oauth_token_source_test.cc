// SPDX-License-Identifier: Apache-2.0
// What is sent for a token, byte by byte, and which options are refused. The requests that real
// servers get and answer are in tests/tokens and tests/interop.
#include "lanyard/sdk/tokens/oauth_token_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/fetch_token.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FakeClock;
using ::lanyard::testing::FetchToken;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TestCertificates;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Keeps what it is asked to post, and gives a token for it.
class RecordingFetcher final : public internal::HttpFetcher {
 public:
  absl::StatusOr<internal::HttpResponse> Get(const internal::HttpRequest&,
                                             const std::atomic<bool>&) const override {
    return absl::UnimplementedError("tokens are posted for");
  }
  absl::StatusOr<internal::HttpResponse> Post(const internal::HttpRequest& request,
                                              const std::atomic<bool>&) const override {
    requests.push_back(request);
    internal::HttpResponse response;
    response.status = 200;
    response.body = R"({"access_token":"opaque","token_type":"Bearer","expires_in":60})";
    return response;
  }
  mutable std::vector<internal::HttpRequest> requests;
};

class ClientCredentialsTest : public ::testing::Test {
 protected:
  ClientCredentialsTest() {
    files_.Issue("client", {"DNS:checkout.example.test"});
    options_.client.token_url = "https://sso.example.test/token";
    options_.client.client_id = "check:out";
    options_.client.client_secret_file = Private("secret", "s e+cret\n");
    options_.client.https = https_;
    options_.client.clock = clock_;
  }

  std::string Private(const std::string& name, absl::string_view content) const {
    const std::string path = files_.Write(name, content);
    chmod(path.c_str(), 0600);
    return path;
  }

  // Options whose proof is a key.
  ClientCredentialsOptions WithKey(const std::string& file) const {
    ClientCredentialsOptions options = options_;
    options.client.client_secret_file.clear();
    options.client.private_key_file = file;
    return options;
  }
  ClientCredentialsOptions WithCertificate() const {
    ClientCredentialsOptions options = options_;
    options.client.client_secret_file.clear();
    options.client.tls_certificate_file = files_.Path("client.crt");
    options.client.tls_private_key_file = Private("client.key", files_.Read("client.key"));
    return options;
  }

  static absl::StatusOr<BearerToken> Fetch(TokenSource& source, const std::string& audience) {
    return FetchToken(source, {audience});
  }
  // What is posted for a token.
  internal::HttpRequest Posted(const ClientCredentialsOptions& options,
                               const std::string& audience = "orders") const {
    const auto source = ClientCredentialsTokenSource(options);
    EXPECT_THAT(source, IsOk());
    if (!source.ok()) return {};
    EXPECT_THAT(Fetch(**source, audience), IsOk());
    return https_->requests.back();
  }
  std::string Form(const ClientCredentialsOptions& options,
                   const std::string& audience = "orders") const {
    return std::string(Posted(options, audience).form.view());
  }
  static std::string Field(const internal::HttpRequest& request, const std::string& name) {
    for (absl::string_view field : absl::StrSplit(request.form.view(), '&')) {
      const std::vector<std::string> parts = absl::StrSplit(field, '=');
      if (parts[0] == name) return parts[1];
    }
    return "";
  }

  template <typename Change>
  absl::Status Refused(Change change, const ClientCredentialsOptions* base = nullptr) const {
    ClientCredentialsOptions options = base == nullptr ? options_ : *base;
    change(&options);
    return ClientCredentialsTokenSource(options).status();
  }

  TestCertificates files_;
  const std::shared_ptr<RecordingFetcher> https_ = std::make_shared<RecordingFetcher>();
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  ClientCredentialsOptions options_;
};

TEST_F(ClientCredentialsTest, PutsTheSecretIntoTheHeader) {
  const internal::HttpRequest request = Posted(options_);
  EXPECT_EQ(request.url, "https://sso.example.test/token");
  EXPECT_EQ(request.form.view(), "grant_type=client_credentials&audience=orders");
  // "check%3Aout:s%20e%2Bcret"
  EXPECT_EQ(request.basic.view(), "Y2hlY2slM0FvdXQ6cyUyMGUlMkJjcmV0");
  EXPECT_TRUE(request.bearer.empty());
  EXPECT_EQ(request.max_bytes, 64u * 1024);
  EXPECT_EQ(request.timeout, absl::Seconds(5));
  EXPECT_FALSE(request.plaintext_http_is_trusted);
}

TEST_F(ClientCredentialsTest, PutsTheSecretIntoTheForm) {
  options_.client.client_secret_in = ClientSecretIn::kForm;
  const internal::HttpRequest request = Posted(options_);
  EXPECT_EQ(request.form.view(),
            "grant_type=client_credentials&audience=orders&client_id=check%3Aout&"
            "client_secret=s%20e%2Bcret");
  EXPECT_TRUE(request.basic.empty());
}

TEST_F(ClientCredentialsTest, SaysWhomTheTokenIsFor) {
  options_.scopes = {"read", "write"};
  const std::string audience = "https://orders.example.test";
  EXPECT_EQ(Form(options_, audience),
            "grant_type=client_credentials&audience=https%3A%2F%2Forders.example.test&"
            "scope=read%20write");
  options_.audience_as = AudienceAs::kResource;
  EXPECT_EQ(Form(options_, audience),
            "grant_type=client_credentials&resource=https%3A%2F%2Forders.example.test&"
            "scope=read%20write");
  options_.audience_as = AudienceAs::kFixed;
  EXPECT_EQ(Form(options_, audience), "grant_type=client_credentials&scope=read%20write");
  options_.audience_as = AudienceAs::kScope;
  EXPECT_EQ(Form(options_, "orders"), "grant_type=client_credentials&scope=read%20write%20orders");
  options_.scope_for_audience = "{audience}/.default";
  options_.scopes.clear();
  EXPECT_EQ(Form(options_, "api:orders"),
            "grant_type=client_credentials&scope=api%3Aorders%2F.default");
}

TEST_F(ClientCredentialsTest, AddsTheScopesOfTheRequest) {
  options_.scopes = {"read"};
  const auto source = *ClientCredentialsTokenSource(options_);
  EXPECT_THAT(FetchToken(*source, {"orders", {"read", "write"}}), IsOk());
  EXPECT_EQ(Field(https_->requests.back(), "scope"), "read%20write");
  const auto token = FetchToken(*source, {"orders", {"two scopes"}});
  EXPECT_THAT(token, IsError(HasSubstr("\"two scopes\"")));
  EXPECT_EQ(https_->requests.size(), 1u);
}

TEST_F(ClientCredentialsTest, SpeaksForNobodyElse) {
  const auto source = *ClientCredentialsTokenSource(options_);
  const auto caller = std::make_shared<const BearerToken>("caller", absl::InfiniteFuture());
  const auto token = FetchToken(*source, {"orders", {}, caller});
  EXPECT_THAT(token, IsError(HasSubstr("for this client alone")));
  EXPECT_EQ(token.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(https_->requests, IsEmpty());
}

TEST_F(ClientCredentialsTest, AnAudienceThatIsNoScopeIsFinal) {
  options_.audience_as = AudienceAs::kScope;
  const auto source = *ClientCredentialsTokenSource(options_);
  for (const char* audience : {"two scopes", "quo\"te", "back\\slash", "line\n", ""}) {
    const auto token = Fetch(*source, audience);
    EXPECT_THAT(token, IsError(HasSubstr("audience")));
    EXPECT_FALSE(IsTransientTokenFailure(token.status()));
  }
  EXPECT_THAT(https_->requests, IsEmpty());
}

TEST_F(ClientCredentialsTest, SendsExtraParameters) {
  options_.audience_as = AudienceAs::kFixed;
  options_.extra_parameters = {{"audience", "https://api"}, {"organization", "a&b"}};
  EXPECT_EQ(Form(options_),
            "grant_type=client_credentials&audience=https%3A%2F%2Fapi&organization=a%26b");
}

TEST_F(ClientCredentialsTest, SignsAnAssertionForEachRequest) {
  const Key key = *Key::Generate(Algorithm::kEs256);
  ClientCredentialsOptions options = WithKey(Private("key", *key.ExportPrivatePem()));
  std::vector<std::string> ids;
  for (int i = 0; i < 2; ++i) {
    const internal::HttpRequest request = Posted(options);
    EXPECT_EQ(Field(request, "client_id"), "check%3Aout");
    EXPECT_EQ(Field(request, "client_assertion_type"),
              "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer");
    EXPECT_TRUE(request.basic.empty());
    const std::string assertion = Field(request, "client_assertion");
    const auto jws = internal::ParseJws(assertion, assertion.size());
    ASSERT_THAT(jws, IsOk());
    EXPECT_TRUE(key.material().Verify(Algorithm::kEs256, jws->signing_input, jws->signature));
    EXPECT_EQ(jws->header->type, "client-authentication+jwt");
    EXPECT_EQ(jws->header->key_id, key.Thumbprint());
    const auto claims = internal::JsonDocument::ParseObject(jws->payload);
    ASSERT_THAT(claims, IsOk());
    EXPECT_EQ(claims->root().size(), 6u);
    EXPECT_EQ(claims->root().Find("iss")->string(), "check:out");
    EXPECT_EQ(claims->root().Find("sub")->string(), "check:out");
    EXPECT_EQ(claims->root().Find("aud")->string(), "https://sso.example.test/token");
    const int64_t now = absl::ToUnixSeconds(clock_->Now());
    EXPECT_EQ(claims->root().Find("iat")->integer(), now);
    EXPECT_EQ(claims->root().Find("exp")->integer(), now + 60);
    ids.emplace_back(claims->root().Find("jti")->string());
    EXPECT_GE(ids.back().size(), 16u);
  }
  EXPECT_NE(ids[0], ids[1]);

  options.client.assertion_audience = "https://sso.example.test";
  options.client.private_key_id = "checkout-1";
  const std::string assertion = Field(Posted(options), "client_assertion");
  const auto jws = internal::ParseJws(assertion, assertion.size());
  ASSERT_THAT(jws, IsOk());
  EXPECT_EQ(jws->header->key_id, "checkout-1");
  EXPECT_THAT(jws->payload, HasSubstr("\"aud\":\"https://sso.example.test\""));
}

TEST_F(ClientCredentialsTest, TakesTheNameAndAlgorithmThatAJwkSays) {
  const Key rsa = *Key::FromPem(*Key::Generate(Algorithm::kRs256)->ExportPrivatePem());
  const Key key = *rsa.WithAlgorithm(Algorithm::kPs384)->WithId("from-the-jwk");
  const std::string assertion =
      Field(Posted(WithKey(Private("key", *key.ExportPrivateJwk()))), "client_assertion");
  const auto jws = internal::ParseJws(assertion, assertion.size());
  ASSERT_THAT(jws, IsOk());
  EXPECT_EQ(jws->header->key_id, "from-the-jwk");
  EXPECT_EQ(jws->header->algorithm_name, "PS384");
}

TEST_F(ClientCredentialsTest, ShowsACertificate) {
  const internal::HttpRequest request = Posted(WithCertificate());
  EXPECT_EQ(request.client_certificate, files_.Read("client.crt"));
  EXPECT_EQ(request.client_key.view(), files_.Read("client.key"));
  EXPECT_EQ(request.form.view(),
            "grant_type=client_credentials&audience=orders&client_id=check%3Aout");
  EXPECT_TRUE(request.basic.empty());
}

TEST_F(ClientCredentialsTest, ReadsItsFilesForEachRequest) {
  options_.client.client_secret_in = ClientSecretIn::kForm;
  const auto source = *ClientCredentialsTokenSource(options_);
  EXPECT_THAT(Fetch(*source, "orders"), IsOk());
  EXPECT_EQ(Field(https_->requests.back(), "client_secret"), "s%20e%2Bcret");
  Private("secret", "another");
  EXPECT_THAT(Fetch(*source, "orders"), IsOk());
  EXPECT_EQ(Field(https_->requests.back(), "client_secret"), "another");

  const auto by_certificate = *ClientCredentialsTokenSource(WithCertificate());
  // A key that is not that of the certificate yet passes by itself.
  files_.Issue("next", {"DNS:next"});
  Private("client.key", files_.Read("next.key"));
  const auto half = Fetch(*by_certificate, "orders");
  EXPECT_EQ(half.status().code(), absl::StatusCode::kUnavailable) << half.status();
  files_.Write("client.crt", files_.Read("next.crt"));
  EXPECT_THAT(Fetch(*by_certificate, "orders"), IsOk());
  EXPECT_EQ(https_->requests.back().client_certificate, files_.Read("next.crt"));
}

TEST_F(ClientCredentialsTest, AMissingFileIsAPassingFault) {
  const auto source = *ClientCredentialsTokenSource(options_);
  const std::string path = options_.client.client_secret_file;
  ASSERT_EQ(rename(path.c_str(), files_.Path("elsewhere").c_str()), 0);
  const auto missing = Fetch(*source, "orders");
  EXPECT_THAT(missing, IsError(AllOf(HasSubstr("client_secret_file"), HasSubstr(path))));
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(https_->requests, IsEmpty());
}

TEST_F(ClientCredentialsTest, AFileWithoutASecretIsFinal) {
  const auto source = *ClientCredentialsTokenSource(options_);
  for (const std::string& content :
       {std::string(), std::string(" \n"), std::string("hidden\nhidden"),
        std::string("hidden\0", 7), std::string("\xef\xbb\xbfhidden")}) {
    Private("secret", content);
    const auto token = Fetch(*source, "orders");
    EXPECT_THAT(token, IsError(AllOf(HasSubstr(files_.Path("secret")), Not(HasSubstr("hidden")))));
    EXPECT_EQ(token.status().code(), absl::StatusCode::kUnauthenticated);
  }
}

TEST_F(ClientCredentialsTest, RefusesFilesThatOthersCanRead) {
  const auto refused = IsError(HasSubstr("make its mode 0600"));
  for (const mode_t mode : {0640, 0604, 0660}) {
    const std::string secret = Private("secret", "secret");
    chmod(secret.c_str(), mode);
    EXPECT_THAT(Refused([](ClientCredentialsOptions*) {}), refused);
    const std::string key = Private("key", *Key::Generate(Algorithm::kEs256)->ExportPrivatePem());
    ClientCredentialsOptions with_key = WithKey(key);
    chmod(key.c_str(), mode);
    EXPECT_THAT(Refused([](ClientCredentialsOptions*) {}, &with_key), refused);
    ClientCredentialsOptions with_certificate = WithCertificate();
    chmod(with_certificate.client.tls_private_key_file.c_str(), mode);
    EXPECT_THAT(Refused([](ClientCredentialsOptions*) {}, &with_certificate), refused);
  }
}

TEST_F(ClientCredentialsTest, ChecksWhoTheClientIs) {
  using O = ClientCredentialsOptions;
  const auto names = [](const std::string& field) { return IsError(HasSubstr(field)); };
  EXPECT_THAT(Refused([](O* o) { o->client.token_url.clear(); }), names("token_url"));
  for (const char* url : {"http://sso.example.test/token", "https://u:p@sso.example.test/", "x"}) {
    EXPECT_THAT(Refused([url](O* o) { o->client.token_url = url; }), names("token_url"));
  }
  EXPECT_THAT(Refused([](O* o) { o->client.client_id.clear(); }), names("client_id"));
  EXPECT_THAT(Refused([](O* o) { o->client.client_id = "a\nb"; }), names("client_id"));
  EXPECT_THAT(Refused([](O* o) { o->client.https = nullptr; }), names("https"));
  EXPECT_THAT(Refused([](O* o) { o->client.clock = nullptr; }), names("clock"));
  EXPECT_THAT(Refused([](O* o) { o->client.ca_file = "/no/such/file"; }), names("ca_file"));
  const std::string no_pem = files_.Write("ca", "no certificate");
  EXPECT_THAT(Refused([&](O* o) { o->client.ca_file = no_pem; }), names("ca_file"));
  for (const auto& [milliseconds, good] : {std::pair(999, false), std::pair(1000, true),
                                           std::pair(60'000, true), std::pair(60'001, false)}) {
    const absl::Duration value = absl::Milliseconds(milliseconds);
    EXPECT_EQ(Refused([value](O* o) { o->client.timeout = value; }).ok(), good) << value;
  }
}

TEST_F(ClientCredentialsTest, TakesExactlyOneProof) {
  using O = ClientCredentialsOptions;
  const auto refused = IsError(HasSubstr("exactly one"));
  EXPECT_THAT(Refused([](O* o) { o->client.client_secret_file.clear(); }), refused);
  EXPECT_THAT(Refused([](O* o) { o->client.private_key_file = "key"; }), refused);
  EXPECT_THAT(Refused([](O* o) { o->client.tls_certificate_file = "certificate"; }), refused);
  const ClientCredentialsOptions certificate = WithCertificate();
  EXPECT_THAT(Refused([](O* o) { o->client.tls_private_key_file.clear(); }, &certificate),
              IsError(HasSubstr("each needs the other")));
  const auto only = IsError(HasSubstr("only with private_key_file"));
  EXPECT_THAT(Refused([](O* o) { o->client.private_key_algorithm = Algorithm::kEs256; }), only);
  EXPECT_THAT(Refused([](O* o) { o->client.private_key_id = "id"; }), only);
  EXPECT_THAT(Refused([](O* o) { o->client.assertion_audience = "sso"; }), only);
}

TEST_F(ClientCredentialsTest, ChecksTheKey) {
  const auto nothing = [](ClientCredentialsOptions*) {};
  const Key rsa = *Key::Generate(Algorithm::kRs256);
  ClientCredentialsOptions options = WithKey(Private("key", *rsa.ExportPrivatePem()));
  EXPECT_THAT(Refused(nothing, &options), IsError(HasSubstr("private_key_algorithm is required")));
  options.client.private_key_algorithm = Algorithm::kEs256;
  EXPECT_THAT(Refused(nothing, &options), IsError(HasSubstr("must be one that fits")));
  options.client.private_key_algorithm = Algorithm::kPs256;
  EXPECT_THAT(Refused(nothing, &options), IsOk());
  options = WithKey(Private("key", *rsa.ToPublicPem()));
  EXPECT_THAT(Refused(nothing, &options), IsError(HasSubstr("no private key")));
  options = WithKey(Private("key", *Key::Generate(Algorithm::kHs256)->ExportPrivateJwk()));
  EXPECT_THAT(Refused(nothing, &options), IsError(HasSubstr("no private key")));
  options = WithKey(Private("key", "hidden, and no key"));
  EXPECT_THAT(Refused(nothing, &options),
              IsError(AllOf(HasSubstr("private_key_file"), Not(HasSubstr("hidden")))));
}

TEST_F(ClientCredentialsTest, ChecksWhatIsAskedFor) {
  using O = ClientCredentialsOptions;
  for (const char* scope : {"", "two scopes", "quo\"te", "back\\slash", "é"}) {
    EXPECT_THAT(Refused([scope](O* o) { o->scopes = {scope}; }), IsError(HasSubstr("scopes")));
  }
  for (const char* scope : {"", "fixed", "{audience}{audience}", "a {audience}"}) {
    EXPECT_THAT(Refused([scope](O* o) {
                  o->audience_as = AudienceAs::kScope;
                  o->scope_for_audience = scope;
                }),
                IsError(HasSubstr("scope_for_audience")));
  }
  EXPECT_THAT(Refused([](O* o) { o->scope_for_audience = "aud-{audience}"; }),
              IsError(HasSubstr("only for AudienceAs::kScope")));
  for (const char* name :
       {"", "grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type",
        "scope", "password", "username", "assertion", "refresh_token", "code", "code_verifier",
        "subject_token", "subject_token_type", "actor_token", "actor_token_type",
        "requested_token_type", "audience"}) {
    EXPECT_THAT(Refused([name](O* o) {
                  o->extra_parameters = {{name, "hidden"}};
                }),
                IsError(AllOf(HasSubstr("extra_parameters"), Not(HasSubstr("hidden")))));
  }
}

}  // namespace
}  // namespace lanyard
