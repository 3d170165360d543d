// SPDX-License-Identifier: Apache-2.0
//
// Health and reflection: words of the config that stand for rules.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/policy.h"
#include "lanyard/testing/fake_caller.h"
#include "lanyard/testing/matchers.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsOk;
using ::lanyard::testing::MakeIdentity;

std::shared_ptr<const Policy> Make(const std::string& text) {
  LoadedConfig loaded;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &loaded.config)) << text;
  loaded.config.add_issuers()->set_name("sso");
  for (int i = 0; i < loaded.config.rules_size(); ++i) {
    loaded.rule_locations.push_back(absl::StrCat("file:", i + 1));
  }
  auto policy = Policy::Create(loaded, {}, absl::FromUnixSeconds(1900000000));
  EXPECT_THAT(policy, IsOk());
  return *policy;
}

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";
constexpr char kList[] = "/grpc.health.v1.Health/List";
constexpr char kWatch[] = "/grpc.health.v1.Health/Watch";
constexpr char kV1[] = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
constexpr char kV1Alpha[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
constexpr char kChannelz[] = "/grpc.channelz.v1.Channelz/GetServers";
constexpr char kCsds[] = "/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus";

struct Row {
  const char* name;
  const char* config;
  const char* path;
  bool anonymous, caller;  // Who may call.
  const char* rule;
};

class ShortcutTest : public ::testing::TestWithParam<Row> {};

TEST_P(ShortcutTest, OpensThatAndNothingElse) {
  const Row& row = GetParam();
  const auto policy = Make(row.config);
  EXPECT_EQ(policy->Decide(row.path, Identity()).allowed(), row.anonymous);
  EXPECT_EQ(policy->Decide(row.path, MakeIdentity("sso", "svc:a")).allowed(), row.caller);
  EXPECT_EQ(policy->Decide(row.path, Identity()).rule, row.rule);
  EXPECT_EQ(policy->Decide(row.path, Identity()).allowed(), row.anonymous);
}

constexpr char kAnyone[] = "health: ANYONE", kMayWatch[] = "health: ANYONE_MAY_WATCH";
constexpr char kAuthenticated[] = "reflection: ANY_AUTHENTICATED";
constexpr char kForAnyone[] = "reflection: REFLECTION_FOR_ANYONE";

INSTANTIATE_TEST_SUITE_P(
    Health, ShortcutTest,
    ::testing::Values(Row{"CheckByNobody", "", kCheck, false, false, ""},
                      Row{"WatchByNobody", "", kWatch, false, false, ""},
                      Row{"Check", kAnyone, kCheck, true, true, kAnyone},
                      Row{"List", kAnyone, kList, true, true, kAnyone},
                      Row{"WatchTakesMore", kAnyone, kWatch, false, false, ""},
                      Row{"CheckAndWatch", kMayWatch, kCheck, true, true, kMayWatch},
                      Row{"ListAndWatch", kMayWatch, kList, true, true, kMayWatch},
                      Row{"Watch", kMayWatch, kWatch, true, true, kMayWatch},
                      Row{"OtherMethod", kMayWatch, "/grpc.health.v1.Health/Set", false, false, ""},
                      Row{"OtherVersion", kMayWatch, "/grpc.health.v2.Health/Check", false, false,
                          ""},
                      Row{"OtherCase", kMayWatch, "/grpc.health.v1.Health/check", false, false, ""},
                      Row{"Reflection", kMayWatch, kV1, false, false, ""}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Reflection, ShortcutTest,
    ::testing::Values(Row{"V1ByNobody", "", kV1, false, false, ""},
                      Row{"V1AlphaByNobody", "", kV1Alpha, false, false, ""},
                      Row{"V1", kAuthenticated, kV1, false, true, kAuthenticated},
                      Row{"V1Alpha", kAuthenticated, kV1Alpha, false, true, kAuthenticated},
                      Row{"V1ForAnyone", kForAnyone, kV1, true, true, kForAnyone},
                      Row{"V1AlphaForAnyone", kForAnyone, kV1Alpha, true, true, kForAnyone},
                      Row{"OtherVersion", kForAnyone,
                          "/grpc.reflection.v1beta.ServerReflection/ServerReflectionInfo", false,
                          false, ""},
                      Row{"OtherMethod", kForAnyone, "/grpc.reflection.v1.ServerReflection/Other",
                          false, false, ""},
                      Row{"Health", kForAnyone, kCheck, false, false, ""},
                      Row{"Channelz", "health: ANYONE_MAY_WATCH reflection: REFLECTION_FOR_ANYONE",
                          kChannelz, false, false, ""},
                      Row{"Admin", "health: ANYONE_MAY_WATCH reflection: REFLECTION_FOR_ANYONE",
                          kCsds, false, false, ""}),
    [](const auto& info) { return info.param.name; });

constexpr char kExactRule[] =
    "health: ANYONE_MAY_WATCH "
    "rules { method: \"/grpc.health.v1.Health/Check\" allow { any_authenticated: true } }";
constexpr char kServiceRule[] =
    "health: ANYONE_MAY_WATCH rules { method: \"/grpc.health.v1.Health/*\" nobody: true }";
constexpr char kReflectionRule[] =
    "reflection: REFLECTION_FOR_ANYONE "
    "rules { method: \"/grpc.reflection.v1.ServerReflection/*\" allow { any_authenticated: true } "
    "}";

INSTANTIATE_TEST_SUITE_P(
    Rules, ShortcutTest,
    ::testing::Values(Row{"ExactBeatsHealth", kExactRule, kCheck, false, true, "file:1"},
                      Row{"ExactLeavesTheOthers", kExactRule, kWatch, true, true, kMayWatch},
                      Row{"ServiceBeatsHealthCheck", kServiceRule, kCheck, false, false, "file:1"},
                      Row{"ServiceBeatsHealthWatch", kServiceRule, kWatch, false, false, "file:1"},
                      Row{"ServiceBeatsReflection", kReflectionRule, kV1, false, true, "file:1"},
                      Row{"OtherVersionKeepsReflection", kReflectionRule, kV1Alpha, true, true,
                          kForAnyone}),
    [](const auto& info) { return info.param.name; });

TEST(ShortcutPolicyTest, BadTokenCountsAsNoneForHealthAlone) {
  const auto policy = Make("health: ANYONE_MAY_WATCH reflection: REFLECTION_FOR_ANYONE");
  for (const char* path : {kCheck, kList, kWatch}) {
    EXPECT_TRUE(policy->TreatsBadTokenAsAnonymous(path)) << path;
  }
  for (const char* path : {kV1, kV1Alpha}) {
    EXPECT_FALSE(policy->TreatsBadTokenAsAnonymous(path)) << path;
  }
  EXPECT_FALSE(Make(kExactRule)->TreatsBadTokenAsAnonymous(kCheck));
}

TEST(ShortcutPolicyTest, DeniedCallerIsDeniedThereToo) {
  const auto policy = Make("health: ANYONE deny { subjects: \"svc:a\" }");
  EXPECT_FALSE(policy->Decide(kCheck, MakeIdentity("sso", "svc:a")).allowed());
  EXPECT_TRUE(policy->Decide(kCheck, Identity()).allowed());
}

}  // namespace
}  // namespace lanyard
