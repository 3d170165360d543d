// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/claims_json.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <clocale>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/registered_claims.h"
#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::FailsWith;
using ::lanyard::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The claims are parts of the document that was read last.
absl::StatusOr<RegisteredClaims> Read(const std::string& json) {
  static auto* last = new absl::StatusOr<JsonDocument>();
  *last = JsonDocument::ParseObject(json);
  if (!last->ok()) return last->status();
  return ReadClaims((*last)->root());
}

// Everything that a token can say.
constexpr char kAll[] =
    R"({"iss":"https://i.example.test","sub":"s","aud":["a","b"],"exp":1900000300.5,)"
    R"("nbf":1900000000,"iat":1900000001,"jti":"j","client_id":"c","azp":"c","scope":"x y",)"
    R"("act":{"sub":"a1","iss":"i1","act":{"sub":"a2"}},)"
    R"("cnf":{"x5t#S256":"WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo"},)"
    R"("role":{"null":null,"bool":true,"int":-7,"uint":18446744073709551615,"double":0.1,)"
    R"("text":"ä\u0000\"","list":[1,[],{}]}})";

TEST(ClaimsJsonTest, ReadsEveryRegisteredClaim) {
  const auto claims = Read(kAll);
  ASSERT_THAT(claims, IsOk());
  EXPECT_EQ(claims->issuer, "https://i.example.test");
  EXPECT_EQ(claims->subject, "s");
  EXPECT_THAT(*claims->audiences, ElementsAre("a", "b"));
  EXPECT_EQ(claims->expires_at, absl::FromUnixMillis(1900000300500));
  EXPECT_EQ(claims->not_before, absl::FromUnixSeconds(1900000000));
  EXPECT_EQ(claims->issued_at, absl::FromUnixSeconds(1900000001));
  EXPECT_EQ(claims->token_id, "j");
  EXPECT_EQ(claims->client_id, "c");
  EXPECT_EQ(claims->authorized_party, "c");
  EXPECT_THAT(claims->scopes, ElementsAre("x", "y"));
  EXPECT_TRUE(claims->has_confirmation);
  EXPECT_TRUE(claims->confirmation_is_checkable);
  EXPECT_EQ(claims->certificate_sha256, std::string(32, 'Z'));
  EXPECT_TRUE(claims->has_actor);
  EXPECT_FALSE(claims->has_other_kinds_claim);
}

TEST(ClaimsJsonTest, AbsentIsNotEmpty) {
  const auto claims = Read("{}");
  ASSERT_THAT(claims, IsOk());
  EXPECT_EQ(claims->issuer, std::nullopt);
  EXPECT_EQ(claims->subject, std::nullopt);
  EXPECT_EQ(claims->audiences, std::nullopt);
  EXPECT_EQ(claims->expires_at, std::nullopt);
  EXPECT_FALSE(claims->has_confirmation);
  EXPECT_FALSE(claims->has_actor);
  EXPECT_THAT(*Read("{\"aud\":[]}")->audiences, IsEmpty());
  EXPECT_EQ(Read("{\"iss\":\"\"}")->issuer, "");
}

TEST(ClaimsJsonTest, RefusalsNameTheClaim) {
  const auto refused = Read("{\"exp\":\"soon\"}");
  EXPECT_THAT(refused, FailsWith(AuthFailure::kMalformedToken));
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("\"exp\""));
}

TEST(ClaimsJsonTest, NamesAreCaseSensitive) {
  const auto claims = Read("{\"ISS\":1,\"Sub\":2,\"EXP\":\"x\"}");
  ASSERT_THAT(claims, IsOk());
  EXPECT_EQ(claims->issuer, std::nullopt);
}

