// SPDX-License-Identifier: Apache-2.0
// docs/guides/tokens.md and keys.md, run: a client and a server that have tokens and keys from the
// agent of their machine, which rotates its keys, restarts, hangs and goes away meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/workload_api.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/gated_server.h"
#include "tests/interceptors/workload_agent.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;

constexpr char kConfig[] = R"(
issuers {
  name: "mesh"
  profile: JWT_SVID
  trust_domain: "prod.example"
  audiences: "spiffe://prod.example/orders"
  algorithms: ES256
}
)";

class WorkloadApiTest : public WorkloadAgentTest {
 protected:
  void Start() {
    ASSERT_TRUE(AddKeys(agent_.endpoint(), server_.options).ok());
    server_.options.config_text = kConfig;
    server_.options.tls = files_.Server();
    ASSERT_NO_FATAL_FAILURE(server_.Start());
    auto channel = Connect(agent_.endpoint());
    ASSERT_TRUE(channel.ok()) << channel.status();
    channel_ = *channel;
  }

  static absl::Status AddKeys(const std::string& socket, ServerAuthOptions& options) {
    options.key_sources.clear();
    WorkloadApiOptions agent;
    agent.endpoint = socket;  // unix:///run/spire/agent.sock
    auto keys = WorkloadApiKeySource(agent, "prod.example", {Algorithm::kEs256});
    if (!keys.ok()) return keys.status();  // Names the field, and says what would be right.
    options.key_sources["mesh"] = *keys;
    return absl::OkStatus();
  }

  absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(const std::string& socket) const {
    const std::string target = absl::StrCat("localhost:", server_.port);
    const std::string ca_file = files_.Client().root_certificates;
    WorkloadApiOptions agent;
    agent.endpoint = socket;  // unix:///run/spire/agent.sock
    auto source = WorkloadApiTokenSource(agent);
    if (!source.ok()) return source.status();  // Names the field, and says what would be right.

    ClientAuthOptions options;
    options.audience = "spiffe://prod.example/orders";
    options.token_source = *source;
    options.tls.root_certificates = ca_file;
    return lanyard::CreateChannel(target, options);
  }

  Outcome Call() const { return MakeCall(channel_, CallType::kUnary); }
  bool ServerIsReady() const {
    return Eventually([this] { return server_.auth->Ready().ok(); });
  }
  bool ServerKnows(const std::string& key_id) const {
    return Eventually([&] {
      const auto ids = server_.options.key_sources.at("mesh")->Status().key_ids;
      return std::find(ids.begin(), ids.end(), key_id) != ids.end();
    });
  }

  GatedServer server_{Api::kCallback};
  std::shared_ptr<grpc::Channel> channel_;
};

// Callers who do not pause.
class Callers {
 public:
  explicit Callers(std::shared_ptr<grpc::Channel> channel) {
    for (size_t i = 0; i < calls_.size(); ++i) {
      threads_.emplace_back([this, channel, i] {
        while (!stop_) {
          const Outcome outcome = MakeCall(channel, kAllCallTypes[i % 4]);
          if (!outcome.status.ok() && ++failed_ < 5)
            ADD_FAILURE() << outcome.status.error_message();
          ++calls_[i];
        }
      });
    }
  }
  ~Callers() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }

  // Waits until each of them has begun and ended so many more.
  bool Make(int more) {
    std::array<int, 4> target;
    for (size_t i = 0; i < calls_.size(); ++i) target[i] = calls_[i] + more + 1;
    return Eventually([&] {
      for (size_t i = 0; i < calls_.size(); ++i) {
        if (calls_[i] < target[i]) return false;
      }
      return true;
    });
  }
  int failed() const { return failed_; }
  int made() const {
    int made = 0;
    for (const auto& calls : calls_) made += calls;
    return made;
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> failed_{0};
  std::array<std::atomic<int>, 4> calls_{};
  std::vector<std::thread> threads_;
};

TEST_F(WorkloadApiTest, ACallerIsWhoTheAgentSays) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_TRUE(ServerIsReady()) << server_.auth->Ready();
  const Outcome outcome = Call();
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(outcome.text, kCheckout);
}

