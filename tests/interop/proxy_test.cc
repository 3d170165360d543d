// SPDX-License-Identifier: Apache-2.0
// A server behind nginx and HAProxy: tokens and refusals pass through, and what a proxy makes of
// headers lets nobody in.
#include "tests/interop/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::Combine;
using ::testing::IsEmpty;
using testing::kAllProxies;
using ::testing::MatchesRegex;
using testing::Proxy;
using testing::ProxyKind;
using testing::ProxySettings;
using ::testing::SizeIs;
using ::testing::ValuesIn;

// How the proxy reaches the server.
enum class Way { kUnixSocket, kTls };
constexpr Way kAllWays[] = {Way::kUnixSocket, Way::kTls};

class ProxyTest : public ::testing::TestWithParam<std::tuple<ProxyKind, Way>> {
 protected:
  void SetUp() override {
    const auto [kind, way] = GetParam();
    if (!Proxy::IsInstalled(kind)) {
      GTEST_SKIP() << "SKIPPED: there is no " << NameOf(kind)
                   << "; tests/interop/install installs it";
    }
    server_.files.Issue("proxy", {"URI:spiffe://example.test/proxy"});
    server_.files.Issue("client", {"URI:spiffe://example.test/client"});
    server_.options.tls = server_.files.Server(/*mutual=*/true);
    server_.options.config_files = {server_.files.Write("rules", "")};
    server_.echo.handled().on_enter = [this](const grpc::ServerContextBase& context) {
      std::lock_guard<std::mutex> lock(mutex_);
      forwarded_.clear();
      const auto range = context.client_metadata().equal_range(kForwarded);
      for (auto it = range.first; it != range.second; ++it) {
        forwarded_.emplace_back(it->second.data(), it->second.size());
      }
    };
    ASSERT_NO_FATAL_FAILURE(server_.Create());
    if (way == Way::kTls) {
      ASSERT_NO_FATAL_FAILURE(server_.Start());
      settings_.server = absl::StrCat("localhost:", server_.port);
      settings_.certificate = "proxy";
    } else {
      settings_.server = "unix:" + server_.files.Path("socket");
      server_.auth->AddListeningPort(server_.echo.builder(), settings_.server);
      ASSERT_TRUE(server_.echo.Start()) << server_.auth->start_error();
    }
    ASSERT_NO_FATAL_FAILURE(StartProxy({}));
  }

  // Directives of the two, in their own languages.
  struct Directives {
    std::string nginx, haproxy;
  };
  void StartProxy(const Directives& directives) {
    const ProxyKind kind = std::get<ProxyKind>(GetParam());
    settings_.directives = kind == ProxyKind::kNginx ? directives.nginx : directives.haproxy;
    if (proxy_ == nullptr) proxy_ = std::make_unique<Proxy>(kind, server_.files);
    ASSERT_NO_FATAL_FAILURE(proxy_->Start(settings_));
    channel_ = PlainTls(server_.files, proxy_->port(), "client");
  }

  std::string Token() { return server_.issuer.Token().Sign(); }

  // What the last handler saw as x-forwarded-client-cert.
  std::vector<std::string> forwarded() {
    std::lock_guard<std::mutex> lock(mutex_);
    return forwarded_;
  }

  static constexpr char kForwarded[] = "x-forwarded-client-cert";

  std::mutex mutex_;
  std::vector<std::string> forwarded_;  // Guarded by mutex_.
  GatedServer server_{Api::kCallback};
  ProxySettings settings_;
  std::unique_ptr<Proxy> proxy_;
  std::shared_ptr<grpc::Channel> channel_;
};

INSTANTIATE_TEST_SUITE_P(, ProxyTest, Combine(ValuesIn(kAllProxies), ValuesIn(kAllWays)),
                         [](const auto& test) {
                           return absl::StrCat(
                               NameOf(std::get<ProxyKind>(test.param)),
                               std::get<Way>(test.param) == Way::kTls ? "Tls" : "UnixSocket");
                         });

