// SPDX-License-Identifier: Apache-2.0
// Keys of a trust domain from a Workload API: pushed, kept while the agent is away, and withdrawn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/workload_agent.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

class WorkloadKeysTest : public WorkloadAgentTest {
 protected:
  // Waits for the first keys.
  void Make(const WorkloadApiOptions& options, const std::string& trust_domain = "prod.example") {
    keys_ = Keys(options, trust_domain);
    ASSERT_TRUE(Eventually([this] { return keys_->Current() != nullptr; })) << keys_->Health();
  }
  // The ids of the keys that are there.
  std::vector<std::string> Ids() const {
    std::vector<std::string> ids;
    const auto keys = keys_->Current();
    if (keys == nullptr) return {"none"};
    for (const Key& key : keys->keys()) ids.push_back(key.id());
    return ids;
  }
  bool Have(size_t count) const {
    return Eventually([&] {
      const auto keys = keys_->Current();
      return keys != nullptr && keys->keys().size() == count;
    });
  }
  std::string LastError() const { return keys_->Status().last_error; }
  int64_t Failures(const std::string& kind) const {
    const auto failures = keys_->Status().failures;
    const auto it = failures.find(kind);
    return it == failures.end() ? 0 : it->second;
  }

  std::shared_ptr<const KeySource> keys_;
};

TEST_F(WorkloadKeysTest, ArePushedWhenTheyChange) {
  ASSERT_NO_FATAL_FAILURE(Make(Options()));
  const std::string first = agent_.key_id();
  EXPECT_THAT(Ids(), ElementsAre(first));
  EXPECT_THAT(keys_->Health(), IsOk());
  agent_.PublishNextKey();
  ASSERT_TRUE(Have(2));
  agent_.SignWithNextKey();
  agent_.RetireOldKeys();
  ASSERT_TRUE(Have(1));
  EXPECT_THAT(Ids(), ElementsAre(agent_.key_id()));
  EXPECT_NE(agent_.key_id(), first);
  EXPECT_EQ(agent_.bundle_requests(), 1);
  EXPECT_EQ(Logged("trust domain prod.example: 1 key: " + first), 1);
  EXPECT_EQ(Logged("trust domain prod.example: 1 key: " + agent_.key_id()), 1);
  EXPECT_THAT(keys_->Status().key_ids, ElementsAre(agent_.key_id()));
  EXPECT_TRUE(keys_->Status().age.has_value());
}

TEST_F(WorkloadKeysTest, AreOfTheDomainThatIsAskedFor) {
  const testing::TestIssuer other;
  agent_.SetBundle("other.example", other.PublicJwks());
  agent_.SetBundle("more.example", "{\"keys\":[]}");
  ASSERT_NO_FATAL_FAILURE(Make(Options(), "other.example"));
  // Its keys have another use.
  EXPECT_TRUE(keys_->Current()->keys().empty());
  EXPECT_THAT(keys_->Health(), IsError(HasSubstr("publishes no usable key")));
  agent_.SetBundle("other.example", agent_.bundle());
  ASSERT_TRUE(Have(1));
  EXPECT_THAT(Ids(), ElementsAre(agent_.key_id()));
}

TEST_F(WorkloadKeysTest, StayTheSameSetWhereTheAnswerBringsTheSame) {
  ASSERT_NO_FATAL_FAILURE(Make(Options()));
  const auto keys = keys_->Current();
  agent_.SetBundle("other.example", "{\"keys\":[]}");
  ASSERT_TRUE(Eventually([this] { return keys_->Status().successes == 2; }));
  EXPECT_EQ(keys_->Current(), keys);
}

TEST_F(WorkloadKeysTest, GoWhenTheDomainIsGoneFromTheAnswer) {
  agent_.SetBundle("other.example", "{\"keys\":[]}");
  ASSERT_NO_FATAL_FAILURE(Make(Options()));
  agent_.RemoveBundle("prod.example");
  ASSERT_TRUE(Have(0));
  const std::string why =
      "the agent has no bundle of \"spiffe://prod.example\", only of [\"spiffe://other.example\"]";
  EXPECT_THAT(keys_->Health(), IsError(why));
  EXPECT_EQ(Logged("trust domain prod.example: ALARM: " + why + ", its tokens are refused"), 1);
  agent_.SetBundle("prod.example", agent_.bundle());
  EXPECT_TRUE(Have(1));
  EXPECT_THAT(keys_->Health(), IsOk());
}

TEST_F(WorkloadKeysTest, ADomainThatTheAgentDoesNotKnowIsSaid) {
  ASSERT_NO_FATAL_FAILURE(Make(Options(), "prod.exampel"));
  EXPECT_THAT(keys_->Health(), IsError(AllOf(HasSubstr("\"spiffe://prod.exampel\""),
                                             HasSubstr("only of [\"spiffe://prod.example\"]"))));
}

