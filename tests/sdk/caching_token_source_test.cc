// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/caching_token_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FakeClock;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::HasSubstr;

using TokenPtr = CachingTokenSource::TokenPtr;
using Result = absl::StatusOr<TokenPtr>;

// Answers when the test does.
class ManualSource final : public TokenSource {
 public:
  struct Ask {
    TokenRequest request;
    TokenCallback done;
  };

  void Fetch(const TokenRequest& request, TokenCallback done) override {
    std::lock_guard<std::mutex> lock(mutex_);
    asks_.push_back({request, std::move(done)});
    ++count_;
    thread_ = std::this_thread::get_id();
    changed_.notify_all();
  }

  // The oldest unanswered fetch, as soon as there is one.
  Ask Next() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !asks_.empty(); });
    Ask ask = std::move(asks_.front());
    asks_.pop_front();
    return ask;
  }
  int count() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return count_;
  }
  std::thread::id thread() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return thread_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Ask> asks_;
  int count_ = 0;
  std::thread::id thread_;
};

// Answers before Fetch() returns, on the cache's own thread.
class InstantSource final : public TokenSource {
 public:
  explicit InstantSource(std::shared_ptr<const Clock> clock) : clock_(std::move(clock)) {}
  void Fetch(const TokenRequest& request, TokenCallback done) override {
    done(
        BearerToken(absl::StrCat(request.audience, ".", ++count_), clock_->Now() + absl::Hours(1)));
  }
  int count() const { return count_; }

 private:
  const std::shared_ptr<const Clock> clock_;
  std::atomic<int> count_{0};
};

class CachingTokenSourceTest : public ::testing::Test {
 protected:
  std::future<Result> Get(const std::string& audience = "a", TokenUse use = TokenUse::kCall) {
    auto promise = std::make_shared<std::promise<Result>>();
    cache_->Get({audience}, use,
                [promise](Result result) { promise->set_value(std::move(result)); });
    return promise->get_future();
  }
  std::future<Result> Get(const TokenRequest& request) {
    auto promise = std::make_shared<std::promise<Result>>();
    cache_->Get(request, TokenUse::kCall,
                [promise](Result result) { promise->set_value(std::move(result)); });
    return promise->get_future();
  }
  std::unique_ptr<CachingTokenSource> MakeCache(std::shared_ptr<TokenSource> source,
                                                CachingTokenSourceOptions options = {}) const {
    options.clock = clock_;
    return std::make_unique<CachingTokenSource>(std::move(source), options);
  }
  static bool Answered(const std::future<Result>& future) {
    return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }

  BearerToken Token(const std::string& text, absl::Duration life) const {
    return BearerToken(text, clock_->Now() + life);
  }
  // Fills the cache with a token of that life.
  TokenPtr Fill(const std::string& text, absl::Duration life, const std::string& audience = "a") {
    auto result = Get(audience);
    source_->Next().done(Token(text, life));
    return *result.get();
  }
  // Fetches come in order, so that one for another audience shows what came before it.
  void ExpectFetches(int count) {
    auto marker = Get(absl::StrCat("marker ", markers_));
    source_->Next().done(absl::InternalError("marker"));
    EXPECT_THAT(marker.get(), IsError("marker"));
    EXPECT_EQ(source_->count() - ++markers_, count);
  }

  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  std::shared_ptr<ManualSource> source_ = std::make_shared<ManualSource>();
  std::unique_ptr<CachingTokenSource> cache_ = MakeCache(source_);
  int markers_ = 0;
  std::weak_ptr<const BearerToken> first_caller_;
};

TEST_F(CachingTokenSourceTest, AsksOnlyWhenAsked) {
  EXPECT_EQ(cache_->Cached({"a"}), nullptr);
  EXPECT_EQ(source_->count(), 0);
}

