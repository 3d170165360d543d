// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TESTING_MATCHERS_H_
#define LANYARD_TESTS_TESTING_MATCHERS_H_

#include <gmock/gmock.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lanyard/sdk/auth_failure.h"

namespace lanyard::testing {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

// EXPECT_THAT(verifier->Verify(token), FailsWith(AuthFailure::kExpired));
MATCHER_P(FailsWith, failure, "fails with " + std::string(AuthFailureName(failure))) {
  *result_listener << "status is " << StatusOf(arg).ToString();
  return FailureOf(StatusOf(arg)) == failure;
}

// EXPECT_THAT(Policy::Create(config, {}), IsOk());
MATCHER(IsOk, "is OK") {
  *result_listener << "status is " << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

// EXPECT_THAT(LoadConfig({path}, ""), IsError(HasSubstr("auth.textproto:3")));
MATCHER_P(IsError, message,
          "is an error whose message " + ::testing::DescribeMatcher<std::string>(message)) {
  *result_listener << "status is " << StatusOf(arg).ToString();
  return !StatusOf(arg).ok() && ::testing::Matches(message)(std::string(StatusOf(arg).message()));
}

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TESTING_MATCHERS_H_
