// SPDX-License-Identifier: Apache-2.0
// What the gate answers to headers, paths and bindings of every kind.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::ValuesIn;
using Headers = std::vector<std::pair<std::string, std::string>>;

// The text that a peer sees, without the random id.
std::string TextOf(const grpc::Status& status) {
  return status.error_message().substr(0, status.error_message().find(" [lanyard "));
}

class GateTest : public ::testing::Test {
 protected:
  GateTest() : server_(Api::kCallback, "health: ANYONE\n") {}
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(server_.Start()); }

  Outcome Call(const Headers& headers) {
    return MakeCall(server_.Channel(), CallType::kUnary, headers);
  }
  void ExpectRefused(const Headers& headers, AuthFailure failure) {
    const Outcome outcome = Call(headers);
    EXPECT_EQ(outcome.status.error_code(), static_cast<int>(AuthFailureCode(failure)));
    EXPECT_EQ(TextOf(outcome.status), AuthFailureWireText(failure));
    EXPECT_EQ(server_.audit->last().failure, failure) << server_.audit->last().detail;
    EXPECT_EQ(server_.echo.handled().runs, 0);
  }

  GatedServer server_;
};

TEST_F(GateTest, TakesTheSchemeInAnyCaseAndSeveralSpaces) {
  const std::string token = server_.issuer.Token().Sign();
  for (const char* scheme : {"Bearer ", "bearer ", "BEARER ", "bEaReR  "}) {
    EXPECT_TRUE(Call({{"authorization", scheme + token}}).status.ok()) << scheme;
  }
}

TEST_F(GateTest, RefusesAnyOtherFormOfTheHeader) {
  const std::string token = server_.issuer.Token().Sign();
  for (const std::string& value :
       {"Bearer" + token, std::string("Bearer"), "Basic " + token, "Bearer a " + token,
        "Bearer " + token + ", Bearer " + token, "Bearer " + token + "," + token, token,
        std::string("Bearer \"x\"")}) {
    ExpectRefused({{"authorization", value}}, AuthFailure::kMalformedToken);
  }
}

