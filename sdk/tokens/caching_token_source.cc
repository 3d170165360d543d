// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/caching_token_source.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <list>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lanyard {
namespace {

constexpr absl::Duration kEarly = absl::Seconds(30);
constexpr absl::Duration kEarlyForCaller = absl::Seconds(5);
constexpr absl::Duration kRefreshAhead = absl::Minutes(1);
constexpr int kJitterDivisor = 10;
constexpr absl::Duration kBetweenStreamRefreshes = absl::Seconds(30);
constexpr absl::Duration kFirstPause = absl::Seconds(1);
constexpr absl::Duration kLongestPause = absl::Seconds(30);
constexpr absl::Duration kBetweenSameTokens = absl::Seconds(30);
constexpr absl::Duration kBetweenDrops = absl::Minutes(1);
constexpr absl::Duration kBetweenSweeps = absl::Minutes(1);
constexpr absl::Duration kLongestFetch = absl::Minutes(2);
constexpr size_t kMaxAudiences = 1000;
constexpr char kOther[] = "(other)";

using TokenPtr = CachingTokenSource::TokenPtr;
using Waiter = std::function<void(absl::StatusOr<TokenPtr>)>;

// Requests that differ get tokens of their own: no caller's is ever given to another.
struct Before {
  static absl::string_view SubjectOf(const TokenRequest& request) {
    return request.subject_token == nullptr ? absl::string_view() : request.subject_token->text();
  }
  bool operator()(const TokenRequest& a, const TokenRequest& b) const {
    return std::make_tuple(absl::string_view(a.audience), SubjectOf(a), a.with_actor,
                           std::cref(a.scopes)) < std::make_tuple(absl::string_view(b.audience),
                                                                  SubjectOf(b), b.with_actor,
                                                                  std::cref(b.scopes));
  }
};

struct Entry {
  explicit Entry(const TokenRequest& request)
      : early(request.subject_token == nullptr ? kEarly : kEarlyForCaller) {}

  const absl::Duration early;  // How long before its end a token counts as expired.
  TokenPtr token;
  absl::Time fetched_at = absl::InfinitePast();
  absl::Time refresh_at;  // When a new token is fetched while the old one is still good.
  uint64_t fetching = 0;  // The number of the fetch that runs, if one does.
  absl::Time began_at;
  std::vector<Waiter> waiting;
  std::list<const TokenRequest*>::iterator place;  // In State::order.

  absl::Status last_error;
  absl::Duration backoff;                        // After the last failure.
  absl::Time not_before = absl::InfinitePast();  // No fetch until then.
  absl::Time last_drop = absl::InfinitePast();

  // Whether the token can still be sent.
  bool IsUsable(absl::Time now) const {
    return token != nullptr && now < token->expires_at() - early;
  }
  bool IsUsableLate(absl::Time now) const {
    return token != nullptr && now < token->expires_at() - early / 2;
  }
  // Whether an answer is still to be expected.
  bool IsFetching(absl::Time now) const { return fetching != 0 && now < began_at + kLongestFetch; }
  bool IsIdle(absl::Time now) const {
    return !IsFetching(now) && !IsUsableLate(now) && now >= not_before &&
           now >= last_drop + kBetweenDrops;
  }
};

// When a token that was had just now is replaced. A tenth of that is left to chance, from 0 to 1: a
// fleet that was started at once does not ask for its tokens at once for ever.
absl::Time RefreshTime(absl::Time now, absl::Time expires_at, absl::Duration early, double chance) {
  const absl::Duration life = expires_at - now;
  const absl::Duration after =
      life - early - std::min({kRefreshAhead, life / 5, (life - early) / 2});
  return now + after * (1 - chance / kJitterDivisor);
}

absl::Status AboutToExpire(absl::Duration left) {
  left = absl::Trunc(left, absl::Seconds(1));
  return absl::UnavailableError(absl::StrCat(
      "the token source gave a token that ",
      left > absl::ZeroDuration()
          ? absl::StrCat("is about to expire, in ", absl::FormatDuration(left))
          : absl::StrCat("expired ", absl::FormatDuration(std::max(-left, absl::Seconds(1))),
                         " ago")));
}

}  // namespace