TEST_F(CachingTokenSourceTest, GivesWhatTheSourceGave) {
  auto result = Get("aud");
  EXPECT_FALSE(Answered(result));
  auto ask = source_->Next();
  EXPECT_EQ(ask.request.audience, "aud");
  EXPECT_NE(source_->thread(), std::this_thread::get_id());
  ask.done(Token("t1", absl::Hours(1)));
  const Result token = result.get();
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ((*token)->text(), "t1");
  EXPECT_EQ((*token)->expires_at(), clock_->Now() + absl::Hours(1));
}

TEST_F(CachingTokenSourceTest, KeepsTheToken) {
  const TokenPtr first = Fill("t1", absl::Hours(1));
  EXPECT_EQ(cache_->Cached({"a"}), first);
  auto second = Get();
  ASSERT_TRUE(Answered(second)) << "before Get() returns";
  EXPECT_EQ(*second.get(), first);
  EXPECT_EQ(source_->count(), 1);
}

TEST_F(CachingTokenSourceTest, KeepsOneForEachAudience) {
  const TokenPtr a = Fill("ta", absl::Hours(1), "a");
  const TokenPtr b = Fill("tb", absl::Hours(1), "b");
  EXPECT_EQ(cache_->Cached({"a"})->text(), "ta");
  EXPECT_EQ(cache_->Cached({"b"})->text(), "tb");
  EXPECT_EQ(cache_->Cached({"c"}), nullptr);
  EXPECT_EQ(cache_->Cached({""}), nullptr);
}

TEST_F(CachingTokenSourceTest, CallersShareOneFetch) {
  std::vector<std::future<Result>> results;
  for (int i = 0; i < 10; ++i) results.push_back(Get());
  source_->Next().done(Token("t1", absl::Hours(1)));
  const TokenPtr first = *results[0].get();
  for (int i = 1; i < 10; ++i) EXPECT_EQ(*results[i].get(), first);
  EXPECT_EQ(source_->count(), 1);
}

TEST_F(CachingTokenSourceTest, TokenCountsAsExpiredHalfAMinuteEarly) {
  // So short a life is refreshed at once; the fetch is left open.
  const TokenPtr token = Fill("t1", absl::Seconds(31));
  EXPECT_EQ(cache_->Cached({"a"}), token);
  clock_->Advance(absl::Seconds(1) - absl::Nanoseconds(1));
  EXPECT_EQ(cache_->Cached({"a"}), token);
  clock_->Advance(absl::Nanoseconds(1));
  EXPECT_EQ(cache_->Cached({"a"}), nullptr);
  EXPECT_FALSE(Answered(Get()));
}

TEST_F(CachingTokenSourceTest, ATokenIsSentForAWhileAfterItHasComeToCountAsExpired) {
  EXPECT_EQ(cache_->CachedForSending({"a"}), nullptr);
  const TokenPtr token = Fill("t1", absl::Minutes(10));
  EXPECT_EQ(cache_->CachedForSending({"a"}), token);
  clock_->Advance(absl::Minutes(10) - absl::Seconds(30));
  EXPECT_EQ(cache_->Cached({"a"}), nullptr);
  EXPECT_EQ(cache_->CachedForSending({"a"}), token);
  clock_->Advance(absl::Seconds(15) - absl::Nanoseconds(1));
  EXPECT_EQ(cache_->CachedForSending({"a"}), token);
  source_->Next().done(absl::UnavailableError("issuer down"));  // It was asked for another.
  clock_->Advance(absl::Nanoseconds(1));
  EXPECT_EQ(cache_->CachedForSending({"a"}), nullptr);
}

TEST_F(CachingTokenSourceTest, RefusesTokensThatHaveAsGoodAsExpired) {
  for (const int seconds : {-1, 0, 29, 30}) {
    auto result = Get();
    source_->Next().done(Token("old", absl::Seconds(seconds)));
    EXPECT_THAT(result.get(), IsError(HasSubstr(seconds > 0 ? "a token that is about to expire, in "
                                                            : "a token that expired 1s ago")))
        << seconds;
    clock_->Advance(absl::Minutes(1));  // Past the pause.
  }
  EXPECT_THAT(Fill("t1", absl::Seconds(31)), ::testing::NotNull());
}

