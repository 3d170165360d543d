// SPDX-License-Identifier: Apache-2.0
// The one thread that ends streams has two things to do, and neither may keep the other waiting.

#include "lanyard/interceptors/internal/open_streams.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/interceptors/eventually.h"

namespace lanyard::internal {
namespace {

using test::Eventually;
using ::testing::ElementsAre;

// Streams whose calls are never touched, because none is ended.
class OpenStreamsTest : public ::testing::Test {
 protected:
  OpenStreamsTest() {
    rules_.clock = SystemClock();
    rules_.changed = [] { return false; };
    rules_.judge = [](const StreamFacts&) { return std::nullopt; };
    rules_.postpone = [](const StreamFacts&, bool) { return absl::InfiniteFuture(); };
  }

  void Add(const std::string& method, absl::Time ends_at = absl::InfiniteFuture()) {
    StreamFacts facts;
    facts.method = method;
    facts.ends_at = ends_at;
    streams_->Add(reinterpret_cast<grpc_call*>(this), std::move(facts));
  }

  OpenStreams::Rules rules_;
  std::unique_ptr<OpenStreams> streams_;
};

TEST_F(OpenStreamsTest, EndsStreamsWhoseTimeHasComeWhileItJudgesOthers) {
  std::vector<std::string> done;
  std::atomic<int> judged{0};
  rules_.judge = [&](const StreamFacts& stream) {
    if (stream.method != "late") done.push_back("judge " + stream.method);
    if (stream.method == "a") Add("late", absl::InfinitePast());
    ++judged;
    return std::nullopt;
  };
  rules_.postpone = [&](const StreamFacts& stream, bool) {
    done.push_back("end " + stream.method);
    return absl::InfiniteFuture();
  };
  streams_ = std::make_unique<OpenStreams>(rules_);
  for (const char* method : {"a", "b", "c"}) Add(method);
  EXPECT_TRUE(Eventually([&] { return judged >= 4; }));
  streams_.reset();
  EXPECT_THAT(done, ElementsAre("judge a", "end late", "judge b", "judge c"));
}

TEST_F(OpenStreamsTest, JudgesStreamsWhileTheTimeOfOthersComesWithoutEnd) {
  std::atomic<bool> judged{false};
  rules_.judge = [&](const StreamFacts& stream) {
    if (stream.method == "other") judged = true;
    return std::nullopt;
  };
  rules_.postpone = [&](const StreamFacts&, bool) {
    // As long as the end of a stream takes, and by then there is another.
    absl::SleepFor(absl::Milliseconds(1));
    if (!judged) Add("late", absl::InfinitePast());
    return absl::InfiniteFuture();
  };
  streams_ = std::make_unique<OpenStreams>(rules_);
  Add("other");
  Add("late", absl::InfinitePast());
  EXPECT_TRUE(Eventually([&] { return judged.load(); }));
  judged = true;
  streams_.reset();
}

// By the real clock, that is by timers, as where nobody sets it.
TEST_F(OpenStreamsTest, StreamsEndWhenTheirTimeHasCome) {
  std::vector<std::string> ended;
  std::atomic<int> count{0};
  rules_.postpone = [&](const StreamFacts& stream, bool) {
    EXPECT_GE(absl::Now() + absl::Milliseconds(100), stream.ends_at) << stream.method;
    ended.push_back(stream.method);
    ++count;
    return absl::InfiniteFuture();
  };
  streams_ = std::make_unique<OpenStreams>(rules_);
  const absl::Time now = absl::Now();
  Add("third", now + absl::Milliseconds(900));
  Add("in an hour", now + absl::Hours(1));
  Add("first", now + absl::Milliseconds(300));
  Add("second", now + absl::Milliseconds(600));
  EXPECT_TRUE(Eventually([&] { return count >= 3; }, absl::Seconds(10)));
  streams_.reset();
  EXPECT_THAT(ended, ElementsAre("first", "second", "third"));
}

TEST_F(OpenStreamsTest, StreamsThatEndLaterDoNotWakeTheThread) {
  streams_ = std::make_unique<OpenStreams>(rules_);
  const absl::Time later = absl::Now() + absl::Hours(2);
  for (int i = 0; i < 100; ++i) Add("each before the last", later - absl::Seconds(i));
  EXPECT_EQ(streams_->size(), 100u);
  EXPECT_EQ(streams_->wakes(), 0);
}

TEST_F(OpenStreamsTest, AStreamThatEndsBeforeTheThreadLooksWakesIt) {
  streams_ = std::make_unique<OpenStreams>(rules_);
  EXPECT_TRUE(Eventually([&] {
    Add("over", absl::InfinitePast());
    return streams_->wakes() > 0;
  }));
}

}  // namespace
}  // namespace lanyard::internal