TEST_F(WorkloadKeysTest, GoWhenTheAgentGivesThisProcessNoBundlesAnyMore) {
  ASSERT_NO_FATAL_FAILURE(Make(Options()));
  agent_.SetIdentities({});
  ASSERT_TRUE(Eventually([this] { return keys_->Current() == nullptr; }));
  EXPECT_THAT(keys_->Health(), IsError(AllOf(HasSubstr("no identity issued"),
                                             HasSubstr("is the workload registered"))));
  EXPECT_EQ(Logged("ALARM: the agent gives this process no bundles any more"), 1);
  EXPECT_GE(Failures("refused"), 1);
  agent_.SetIdentities({kCheckout});
  EXPECT_TRUE(Have(1));
}

TEST_F(WorkloadKeysTest, BadAnswersReplaceNothing) {
  ASSERT_NO_FATAL_FAILURE(Make(Options()));
  const auto keys = keys_->Current();
  for (const char* bundle : {"", "no JSON", "{}", "{\"keys\":1}"}) {
    const int64_t before = Failures("bad_answer");
    agent_.SetBundle("prod.example", bundle);
    ASSERT_TRUE(Eventually([&] { return Failures("bad_answer") > before; }));
    EXPECT_THAT(LastError(), AllOf(HasSubstr(agent_.endpoint()), HasSubstr("is no JWK Set")));
    EXPECT_EQ(keys_->Current(), keys);
    EXPECT_THAT(keys_->Health(), IsOk());
  }
  agent_.RemoveBundle("prod.example");  // The last one, so the answer is empty.
  ASSERT_TRUE(Eventually([&] { return absl::StrContains(LastError(), "holds no bundles"); }));
  EXPECT_EQ(keys_->Current(), keys);
  agent_.SetBundle("prod.example", agent_.bundle());
  EXPECT_TRUE(Eventually([this] { return LastError().empty(); }));
  EXPECT_EQ(keys_->Current(), keys);
}

TEST_F(WorkloadKeysTest, ComeWhenABadFirstAnswerIsMended) {
  agent_.SetBundle("prod.example", "no JSON");
  keys_ = Keys(Options());
  ASSERT_TRUE(Eventually([this] { return Failures("bad_answer") > 0; }));
  EXPECT_EQ(keys_->Current(), nullptr);
  agent_.SetBundle("prod.example", agent_.bundle());
  EXPECT_TRUE(Have(1));
}

TEST_F(WorkloadKeysTest, StayWhileTheAgentIsAway) {
  ASSERT_NO_FATAL_FAILURE(Make(Options()));
  const auto keys = keys_->Current();
  agent_.Stop();
  ASSERT_TRUE(Eventually([this] { return Failures("unreachable") >= 2; }));
  EXPECT_EQ(keys_->Current(), keys);
  EXPECT_THAT(keys_->Health(), IsOk());
  EXPECT_THAT(LastError(), HasSubstr(agent_.endpoint()));
  EXPECT_GE(Logged("trust domain prod.example: keys not fetched, the last good ones stay: "), 1);
  agent_.PublishNextKey();
  agent_.Start();
  EXPECT_TRUE(Have(2));
  EXPECT_EQ(agent_.open_streams(), 1);
}

TEST_F(WorkloadKeysTest, ComeFromAnAgentThatStartsLater) {
  agent_.Stop();
  keys_ = Keys(Options());
  ASSERT_TRUE(Eventually([this] { return Failures("unreachable") >= 1; }));
  EXPECT_EQ(keys_->Current(), nullptr);
  EXPECT_THAT(keys_->Health(), IsError(AllOf(HasSubstr("no keys yet: " + agent_.endpoint()),
                                             HasSubstr("No such file"))));
  agent_.Start();
  EXPECT_TRUE(Have(1));
}

TEST_F(WorkloadKeysTest, GrowTooOldAfterAnHour) {
  auto clock = std::make_shared<testing::FakeClock>();
  WorkloadApiOptions options = Options();
  options.clock = clock;
  ASSERT_NO_FATAL_FAILURE(Make(options));
  agent_.Stop();
  ASSERT_TRUE(Eventually([this] { return Failures("unreachable") >= 1; }));
  clock->Advance(absl::Hours(1));
  EXPECT_NE(keys_->Current(), nullptr);
  clock->Advance(absl::Seconds(1));
  EXPECT_EQ(keys_->Current(), nullptr);
  EXPECT_THAT(keys_->Health(), IsError(AllOf(HasSubstr("keys older than max_stale, 1h"),
                                             HasSubstr(agent_.endpoint()))));
  EXPECT_TRUE(Eventually([this] { return Logged("ALARM: keys older than max_stale") == 1; }));
}