struct Refresh {
  const char* name;
  absl::Duration life;
  absl::Duration refresh_after;
};

class CachingTokenSourceRefreshTest : public CachingTokenSourceTest,
                                      public ::testing::WithParamInterface<Refresh> {};

TEST_P(CachingTokenSourceRefreshTest, FetchesAheadWhileTheOldOneIsGivenOut) {
  const TokenPtr old = Fill("old", GetParam().life);
  // A tenth of the time is left to chance.
  clock_->Advance(GetParam().refresh_after * 9 / 10 - absl::Nanoseconds(1));
  EXPECT_EQ(cache_->Cached({"a"}), old);
  EXPECT_EQ(*Get().get(), old);
  ExpectFetches(1);
  clock_->Advance(GetParam().refresh_after / 10 + absl::Nanoseconds(2));
  EXPECT_EQ(cache_->Cached({"a"}), old);
  EXPECT_EQ(*Get().get(), old);
  auto ask = source_->Next();
  EXPECT_EQ(cache_->Cached({"a"}), old) << "the fetch still runs";
  ask.done(Token("new", absl::Hours(1)));
  EXPECT_EQ(cache_->Cached({"a"})->text(), "new");
  ExpectFetches(2);
}

INSTANTIATE_TEST_SUITE_P(
    , CachingTokenSourceRefreshTest,
    ::testing::Values(
        // A minute before it counts as expired, …
        Refresh{"Hour", absl::Hours(1), absl::Hours(1) - absl::Seconds(90)},
        Refresh{"TenMinutes", absl::Minutes(10), absl::Minutes(10) - absl::Seconds(90)},
        Refresh{"FiveMinutes", absl::Minutes(5), absl::Minutes(5) - absl::Seconds(90)},
        // … or a fifth of its life, where that is less.
        Refresh{"HundredSeconds", absl::Seconds(100), absl::Seconds(50)},
        Refresh{"MinuteAndAHalf", absl::Seconds(90), absl::Seconds(42)},
        // … or half of what can be used, so that the shortest lives are no endless fetching.
        Refresh{"ThirtyTwoSeconds", absl::Seconds(32), absl::Seconds(1)}),
    [](const auto& info) { return info.param.name; });

// A fleet that was started at once would ask its issuer at once for ever.
TEST_F(CachingTokenSourceTest, TokensOfOneInstantAreNotRefreshedTogether) {
  constexpr int kAudiences = 40;
  for (int i = 0; i < kAudiences; ++i) Fill("t", absl::Minutes(10), absl::StrCat(i));
  clock_->Advance((absl::Minutes(10) - absl::Seconds(90)) * 19 / 20);
  for (int i = 0; i < kAudiences; ++i) cache_->Cached({absl::StrCat(i)});
  // Fetches come in order: what comes before this one was due.
  Get("marker");
  int due = 0;
  while (source_->Next().request.audience != "marker") ++due;
  EXPECT_GT(due, 0);
  EXPECT_LT(due, kAudiences);
}

TEST_F(CachingTokenSourceTest, TokenWithoutEndIsNeverRefreshed) {
  auto result = Get();
  source_->Next().done(BearerToken("static", absl::InfiniteFuture()));
  const TokenPtr token = *result.get();
  clock_->Advance(absl::Hours(24 * 365 * 100));
  EXPECT_EQ(cache_->Cached({"a"}), token);
  ExpectFetches(1);
}

TEST_F(CachingTokenSourceTest, FailedRefreshKeepsTheOldToken) {
  const TokenPtr old = Fill("old", absl::Minutes(10));
  clock_->Advance(absl::Minutes(9));
  EXPECT_EQ(cache_->Cached({"a"}), old);
  source_->Next().done(absl::UnavailableError("issuer down"));
  EXPECT_EQ(cache_->Cached({"a"}), old);
  EXPECT_EQ(*Get().get(), old);
}