TEST_P(ProxyTest, PassesCallsOfEveryTypeOnWithTheirToken) {
  for (const CallType type : kAllCallTypes) {
    const Outcome outcome = MakeCall(channel_, type, Bearer(Token()));
    EXPECT_TRUE(outcome.status.ok())
        << NameOf(type) << ": " << outcome.status.error_message() << "\n"
        << proxy_->log();
    EXPECT_EQ(outcome.text, "svc:test") << NameOf(type);
  }
  EXPECT_EQ(server_.echo.handled().saw_bearer, 0);
}

TEST_P(ProxyTest, PassesLongTokensOn) {
  const std::string token = server_.issuer.Token().Scopes("a" + std::string(5000, 'a')).Sign();
  EXPECT_EQ(MakeCall(channel_, CallType::kUnary, Bearer(token)).text, "svc:test") << proxy_->log();
}

TEST_P(ProxyTest, PassesRefusalsBackAsTheServerSaysThem) {
  for (const CallType type : kAllCallTypes) {
    const grpc::Status status = MakeCall(channel_, type).status;
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << NameOf(type);
    EXPECT_THAT(status.error_message(), MatchesRegex("missing token \\[lanyard [0-9a-f]{8}\\]"))
        << NameOf(type);
  }
  const grpc::Status status = CallPath(channel_, "/lanyard.test.Echo/Scoped", Bearer(Token()));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(status.error_message(), MatchesRegex("permission denied \\[lanyard [0-9a-f]{8}\\]"));
  EXPECT_EQ(server_.echo.handled().runs, 0);
}

TEST_P(ProxyTest, PassesTheEndOfAStreamBackAsTheServerSaysIt) {
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata("authorization", "Bearer " + Token());
  auto stream = Echo::NewStub(channel_)->Chat(&context);
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  server_.files.Write("rules",
                      "rules { method: '/lanyard.test.Echo/Chat' replaces_annotation: true "
                      "nobody: true }\n");
  ASSERT_TRUE(server_.auth->Reload().ok());
  EXPECT_FALSE(stream->Read(&message));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << status.error_message();
  EXPECT_THAT(status.error_message(), MatchesRegex("permission denied \\[lanyard [0-9a-f]{8}\\]"));
}

// Whatever the proxy makes of them.
TEST_P(ProxyTest, LetsNobodyInWithTwoAuthorizations) {
  const std::string token = Token();
  auto twice = Bearer(token);
  twice.push_back(twice.front());
  // nginx refuses them itself.
  const grpc::Status status = MakeCall(channel_, CallType::kUnary, twice).status;
  EXPECT_FALSE(status.ok());
  if (proxy_->kind() == ProxyKind::kHaproxy) {
    EXPECT_THAT(status.error_message(), MatchesRegex("invalid token \\[lanyard [0-9a-f]{8}\\]"));
  }

  const Directives joined = {
      "grpc_set_header authorization '$http_authorization, $http_authorization';",
      "http-request set-header authorization "
      "'%[req.fhdr(authorization)], %[req.fhdr(authorization)]'"};
  const Directives doubled = {
      "grpc_set_header authorization $http_authorization; "
      "grpc_set_header authorization $http_authorization;",
      "http-request add-header authorization %[req.fhdr(authorization)]"};
  for (const Directives& directives : {joined, doubled}) {
    ASSERT_NO_FATAL_FAILURE(StartProxy(directives));
    for (const CallType type : kAllCallTypes) {
      const grpc::Status refusal = MakeCall(channel_, type, Bearer(token)).status;
      EXPECT_EQ(refusal.error_code(), grpc::StatusCode::UNAUTHENTICATED) << NameOf(type);
      EXPECT_THAT(refusal.error_message(), MatchesRegex("invalid token \\[lanyard [0-9a-f]{8}\\]"));
    }
  }
  EXPECT_EQ(server_.echo.handled().runs, 0);
}

