// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/remote_key_source.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/key_refresh.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/keys/key_fetcher.h"

namespace lanyard {
namespace {

// The longest sleep, because the condition variable's clock stands still in suspend.
constexpr absl::Duration kLongestWait = absl::Seconds(10);

double Random() {
  thread_local std::minstd_rand engine(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

std::string WithoutDigits(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(), absl::ascii_isdigit), text.end());
  return text;
}

// Whether two sets hold the same keys, in whatever order, and the same hint.
bool AreEqual(const KeySet& a, const KeySet& b) {
  const auto ids = [](const KeySet& set) {
    std::set<std::string> ids;
    for (const Key& key : set.keys()) {
      ids.insert(
          absl::StrCat(AlgorithmName(*key.algorithm()), " ", key.Thumbprint(), " ", key.id()));
    }
    return ids;
  };
  return ids(a) == ids(b) && a.refresh_hint() == b.refresh_hint();
}

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

// "3 keys: a, b, c".
std::string Inventory(const KeySet& keys) {
  std::vector<std::string> ids;
  for (const Key& key : keys.keys()) ids.push_back(internal::Printable(key.id(), 64));
  constexpr size_t kShown = 8;
  const size_t shown = std::min(ids.size(), kShown);
  return absl::StrCat(ids.size(), ids.size() == 1 ? " key: " : " keys: ",
                      absl::StrJoin(ids.begin(), ids.begin() + shown, ", "),
                      shown < ids.size() ? ", …" : "");
}

class FetchingKeySource final : public RemoteKeySource {
 public:
  explicit FetchingKeySource(std::unique_ptr<const internal::KeyFetcher> fetcher)
      : fetcher_(std::move(fetcher)),
        options_(fetcher_->options()),
        refresh_(options_.refresh, options_.max_stale, Random) {}

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
    return refresh_.IsStale(now) ? nullptr : keys_;
  }

  bool MayArrive(absl::string_view key_id) const override {
    const absl::Duration now = options_.clock->SinceBoot();
    std::lock_guard<std::mutex> lock(mutex_);
    const absl::Duration before = refresh_.NextFetch();
    const bool may = refresh_.MayArrive(key_id, now);
    if (refresh_.NextFetch() < before) wake_.notify_all();
    return may;
  }

  absl::Status Health() const override {
    const absl::Duration now = options_.clock->SinceBoot();
    std::lock_guard<std::mutex> lock(mutex_);
    if (!refresh_.IsStale(now) && !keys_->keys().empty()) return absl::OkStatus();
    if (keys_ == nullptr) {
      return absl::UnavailableError(absl::StrCat(
          "no keys yet: ", last_error_.empty() ? "the first fetch is under way" : last_error_));
    }
    return absl::UnavailableError(
        refresh_.IsStale(now)
            ? absl::StrCat("keys older than max_stale, ", absl::FormatDuration(options_.max_stale),
                           ": ", last_error_.empty() ? "not fetched since" : last_error_)
            : "the issuer publishes no usable key");
  }

  KeySourceStatus Status() const override {
    KeySourceStatus status = KeySource::Status();
    const absl::Duration now = options_.clock->SinceBoot();
    std::lock_guard<std::mutex> lock(mutex_);
    if (last_success_.has_value()) status.age = now - *last_success_;
    status.successes = successes_;
    status.failures = failures_;
    status.last_error = last_error_;
    return status;
  }