struct CachingTokenSource::State : std::enable_shared_from_this<State> {
  using Entries = std::map<TokenRequest, Entry, Before>;

  State(std::shared_ptr<TokenSource> the_source, CachingTokenSourceOptions the_options)
      : source(std::move(the_source)), options(std::move(the_options)) {}

  // Whether a stream should rather have a new token than this one, which can be sent.
  bool IsShortForStream(const Entry& entry, absl::Time now) const {
    if (now < entry.fetched_at + kBetweenStreamRefreshes) return false;
    const absl::Duration wanted =
        options.min_stream_token_life.value_or((entry.token->expires_at() - entry.fetched_at) / 2);
    return entry.token->expires_at() - now < wanted;
  }

  // What counts of a request's audience. Under the mutex.
  TokenStatus& CountsOf(const std::string& audience) {
    const auto it = counts.find(audience);
    if (it != counts.end()) return it->second;
    return counts[counts.size() < kMaxAudiences ? audience : kOther];
  }

  // The entry of a request; null if there is no room for it. Under the mutex.
  Entry* EntryOf(const TokenRequest& request, absl::Time now) {
    auto it = entries.find(request);
    if (it == entries.end()) {
      if (!MakeRoom(now)) return nullptr;
      it = entries.try_emplace(request, request).first;
      it->second.place = order.insert(order.end(), &it->first);
    }
    Use(it->second);
    return &it->second;
  }

  void Use(Entry& entry) { order.splice(order.end(), order, entry.place); }

  Entries::iterator Erase(Entries::iterator it) {
    GiveUp(it->second);
    order.erase(it->second.place);
    return entries.erase(it);
  }

  // A fetch's answer, if one is awaited, is lost. Who waits for it is told on the thread.
  void GiveUp(Entry& entry) {
    std::move(entry.waiting.begin(), entry.waiting.end(), std::back_inserter(lost));
    entry.waiting.clear();
    entry.fetching = 0;
  }

  absl::Status Full() const {
    return absl::ResourceExhaustedError(
        absl::StrCat(options.max_tokens, " tokens are being fetched already"));
  }

  bool MakeRoom(absl::Time now) {
    const bool full = entries.size() >= options.max_tokens;
    if (entries.size() >= next_sweep || (full && now >= swept_at + kBetweenSweeps)) {
      for (auto it = entries.begin(); it != entries.end();) {
        it = it->second.IsIdle(now) ? Erase(it) : std::next(it);
      }
      next_sweep = std::max(kFirstSweep, 2 * entries.size());
      swept_at = now;
    }
    if (entries.size() < options.max_tokens) return true;
    for (const TokenRequest* oldest : order) {
      const auto it = entries.find(*oldest);
      if (it->second.IsFetching(now)) continue;
      Erase(it);
      return true;
    }
    return false;
  }

  // Starts a fetch unless one runs or a pause lasts. Under the mutex.
  void Want(const TokenRequest& request, Entry& entry, absl::Time now) {
    if (entry.IsFetching(now) || now < entry.not_before || stopping) return;
    GiveUp(entry);
    entry.fetching = ++fetches;
    entry.began_at = now;
    queue.push_back({request, entry.fetching});
    wake.notify_one();
  }

