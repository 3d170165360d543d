// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/remote_key_source.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/keys/fetched_keys.h"
#include "lanyard/sdk/keys/key_fetcher.h"

namespace lanyard {
namespace {

// The longest sleep, because the condition variable's clock stands still in suspend.
constexpr absl::Duration kLongestWait = absl::Seconds(10);

// Of KeySourceStatus::failures.
std::string KindOf(const absl::Status& failure) {
  switch (failure.code()) {
    case absl::StatusCode::kUnavailable:
      return "unreachable";
    case absl::StatusCode::kFailedPrecondition:
      return "http_status";
    case absl::StatusCode::kInvalidArgument:
      return "bad_answer";
    default:
      return "local";
  }
}

std::optional<absl::Duration> Sooner(std::optional<absl::Duration> a,
                                     std::optional<absl::Duration> b) {
  return a.has_value() && b.has_value() ? std::min(*a, *b) : a.has_value() ? a : b;
}

class FetchingKeySource final : public RemoteKeySource {
 public:
  explicit FetchingKeySource(std::unique_ptr<const internal::KeyFetcher> fetcher)
      : fetcher_(std::move(fetcher)),
        options_(fetcher_->options()),
        keys_(absl::StrCat("issuer ", options_.name), options_.refresh, options_.max_stale) {}

  ~FetchingKeySource() override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }

  std::shared_ptr<const KeySet> Current() const override {
    const absl::Duration now = options_.clock->SinceBoot();
    std::lock_guard<std::mutex> lock(mutex_);
    return keys_.Current(now);
  }
  bool IsCurrent(const std::shared_ptr<const KeySet>& keys) const override {
    return keys_.IsCurrent(keys, options_.clock->SinceBoot());
  }

  bool MayArrive(absl::string_view key_id) const override {
    const absl::Duration now = options_.clock->SinceBoot();
    std::lock_guard<std::mutex> lock(mutex_);
    const absl::Duration before = keys_.NextFetch();
    const bool may = keys_.MayArrive(key_id, now);
    if (keys_.NextFetch() < before) wake_.notify_all();
    return may;
  }

  absl::Status Health() const override {
    const absl::Duration now = options_.clock->SinceBoot();
    std::lock_guard<std::mutex> lock(mutex_);
    return keys_.Health(now);
  }

  KeySourceStatus Status() const override {
    const absl::Duration now = options_.clock->SinceBoot();
    std::lock_guard<std::mutex> lock(mutex_);
    return keys_.Status(now);
  }

  int64_t fetches() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return keys_.fetches();
  }

 private:
  struct Fetched {
    std::shared_ptr<const KeySet> keys;  // The set that is there already if nothing changed.
    std::optional<absl::Duration> max_age;
  };

  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!stopping_) {
      const absl::Duration now = options_.clock->SinceBoot();
      keys_.NoteStaleness(now);
      const absl::Duration due = keys_.NextFetch();
      if (due > now) {
        wake_.wait_for(lock, absl::ToChronoNanoseconds(std::min(due - now, kLongestWait)));
        continue;
      }
      keys_.Begin(now);
      lock.unlock();
      auto fetched = Fetch();
      lock.lock();
      if (stopping_) return;
      Apply(std::move(fetched));
    }
  }

  void Apply(absl::StatusOr<Fetched> fetched) {
    const absl::Duration now = options_.clock->SinceBoot();
    if (!fetched.ok()) {
      keys_.Failed(now, fetched.status(), KindOf(fetched.status()));
      return;
    }
    const auto max_age = Sooner(fetched->max_age, fetched->keys->refresh_hint());
    keys_.Succeeded(now, std::move(fetched->keys), max_age);
  }

  absl::StatusOr<Fetched> Fetch() {
    const auto located = fetcher_->Locate(stopping_);
    if (!located.ok()) return located.status();
    const std::string& url = *located;
    const std::shared_ptr<const KeySet>& last = keys_.last_good();
    // An ETag is one URL's.
    const bool conditional = url == etag_url_ && last != nullptr;
    auto response = fetcher_->Get(url, conditional ? etag_ : std::string(), stopping_);
    if (!response.ok()) return response.status();
    if (response->status == 304 && conditional && !etag_.empty()) {
      return Fetched{last, response->max_age};
    }
    const bool answered = response->status == 200;
    if (answered) {
      etag_url_ = url;
      etag_ = response->etag;
      if (last != nullptr && response->body == body_) return Fetched{last, response->max_age};
    }
    auto keys = fetcher_->KeysIn(url, *response);
    if (!keys.ok()) {
      if (answered) etag_.clear();
      return keys.status();
    }
    body_ = std::move(response->body);
    // The same keys keep the verdicts that were made with them.
    if (last != nullptr && internal::HaveSameKeys(*keys, *last))
      return Fetched{last, response->max_age};
    return Fetched{std::make_shared<const KeySet>(*std::move(keys)), response->max_age};
  }

  const std::unique_ptr<const internal::KeyFetcher> fetcher_;
  const RemoteKeySourceOptions& options_;  // Its.

  mutable std::mutex mutex_;
  mutable std::condition_variable wake_;
  std::atomic<bool> stopping_{false};
  // Guarded by mutex_. Only the thread replaces the set, so it may read that without.
  mutable internal::FetchedKeys keys_;
  // The thread's alone.
  std::string etag_, etag_url_, body_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RemoteKeySource>> RemoteKeySource::Create(
    RemoteKeySourceOptions options) {
  auto fetcher = internal::KeyFetcher::Create(std::move(options));
  if (!fetcher.ok()) return fetcher.status();
  auto source = std::make_unique<FetchingKeySource>(*std::move(fetcher));
  source->Start();
  return source;
}

}  // namespace lanyard
