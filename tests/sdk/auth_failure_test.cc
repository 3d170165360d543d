// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/auth_failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <set>
#include <string>

#include "absl/strings/cord.h"
#include "lanyard/testing/matchers.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

struct Row {
  AuthFailure failure;
  const char* name;
  absl::StatusCode code;
  const char* wire_text;
};

constexpr absl::StatusCode kUnauthenticated = absl::StatusCode::kUnauthenticated;
constexpr absl::StatusCode kUnavailable = absl::StatusCode::kUnavailable;

// What docs and clients rely on: no value may change its name, its code or its text unseen.
constexpr Row kRows[] = {
    {AuthFailure::kMissingToken, "MISSING_TOKEN", kUnauthenticated, "missing token"},
    {AuthFailure::kMalformedToken, "MALFORMED_TOKEN", kUnauthenticated, "invalid token"},
    {AuthFailure::kUnsupportedAlgorithm, "UNSUPPORTED_ALGORITHM", kUnauthenticated,
     "invalid token"},
    {AuthFailure::kUnknownIssuer, "UNKNOWN_ISSUER", kUnauthenticated, "invalid token"},
    {AuthFailure::kUnknownKey, "UNKNOWN_KEY", kUnauthenticated, "invalid token"},
    {AuthFailure::kBadSignature, "BAD_SIGNATURE", kUnauthenticated, "invalid token"},
    {AuthFailure::kWrongType, "WRONG_TYPE", kUnauthenticated, "invalid token"},
    {AuthFailure::kExpired, "EXPIRED", kUnauthenticated, "token expired"},
    {AuthFailure::kNotYetValid, "NOT_YET_VALID", kUnauthenticated, "token not yet valid"},
    {AuthFailure::kLifetimeTooLong, "LIFETIME_TOO_LONG", kUnauthenticated, "invalid token"},
    {AuthFailure::kWrongAudience, "WRONG_AUDIENCE", kUnauthenticated, "wrong audience"},
    {AuthFailure::kMissingClaim, "MISSING_CLAIM", kUnauthenticated, "invalid token"},
    {AuthFailure::kNotBound, "NOT_BOUND", kUnauthenticated, "invalid token"},
    {AuthFailure::kRevoked, "REVOKED", kUnauthenticated, "invalid token"},
    {AuthFailure::kReplayed, "REPLAYED", kUnauthenticated, "invalid token"},
    {AuthFailure::kTooManyBadTokens, "TOO_MANY_BAD_TOKENS", kUnauthenticated, "invalid token"},
    {AuthFailure::kDeniedByPolicy, "DENIED_BY_POLICY", absl::StatusCode::kPermissionDenied,
     "permission denied"},
    {AuthFailure::kKeysUnavailable, "KEYS_UNAVAILABLE", kUnavailable,
     "token cannot be verified now"},
    {AuthFailure::kRevocationUnknown, "REVOCATION_UNKNOWN", kUnavailable,
     "token cannot be verified now"},
    {AuthFailure::kOverloaded, "OVERLOADED", kUnavailable, "server is overloaded"},
    {AuthFailure::kAuditFailed, "AUDIT_FAILED", kUnavailable, "server is overloaded"},
};

class AuthFailureRowTest : public ::testing::TestWithParam<Row> {};

TEST_P(AuthFailureRowTest, HasItsName) {
  EXPECT_EQ(AuthFailureName(GetParam().failure), GetParam().name);
}

TEST_P(AuthFailureRowTest, HasItsStatusCode) {
  EXPECT_EQ(AuthFailureCode(GetParam().failure), GetParam().code);
}

TEST_P(AuthFailureRowTest, TellsThePeerNoMore) {
  EXPECT_EQ(AuthFailureWireText(GetParam().failure), GetParam().wire_text);
}