TEST_F(CachingTokenSourceTest, FailureReachesEverybodyWhoWaits) {
  auto first = Get(), second = Get();
  source_->Next().done(absl::UnavailableError("issuer down"));
  for (auto* result : {&first, &second}) {
    const Result failed = result->get();
    EXPECT_THAT(failed, IsError("issuer down"));
    EXPECT_EQ(failed.status().code(), absl::StatusCode::kUnavailable);
  }
}

TEST_F(CachingTokenSourceTest, PausesDoubleFromOneToThirtySecondsLessAQuarterByChance) {
  int fetches = 0;
  for (const int pause : {1, 2, 4, 8, 16, 30, 30}) {
    auto failing = Get();
    source_->Next().done(absl::UnavailableError(absl::StrCat("failure ", ++fetches)));
    EXPECT_THAT(failing.get(), IsError(absl::StrCat("failure ", fetches)));
    clock_->Advance(absl::Seconds(pause) * 3 / 4 - absl::Nanoseconds(1));
    // The last error, at once, and no fetch.
    auto in_pause = Get();
    ASSERT_TRUE(Answered(in_pause)) << pause;
    EXPECT_THAT(in_pause.get(), IsError(absl::StrCat("failure ", fetches)));
    EXPECT_EQ(source_->count(), fetches);
    clock_->Advance(absl::Seconds(pause) / 4 + absl::Nanoseconds(1));
  }
}

TEST_F(CachingTokenSourceTest, SuccessEndsThePauses) {
  for (int i = 0; i < 4; ++i) {
    auto failing = Get();
    source_->Next().done(absl::UnavailableError("down"));
    EXPECT_THAT(failing.get(), IsError(HasSubstr("down")));
    clock_->Advance(absl::Seconds(30));
  }
  Fill("t1", absl::Seconds(60));
  clock_->Advance(absl::Seconds(60));
  auto failing = Get();
  source_->Next().done(absl::UnavailableError("down again"));
  EXPECT_THAT(failing.get(), IsError(HasSubstr("down")));
  clock_->Advance(absl::Seconds(1));
  EXPECT_FALSE(Answered(Get())) << "the first pause is a second again";
}

TEST_F(CachingTokenSourceTest, PauseOfOneAudienceIsNotAnothers) {
  auto failing = Get("a");
  source_->Next().done(absl::UnavailableError("down"));
  EXPECT_THAT(failing.get(), IsError(HasSubstr("down")));
  EXPECT_EQ(Fill("tb", absl::Hours(1), "b")->text(), "tb");
}

TEST_F(CachingTokenSourceTest, DropForgetsTheToken) {
  const TokenPtr old = Fill("old", absl::Hours(1));
  cache_->Drop({"a"}, old);
  EXPECT_EQ(cache_->Cached({"a"}), nullptr);
  const TokenPtr fresh = Fill("new", absl::Hours(1));
  EXPECT_EQ(fresh->text(), "new");
  EXPECT_EQ(old->text(), "old") << "whoever holds it still may";
}

TEST_F(CachingTokenSourceTest, DropForgetsThatTokenOnly) {
  const TokenPtr old = Fill("old", absl::Hours(1));
  cache_->Drop({"a"}, old);
  const TokenPtr fresh = Fill("new", absl::Hours(1));
  clock_->Advance(absl::Minutes(2));
  cache_->Drop({"a"}, old);
  cache_->Drop({"a"}, nullptr);
  cache_->Drop({"b"}, fresh);
  EXPECT_EQ(cache_->Cached({"a"}), fresh);
}

TEST_F(CachingTokenSourceTest, DropsAtMostOnceAMinute) {
  cache_->Drop({"a"}, Fill("t1", absl::Hours(1)));
  const TokenPtr second = Fill("t2", absl::Hours(1));
  clock_->Advance(absl::Minutes(1) - absl::Nanoseconds(1));
  cache_->Drop({"a"}, second);
  EXPECT_EQ(cache_->Cached({"a"}), second);
  clock_->Advance(absl::Nanoseconds(1));
  cache_->Drop({"a"}, second);
  EXPECT_EQ(cache_->Cached({"a"}), nullptr);
}

