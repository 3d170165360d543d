// SPDX-License-Identifier: Apache-2.0
// What somebody without a good token is told: the same of every path, so that nobody can find out
// which methods exist, and nothing that makes a bad token an anonymous caller.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/interceptors/gated_server.h"
#include "tests/interceptors/switchable_keys.h"

namespace lanyard::test {
namespace {

using ::testing::ValuesIn;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr char kOpen[] = "/lanyard.test.Echo/Open";
constexpr char kTolerant[] = "/lanyard.test.Echo/Unruled";

// Paths that no caller without a token may call, as well spelled and as oddly as can be.
constexpr const char* kClosedPaths[] = {
    "/lanyard.test.Echo/Scoped",     // Ruled.
    "/lanyard.test.Echo/Collect",    // Ruled, of another type.
    "/lanyard.test.Echo/Unruled",    // Has no rule.
    "/lanyard.test.Echo/Nothing",    // No such method.
    "/no.Service/Method",            // No such service.
    "/grpc.health.v1.Health/Check",  // Not open in this config.
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/",
    "//",
    "/x",
    "/lanyard.test.Echo",
    "/lanyard.test.Echo/",
    "/lanyard.test.Echo/*",
    "/lanyard.test.Echo//Open",
    "//lanyard.test.Echo/Open",
    "/lanyard.test.Echo/Open/",
    "/lanyard.test.Echo%2FOpen",
    "/lanyard.test.Echo/%4Fpen",
    "/lanyard.test.Echo/open",
    "/LANYARD.test.Echo/Open",
    "/lanyard.test.Echo/Open?x=1",
    "/lanyard.test.Echo/Open#x",
    "/lanyard.test.Echo/Open ",
    "/ lanyard.test.Echo/Open",
    "/./lanyard.test.Echo/Open",
    "/x/../lanyard.test.Echo/Open",
    "/lanyard.test.Echo/Open\\",
    "*",
};

struct BadHeader {
  std::string name;
  Headers headers;
  AuthFailure failure;
};

class RejectionTextTest : public ::testing::TestWithParam<Api> {
 protected:
  RejectionTextTest() : server_(GetParam()) {}
  void Start(const std::string& more_config = "") {
    keys_ = std::make_shared<SwitchableKeys>(server_.issuer.Keys()->Current());
    server_.options.key_sources["test"] = keys_;
    server_.options.config_text += more_config;
    ASSERT_NO_FATAL_FAILURE(server_.Start());
    channel_ = server_.Channel();
  }

  // Every way in which a header may fail to say who calls.
  std::vector<BadHeader> BadHeaders() const {
    const auto token = [this] { return server_.issuer.Token(); };
    const testing::TestIssuer stranger(Algorithm::kEs256, "stranger");
    const testing::TestIssuer forger(Algorithm::kEs256, "test");
    const testing::TestIssuer rsa(Algorithm::kRs256, "test");
    auto no_client = token();
    no_client.claims().clear_client_id();
    return {
        {"garbage", Bearer("garbage"), AuthFailure::kMalformedToken},
        {"basic", {{"authorization", "Basic eDp5"}}, AuthFailure::kMalformedToken},
        {"empty", {{"authorization", ""}}, AuthFailure::kMalformedToken},
        {"dpop", {{"authorization", "DPoP " + token().Sign()}}, AuthFailure::kMissingToken},
        {"two",
         {{"authorization", "Bearer " + token().Sign()},
          {"authorization", "Bearer " + token().Sign()}},
         AuthFailure::kMalformedToken},
        {"algorithm", Bearer(rsa.Token().Sign()), AuthFailure::kUnsupportedAlgorithm},
        {"issuer", Bearer(stranger.Token().Sign()), AuthFailure::kUnknownIssuer},
        {"key", Bearer(token().KeyId("nobody").Sign()), AuthFailure::kUnknownKey},
        {"signature", Bearer(forger.Token().KeyId(server_.issuer.key().id()).Sign()),
         AuthFailure::kBadSignature},
        {"type", Bearer(token().Type("JWT").Sign()), AuthFailure::kWrongType},
        {"expired", Bearer(token().ExpiresIn(-absl::Hours(1)).Sign()), AuthFailure::kExpired},
        {"early", Bearer(token().NotBeforeIn(absl::Minutes(4)).Sign()), AuthFailure::kNotYetValid},
        {"long", Bearer(token().ExpiresIn(absl::Hours(48)).Sign()), AuthFailure::kLifetimeTooLong},
        {"audience", Bearer(token().Audience("other").Sign()), AuthFailure::kWrongAudience},
        {"claim", Bearer(no_client.Sign()), AuthFailure::kMissingClaim},
        {"binding", Bearer(token().BoundTo(std::string(32, 'x')).Sign()), AuthFailure::kNotBound},
    };
  }

  // The status as bytes, its random id replaced.
  std::string StatusOf(const std::string& path, const Headers& headers) {
    const grpc::Status status = CallPath(channel_, path, headers);
    std::string text = status.error_message();
    const size_t id = text.find(" [lanyard ");
    if (id != std::string::npos && text.size() == id + 19) text.replace(id + 10, 8, "01234567");
    return absl::StrCat(status.error_code(), " ", text, " ", status.error_details());
  }

