// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "lanyard/v1/annotations.pb.h"
#include "lanyard/v1/token_service.pb.h"

// Who may call the token service, as its own .proto says it: whoever serves it needs no config.
namespace lanyard::test {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(TokenServiceRulesTest, EveryMethodSaysWhoMayCallIt) {
  const google::protobuf::FileDescriptor& file = *v1::SignInRequest::descriptor()->file();
  ASSERT_EQ(file.service_count(), 1);
  const google::protobuf::ServiceDescriptor& service = *file.service(0);
  std::map<std::string, std::string> rules;
  for (int i = 0; i < service.method_count(); ++i) {
    const auto& options = service.method(i)->options();
    ASSERT_EQ(options.ExtensionSize(v1::allow), 1) << service.method(i)->name();
    rules[service.method(i)->name()] = options.GetExtension(v1::allow, 0).ShortDebugString();
  }
  const std::string anyone = "anyone: true";
  EXPECT_THAT(rules,
              UnorderedElementsAre(Pair("SignIn", anyone), Pair("IssueForService", anyone),
                                   Pair("Refresh", anyone), Pair("Exchange", anyone),
                                   Pair("Revoke", anyone), Pair("GetKeys", anyone),
                                   Pair("Introspect", "all_scopes: \"tokens.introspect\""),
                                   Pair("WatchRevocations", "all_scopes: \"tokens.revocations\"")));
}

}  // namespace
}  // namespace lanyard::test