TEST_P(AuthFailureRowTest, TravelsInAStatus) {
  const absl::Status status = AuthFailureStatus(GetParam().failure, "the detail");
  EXPECT_EQ(status.code(), GetParam().code);
  EXPECT_THAT(status, FailsWith(GetParam().failure));
  EXPECT_THAT(std::string(status.message()), StartsWith(GetParam().name));
  EXPECT_THAT(std::string(status.message()), HasSubstr("the detail"));
}

INSTANTIATE_TEST_SUITE_P(, AuthFailureRowTest, ::testing::ValuesIn(kRows),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(AuthFailureTest, TableHasEveryFailure) {
  std::set<AuthFailure> in_table, in_list;
  for (const Row& row : kRows) in_table.insert(row.failure);
  for (const AuthFailure failure : kAllAuthFailures) in_list.insert(failure);
  EXPECT_EQ(in_table, in_list);
  EXPECT_EQ(in_table.size(), std::size(kRows)) << "a failure twice";
  // The list itself is whole: its values are 0, 1, 2, … up to the last enumerator.
  EXPECT_EQ(in_list.size(), static_cast<size_t>(AuthFailure::kAuditFailed) + 1);
}

TEST(AuthFailureTest, NamesAreDistinct) {
  std::set<std::string> names;
  for (const AuthFailure failure : kAllAuthFailures) {
    names.insert(std::string(AuthFailureName(failure)));
  }
  EXPECT_EQ(names.size(), std::size(kAllAuthFailures));
  EXPECT_EQ(names.count(""), 0u);
}

TEST(AuthFailureTest, OnlyPassingFaultsAreUnavailable) {
  // A client drops its token on UNAUTHENTICATED and keeps it on UNAVAILABLE.
  for (const AuthFailure failure : kAllAuthFailures) {
    const bool passing =
        failure == AuthFailure::kKeysUnavailable || failure == AuthFailure::kRevocationUnknown ||
        failure == AuthFailure::kOverloaded || failure == AuthFailure::kAuditFailed;
    EXPECT_EQ(AuthFailureCode(failure) == kUnavailable, passing) << AuthFailureName(failure);
  }
}

TEST(AuthFailureTest, TheDetailStandsBesideTheName) {
  for (const AuthFailure failure : kAllAuthFailures) {
    EXPECT_EQ(AuthFailureDetail(AuthFailureStatus(failure, "why: so")), "why: so");
  }
  EXPECT_EQ(AuthFailureDetail(absl::UnauthenticatedError("EXPIRED: x")), "EXPIRED: x");
}

TEST(AuthFailureTest, OtherStatusesCarryNone) {
  EXPECT_EQ(FailureOf(absl::OkStatus()), std::nullopt);
  EXPECT_EQ(FailureOf(absl::UnauthenticatedError("EXPIRED: by name alone")), std::nullopt);
  EXPECT_EQ(FailureOf(absl::PermissionDeniedError("")), std::nullopt);
}

TEST(AuthFailureTest, UnknownPayloadIsNoFailure) {
  absl::Status status = AuthFailureStatus(AuthFailure::kExpired, "");
  std::string key;
  status.ForEachPayload(
      [&key](absl::string_view type, const absl::Cord&) { key = std::string(type); });
  ASSERT_FALSE(key.empty());
  status.SetPayload(key, absl::Cord("NOT_A_FAILURE"));
  EXPECT_EQ(FailureOf(status), std::nullopt);
  status.SetPayload(key, absl::Cord(""));
  EXPECT_EQ(FailureOf(status), std::nullopt);
}

TEST(AuthFailureTest, MatcherTellsReasonsApart) {
  const absl::Status expired = AuthFailureStatus(AuthFailure::kExpired, "");
  EXPECT_THAT(expired, Not(FailsWith(AuthFailure::kBadSignature)));
  EXPECT_THAT(absl::OkStatus(), Not(FailsWith(AuthFailure::kExpired)));
  EXPECT_THAT(absl::UnauthenticatedError(""), Not(FailsWith(AuthFailure::kExpired)));
}

}  // namespace
}  // namespace lanyard