  void Run() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return stopping || !queue.empty(); });
      if (stopping) return;
      const std::vector<Waiter> told = std::exchange(lost, {});
      const auto [request, number] = std::move(queue.front());
      queue.pop_front();
      lock.unlock();
      for (const Waiter& done : told) {
        done(absl::UnavailableError("the token source has not answered"));
      }
      // The source may answer long after this object's owner is gone.
      source->Fetch(request, [weak = weak_from_this(), request = request,
                              number = number](absl::StatusOr<BearerToken> result) {
        if (auto self = weak.lock()) self->Finish(request, number, std::move(result));
      });
      lock.lock();
    }
  }

  void Finish(const TokenRequest& request, uint64_t number, absl::StatusOr<BearerToken> result) {
    std::vector<Waiter> waiting;
    absl::StatusOr<TokenPtr> answer;
    {
      std::lock_guard<std::mutex> lock(mutex);
      const auto it = entries.find(request);
      // A source that answers twice, or so late that another was asked for.
      if (it == entries.end() || it->second.fetching != number) return;
      Entry& entry = it->second;
      const absl::Time now = options.clock->Now();
      entry.fetching = 0;
      waiting.swap(entry.waiting);
      if (result.ok() && now >= result->expires_at() - entry.early) {
        result = AboutToExpire(result->expires_at() - now);
      }
      TokenStatus& status = CountsOf(request.audience);
      if (result.ok()) {
        ++status.fetches;
        // A source that has no later end to give, as where a caller's token sets it, is not asked
        // at ever shorter intervals.
        const bool same_end =
            entry.IsUsable(now) && result->expires_at() <= entry.token->expires_at();
        entry.refresh_at = RefreshTime(now, result->expires_at(), entry.early,
                                       std::uniform_real_distribution<>(0, 1)(random));
        if (same_end) entry.refresh_at = std::max(entry.refresh_at, now + kBetweenSameTokens);
        entry.token = std::make_shared<const BearerToken>(*result);
        entry.fetched_at = now;
        entry.last_error = absl::OkStatus();
        entry.backoff = absl::ZeroDuration();
        entry.not_before = absl::InfinitePast();
      } else {
        ++(IsTransientTokenFailure(result.status()) ? status.transient_failures
                                                    : status.permanent_failures);
        entry.last_error = result.status();
        entry.backoff = std::min(kLongestPause, std::max(kFirstPause, entry.backoff * 2));
        // Clients that failed together do not come back together.
        entry.not_before = now + entry.backoff * std::uniform_real_distribution<>(0.75, 1)(random);
      }
      // Streams may have waited for a better token than there was.
      if (entry.IsUsable(now)) {
        answer = entry.token;
      } else {
        answer = result.status();
      }
    }
    for (Waiter& done : waiting) done(answer);
  }

  static constexpr size_t kFirstSweep = 64;

  const std::shared_ptr<TokenSource> source;
  const CachingTokenSourceOptions options;
  std::mutex mutex;
  std::condition_variable wake;
  Entries entries;                       // All below guarded by mutex.
  std::list<const TokenRequest*> order;  // Of the entries: the one unused for longest first.
  size_t next_sweep = kFirstSweep;
  absl::Time swept_at = absl::InfinitePast();
  uint64_t fetches = 0;
  std::map<std::string, TokenStatus> counts;            // Counters alone.
  std::deque<std::pair<TokenRequest, uint64_t>> queue;  // And the number of the fetch.
  std::vector<Waiter> lost;                             // Whose fetch was never answered.
  std::minstd_rand random{std::random_device()()};
  bool stopping = false;
  std::thread thread;
};

CachingTokenSource::CachingTokenSource(std::shared_ptr<TokenSource> source,
                                       CachingTokenSourceOptions options)
    : state_(std::make_shared<State>(std::move(source), std::move(options))) {
  // The thread keeps the state alive until it has ended.
  state_->thread = std::thread([state = state_] { state->Run(); });
}

CachingTokenSource::~CachingTokenSource() {
  std::vector<Waiter> waiting;
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    state_->stopping = true;
    for (auto& entry : state_->entries) {
      for (Waiter& done : entry.second.waiting) waiting.push_back(std::move(done));
      entry.second.waiting.clear();
    }
    std::move(state_->lost.begin(), state_->lost.end(), std::back_inserter(waiting));
    state_->lost.clear();
  }
  state_->wake.notify_all();
  for (Waiter& done : waiting) {
    done(absl::UnavailableError("the client is shutting down"));
  }
  if (state_->thread.get_id() == std::this_thread::get_id()) {
    state_->thread.detach();
  } else {
    state_->thread.join();
  }
}