TEST_F(CachingTokenSourceTest, DropOfOneAudienceLeavesAnothersBudget) {
  cache_->Drop({"a"}, Fill("ta", absl::Hours(1), "a"));
  const TokenPtr b = Fill("tb", absl::Hours(1), "b");
  cache_->Drop({"b"}, b);
  EXPECT_EQ(cache_->Cached({"b"}), nullptr);
}

TEST_F(CachingTokenSourceTest, ScopesHaveTokensOfTheirOwn) {
  const TokenPtr none = Fill("none", absl::Hours(1));
  const TokenRequest read{"a", {"read"}};
  EXPECT_EQ(cache_->Cached(read), nullptr);
  auto result = Get(read);
  auto ask = source_->Next();
  EXPECT_EQ(ask.request.scopes, std::vector<std::string>{"read"});
  ask.done(Token("read", absl::Hours(1)));
  EXPECT_EQ((*result.get())->text(), "read");
  EXPECT_EQ(cache_->Cached({"a"}), none);
}

TEST_F(CachingTokenSourceTest, CallersHaveTokensOfTheirOwn) {
  const auto caller = [this](const char* text) {
    return std::make_shared<const BearerToken>(Token(text, absl::Hours(1)));
  };
  const TokenPtr own = Fill("own", absl::Hours(1));
  std::vector<TokenRequest> requests = {{"a", {}, caller("alice"), false},
                                        {"a", {}, caller("alice"), true},
                                        {"a", {}, caller("bob"), false}};
  for (size_t i = 0; i < requests.size(); ++i) {
    auto result = Get(requests[i]);
    auto ask = source_->Next();
    EXPECT_EQ(ask.request.subject_token, requests[i].subject_token);
    EXPECT_EQ(ask.request.with_actor, requests[i].with_actor);
    ask.done(Token(absl::StrCat("t", i), absl::Hours(1)));
    EXPECT_THAT(result.get(), IsOk());
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(cache_->Cached(requests[i])->text(), absl::StrCat("t", i));
  }
  // The same token in another object is the same caller.
  EXPECT_EQ(cache_->Cached({"a", {}, caller("bob"), false})->text(), "t2");
  EXPECT_EQ(cache_->Cached({"a"}), own);
  EXPECT_EQ(cache_->Status().at("a").fetches, 4);
  EXPECT_EQ(cache_->Status().at("a").expires_at, own->expires_at());
}

TEST_F(CachingTokenSourceTest, TokenForACallerCountsAsExpiredFiveSecondsEarly) {
  const TokenRequest request{
      "a", {}, std::make_shared<const BearerToken>(Token("caller", absl::Seconds(6)))};
  auto result = Get(request);
  source_->Next().done(Token("t", absl::Seconds(6)));
  EXPECT_THAT(result.get(), IsOk());
  EXPECT_NE(cache_->Cached(request), nullptr);
  clock_->Advance(absl::Seconds(1));
  EXPECT_EQ(cache_->Cached(request), nullptr);
}

TEST_F(CachingTokenSourceTest, StreamsTakeATokenWithHalfItsLifeLeft) {
  const TokenPtr old = Fill("old", absl::Hours(1));
  clock_->Advance(absl::Minutes(30));
  EXPECT_EQ(cache_->Cached({"a"}, TokenUse::kStream), old);
  clock_->Advance(absl::Nanoseconds(1));
  EXPECT_EQ(cache_->Cached({"a"}, TokenUse::kStream), nullptr);
  EXPECT_EQ(cache_->Cached({"a"}), old);
  ExpectFetches(1);
  auto first = Get("a", TokenUse::kStream), second = Get("a", TokenUse::kStream);
  EXPECT_FALSE(Answered(first));
  EXPECT_EQ(*Get().get(), old) << "calls do not wait for what streams want";
  source_->Next().done(Token("new", absl::Hours(1)));
  EXPECT_EQ((*first.get())->text(), "new");
  EXPECT_EQ((*second.get())->text(), "new");
  ExpectFetches(2);
}