TEST(ClaimsJsonTest, MakesTheMessage) {
  const v1::Claims claims = ClaimsFromJson(kAll);
  EXPECT_EQ(claims.issuer(), "https://i.example.test");
  EXPECT_EQ(claims.subject(), "s");
  EXPECT_THAT(claims.audiences(), ElementsAre("a", "b"));
  EXPECT_EQ(claims.expires_at().seconds(), 1900000300);
  EXPECT_EQ(claims.expires_at().nanos(), 500000000);
  EXPECT_EQ(claims.not_before().seconds(), 1900000000);
  EXPECT_EQ(claims.issued_at().seconds(), 1900000001);
  EXPECT_EQ(claims.token_id(), "j");
  EXPECT_EQ(claims.client_id(), "c");
  EXPECT_EQ(claims.authorized_party(), "c");
  EXPECT_THAT(claims.scopes(), ElementsAre("x", "y"));
  EXPECT_EQ(claims.actor().subject(), "a1");
  EXPECT_EQ(claims.actor().issuer(), "i1");
  EXPECT_EQ(claims.actor().actor().subject(), "a2");
  EXPECT_EQ(claims.confirmation().certificate_sha256(), std::string(32, 'Z'));
  ASSERT_EQ(claims.private_claims_size(), 1);
  const auto& role = claims.private_claims().at("role").object_value().members();
  EXPECT_EQ(role.size(), 7u);
  EXPECT_TRUE(role.at("null").null_value());
  EXPECT_TRUE(role.at("bool").bool_value());
  EXPECT_EQ(role.at("int").int_value(), -7);
  EXPECT_EQ(role.at("uint").uint_value(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(role.at("double").double_value(), 0.1);
  EXPECT_EQ(role.at("text").string_value(), std::string("\xc3\xa4\0\"", 4));
  EXPECT_EQ(role.at("list").list_value().values_size(), 3);
  EXPECT_TRUE(role.at("list").list_value().values(1).has_list_value());
  EXPECT_TRUE(role.at("list").list_value().values(2).has_object_value());
}

TEST(ClaimsJsonTest, MessageOfUnreadableClaimsIsEmpty) {
  for (const char* json : {"", "[]", "{\"exp\":\"x\",\"iss\":\"i\"}"}) {
    EXPECT_EQ(ClaimsFromJson(json).ByteSizeLong(), 0u) << json;
  }
}

TEST(ClaimsJsonTest, RoundTrips) {
  const v1::Claims claims = ClaimsFromJson(kAll);
  const auto json = ClaimsToJson(claims);
  ASSERT_THAT(json, IsOk());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(ClaimsFromJson(*json), claims))
      << *json;
}

TEST(ClaimsJsonTest, RoundTripsNumbersExactly) {
  v1::Claims claims;
  auto& values = *claims.mutable_private_claims();
  int i = 0;
  for (const double number : {0.1, 1.0, -0.0, 1e21, 1e-300, 1.7976931348623157e308, 5e-324,
                              9007199254740993.0, 123456789.123456789}) {
    values[absl::StrCat("d", i++)].set_double_value(number);
  }
  for (const int64_t number : {std::numeric_limits<int64_t>::min(), int64_t{-1}, int64_t{0},
                               std::numeric_limits<int64_t>::max()}) {
    values[absl::StrCat("i", i++)].set_int_value(number);
  }
  values["u"].set_uint_value(std::numeric_limits<uint64_t>::max());
  const auto json = ClaimsToJson(claims);
  ASSERT_THAT(json, IsOk());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(ClaimsFromJson(*json), claims))
      << *json;
}

TEST(ClaimsJsonTest, NumbersDoNotFollowTheLocale) {
  if (std::setlocale(LC_NUMERIC, "de_DE.UTF-8") == nullptr) {
    GTEST_SKIP() << "no locale with a decimal comma is installed";
  }
  v1::Claims claims;
  auto* list = (*claims.mutable_private_claims())["n"].mutable_list_value();
  list->add_values()->set_double_value(1.5);
  const auto json = ClaimsToJson(claims);
  std::setlocale(LC_NUMERIC, "C");
  EXPECT_EQ(*json, "{\"n\":[1.5]}");
}

TEST(ClaimsJsonTest, WritesOneAudienceAsText) {
  v1::Claims claims;
  claims.add_audiences("a");
  EXPECT_EQ(*ClaimsToJson(claims), "{\"aud\":\"a\"}");
  claims.add_audiences("b");
  EXPECT_EQ(*ClaimsToJson(claims), "{\"aud\":[\"a\",\"b\"]}");
}

TEST(ClaimsJsonTest, LeavesEmptyClaimsOut) { EXPECT_EQ(*ClaimsToJson(v1::Claims()), "{}"); }

TEST(ClaimsJsonTest, EscapesWhatItWrites) {
  v1::Claims claims;
  claims.set_subject("a\",\"iss\":\"forged");
  (*claims.mutable_private_claims())["x\":1,\"iss"].set_string_value("\\\"}");
  const auto json = ClaimsToJson(claims);
  ASSERT_THAT(json, IsOk());
  const v1::Claims again = ClaimsFromJson(*json);
  EXPECT_EQ(again.issuer(), "");
  EXPECT_EQ(again.subject(), claims.subject());
  EXPECT_EQ(again.private_claims().at("x\":1,\"iss").string_value(), "\\\"}");
}

TEST(ClaimsJsonTest, ConfirmationThatCannotBeCheckedStaysOne) {
  // Written from the message it must not turn into a token that is bound to nothing.
  v1::Claims claims;
  claims.mutable_confirmation();
  const auto json = ClaimsToJson(claims);
  ASSERT_THAT(json, IsOk());
  const auto read = Read(*json);
  ASSERT_THAT(read, IsOk());
  EXPECT_TRUE(read->has_confirmation);
  EXPECT_FALSE(read->confirmation_is_checkable);
}

}  // namespace
}  // namespace lanyard::internal
