// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/failure.h"

#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "lanyard/interceptors/internal/wire_status.h"
#include "lanyard/sdk/auth_failure.h"

namespace lanyard {
namespace {

TEST(FailureTest, KnowsWhatAServerSaysForEachFailure) {
  for (const AuthFailure failure : kAllAuthFailures) {
    const auto refusal =
        FailureOf(grpc::Status(static_cast<grpc::StatusCode>(AuthFailureCode(failure)),
                               internal::WireMessage(AuthFailureWireText(failure), "7f3a9c21")));
    ASSERT_TRUE(refusal.has_value()) << AuthFailureName(failure);
    EXPECT_TRUE(refusal->reason.has_value()) << AuthFailureName(failure);
    EXPECT_EQ(refusal->decision_id, "7f3a9c21");
  }
}

TEST(FailureTest, TellsReasonsApart) {
  using grpc::StatusCode;
  const auto reason = [](StatusCode code, const std::string& text) {
    return FailureOf(grpc::Status(code, text + " [lanyard 00000000]"))->reason;
  };
  EXPECT_EQ(reason(StatusCode::UNAUTHENTICATED, "token expired"), RefusalReason::kTokenExpired);
  EXPECT_EQ(reason(StatusCode::UNAUTHENTICATED, "wrong audience"), RefusalReason::kWrongAudience);
  EXPECT_EQ(reason(StatusCode::PERMISSION_DENIED, "permission denied"),
            RefusalReason::kPermissionDenied);
  EXPECT_EQ(reason(StatusCode::UNIMPLEMENTED, "unknown method"), RefusalReason::kUnknownMethod);
  // The id of a newer server's text can still be asked for.
  EXPECT_EQ(reason(StatusCode::UNAUTHENTICATED, "something new"), std::nullopt);
  EXPECT_EQ(reason(StatusCode::UNKNOWN, "token expired"), std::nullopt);
}

TEST(FailureTest, NamesAreDistinct) {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(RefusalReason::kServerOverloaded); ++i) {
    names.insert(std::string(RefusalReasonName(static_cast<RefusalReason>(i))));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(RefusalReason::kServerOverloaded) + 1);
  EXPECT_EQ(names.count(""), 0u);
}

TEST(FailureTest, EachHasAnIdOfItsOwn) {
  constexpr int kIds = 200;  // More than one request for random bytes is good for.
  std::set<std::string> ids;
  for (int i = 0; i < kIds; ++i) {
    const std::string id = internal::NewDecisionId();
    const std::string message = internal::WireMessage("invalid token", id);
    ASSERT_TRUE(internal::ReadWireMessage(message).has_value()) << message;
    EXPECT_TRUE(ids.insert(id).second) << id;
  }
}

TEST(FailureTest, OthersStatusesAreNone) {
  for (const char* text :
       {"", "token expired", "token expired [lanyard 7f3a9c2]", "token expired [lanyard 7f3a9c211]",
        "token expired [lanyard 7F3A9C21]", "token expired [lanyard 7f3a9c2g]",
        "token expired [Lanyard 7f3a9c21]", "token expired [lanyard 7f3a9c21] ",
        "token expired[lanyard 7f3a9c21]", " [lanyard 7f3a9c21]", "[lanyard 7f3a9c21]"}) {
    EXPECT_FALSE(FailureOf(grpc::Status(grpc::StatusCode::UNAUTHENTICATED, text)).has_value())
        << text;
  }
  EXPECT_FALSE(FailureOf(grpc::Status::OK).has_value());
}

}  // namespace
}  // namespace lanyard
