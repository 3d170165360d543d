// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/audit_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json.h"
#include "tests/sdk/made_caller.h"

namespace lanyard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

AuditEvent Refusal() {
  AuditEvent event;
  event.time = absl::FromUnixMicros(1800000000123456);
  event.decision_id = "7f3a9c21";
  event.method = "/shop.Orders/GetOrder";
  event.failure = AuthFailure::kWrongAudience;
  event.detail = "aud_seen [\"account\"], want [\"orders\"]";
  event.rule = "auth.textproto:12";
  event.policy_hash = "3f2a9c218b07";
  event.port = "0.0.0.0:8443";
  event.peer = "spiffe://prod/ns/shop/web";
  event.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  event.request_id = "b3b0";
  return event;
}

// The text of a member; "absent" if there is none.
std::string Member(const std::string& json, const std::string& name) {
  const auto document = internal::JsonDocument::ParseObject(json);
  EXPECT_TRUE(document.ok()) << json;
  if (!document.ok()) return "";
  const auto value = document->root().Find(name);
  if (!value.has_value()) return "absent";
  return value->is(internal::JsonValue::Kind::kString) ? std::string(value->string()) : "no text";
}

TEST(AuditJsonTest, TellsAllOfARefusal) {
  EXPECT_EQ(
      AuditJson(Refusal()),
      "{\"time\":\"2027-01-15T08:00:00.123456Z\",\"id\":\"7f3a9c21\",\"decision\":\"denied\","
      "\"reason\":\"WRONG_AUDIENCE\",\"detail\":\"aud_seen [\\\"account\\\"], "
      "want [\\\"orders\\\"]\",\"hint\":\"add an audience mapper at the issuer, or let the "
      "client ask for this server's audience\",\"method\":\"/shop.Orders/GetOrder\","
      "\"enforcement\":\"ENFORCE\",\"rule\":\"auth.textproto:12\",\"policy\":\"3f2a9c218b07\","
      "\"port\":\"0.0.0.0:8443\",\"peer\":\"spiffe://prod/ns/shop/web\",\"traceparent\":"
      "\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\",\"request_id\":\"b3b0\"}");
}

TEST(AuditJsonTest, TellsWhoCalls) {
  AuditEvent event = Refusal();
  event.failure.reset();
  event.allowed = true;
  event.caller = testing::MadeCaller("sso", R"({"sub":"alice","client_id":"web",
      "scope":"orders.read orders.write","act":{"sub":"svc:gateway"},"jti":"t-1"})");
  const std::string json = AuditJson(event);
  EXPECT_EQ(Member(json, "decision"), "allowed");
  EXPECT_EQ(Member(json, "reason"), "absent");
  EXPECT_EQ(Member(json, "hint"), "absent");
  EXPECT_EQ(Member(json, "issuer"), "sso");
  EXPECT_EQ(Member(json, "subject"), "alice");
  EXPECT_EQ(Member(json, "client"), "web");
  EXPECT_EQ(Member(json, "actor"), "svc:gateway");
  EXPECT_EQ(Member(json, "token_id"), "t-1");
  EXPECT_THAT(json, HasSubstr("\"scopes\":[\"orders.read\",\"orders.write\"]"));
}

TEST(AuditJsonTest, LeavesOutWhatTheAnonymousCallerDoesNotHave) {
  const std::string json = AuditJson(Refusal());
  for (const char* name : {"issuer", "subject", "client", "actor", "scopes", "roles", "token_id",
                           "key_id", "shadow", "shadow_rule"}) {
    EXPECT_EQ(Member(json, name), "absent") << name;
  }
}

TEST(AuditJsonTest, TellsEachKindOfDecision) {
  AuditEvent event = Refusal();
  event.ends_stream = true;
  EXPECT_EQ(Member(AuditJson(event), "decision"), "stream_ended");
  event.failure.reset();
  event.allowed = event.observed = true;
  event.would_deny = AuthFailure::kExpired;
  event.shadow_allowed = false;
  const std::string json = AuditJson(event);
  EXPECT_EQ(Member(json, "decision"), "would_deny");
  EXPECT_EQ(Member(json, "reason"), "EXPIRED");
  EXPECT_EQ(Member(json, "enforcement"), "OBSERVE");
  EXPECT_EQ(Member(json, "shadow"), "denied");
}