  GatedServer server_;
  std::shared_ptr<SwitchableKeys> keys_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_P(RejectionTextTest, IsTheSameOfEveryPathWithoutAGoodToken) {
  ASSERT_NO_FATAL_FAILURE(Start());
  std::vector<BadHeader> callers = BadHeaders();
  callers.push_back({"none", {}, AuthFailure::kMissingToken});
  for (const BadHeader& caller : callers) {
    const std::string expected =
        absl::StrCat(static_cast<int>(AuthFailureCode(caller.failure)), " ",
                     AuthFailureWireText(caller.failure), " [lanyard 01234567] ");
    for (const char* path : kClosedPaths) {
      EXPECT_EQ(StatusOf(path, caller.headers), expected) << caller.name << " " << path;
      EXPECT_EQ(server_.audit->last().failure, caller.failure) << caller.name << " " << path;
    }
  }
  EXPECT_EQ(server_.echo.handled().runs, 0);
}

TEST_P(RejectionTextTest, TellsAVerifiedCallerWhatIsUnknownAndWhatIsDenied) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const Headers good = Bearer(server_.issuer.Token().Sign());
  for (const char* path : kClosedPaths) {
    const std::string method = path;
    const bool allowed = method == "/lanyard.test.Echo/Collect";
    const bool denied =
        method == "/lanyard.test.Echo/Scoped" || method == "/lanyard.test.Echo/Unruled";
    if (allowed) continue;
    EXPECT_EQ(StatusOf(path, good), denied ? "7 permission denied [lanyard 01234567] "
                                           : "12 unknown method [lanyard 01234567] ")
        << path;
    EXPECT_EQ(server_.audit->last().failure, AuthFailure::kDeniedByPolicy) << path;
  }
  EXPECT_EQ(server_.echo.handled().runs, 0);
}

TEST_P(RejectionTextTest, ABadTokenIsRefusedEvenWhereAnyoneMayCall) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const BadHeader& caller : BadHeaders()) {
    EXPECT_EQ(StatusOf(kOpen, caller.headers), StatusOf("/no.Service/Method", caller.headers))
        << caller.name;
    EXPECT_EQ(server_.audit->last().failure, caller.failure) << caller.name;
  }
  EXPECT_EQ(server_.echo.handled().runs, 0);
}

TEST_P(RejectionTextTest, ABadTokenCountsAsNoneOnlyWhereTheRuleSaysSo) {
  ASSERT_NO_FATAL_FAILURE(Start(absl::StrCat("rules { method: '", kTolerant,
                                             "' allow { anyone: true bad_token: "
                                             "TREAT_AS_ANONYMOUS } }\n")));
  int runs = 0;
  for (const BadHeader& caller : BadHeaders()) {
    EXPECT_EQ(StatusOf(kTolerant, caller.headers), "0  ") << caller.name;
    EXPECT_TRUE(server_.audit->last().allowed);
    EXPECT_FALSE(server_.audit->last().caller.authenticated());
    EXPECT_EQ(server_.echo.handled().runs, ++runs);
    EXPECT_EQ(server_.echo.handled().anonymous, runs);
    EXPECT_NE(StatusOf(kOpen, caller.headers), "0  ") << caller.name;
  }
  EXPECT_EQ(server_.echo.handled().saw_bearer, 0);
  EXPECT_EQ(StatusOf(kTolerant, Bearer(server_.issuer.Token().Sign())), "0  ");
  EXPECT_EQ(server_.echo.handled().anonymous, runs);
}

TEST_P(RejectionTextTest, WithoutKeysTokensWaitAndNobodyMayStillCallWhatIsOpen) {
  ASSERT_NO_FATAL_FAILURE(Start(absl::StrCat("rules { method: '", kTolerant,
                                             "' allow { anyone: true bad_token: "
                                             "TREAT_AS_ANONYMOUS } }\n")));
  keys_->Set(nullptr);
  const Headers good = Bearer(server_.issuer.Token().Sign());
  for (const char* path : {kOpen, "/lanyard.test.Echo/Scoped", "/no.Service/Method"}) {
    EXPECT_EQ(StatusOf(path, good), "14 token cannot be verified now [lanyard 01234567] ") << path;
    EXPECT_EQ(server_.audit->last().failure, AuthFailure::kKeysUnavailable);
  }
  EXPECT_EQ(server_.echo.handled().runs, 0);
  EXPECT_EQ(StatusOf(kOpen, {}), "0  ");
  EXPECT_EQ(StatusOf(kTolerant, {}), "0  ");
  EXPECT_EQ(StatusOf("/lanyard.test.Echo/Scoped", {}), "16 missing token [lanyard 01234567] ");
  EXPECT_EQ(server_.echo.handled().anonymous, 2);
  // Said by the rule: no token that does not verify, for whatever reason, keeps a caller out.
  EXPECT_EQ(StatusOf(kTolerant, good), "0  ");
  EXPECT_EQ(server_.echo.handled().anonymous, 3);
}

INSTANTIATE_TEST_SUITE_P(All, RejectionTextTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace lanyard::test
