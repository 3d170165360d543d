// SPDX-License-Identifier: Apache-2.0
// The plaintext port for probes: it answers Check, and is a way to nothing else.

#include "lanyard/interceptors/health_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "absl/strings/str_cat.h"
#include "interceptors/internal/health_messages.pb.h"
#include "tests/interceptors/echo_client.h"

namespace lanyard::test {
namespace {

constexpr char kCheck[] = "/grpc.health.v1.Health/Check";

class HealthPortTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto health = HealthPort::Create("127.0.0.1:0", &port_);
    ASSERT_TRUE(health.ok()) << health.status();
    health_ = *std::move(health);
    channel_ =
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", port_), grpc::InsecureChannelCredentials());
  }

  // The serving status, 0 if the call failed with `code`.
  int Check(const std::string& service, grpc::StatusCode code = grpc::StatusCode::OK) {
    internal::HealthRequest request;
    request.set_service(service);
    const grpc::Slice slice(request.SerializeAsString());
    grpc::ByteBuffer reply;
    const grpc::Status status = CallPath(channel_, kCheck, {}, grpc::ByteBuffer(&slice, 1), &reply);
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    if (!status.ok()) return 0;
    grpc::Slice bytes;
    EXPECT_TRUE(reply.DumpToSingleSlice(&bytes).ok());
    internal::HealthResponse response;
    EXPECT_TRUE(response.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size())));
    return response.status();
  }

  int port_ = 0;
  std::unique_ptr<HealthPort> health_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(HealthPortTest, IsNotServingUntilToldOtherwise) {
  EXPECT_EQ(Check(""), 2);
  health_->SetServing("", true);
  EXPECT_EQ(Check(""), 1);
  health_->SetServing("", false);
  EXPECT_EQ(Check(""), 2);
}

TEST_F(HealthPortTest, ServesOnlyWhileTheConditionHolds) {
  std::atomic<bool> ready{false};
  health_->SetServing("", true);
  health_->SetServing("shop.Orders", true);
  health_->ServeWhile([&ready] { return ready.load(); });
  EXPECT_EQ(Check(""), 2);
  EXPECT_EQ(Check("shop.Orders"), 2);
  ready = true;
  EXPECT_EQ(Check(""), 1);
  EXPECT_EQ(Check("shop.Orders"), 1);
  health_->SetServing("", false);
  EXPECT_EQ(Check(""), 2) << "the condition makes nothing serve";
  health_.reset();  // Before `ready` goes.
}

TEST_F(HealthPortTest, KnowsOnlyTheServicesItWasToldOf) {
  Check("shop.Orders", grpc::StatusCode::NOT_FOUND);
  health_->SetServing("shop.Orders", true);
  EXPECT_EQ(Check("shop.Orders"), 1);
  Check("shop.orders", grpc::StatusCode::NOT_FOUND);
}

TEST_F(HealthPortTest, AnswersNothingElse) {
  for (const char* path : {"/grpc.health.v1.Health/Watch", "/lanyard.test.Echo/Open",
                           "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    EXPECT_EQ(CallPath(channel_, path).error_code(), grpc::StatusCode::UNIMPLEMENTED) << path;
  }
}

TEST_F(HealthPortTest, RefusesWhatIsNotARequest) {
  const grpc::Slice garbage("\x0a\xff");
  EXPECT_EQ(CallPath(channel_, kCheck, {}, grpc::ByteBuffer(&garbage, 1)).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  const grpc::Slice big(std::string(5000, 'x'));
  EXPECT_EQ(CallPath(channel_, kCheck, {}, grpc::ByteBuffer(&big, 1)).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(HealthPortTest, SaysWhenItCannotListen) {
  EXPECT_FALSE(HealthPort::Create("203.0.113.1:1").ok());
}

}  // namespace
}  // namespace lanyard::test
