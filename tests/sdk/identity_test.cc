// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/identity.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/fake_caller.h"
#include "lanyard/testing/matchers.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::MakeIdentity;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(AnonymousIdentityTest, IsNobody) {
  const Identity anonymous;
  EXPECT_FALSE(anonymous.authenticated());
  EXPECT_THAT(anonymous.scopes(), IsEmpty());
  EXPECT_THAT(anonymous.audiences(), IsEmpty());
  EXPECT_FALSE(anonymous.HasScope(""));
  EXPECT_FALSE(anonymous.HasScope("admin"));
  EXPECT_FALSE(anonymous.has_actor());
  EXPECT_EQ(anonymous.client_id(), "");
  EXPECT_EQ(anonymous.token_id(), "");
  EXPECT_EQ(anonymous.key_id(), "");
  EXPECT_EQ(anonymous.claims_json(), "");
  EXPECT_EQ(anonymous.claims().ByteSizeLong(), 0u);
  EXPECT_EQ(anonymous.expires_at(), absl::InfiniteFuture());
  EXPECT_THAT(anonymous.ClaimsAs<v1::Actor>(), IsError(HasSubstr("anonymous")));
}

TEST(AnonymousIdentityTest, EqualsNoNameNotEvenTheEmptyOne) {
  // An order without an owner is not everybody's.
  const Identity anonymous;
  const v1::Claims order;  // Any message's default is "".
  for (const std::string* name :
       {&anonymous.subject(), &anonymous.issuer(), &anonymous.issuer_name()}) {
    EXPECT_NE(*name, order.subject());
    EXPECT_NE(*name, "anonymous");
    EXPECT_NE(name->find('\0'), std::string::npos) << "no token can carry it";
  }
}

TEST(AnonymousIdentityTest, IsIsNeverTrue) {
  const Identity anonymous;
  EXPECT_FALSE(anonymous.Is("", ""));
  EXPECT_FALSE(anonymous.Is("sso", "svc:a"));
  EXPECT_FALSE(anonymous.Is(anonymous.issuer_name(), anonymous.subject()));
}

TEST(IdentityTest, IsComparesThePair) {
  const Identity caller = MakeIdentity("sso", "svc:a");
  EXPECT_TRUE(caller.Is("sso", "svc:a"));
  EXPECT_FALSE(caller.Is("sso", "svc:b"));
  EXPECT_FALSE(caller.Is("other", "svc:a"));
  EXPECT_FALSE(caller.Is("https://sso.example.test", "svc:a")) << "by name, not by iss";
  EXPECT_FALSE(caller.Is("sso", "SVC:A"));
  EXPECT_FALSE(caller.Is("sso", "svc:ab"));
  EXPECT_FALSE(caller.Is("sso", "svc:"));
  EXPECT_FALSE(caller.Is("svc:a", "sso"));
}

TEST(IdentityTest, IsIsFalseForEmptyArguments) {
  v1::Claims claims;
  claims.set_issuer("https://sso.example.test");
  const Identity without_subject = MakeIdentity("sso", claims);
  ASSERT_TRUE(without_subject.authenticated());
  EXPECT_FALSE(without_subject.Is("sso", ""));
  EXPECT_FALSE(MakeIdentity("sso", "svc:a").Is("", "svc:a"));
  EXPECT_FALSE(MakeIdentity("", "svc:a").Is("", "svc:a"));
}

TEST(IdentityTest, HasScopeComparesWholeNames) {
  const Identity caller = MakeIdentity("sso", "svc:a", {"orders.read", "x"});
  EXPECT_TRUE(caller.HasScope("orders.read"));
  EXPECT_TRUE(caller.HasScope("x"));
  for (const char* scope : {"orders", "orders.read ", "Orders.Read", "orders.read x", ""}) {
    EXPECT_FALSE(caller.HasScope(scope)) << scope;
  }
}

TEST(IdentityTest, CopiesAreTheSameCaller) {
  Identity copy;
  {
    const Identity caller = MakeIdentity("sso", "svc:a", {"x"});
    copy = caller;
    EXPECT_EQ(&copy.claims(), &caller.claims()) << "made once";
  }
  EXPECT_TRUE(copy.Is("sso", "svc:a"));
  EXPECT_EQ(copy.claims().subject(), "svc:a");
}

TEST(IdentityTest, ClaimsAreMadeOnceWhoeverAsks) {
  const Identity caller = MakeIdentity("sso", "svc:a");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([caller] { EXPECT_EQ(caller.claims().subject(), "svc:a"); });
  }
  for (std::thread& thread : threads) thread.join();
}

class ClaimsAsTest : public ::testing::Test {
 protected:
  Identity With(const std::string& name, const v1::Value& value) {
    v1::Claims claims;
    claims.set_issuer("https://sso.example.test");
    (*claims.mutable_private_claims())[name] = value;
    return MakeIdentity("sso", claims);
  }
  static v1::Value Text(const std::string& text) {
    v1::Value value;
    value.set_string_value(text);
    return value;
  }
};

TEST_F(ClaimsAsTest, FillsFieldsByTheirJsonNames) {
  const auto read = With("subject", Text("s")).ClaimsAs<v1::Actor>();
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->subject(), "s");
  v1::Value object;
  (*object.mutable_object_value()->mutable_members())["subject"] = Text("inner");
  const auto nested = With("actor", object).ClaimsAs<v1::Actor>();
  ASSERT_THAT(nested, IsOk());
  EXPECT_EQ(nested->actor().subject(), "inner");
}

TEST_F(ClaimsAsTest, LeavesOutClaimsWithoutAField) {
  const auto read = With("unheard-of", Text("x")).ClaimsAs<v1::Actor>();
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->ByteSizeLong(), 0u);
}

TEST_F(ClaimsAsTest, FailsForClaimsThatDoNotFit) {
  v1::Value list;
  list.mutable_list_value()->add_values()->set_int_value(1);
  EXPECT_THAT(With("subject", list).ClaimsAs<v1::Actor>(),
              IsError(HasSubstr("do not fit lanyard.v1.Actor")));
}

TEST_F(ClaimsAsTest, ReadsAnythingAsAStruct) {
  const auto read = With("role", Text("admin")).ClaimsAs<google::protobuf::Struct>();
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->fields().at("role").string_value(), "admin");
}

}  // namespace
}  // namespace lanyard