TEST_F(WorkloadApiTest, NoCallFailsWhileKeysRotate) {
  // So short that the client asks for the next one every few seconds.
  agent_.SetLifetime(absl::Seconds(45));
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_TRUE(ServerIsReady()) << server_.auth->Ready();
  Callers callers(channel_);
  ASSERT_TRUE(callers.Make(10));
  for (int rotation = 0; rotation < 3; ++rotation) {
    const std::string old = agent_.key_id();
    agent_.PublishNextKey();
    ASSERT_TRUE(Eventually(
        [this] { return server_.options.key_sources.at("mesh")->Status().key_ids.size() == 2; }));
    agent_.SignWithNextKey();
    ASSERT_NE(agent_.key_id(), old);
    // Soon the client has a token by the new key, and a call later everybody uses it.
    ASSERT_TRUE(
        Eventually([this] { return server_.audit->last().caller.key_id() == agent_.key_id(); }));
    ASSERT_TRUE(callers.Make(10));
    agent_.RetireOldKeys();
    ASSERT_TRUE(Eventually(
        [this] { return server_.options.key_sources.at("mesh")->Status().key_ids.size() == 1; }));
    ASSERT_TRUE(callers.Make(10));
  }
  EXPECT_EQ(callers.failed(), 0);
  RecordProperty("calls", callers.made());
}

TEST_F(WorkloadApiTest, NoCallFailsWhileTheAgentRestarts) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_TRUE(ServerIsReady()) << server_.auth->Ready();
  Callers callers(channel_);
  ASSERT_TRUE(callers.Make(10));
  for (int restart = 0; restart < 2; ++restart) {
    agent_.Stop();
    ASSERT_TRUE(callers.Make(50));
    agent_.SignWithNextKey();  // What it does while nobody can hear it.
    agent_.Start();
    ASSERT_TRUE(ServerKnows(agent_.key_id()));
    ASSERT_TRUE(callers.Make(10));
  }
  EXPECT_EQ(callers.failed(), 0);
}

TEST_F(WorkloadApiTest, WithoutAnAgentCallsSayWhereItShouldBe) {
  agent_.Stop();
  ASSERT_NO_FATAL_FAILURE(Start());
  EXPECT_THAT(server_.auth->Ready(), IsError(HasSubstr("no keys yet")));
  const Outcome outcome = Call();
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(outcome.status.error_message(),
              AllOf(HasSubstr(agent_.endpoint()), HasSubstr("No such file")));
  agent_.Start();
  ASSERT_TRUE(ServerIsReady()) << server_.auth->Ready();
  EXPECT_TRUE(Eventually([this] { return Call().status.ok(); }));
}

TEST_F(WorkloadApiTest, CallsEndThoughTheAgentHangs) {
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_TRUE(ServerIsReady()) << server_.auth->Ready();
  agent_.SetHanging(true);
  // The first call may have waited for as long as it may before the agent's time was over.
  EXPECT_TRUE(Eventually([this] {
    const Outcome outcome = Call();
    EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    return absl::StrContains(outcome.status.error_message(), agent_.endpoint());
  }));
  agent_.SetHanging(false);
  EXPECT_TRUE(Eventually([this] { return Call().status.ok(); }));
}

TEST_F(WorkloadApiTest, AWorkloadThatIsRegisteredLaterCallsThen) {
  agent_.SetIdentities({});
  ASSERT_NO_FATAL_FAILURE(Start());
  const Outcome outcome = Call();
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(outcome.status.error_message(), HasSubstr("is the workload registered"));
  agent_.SetIdentities({kCheckout});
  ASSERT_TRUE(ServerIsReady()) << server_.auth->Ready();
  EXPECT_TRUE(Eventually([this] { return Call().status.ok(); }));
}

TEST_F(WorkloadApiTest, ADomainThatIsWithdrawnIsRefusedAtOnce) {
  agent_.SetBundle("other.example", agent_.bundle());
  ASSERT_NO_FATAL_FAILURE(Start());
  ASSERT_TRUE(ServerIsReady()) << server_.auth->Ready();
  ASSERT_TRUE(Call().status.ok());
  agent_.RemoveBundle("prod.example");
  ASSERT_TRUE(Eventually([this] { return !server_.auth->Ready().ok(); }));
  EXPECT_FALSE(Call().status.ok());
  EXPECT_EQ(server_.echo.handled().anonymous, 0);
}

TEST_F(WorkloadApiTest, ClientsMayGoWhileTheyWait) {
  agent_.SetHanging(true);
  ASSERT_NO_FATAL_FAILURE(Start());
  for (int i = 0; i < 10; ++i) {
    auto channel = Connect(agent_.endpoint());
    ASSERT_TRUE(channel.ok());
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(20));
    Message request, reply;
    EXPECT_FALSE(Echo::NewStub(*channel)->Unary(&context, request, &reply).ok());
  }
}

}  // namespace
}  // namespace lanyard::test
