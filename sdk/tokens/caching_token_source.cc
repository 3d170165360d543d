// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/caching_token_source.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lanyard {
namespace {

constexpr absl::Duration kEarly = absl::Seconds(30);
constexpr absl::Duration kRefreshAhead = absl::Minutes(1);
constexpr absl::Duration kFirstPause = absl::Seconds(1);
constexpr absl::Duration kLongestPause = absl::Seconds(30);
constexpr absl::Duration kBetweenDrops = absl::Minutes(1);

using TokenPtr = CachingTokenSource::TokenPtr;
using Waiter = std::function<void(absl::StatusOr<TokenPtr>)>;

struct Entry {
  TokenPtr token;
  absl::Time refresh_at;  // When a new token is fetched while the old one is still good.
  bool fetching = false;
  std::vector<Waiter> waiting;

  absl::Status last_error;
  absl::Duration pause;                          // After the last failure.
  absl::Time not_before = absl::InfinitePast();  // No fetch until then.
  absl::Time last_drop = absl::InfinitePast();
  TokenStatus status;  // But for what the rest tells.
};

}  // namespace

struct CachingTokenSource::State : std::enable_shared_from_this<State> {
  State(std::shared_ptr<TokenSource> the_source, std::shared_ptr<const Clock> the_clock)
      : source(std::move(the_source)), clock(std::move(the_clock)) {}

  // Whether the token can still be sent.
  static bool Usable(const Entry& entry, absl::Time now) {
    return entry.token != nullptr && now < entry.token->expires_at() - kEarly;
  }

  // Starts a fetch unless one runs or a pause lasts. Under the mutex.
  void Want(const std::string& audience, Entry& entry, absl::Time now) {
    if (entry.fetching || now < entry.not_before || stopping) return;
    entry.fetching = true;
    queue.push_back(audience);
    wake.notify_one();
  }

  void Run() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return stopping || !queue.empty(); });
      if (stopping) return;
      TokenRequest request{std::move(queue.front())};
      queue.pop_front();
      lock.unlock();
      // The source may answer long after this object's owner is gone.
      source->Fetch(request, [weak = weak_from_this(),
                              audience = request.audience](absl::StatusOr<BearerToken> result) {
        if (auto self = weak.lock()) self->Finish(audience, std::move(result));
      });
      lock.lock();
    }
  }

  void Finish(const std::string& audience, absl::StatusOr<BearerToken> result) {
    std::vector<Waiter> waiting;
    TokenPtr token;
    {
      std::lock_guard<std::mutex> lock(mutex);
      Entry& entry = entries[audience];
      const absl::Time now = clock->Now();
      entry.fetching = false;
      if (result.ok() && now >= result->expires_at() - kEarly) {
        const absl::Duration left = absl::Trunc(result->expires_at() - now, absl::Seconds(1));
        result = absl::UnavailableError(absl::StrCat(
            "the token source gave a token that ",
            left > absl::ZeroDuration()
                ? absl::StrCat("is about to expire, in ", absl::FormatDuration(left))
                : absl::StrCat("expired ", absl::FormatDuration(std::max(-left, absl::Seconds(1))),
                               " ago")));
      }
      if (result.ok()) {
        const absl::Duration life = result->expires_at() - now;
        entry.refresh_at = result->expires_at() - kEarly - std::min(kRefreshAhead, life / 5);
        entry.token = token = std::make_shared<const BearerToken>(*result);
        ++entry.status.fetches;
        entry.last_error = absl::OkStatus();
        entry.pause = absl::ZeroDuration();
        entry.not_before = absl::InfinitePast();
      } else {
        entry.last_error = result.status();
        ++(IsTransientTokenFailure(result.status()) ? entry.status.transient_failures
                                                    : entry.status.permanent_failures);
        entry.pause = std::min(kLongestPause, std::max(kFirstPause, entry.pause * 2));
        entry.not_before = now + entry.pause;
      }
      waiting.swap(entry.waiting);
    }
    for (Waiter& done : waiting) {
      if (token != nullptr) {
        done(token);
      } else {
        done(result.status());
      }
    }
  }

  const std::shared_ptr<TokenSource> source;
  const std::shared_ptr<const Clock> clock;
  std::mutex mutex;
  std::condition_variable wake;
  std::map<std::string, Entry> entries;  // All below guarded by mutex.
  std::deque<std::string> queue;
  bool stopping = false;
  std::thread thread;
};

CachingTokenSource::CachingTokenSource(std::shared_ptr<TokenSource> source,
                                       std::shared_ptr<const Clock> clock)
    : state_(std::make_shared<State>(std::move(source), std::move(clock))) {
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

TokenPtr CachingTokenSource::Cached(const std::string& audience) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  const auto it = state_->entries.find(audience);
  if (it == state_->entries.end()) return nullptr;
  const absl::Time now = state_->clock->Now();
  if (!State::Usable(it->second, now)) return nullptr;
  if (now >= it->second.refresh_at) state_->Want(audience, it->second, now);
  return it->second.token;
}

void CachingTokenSource::Get(const std::string& audience, Waiter done) {
  absl::StatusOr<TokenPtr> now_known = absl::UnavailableError("the client is shutting down");
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    if (!state_->stopping) {
      Entry& entry = state_->entries[audience];
      const absl::Time now = state_->clock->Now();
      const bool usable = State::Usable(entry, now);
      if (!usable || now >= entry.refresh_at) state_->Want(audience, entry, now);
      if (usable) {
        now_known = entry.token;
      } else if (entry.fetching) {
        entry.waiting.push_back(std::move(done));
        return;
      } else {
        now_known = entry.last_error;
      }
    }
  }
  done(std::move(now_known));
}

void CachingTokenSource::Drop(const std::string& audience, const TokenPtr& token) {
  std::lock_guard<std::mutex> lock(state_->mutex);
  const auto it = state_->entries.find(audience);
  if (token == nullptr || it == state_->entries.end() || it->second.token != token) return;
  const absl::Time now = state_->clock->Now();
  if (now < it->second.last_drop + kBetweenDrops) return;
  it->second.last_drop = now;
  it->second.token = nullptr;
  ++it->second.status.forced_refreshes;
}

std::map<std::string, TokenStatus> CachingTokenSource::Status() const {
  std::lock_guard<std::mutex> lock(state_->mutex);
  std::map<std::string, TokenStatus> all;
  for (const auto& [audience, entry] : state_->entries) {
    TokenStatus status = entry.status;
    if (entry.token != nullptr) status.expires_at = entry.token->expires_at();
    status.last_error = std::string(entry.last_error.message());
    all.emplace(audience, std::move(status));
  }
  return all;
}

}  // namespace lanyard