TEST_F(CachingTokenSourceTest, StreamsMayWantMoreOrLessOfATokensLife) {
  CachingTokenSourceOptions options;
  options.min_stream_token_life = absl::Minutes(10);
  cache_ = MakeCache(source_, options);
  const TokenPtr old = Fill("old", absl::Hours(1));
  clock_->Advance(absl::Minutes(50));
  EXPECT_EQ(cache_->Cached({"a"}, TokenUse::kStream), old);
  clock_->Advance(absl::Nanoseconds(1));
  EXPECT_EQ(cache_->Cached({"a"}, TokenUse::kStream), nullptr);
}

TEST_F(CachingTokenSourceTest, StreamsTakeTheOldTokenWhereNoBetterOneComes) {
  const TokenPtr old = Fill("old", absl::Hours(1));
  clock_->Advance(absl::Minutes(40));
  auto stream = Get("a", TokenUse::kStream);
  source_->Next().done(absl::UnavailableError("issuer down"));
  EXPECT_EQ(*stream.get(), old);
  EXPECT_EQ(cache_->Cached({"a"}, TokenUse::kStream), old) << "in the pause nobody waits";
  EXPECT_EQ(*Get("a", TokenUse::kStream).get(), old);
  ExpectFetches(2);
}

TEST_F(CachingTokenSourceTest, StreamsAskAnIssuerThatHasNoBetterTokenNowAndThen) {
  Fill("t1", absl::Hours(1));
  clock_->Advance(absl::Minutes(40));
  auto stream = Get("a", TokenUse::kStream);
  source_->Next().done(Token("same", absl::Minutes(20)));
  const TokenPtr same = *stream.get();
  clock_->Advance(absl::Seconds(30) - absl::Nanoseconds(1));
  EXPECT_EQ(cache_->Cached({"a"}, TokenUse::kStream), same);
  ExpectFetches(2);
}

TEST_F(CachingTokenSourceTest, KeepsSoManyTokensAndForgetsTheOneUnusedForLongest) {
  CachingTokenSourceOptions options;
  options.max_tokens = 3;
  cache_ = MakeCache(source_, options);
  for (const char* audience : {"a", "b", "c"}) Fill("t", absl::Hours(1), audience);
  EXPECT_NE(cache_->Cached({"a"}), nullptr);
  Fill("t", absl::Hours(1), "d");
  EXPECT_EQ(cache_->Cached({"b"}), nullptr);
  for (const char* audience : {"a", "c", "d"}) EXPECT_NE(cache_->Cached({audience}), nullptr);
}

TEST_F(CachingTokenSourceTest, ForgetsExpiredTokensFirst) {
  CachingTokenSourceOptions options;
  options.max_tokens = 2;
  cache_ = MakeCache(source_, options);
  const TokenPtr kept = Fill("t", absl::Hours(1), "a");
  Fill("t", absl::Minutes(1), "b");
  clock_->Advance(absl::Minutes(1));
  Fill("t", absl::Hours(1), "c");
  EXPECT_EQ(cache_->Cached({"a"}), kept);
}

TEST_F(CachingTokenSourceTest, FetchesNoMoreThanItCanKeep) {
  CachingTokenSourceOptions options;
  options.max_tokens = 2;
  cache_ = MakeCache(source_, options);
  auto a = Get("a"), b = Get("b"), c = Get("c");
  EXPECT_THAT(c.get(), IsError(HasSubstr("2 tokens are being fetched already")));
  EXPECT_FALSE(Answered(a));
  source_->Next().done(Token("t", absl::Hours(1)));
  EXPECT_THAT(a.get(), IsOk());
  EXPECT_FALSE(Answered(Get("d")));
}