TEST_F(GateTest, TakesADpopTokenForNoToken) {
  ExpectRefused({{"authorization", "DPoP " + server_.issuer.Token().Sign()}},
                AuthFailure::kMissingToken);
  // And not for an anonymous caller where those may come.
  EXPECT_EQ(CallPath(server_.Channel(), "/lanyard.test.Echo/Open",
                     {{"authorization", "DPoP " + server_.issuer.Token().Sign()}})
                .error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(GateTest, RefusesTwoAuthorizationValuesInEveryOrder) {
  const std::string good = "Bearer " + server_.issuer.Token().Sign();
  for (const auto& [first, second] :
       {std::pair(good, std::string("Bearer x.y.z")), std::pair(std::string("Bearer x.y.z"), good),
        std::pair(good, good)}) {
    ExpectRefused({{"authorization", first}, {"authorization", second}},
                  AuthFailure::kMalformedToken);
  }
}

TEST_F(GateTest, NeverMakesABadTokenAnAnonymousCaller) {
  const auto open = [this](const Headers& headers) {
    return CallPath(server_.Channel(), "/lanyard.test.Echo/Open", headers);
  };
  EXPECT_TRUE(open({}).ok());
  EXPECT_EQ(server_.echo.handled().anonymous, 1);
  EXPECT_TRUE(open(Bearer(server_.issuer.Token().Sign())).ok());
  EXPECT_EQ(server_.echo.handled().anonymous, 1);
  EXPECT_EQ(server_.echo.handled().runs, 2);

  const testing::TestIssuer stranger(Algorithm::kEs256, "stranger");
  const Headers bad[] = {
      Bearer("garbage"),
      Bearer(stranger.Token().Sign()),
      Bearer(server_.issuer.Token().Audience("other").Sign()),
      Bearer(server_.issuer.Token().IssuedIn(-absl::Hours(2)).ExpiresIn(-absl::Hours(1)).Sign()),
      {{"authorization", "Basic eDp5"}}};
  for (const Headers& headers : bad) {
    EXPECT_EQ(open(headers).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  }
  EXPECT_EQ(server_.echo.handled().runs, 2);
}

TEST_F(GateTest, TellsACallerWithoutATokenTheSameOfEveryMethod) {
  const auto channel = server_.Channel();
  const Headers bad[] = {
      {}, Bearer("garbage"), Bearer(server_.issuer.Token().KeyId("nobody").Sign())};
  for (const Headers& headers : bad) {
    const grpc::Status ruled = CallPath(channel, "/lanyard.test.Echo/Unary", headers);
    EXPECT_EQ(ruled.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    for (const char* path :
         {"/lanyard.test.Echo/Unruled", "/lanyard.test.Echo/Nothing", "/no.Service/Method",
          "/lanyard.test.Echo/Scoped", "/", "/x", "//lanyard.test.Echo/Open",
          "/lanyard.test.Echo/Open/", "/lanyard.test.Echo%2FOpen", "/LANYARD.test.Echo/Open"}) {
      const grpc::Status other = CallPath(channel, path, headers);
      EXPECT_EQ(other.error_code(), ruled.error_code()) << path;
      EXPECT_EQ(TextOf(other), TextOf(ruled)) << path;
    }
  }
  EXPECT_EQ(server_.echo.handled().runs, 0);
}

TEST_F(GateTest, DeniesAMethodWithoutARule) {
  const grpc::Status status = CallPath(server_.Channel(), "/lanyard.test.Echo/Unruled",
                                       Bearer(server_.issuer.Token().Sign()));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(TextOf(status), "permission denied");
  EXPECT_EQ(server_.echo.handled().runs, 0);
}

TEST_F(GateTest, DeniesACallerWithoutTheScope) {
  const auto channel = server_.Channel();
  const char* path = "/lanyard.test.Echo/Scoped";
  EXPECT_EQ(
      CallPath(channel, path, Bearer(server_.issuer.Token().Scopes("read").Sign())).error_code(),
      grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(server_.audit->last().rule, "annotation of /lanyard.test.Echo/Scoped");
  EXPECT_TRUE(
      CallPath(channel, path, Bearer(server_.issuer.Token().Scopes("read write").Sign())).ok());
  EXPECT_EQ(server_.echo.handled().runs, 1);
}

TEST_F(GateTest, LetsHealthCheckersInWhateverTheySend) {
  for (const Headers& headers : {Headers{}, Bearer("garbage"), Headers{{"authorization", "x"}}}) {
    // The server has no health service; what matters is that the gate lets the call by.
    EXPECT_EQ(CallPath(server_.Channel(), "/grpc.health.v1.Health/Check", headers).error_code(),
              grpc::StatusCode::UNIMPLEMENTED);
  }
  EXPECT_EQ(CallPath(server_.Channel(), "/grpc.health.v1.Health/check", {}).error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(GateTest, AuditsEachDecisionOnceAndNeverTheToken) {
  const std::string good = server_.issuer.Token().Subject("svc:audited").Sign();
  const Outcome allowed = Call(Bearer(good));
  ASSERT_TRUE(allowed.status.ok());
  AuditEvent event = server_.audit->last();
  EXPECT_TRUE(event.allowed);
  EXPECT_EQ(SubjectOf(event), "svc:audited");
  EXPECT_EQ(event.caller.issuer_name(), "test");
  EXPECT_EQ(event.method, "/lanyard.test.Echo/Unary");
  EXPECT_EQ(event.rule, "annotation of /lanyard.test.Echo/Unary");
  const Outcome refused = Call(Bearer(good + "x"));
  event = server_.audit->last();
  EXPECT_THAT(refused.status.error_message(), HasSubstr("[lanyard " + event.decision_id + "]"));
  EXPECT_EQ(server_.audit->events().size(), 2u);
  for (const AuditEvent& each : server_.audit->events()) {
    for (const std::string& text :
         {each.detail, SubjectOf(each), each.rule, each.caller.key_id()}) {
      EXPECT_EQ(text.find(good.substr(good.rfind('.') + 1, 20)), std::string::npos);
    }
  }
}

class UnknownMethodTest : public ::testing::TestWithParam<Api> {};

TEST_P(UnknownMethodTest, IsUnimplementedForVerifiedCallersAndUnauthenticatedForOthers) {
  GatedServer server(GetParam());
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const auto channel = server.Channel();
  const Headers token = Bearer(server.issuer.Token().Sign());
  for (const char* path : {"/lanyard.test.Echo/Nothing", "/no.Service/Method"}) {
    EXPECT_EQ(CallPath(channel, path, token).error_code(), grpc::StatusCode::UNIMPLEMENTED) << path;
    EXPECT_EQ(CallPath(channel, path).error_code(), grpc::StatusCode::UNAUTHENTICATED) << path;
  }
  EXPECT_EQ(server.echo.handled().runs, 0);
}

INSTANTIATE_TEST_SUITE_P(All, UnknownMethodTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

TEST(BoundTokenTest, IsGoodOnlyWithItsOwnCertificate) {
  GatedServer server(Api::kSync);
  server.files.Issue("owner", {"URI:spiffe://test/owner"});
  server.files.Issue("thief", {"URI:spiffe://test/thief"});
  server.options.tls = server.files.Server(/*mutual=*/true);
  ASSERT_NO_FATAL_FAILURE(server.Start());
  const Headers bound =
      Bearer(server.issuer.Token().BoundTo(server.files.Sha256Of("owner")).Sign());
  // The owner's call leaves the verdict in the cache; the thief's finds it there.
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(MakeCall(PlainTls(server.files, server.port, "owner"), CallType::kUnary, bound)
                    .status.ok());
    const Outcome stolen =
        MakeCall(PlainTls(server.files, server.port, "thief"), CallType::kUnary, bound);
    EXPECT_EQ(stolen.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(server.audit->last().failure, AuthFailure::kNotBound);
  }
  EXPECT_EQ(server.echo.handled().runs, 2);
  // No certificate, no connection: root_certificates make them required.
  EXPECT_EQ(MakeCall(server.Channel(), CallType::kUnary, bound).status.error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST(BoundTokenTest, IsRefusedOnAConnectionWithoutACertificateWhateverHeadersSay) {
  GatedServer server(Api::kSync);
  server.files.Issue("owner", {"URI:spiffe://test/owner"});
  ASSERT_NO_FATAL_FAILURE(server.Start());
  Headers headers = Bearer(server.issuer.Token().BoundTo(server.files.Sha256Of("owner")).Sign());
  headers.emplace_back("x-forwarded-client-cert", "Hash=1234");
  EXPECT_EQ(MakeCall(server.Channel(), CallType::kUnary, headers).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(server.audit->last().failure, AuthFailure::kNotBound);
  EXPECT_EQ(server.echo.handled().runs, 0);
}

}  // namespace
}  // namespace lanyard::test
