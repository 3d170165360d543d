// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lanyard/issuer/token_issuer.h"
#include "lanyard/sdk/log_sink.h"
#include "tests/issuer/issuer_fixture.h"

// What a client reads when the issuer's store is at fault.
namespace lanyard::test {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kPlace[] = "10.1.2.3:6379 /var/lib/lanyard/issuer.db";

class ClientErrorsTest : public IssuerTest {
 protected:
  void SetUp() override {
    IssuerTest::SetUp();
    token_ = SignIn();
  }
  // Every request that asks the store, with the store failing like that.
  std::vector<absl::Status> AllWith(absl::Status failure) {
    wrapped_->Fail(std::move(failure));
    v1::IssueForServiceRequest service;
    service.mutable_client()->set_client_id("checkout");
    service.set_audience("orders");
    v1::RevokeRequest revoke;
    revoke.set_token(token_.refresh_token());
    revoke.mutable_client()->set_client_id("web");
    std::vector<absl::Status> all = {
        issuer_->SignIn(SignInOf("ada"), IssuerPeer()).status(),
        issuer_->IssueForService(service, PeerWith("spiffe://prod/checkout")).status(),
        Refresh(token_.refresh_token()).status(),
        Exchange(token_.access_token()).status(),
        issuer_->Revoke(revoke, IssuerPeer()),
    };
    wrapped_->Fail(absl::OkStatus());
    return all;
  }

  v1::TokenResponse token_;
};

TEST_F(ClientErrorsTest, SaysThatTryingAgainHelpsAndNotWhere) {
  for (const absl::Status& status : AllWith(absl::UnavailableError(kPlace))) {
    EXPECT_TRUE(absl::IsUnavailable(status)) << status;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("10.1.2.3")));
  }
}

TEST_F(ClientErrorsTest, SaysOfWhatIsPermanentThatTheLogHasIt) {
  std::vector<std::string> lines;
  SetLogSink([&](absl::string_view line) {
    if (line.find("issuer: ") == 0) lines.emplace_back(line);
  });
  for (const auto code : {absl::StatusCode::kPermissionDenied, absl::StatusCode::kUnauthenticated,
                          absl::StatusCode::kInvalidArgument, absl::StatusCode::kDataLoss,
                          absl::StatusCode::kFailedPrecondition, absl::StatusCode::kNotFound}) {
    for (const absl::Status& status : AllWith(absl::Status(code, kPlace))) {
      EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
      EXPECT_THAT(std::string(status.message()), Not(HasSubstr("10.1.2.3")));
    }
  }
  SetLogSink(nullptr);
  EXPECT_THAT(lines, Each(HasSubstr("10.1.2.3")));
  EXPECT_GE(lines.size(), 6u);
}

TEST_F(ClientErrorsTest, LogsTheSameFailureOnce) {
  std::vector<std::string> lines;
  SetLogSink([&](absl::string_view line) {
    if (line.find("issuer: ") == 0) lines.emplace_back(line);
  });
  for (int i = 0; i < 10; ++i) AllWith(absl::DataLossError(kPlace));
  SetLogSink(nullptr);
  EXPECT_THAT(lines, SizeIs(1));
}

TEST_F(ClientErrorsTest, ARecordThatCannotBeReadIsTheIssuersFault) {
  const uint64_t version = (*store_->Get(IssuerStore::Kind::kClient, "checkout"))->version;
  ASSERT_TRUE(
      store_->Apply({{{IssuerStore::Kind::kClient, "checkout", version, "\xff"}}, {}}).ok());
  v1::IssueForServiceRequest request;
  request.mutable_client()->set_client_id("checkout");
  request.set_audience("orders");
  EXPECT_EQ(issuer_->IssueForService(request, PeerWith("spiffe://prod/checkout")).status().code(),
            absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace lanyard::test