TEST_F(CachingTokenSourceTest, ExpiredTokensOfManyCallersLeave) {
  auto source = std::make_shared<InstantSource>(clock_);
  cache_ = MakeCache(source);
  for (int i = 0; i < 1000; ++i) {
    std::promise<void> got;
    const auto caller =
        std::make_shared<const BearerToken>(absl::StrCat("caller", i), absl::InfiniteFuture());
    const std::weak_ptr<const BearerToken> watched = caller;
    cache_->Get({"a", {}, caller}, TokenUse::kCall, [&](Result) { got.set_value(); });
    got.get_future().wait();
    if (i == 0) first_caller_ = watched;
    clock_->Advance(absl::Hours(2));
  }
  EXPECT_TRUE(first_caller_.expired()) << "nothing keeps a caller's token for long";
}

TEST_F(CachingTokenSourceTest, CountsTheFirstThousandAudiencesEachAndTheRestTogether) {
  auto source = std::make_shared<InstantSource>(clock_);
  cache_ = MakeCache(source);
  std::atomic<int> answers{0};
  for (int i = 0; i < 1200; ++i) {
    cache_->Get({absl::StrCat("aud", i)}, TokenUse::kCall, [&](Result) { ++answers; });
  }
  while (answers < 1200) std::this_thread::yield();
  const auto status = cache_->Status();
  EXPECT_EQ(status.size(), 1001u);
  EXPECT_EQ(status.at("(other)").fetches, 200);
}

TEST_F(CachingTokenSourceTest, DestructorFailsEverybodyWhoWaits) {
  auto first = Get("a"), second = Get("b");
  auto ask = source_->Next();
  cache_.reset();
  EXPECT_THAT(first.get(), IsError(HasSubstr("shutting down")));
  EXPECT_THAT(second.get(), IsError(HasSubstr("shutting down")));
  ask.done(Token("late", absl::Hours(1)));  // Finds nobody.
}

TEST_F(CachingTokenSourceTest, CallbackMayUseTheCache) {
  std::promise<TokenPtr> seen;
  cache_->Get({"a"}, TokenUse::kCall, [&](Result) {
    cache_->Get({"a"}, TokenUse::kCall, [&](Result again) { seen.set_value(*again); });
  });
  source_->Next().done(Token("t1", absl::Hours(1)));
  EXPECT_EQ(seen.get_future().get()->text(), "t1");
}

TEST_F(CachingTokenSourceTest, CallbackMayDestroyTheCache) {
  auto cache = std::make_shared<std::unique_ptr<CachingTokenSource>>(
      MakeCache(std::make_shared<InstantSource>(clock_)));
  std::promise<void> gone;
  (*cache)->Get({"a"}, TokenUse::kCall, [cache, &gone](Result result) {
    EXPECT_THAT(result, IsOk());
    cache->reset();
    gone.set_value();
  });
  gone.get_future().wait();
}