TEST(AuditJsonTest, IsOneLineWhateverTheCallHolds) {
  AuditEvent event = Refusal();
  event.method = "/a\"\\\n\r\x1b[31m\xe2\x80\xae\xff\x01{\"id\":\"forged\"}";
  event.peer = std::string("dns\0name", 8);
  event.detail = "a\nb\xe2\x80\xa8";
  const std::string json = AuditJson(event);
  EXPECT_EQ(json.find_first_of(std::string("\n\r\x1b\0\x01", 5)), json.npos);
  EXPECT_THAT(json, Not(HasSubstr("\xe2\x80\xae")));
  EXPECT_EQ(Member(json, "id"), "7f3a9c21");
  EXPECT_EQ(Member(json, "detail"), "a\nb\xe2\x80\xa8");
}

TEST(AuditJsonTest, BoundsEachMemberBetweenCharacters) {
  AuditEvent event = Refusal();
  for (const size_t lead : {0, 1, 2, 3}) {
    event.method = std::string(lead, '/');
    while (event.method.size() < 100'000) event.method += "\xf0\x9f\x94\x91";  // Four bytes each.
    event.detail = event.method;
    const std::string json = AuditJson(event);
    const std::string method = Member(json, "method");
    EXPECT_LE(method.size(), 256u);
    EXPECT_GT(method.size(), 248u);
    EXPECT_TRUE(absl::EndsWith(method, "\x91...")) << lead;
    EXPECT_LE(Member(json, "detail").size(), 1024u);
  }
  event = Refusal();
  event.method = std::string(256, 'm');
  EXPECT_EQ(Member(AuditJson(event), "method"), event.method);
  event.method += "m";
  EXPECT_EQ(Member(AuditJson(event), "method"), std::string(253, 'm') + "...");
  event.method = std::string(300, '\xff');
  EXPECT_LE(AuditJson(event).size(), 4096u);
}

TEST(AuditJsonTest, BoundsHowManyScopesItTells) {
  std::string scopes;
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&scopes, i == 0 ? "" : " ", "scope", i);
  AuditEvent event = Refusal();
  event.caller = testing::MadeCaller("sso", absl::StrCat(R"({"scope":")", scopes, "\"}"));
  EXPECT_THAT(AuditJson(event), HasSubstr("\"scope31\",\"...\"]"));
}

TEST(AuditJsonTest, WritesOtherNamesForPeople) {
  AuditEvent event = Refusal();
  event.caller =
      testing::MadeCaller("sso", R"({"sub":"alice@example.com","act":{"sub":"bob@example.com"}})");
  const std::string json = AuditJson(
      event, [](absl::string_view name) { return absl::StrCat("name of ", name.size()); });
  EXPECT_EQ(Member(json, "subject"), "name of 17");
  EXPECT_EQ(Member(json, "actor"), "name of 15");
  EXPECT_THAT(json, Not(HasSubstr("example.com")));
  event.caller = Identity();
  event.failure = AuthFailure::kDeniedByPolicy;
  event.detail = "issuer sso may not assert the subject \"alice@example.com\" (may_assert)";
  EXPECT_THAT(AuditJson(event), HasSubstr("alice@example.com"));
  EXPECT_THAT(AuditJson(event, [](absl::string_view) { return "x"; }),
              Not(HasSubstr("example.com")));
}

TEST(AuditJsonTest, HasAHintForEachFailure) {
  for (const AuthFailure failure : kAllAuthFailures) {
    AuditEvent event = Refusal();
    event.failure = failure;
    EXPECT_GT(Member(AuditJson(event), "hint").size(), 20u) << AuthFailureName(failure);
    EXPECT_FALSE(absl::EndsWith(AuthFailureHint(failure), ".")) << AuthFailureName(failure);
  }
}

}  // namespace
}  // namespace lanyard