TokenPtr CachingTokenSource::Cached(const TokenRequest& request, TokenUse use) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  const auto it = state_->entries.find(request);
  if (it == state_->entries.end()) return nullptr;
  Entry& entry = it->second;
  const absl::Time now = state_->options.clock->Now();
  if (!entry.IsUsable(now)) return nullptr;
  state_->Use(entry);
  if (now >= entry.refresh_at) state_->Want(request, entry, now);
  if (use == TokenUse::kStream && state_->IsShortForStream(entry, now) &&
      (entry.fetching != 0 || now >= entry.not_before)) {
    return nullptr;
  }
  return entry.token;
}

TokenPtr CachingTokenSource::CachedForSending(const TokenRequest& request) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  const auto it = state_->entries.find(request);
  if (it == state_->entries.end()) return nullptr;
  Entry& entry = it->second;
  const absl::Time now = state_->options.clock->Now();
  if (!entry.IsUsableLate(now)) return nullptr;
  state_->Use(entry);
  if (now >= entry.refresh_at) state_->Want(request, entry, now);
  return entry.token;
}

absl::StatusOr<TokenPtr> CachingTokenSource::CachedOrError(const TokenRequest& request) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  if (state_->stopping) return absl::UnavailableError("the client is shutting down");
  const absl::Time now = state_->options.clock->Now();
  Entry* const entry = state_->EntryOf(request, now);
  if (entry == nullptr) return state_->Full();
  const bool usable = entry->IsUsable(now);
  if (!usable || now >= entry->refresh_at) state_->Want(request, *entry, now);
  if (usable) return entry->token;
  return entry->fetching != 0 ? absl::UnavailableError("it is being fetched") : entry->last_error;
}

void CachingTokenSource::Get(const TokenRequest& request, TokenUse use, Waiter done) {
  absl::StatusOr<TokenPtr> now_known = absl::UnavailableError("the client is shutting down");
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    const absl::Time now = state_->options.clock->Now();
    Entry* entry = state_->stopping ? nullptr : state_->EntryOf(request, now);
    if (entry != nullptr) {
      const bool usable = entry->IsUsable(now);
      const bool good_enough =
          usable && (use == TokenUse::kCall || !state_->IsShortForStream(*entry, now));
      if (!good_enough || now >= entry->refresh_at) state_->Want(request, *entry, now);
      if (!good_enough && entry->fetching != 0) {
        entry->waiting.push_back(std::move(done));
        return;
      }
      if (usable) {
        now_known = entry->token;
      } else {
        now_known = entry->last_error;
      }
    } else if (!state_->stopping) {
      now_known = state_->Full();
    }
  }
  done(std::move(now_known));
}

void CachingTokenSource::Drop(const TokenRequest& request, const TokenPtr& token) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  const auto it = state_->entries.find(request);
  if (token == nullptr || it == state_->entries.end() || it->second.token != token) return;
  const absl::Time now = state_->options.clock->Now();
  if (now < it->second.last_drop + kBetweenDrops) return;
  // Another could not be had now, and other servers may take this one.
  if (now < it->second.not_before) return;
  it->second.last_drop = now;
  it->second.token = nullptr;
  ++state_->CountsOf(request.audience).forced_refreshes;
}

std::map<std::string, TokenStatus> CachingTokenSource::Status() const {
  std::lock_guard<std::mutex> lock(state_->mutex);
  std::map<std::string, TokenStatus> all = state_->counts;
  for (const auto& [request, entry] : state_->entries) {
    const bool known = state_->counts.size() < kMaxAudiences || all.count(request.audience) != 0;
    TokenStatus& status = all[known ? request.audience : kOther];
    if (!entry.last_error.ok()) status.last_error = std::string(entry.last_error.message());
    if (entry.token == nullptr || request.subject_token != nullptr) continue;
    const bool first = status.expires_at == absl::InfinitePast();
    status.expires_at =
        first ? entry.token->expires_at() : std::min(status.expires_at, entry.token->expires_at());
  }
  return all;
}

}  // namespace lanyard
