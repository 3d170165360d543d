// SPDX-License-Identifier: Apache-2.0
// What a client does when servers refuse its token, however many calls there are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/failure.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/authenticated_channel.h"
#include "tests/interceptors/metric_values.h"
#include "tests/interceptors/switchable_keys.h"

namespace lanyard::test {
namespace {

using testing::FakeClock;
using ::testing::HasSubstr;

// Signs a token anew for each request, as of the issuer that the test has chosen.
class CountedSource final : public TokenSource {
 public:
  explicit CountedSource(const testing::TestIssuer* issuer) : issuer_(issuer) {}

  void Fetch(const TokenRequest&, TokenCallback done) override {
    ++fetches;
    const testing::TestIssuer* issuer = issuer_;
    done(BearerToken(issuer->Token().Sign(), absl::Now() + absl::Hours(1)));
  }
  void Choose(const testing::TestIssuer* issuer) { issuer_ = issuer; }

  std::atomic<int> fetches{0};

 private:
  std::atomic<const testing::TestIssuer*> issuer_;
};

class RefusedTokensTest : public ClientAuthTest {
 protected:
  void SetUp() override {
    server_.options.key_sources["test"] = keys_;
    ASSERT_NO_FATAL_FAILURE(ClientAuthTest::SetUp());
    ClientAuthOptions options = Options(source_);
    options.clock = clock_;
    auth_ = *ClientAuth::Create(options);
    channel_ = *auth_->CreateChannel(target());
  }

  // What that many threads got that made that many calls each.
  struct Outcomes {
    std::atomic<int> ok{0}, refused{0};
    // Calls that had begun when the token was dropped: they find none when they go out.
    std::atomic<int> not_sent{0};
  };
  void Call(int threads, int calls, Outcomes* outcomes) const {
    std::vector<std::thread> running;
    for (int t = 0; t < threads; ++t) {
      running.emplace_back([=] {
        for (int i = 0; i < calls; ++i) {
          const grpc::Status status = MakeCall(channel_, kAllCallTypes[i % 4]).status;
          if (status.ok()) {
            ++outcomes->ok;
          } else if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED) {
            ++outcomes->refused;
          } else if (::testing::Value(status.error_message(),
                                      HasSubstr("no valid token at hand"))) {
            ++outcomes->not_sent;
          } else {
            ADD_FAILURE() << NameOf(kAllCallTypes[i % 4]) << ": " << status.error_code() << ": "
                          << status.error_message();
          }
        }
      });
    }
    for (std::thread& thread : running) thread.join();
  }
  int ForcedRefreshes() const {
    return static_cast<int>(
        ValuesOf(auth_->Metrics())
            .at("lanyard_client_forced_refreshes_total{audience=test,source=default}"));
  }

  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>(absl::Now());
  // The second is the first once it has changed its key.
  const testing::TestIssuer changed_{Algorithm::kEs256, "test"};
  const std::shared_ptr<SwitchableKeys> keys_ =
      std::make_shared<SwitchableKeys>(server_.issuer.Keys()->Current());
  const std::shared_ptr<CountedSource> source_ = std::make_shared<CountedSource>(&server_.issuer);
  std::unique_ptr<ClientAuth> auth_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(RefusedTokensTest, OneCallIsRefusedAndThenAllIsWell) {
  EXPECT_TRUE(MakeCall(channel_, CallType::kUnary).status.ok());
  keys_->Set(changed_.Keys()->Current());
  source_->Choose(&changed_);
  EXPECT_EQ(MakeCall(channel_, CallType::kUnary).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  Outcomes outcomes;
  Call(20, 10, &outcomes);
  EXPECT_EQ(outcomes.ok, 200);
  EXPECT_EQ(source_->fetches, 2);
  EXPECT_EQ(ForcedRefreshes(), 1);
}

// Refusals of the old token that come late do not cost the new one.
TEST_F(RefusedTokensTest, ManyCallsThatAreRefusedAtOnceForceOneRefresh) {
  EXPECT_TRUE(MakeCall(channel_, CallType::kUnary).status.ok());
  keys_->Set(changed_.Keys()->Current());
  source_->Choose(&changed_);
  Outcomes outcomes;
  Call(50, 10, &outcomes);
  EXPECT_GE(outcomes.refused, 1);
  EXPECT_LE(outcomes.refused + outcomes.not_sent, 50) << "no thread fails twice";
  EXPECT_EQ(source_->fetches, 2);
  EXPECT_EQ(ForcedRefreshes(), 1);
}

TEST_F(RefusedTokensTest, AServerThatRefusesEverythingForcesOneRefreshAMinute) {
  source_->Choose(&changed_);
  for (int minute = 1; minute <= 3; ++minute) {
    Outcomes outcomes;
    Call(20, 10, &outcomes);
    EXPECT_EQ(outcomes.refused + outcomes.not_sent, 200);
    EXPECT_EQ(ForcedRefreshes(), minute);
    EXPECT_EQ(source_->fetches, minute + 1);
    clock_->Advance(absl::Seconds(59));
    Call(20, 10, &outcomes);
    EXPECT_EQ(ForcedRefreshes(), minute) << "a minute has not passed";
    clock_->Advance(absl::Seconds(1));
  }
}

// Handlers that answer as the gate does.
class Impostor final : public Echo::Service {
 public:
  grpc::Status Unary(grpc::ServerContext*, const Message*, Message*) override {
    ++runs;
    return answer;
  }

  std::atomic<int> runs{0};
  grpc::Status answer{grpc::StatusCode::UNAUTHENTICATED, "invalid token [lanyard 0123abcd]"};
};

// It may have done its work, so nobody but the caller can know whether to try again.
TEST_F(RefusedTokensTest, AHandlerThatAnswersAsTheGateRunsOncePerCall) {
  Impostor impostor;
  ASSERT_TRUE(FailureOf(impostor.answer).has_value());
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back(
      {server_.files.Read("server.key"), server_.files.Read("server.crt")});
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
  builder.RegisterService(&impostor);
  const auto server = builder.BuildAndStart();
  ClientAuthOptions options = Options(source_);
  options.retry_unavailable = true;
  const auto channel = CreateChannel(absl::StrCat("localhost:", port), options);
  ASSERT_TRUE(channel.ok()) << channel.status();
  for (int i = 1; i <= 20; ++i) {
    EXPECT_EQ(MakeCall(*channel, CallType::kUnary).status.error_code(),
              grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(impostor.runs, i);
  }
  EXPECT_EQ(source_->fetches, 2) << "it may cost a refresh a minute, and no more";
  // Any other text costs nothing.
  impostor.answer = grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "log in at the shop first");
  source_->fetches = 0;
  const auto another = CreateChannel(absl::StrCat("localhost:", port), options);
  for (int i = 0; i < 5; ++i) MakeCall(*another, CallType::kUnary);
  EXPECT_EQ(impostor.runs, 25);
  EXPECT_EQ(source_->fetches, 1);
}

}  // namespace
}  // namespace lanyard::test