TEST_F(WorkloadKeysTest, AreAskedForAnewEveryFiveMinutes) {
  auto clock = std::make_shared<testing::FakeClock>();
  WorkloadApiOptions options = Options();
  options.clock = clock;
  ASSERT_NO_FATAL_FAILURE(Make(options));
  const auto keys = keys_->Current();
  EXPECT_EQ(agent_.bundle_requests(), 1);
  clock->Advance(absl::Minutes(5));
  EXPECT_TRUE(Eventually([this] { return keys_->Status().successes == 2; }));
  EXPECT_EQ(agent_.bundle_requests(), 2);
  EXPECT_EQ(keys_->Current(), keys);
  EXPECT_TRUE(Eventually([this] { return agent_.open_streams() == 1; }));
}

TEST_F(WorkloadKeysTest, AnUnknownKeyIsAskedForOnce) {
  ASSERT_NO_FATAL_FAILURE(Make(Options()));
  EXPECT_TRUE(keys_->MayArrive("made-up"));
  EXPECT_TRUE(Eventually([this] { return !keys_->MayArrive("made-up"); }));
  EXPECT_EQ(agent_.bundle_requests(), 2);
  EXPECT_TRUE(Eventually([this] { return agent_.open_streams() == 1; }));
}

TEST_F(WorkloadKeysTest, AHungAgentIsNoticedAndTheKeysStay) {
  WorkloadApiOptions options = Options();
  options.timeout = absl::Seconds(1);
  ASSERT_NO_FATAL_FAILURE(Make(options));
  const int64_t before = Failures("unreachable");
  agent_.SetHanging(true);
  // Whoever names an unknown key makes it ask.
  EXPECT_TRUE(keys_->MayArrive("made-up"));
  ASSERT_TRUE(Eventually([&] { return Failures("unreachable") > before; }));
  EXPECT_THAT(LastError(), HasSubstr("DEADLINE_EXCEEDED: no answer within 1s"));
  EXPECT_THAT(keys_->Health(), IsOk());
  EXPECT_TRUE(keys_->MayArrive("made-up"));
  agent_.SetHanging(false);
  EXPECT_TRUE(Eventually([this] { return LastError().empty(); }));
}

TEST_F(WorkloadKeysTest, EndTheirStreamPromptly) {
  ASSERT_NO_FATAL_FAILURE(Make(Options()));
  ASSERT_EQ(agent_.open_streams(), 1);
  keys_.reset();
  EXPECT_TRUE(Eventually([this] { return agent_.open_streams() == 0; }));
  // Nor does one that waits hold anybody up.
  agent_.SetHanging(true);
  keys_ = Keys(Options());
  EXPECT_TRUE(Eventually([this] { return agent_.bundle_requests() == 2; }));
  keys_.reset();
  agent_.Stop();
  for (int i = 0; i < 20; ++i) Keys(Options());
}

TEST_F(WorkloadKeysTest, AreSafeToReadWhileTheyChange) {
  ASSERT_NO_FATAL_FAILURE(Make(Options()));
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&, i] {
      while (!stop) {
        EXPECT_NE(keys_->Current(), nullptr);
        keys_->MayArrive(absl::StrCat("made up ", i));
        keys_->Health().IgnoreError();
        keys_->Status();
      }
    });
  }
  for (int i = 0; i < 10; ++i) {
    agent_.SignWithNextKey();
    agent_.RetireOldKeys();
  }
  EXPECT_TRUE(Eventually([this] { return Ids() == std::vector<std::string>{agent_.key_id()}; }));
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

TEST_F(WorkloadKeysTest, TheArgumentsAreChecked) {
  const std::vector<Algorithm> good = {Algorithm::kEs256};
  for (const char* domain : {"", "spiffe://prod.example", "Prod.example", "prod.example/a"}) {
    EXPECT_THAT(WorkloadApiKeySource(Options(), domain, good), IsError(HasSubstr("trust_domain")));
  }
  EXPECT_THAT(WorkloadApiKeySource(Options(), "prod.example", {}),
              IsError(HasSubstr("algorithms: required")));
  EXPECT_THAT(WorkloadApiKeySource(Options(), "prod.example", {Algorithm::kHs256}),
              IsError(HasSubstr("HMAC")));
  WorkloadApiOptions options = Options();
  options.spiffe_id = kCheckout;
  EXPECT_THAT(WorkloadApiKeySource(options, "prod.example", good), IsError(HasSubstr("spiffe_id")));
  options = Options();
  options.timeout = absl::ZeroDuration();
  EXPECT_THAT(WorkloadApiKeySource(options, "prod.example", good), IsError(HasSubstr("timeout")));
}

}  // namespace
}  // namespace lanyard::test
