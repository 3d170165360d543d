// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/fetched_keys.h"

#include <algorithm>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

double Random() {
  thread_local std::minstd_rand engine(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

std::string WithoutDigits(std::string text) {
  text.erase(std::remove_if(text.begin(), text.end(), absl::ascii_isdigit), text.end());
  return text;
}

// "3 keys: a, b, c".
std::string Inventory(const KeySet& keys) {
  std::vector<std::string> ids;
  for (const Key& key : keys.keys()) ids.push_back(Printable(key.id(), 64));
  constexpr size_t kShown = 8;
  const size_t shown = std::min(ids.size(), kShown);
  return absl::StrCat(ids.size(), ids.size() == 1 ? " key: " : " keys: ",
                      absl::StrJoin(ids.begin(), ids.begin() + shown, ", "),
                      shown < ids.size() ? ", …" : "");
}

}  // namespace

bool HaveSameKeys(const KeySet& a, const KeySet& b) {
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

FetchedKeys::FetchedKeys(std::string name, absl::Duration interval, absl::Duration max_stale,
                         absl::Duration longest_pause)
    : name_(std::move(name)),
      max_stale_(max_stale),
      refresh_(interval, max_stale, Random, longest_pause) {}

std::shared_ptr<const KeySet> FetchedKeys::Current(Time now) const {
  return refresh_.IsStale(now) ? nullptr : keys_;
}

absl::Status FetchedKeys::Health(Time now) const {
  const bool stale = refresh_.IsStale(now);
  if (keys_ == nullptr) {
    return absl::UnavailableError(absl::StrCat(
        "no keys yet: ", last_error_.empty() ? "the first fetch is under way" : last_error_));
  }
  if (!stale && !keys_->keys().empty()) return absl::OkStatus();
  if (stale) {
    return absl::UnavailableError(
        absl::StrCat("keys older than max_stale, ", absl::FormatDuration(max_stale_), ": ",
                     last_error_.empty() ? "not fetched since" : last_error_));
  }
  return absl::UnavailableError(empty_because_.empty() ? "the issuer publishes no usable key"
                                                       : empty_because_);
}

KeySourceStatus FetchedKeys::Status(Time now) const {
  KeySourceStatus status;
  if (const auto keys = Current(now); keys != nullptr) {
    for (const Key& key : keys->keys()) status.key_ids.push_back(key.PrintableId());
  }
  if (last_success_.has_value()) status.age = now - *last_success_;
  status.successes = successes_;
  status.failures = failures_;
  status.last_error = last_error_;
  return status;
}

void FetchedKeys::Succeeded(Time now, std::shared_ptr<const KeySet> keys,
                            std::optional<absl::Duration> max_age,
                            const std::string& empty_because) {
  const bool was_failing = refresh_.failures() > 0;
  std::set<std::string> ids;
  for (const Key& key : keys->keys()) ids.insert(key.id());
  refresh_.Succeeded(now, max_age, [&ids](const std::string& id) { return ids.count(id) > 0; });
  if (was_failing && keys == keys_) LogLine(absl::StrCat(name_, ": keys fetched again"));
  Take(now, std::move(keys), empty_because);
  Mark();
}

void FetchedKeys::Mark() { current_.Set(keys_, refresh_.FreshUntil()); }

void FetchedKeys::Replaced(Time now, std::shared_ptr<const KeySet> keys,
                           const std::string& empty_because) {
  Take(now, std::move(keys), empty_because);
  Mark();
}

void FetchedKeys::Take(Time now, std::shared_ptr<const KeySet> keys,
                       const std::string& empty_because) {
  last_success_ = now;
  ++successes_;
  last_error_.clear();
  empty_because_ = empty_because;
  if (keys == keys_) return;
  std::set<std::string> ids;
  for (const Key& key : keys->keys()) ids.insert(key.id());
  // A set that has become empty may be an issuer that is just starting.
  if (keys_ != nullptr && !ids.empty()) {
    for (const Key& key : keys_->keys()) {
      if (ids.count(key.id()) == 0) refresh_.Withdrawn(key.id(), now);
    }
  }
  Announce(*keys);
  keys_ = std::move(keys);
}

void FetchedKeys::Announce(const KeySet& keys) const {
  if (keys.keys().empty()) {
    LogLine(absl::StrCat(
        name_, ": ALARM: ", empty_because_.empty() ? "it publishes no usable key" : empty_because_,
        ", its tokens are refused"));
  } else {
    LogLine(absl::StrCat(name_, ": ", Inventory(keys)));
  }
  size_t shown = 0;
  for (const std::string& warning : keys.warnings()) {
    if (++shown > 8) break;
    LogLine(absl::StrCat(name_, ": ", warning));
  }
}

void FetchedKeys::Failed(Time now, const absl::Status& failure, const std::string& kind) {
  refresh_.Failed(now);
  const std::string error(failure.message());
  // Numbers are mostly times and ports, and would make every line a new one.
  if (refresh_.failures() == 1 || WithoutDigits(error) != WithoutDigits(last_error_)) {
    LogLine(absl::StrCat(
        name_, ": keys not fetched, ",
        keys_ == nullptr ? "there are none yet: " : "the last good ones stay: ", error));
  }
  last_error_ = error;
  ++failures_[kind];
}

void FetchedKeys::Forget(absl::string_view why) {
  if (keys_ == nullptr) return;
  LogLine(absl::StrCat(name_, ": ALARM: ", why, ", its tokens are refused"));
  keys_ = nullptr;
  Mark();
}

void FetchedKeys::NoteStaleness(Time now) {
  const bool stale = keys_ != nullptr && refresh_.IsStale(now);
  if (stale && !was_stale_) {
    LogLine(absl::StrCat(name_, ": ALARM: keys older than max_stale, ",
                         absl::FormatDuration(max_stale_), ", its tokens are refused"));
  }
  was_stale_ = stale;
}

int64_t FetchedKeys::fetches() const {
  int64_t fetches = successes_;
  for (const auto& failure : failures_) fetches += failure.second;
  return fetches;
}

}  // namespace lanyard::internal