TEST_F(CachingTokenSourceTest, ManyThreadsShareIt) {
  const auto source = std::make_shared<InstantSource>(clock_);
  auto cache = MakeCache(source);
  std::atomic<int> answers{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string audience = absl::StrCat("aud", (i + t) % 3);
        cache->Get({audience}, TokenUse::kCall, [&answers, audience](Result result) {
          ++answers;
          if (!result.ok()) {
            // The clock leapt while the token was on its way.
            EXPECT_EQ(result.status().code(), absl::StatusCode::kUnavailable) << result.status();
            return;
          }
          EXPECT_EQ((*result)->text().substr(0, 4), audience);
        });
        if (const TokenPtr token = cache->Cached({audience}); i % 10 == 0) {
          cache->Drop({audience}, token);
        }
        if (t == 0 && i % 20 == 0) clock_->Advance(absl::Minutes(10));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  while (answers < 800) std::this_thread::yield();
  cache.reset();
  EXPECT_EQ(answers, 800) << "each exactly once";
  EXPECT_LT(source->count(), 400) << "threads share tokens";
}

// An issuer that has no later end to give, as where a token ends with its caller's, is asked for a
// new one a few times at most.
TEST_F(CachingTokenSourceTest, ATokenWhoseEndDoesNotMoveIsNotAskedForAgainAndAgain) {
  const auto caller =
      std::make_shared<const BearerToken>("caller", clock_->Now() + absl::Minutes(5));
  class Capped final : public TokenSource {
   public:
    void Fetch(const TokenRequest& request, TokenCallback done) override {
      if (request.subject_token == nullptr) return done(absl::UnavailableError("a marker"));
      ++count;
      done(BearerToken("exchanged", request.subject_token->expires_at()));
    }
    std::atomic<int> count{0};
  };
  const auto source = std::make_shared<Capped>();
  cache_ = MakeCache(source);
  const TokenRequest request{"a", {}, caller};
  ASSERT_THAT(Get(request).get(), IsOk());
  for (int i = 0; i < 294; ++i) {
    clock_->Advance(absl::Seconds(1));
    ASSERT_NE(cache_->Cached(request), nullptr);
    // Fetches come in order, so what was wanted has been had when this has.
    EXPECT_THAT(Get(absl::StrCat("marker", i)).get(), IsError("a marker"));
  }
  EXPECT_LE(source->count, 3);
}

// A token that one server refuses may be good at all others.
TEST_F(CachingTokenSourceTest, DropKeepsATokenWhileNoOtherCanBeHad) {
  const TokenPtr old = Fill("old", absl::Hours(1));
  clock_->Advance(absl::Minutes(59) - absl::Seconds(15));
  EXPECT_EQ(cache_->Cached({"a"}), old);
  source_->Next().done(absl::UnavailableError("issuer down"));
  ExpectFetches(2);
  cache_->Drop({"a"}, old);
  const Result now = Get().get();
  ASSERT_THAT(now, IsOk()) << "the issuer is known to be down";
  EXPECT_EQ(*now, old);
}

// A source that has lost a request, as one's own may, is asked again.
TEST_F(CachingTokenSourceTest, AFetchThatIsNeverAnsweredIsNotTheLast) {
  auto lost = Get();
  const ManualSource::Ask first = source_->Next();
  clock_->Advance(absl::Minutes(2) - absl::Nanoseconds(1));
  auto waits = Get();
  EXPECT_EQ(source_->count(), 1);
  clock_->Advance(absl::Nanoseconds(1));
  auto later = Get();
  const ManualSource::Ask next = source_->Next();
  for (auto* result : {&lost, &waits}) {
    EXPECT_THAT(result->get(), IsError(HasSubstr("has not answered")));
  }
  first.done(Token("late", absl::Hours(1)));  // Nobody's any more.
  EXPECT_FALSE(Answered(later));
  next.done(Token("t", absl::Hours(1)));
  EXPECT_EQ((*later.get())->text(), "t");
}

TEST_F(CachingTokenSourceTest, FetchesThatAreNeverAnsweredKeepNoRoom) {
  CachingTokenSourceOptions options;
  options.max_tokens = 2;
  cache_ = MakeCache(source_, options);
  auto a = Get("a"), b = Get("b");
  source_->Next();
  source_->Next();
  EXPECT_THAT(Get("c").get(), IsError(HasSubstr("being fetched already")));
  clock_->Advance(absl::Minutes(2));
  EXPECT_EQ(Fill("t", absl::Hours(1), "c")->text(), "t");
  for (auto* result : {&a, &b}) EXPECT_THAT(result->get(), IsError(HasSubstr("has not answered")));
}

TEST_F(CachingTokenSourceTest, WhoCannotWaitIsToldWhy) {
  EXPECT_THAT(cache_->CachedOrError({"a"}), IsError("it is being fetched"));
  source_->Next().done(absl::UnauthenticatedError("invalid_client"));
  EXPECT_THAT(Get("b").wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  source_->Next();  // In order, so that the first has ended.
  EXPECT_THAT(cache_->CachedOrError({"a"}), IsError("invalid_client"));
  const TokenPtr token = Fill("t", absl::Hours(1), "c");
  EXPECT_EQ(*cache_->CachedOrError({"c"}), token);
}

}  // namespace
}  // namespace lanyard