  int64_t fetches() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    int64_t fetches = successes_;
    for (const auto& failure : failures_) fetches += failure.second;
    return fetches;
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
      NoteStaleness(now);
      const absl::Duration due = refresh_.NextFetch();
      if (due > now) {
        wake_.wait_for(lock, absl::ToChronoNanoseconds(std::min(due - now, kLongestWait)));
        continue;
      }
      refresh_.Begin(now);
      lock.unlock();
      auto fetched = Fetch();
      lock.lock();
      if (stopping_) return;
      Apply(std::move(fetched));
    }
  }

  // One line each when a state begins.
  void NoteStaleness(absl::Duration now) {
    const bool stale = keys_ != nullptr && refresh_.IsStale(now);
    if (stale && !was_stale_) {
      internal::LogLine(
          absl::StrCat("issuer ", options_.name, ": ALARM: keys older than max_stale, ",
                       absl::FormatDuration(options_.max_stale), ", its tokens are refused"));
    }
    was_stale_ = stale;
  }

  void Apply(absl::StatusOr<Fetched> fetched) {
    const absl::Duration now = options_.clock->SinceBoot();
    if (!fetched.ok()) {
      refresh_.Failed(now);
      const std::string error(fetched.status().message());
      // Numbers are mostly times and ports, and would make every line a new one.
      if (refresh_.failures() == 1 || WithoutDigits(error) != WithoutDigits(last_error_)) {
        internal::LogLine(absl::StrCat(
            "issuer ", options_.name, ": keys not fetched, ",
            keys_ == nullptr ? "there are none yet: " : "the last good ones stay: ", error));
      }
      last_error_ = error;
      ++failures_[KindOf(fetched.status())];
    } else {
      last_success_ = now;
      ++successes_;
      const bool was_failing = refresh_.failures() > 0;
      const KeySet& keys = *fetched->keys;
      std::set<std::string> ids;
      for (const Key& key : keys.keys()) ids.insert(key.id());
      const auto has = [&ids](const std::string& id) { return ids.count(id) > 0; };
      refresh_.Succeeded(now, Sooner(fetched->max_age, keys.refresh_hint()), has);
      // A set that has become empty may be an issuer that is just starting.
      if (keys_ != nullptr && !ids.empty()) {
        for (const Key& key : keys_->keys()) {
          if (!has(key.id())) refresh_.Withdrawn(key.id(), now);
        }
      }
      last_error_.clear();
      if (fetched->keys != keys_) {
        Announce(keys);
      } else if (was_failing) {
        internal::LogLine(absl::StrCat("issuer ", options_.name, ": keys fetched again"));
      }
      keys_ = std::move(fetched->keys);
    }
  }

  void Announce(const KeySet& keys) {
    if (keys.keys().empty()) {
      internal::LogLine(absl::StrCat(
          "issuer ", options_.name, ": ALARM: it publishes no usable key, its tokens are refused"));
    } else {
      internal::LogLine(absl::StrCat("issuer ", options_.name, ": ", Inventory(keys)));
    }
    size_t shown = 0;
    for (const std::string& warning : keys.warnings()) {
      if (++shown > 8) break;
      internal::LogLine(absl::StrCat("issuer ", options_.name, ": ", warning));
    }
  }

  absl::StatusOr<Fetched> Fetch() {
    const auto located = fetcher_->Locate(stopping_);
    if (!located.ok()) return located.status();
    const std::string& url = *located;
    // An ETag is one URL's.
    const bool conditional = url == etag_url_ && keys_ != nullptr;
    auto response = fetcher_->Get(url, conditional ? etag_ : std::string(), stopping_);
    if (!response.ok()) return response.status();
    if (response->status == 304 && conditional && !etag_.empty()) {
      return Fetched{keys_, response->max_age};
    }
    const bool answered = response->status == 200;
    if (answered) {
      etag_url_ = url;
      etag_ = response->etag;
      if (keys_ != nullptr && response->body == body_) return Fetched{keys_, response->max_age};
    }
    auto keys = fetcher_->KeysIn(url, *response);
    if (!keys.ok()) {
      if (answered) etag_.clear();
      return keys.status();
    }
    body_ = std::move(response->body);
    // The same keys keep the verdicts that were made with them.
    if (keys_ != nullptr && AreEqual(*keys, *keys_)) return Fetched{keys_, response->max_age};
    return Fetched{std::make_shared<const KeySet>(*std::move(keys)), response->max_age};
  }

  const std::unique_ptr<const internal::KeyFetcher> fetcher_;
  const RemoteKeySourceOptions& options_;  // Its.

  mutable std::mutex mutex_;
  mutable std::condition_variable wake_;
  std::atomic<bool> stopping_{false};
  mutable internal::KeyRefresh refresh_;  // Guarded by mutex_.
  // Written by the thread under mutex_, so the thread may read them without.
  std::shared_ptr<const KeySet> keys_;
  std::string last_error_;
  std::optional<absl::Duration> last_success_;
  int64_t successes_ = 0;
  std::map<std::string, int64_t> failures_;
  bool was_stale_ = false;
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