// A token is bound to the certificate on the server's own connection (RFC 8705 section 3), which is
// the proxy's.
TEST_P(ProxyTest, HidesTheCertificateThatATokenIsBoundTo) {
  const auto call = [&](const std::string& certificate) {
    return MakeCall(
               channel_, CallType::kUnary,
               Bearer(server_.issuer.Token().BoundTo(server_.files.Sha256Of(certificate)).Sign()))
        .status;
  };
  EXPECT_THAT(call("client").error_message(), MatchesRegex("invalid token \\[lanyard .*"));
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kNotBound);
  EXPECT_EQ(call("proxy").ok(), std::get<Way>(GetParam()) == Way::kTls);
}

// What a client says of itself reaches no handler.
TEST_P(ProxyTest, WhatAClientSaysOfItsCertificateIsTakenOff) {
  auto headers = Bearer(Token());
  headers.emplace_back(kForwarded, "By=a;URI=spiffe://example.test/victim");
  EXPECT_TRUE(MakeCall(channel_, CallType::kUnary, headers).status.ok());
  EXPECT_THAT(forwarded(), IsEmpty());
}

// Replaced by the proxy, or with the proxy's element behind it: a token that is bound to the
// client's certificate works through both, and nobody else's does.
TEST_P(ProxyTest, ATrustedProxySaysWhatTheClientsCertificateIs) {
  server_.files.Write("rules",
                      "trusted_proxies: 'spiffe://example.test/proxy'\n"
                      "local_proxy_is_trusted: true\n");
  ASSERT_TRUE(server_.auth->Reload().ok());
  server_.files.Issue("thief", {"URI:spiffe://example.test/thief"});
  const std::string bound = server_.issuer.Token().BoundTo(server_.files.Sha256Of("client")).Sign();
  const Directives replaced = {
      R"(grpc_set_header x-forwarded-client-cert 'Cert="$ssl_client_escaped_cert"';)",
      "http-request set-header x-forwarded-client-cert Hash=%[ssl_c_der,sha2(256),hex]"};
  const Directives appended = {
      R"(grpc_set_header x-forwarded-client-cert
         '$http_x_forwarded_client_cert,Cert="$ssl_client_escaped_cert"';)",
      "http-request set-header x-forwarded-client-cert "
      "%[req.fhdr(x-forwarded-client-cert)],Hash=%[ssl_c_der,sha2(256),hex]"};
  for (const Directives& directives : {replaced, appended}) {
    ASSERT_NO_FATAL_FAILURE(StartProxy(directives));
    const auto call = [&](const std::string& certificate, const std::string& said) {
      auto headers = Bearer(bound);
      if (!said.empty()) headers.emplace_back(kForwarded, said);
      return MakeCall(PlainTls(server_.files, proxy_->port(), certificate), CallType::kUnary,
                      headers)
          .status;
    };
    EXPECT_TRUE(call("client", "").ok()) << server_.audit->last().detail << proxy_->log();
    EXPECT_THAT(forwarded(), SizeIs(1)) << "of a trusted proxy handlers may see it";
    EXPECT_TRUE(call("client", "URI=spiffe://example.test/victim").ok());
    const std::string forged =
        absl::StrCat("Hash=", absl::BytesToHexString(server_.files.Sha256Of("client")));
    for (const std::string& said : {std::string(), forged, forged + ",", forged + ";X=\"",
                                    forged + ";X=\"\"\"", std::string("\"")}) {
      for (const char* certificate : {"thief", ""}) {
        const grpc::Status status = call(certificate, said);
        EXPECT_EQ(status.error_code(), grpc::UNAUTHENTICATED) << said << " as " << certificate;
        EXPECT_EQ(server_.audit->last().failure, AuthFailure::kNotBound);
      }
    }
  }
}

}  // namespace
}  // namespace lanyard::test
