// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/memory_store.h"

#include "lanyard/issuer/store_change.h"

namespace lanyard {

using internal::ExpiryMicros;
using internal::Micros;

MemoryStore::MemoryStore(std::shared_ptr<const Clock> clock)
    : clock_(std::move(clock)), epoch_(internal::NewEpoch()) {}

uint64_t MemoryStore::VersionAt(int64_t now, const Write& write) const {
  const auto found = records_.find({write.kind, write.key});
  return found == records_.end() || now >= found->second.expires_at ? 0
                                                                    : found->second.record.version;
}

absl::StatusOr<std::optional<IssuerStore::Record>> MemoryStore::Get(Kind kind,
                                                                    absl::string_view key) const {
  const int64_t now = Micros(clock_->Now());
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = records_.find({kind, std::string(key)});
  if (found == records_.end() || now >= found->second.expires_at) return std::nullopt;
  return found->second.record;
}

absl::Status MemoryStore::Apply(const Change& change) {
  if (absl::Status status = internal::CheckChange(change); !status.ok()) return status;
  const int64_t now = Micros(clock_->Now());
  std::lock_guard<std::mutex> lock(mutex_);
  for (const Write& write : change.writes) {
    if (VersionAt(now, write) != write.expected_version) {
      return internal::VersionMismatch(write.kind);
    }
  }
  ++version_;
  for (const Write& write : change.writes) {
    std::pair<Kind, std::string> name(write.kind, write.key);
    if (write.value.has_value()) {
      records_[std::move(name)] = {{*write.value, version_}, ExpiryMicros(write.expires_at)};
    } else {
      records_.erase(name);
    }
  }
  for (const v1::Revocation& revocation : change.revocations) {
    revocations_.emplace(++sequence_, revocation);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> MemoryStore::Keys(Kind kind, absl::string_view after,
                                                           size_t limit) const {
  const int64_t now = Micros(clock_->Now());
  std::vector<std::string> keys;
  std::lock_guard<std::mutex> lock(mutex_);
  for (auto it = records_.upper_bound({kind, std::string(after)});
       it != records_.end() && it->first.first == kind && keys.size() < limit; ++it) {
    if (now < it->second.expires_at) keys.push_back(it->first.second);
  }
  return keys;
}

absl::StatusOr<IssuerStore::RevocationLog> MemoryStore::RevocationsAfter(uint64_t sequence) const {
  const int64_t now = Micros(clock_->Now());
  RevocationLog log;
  log.epoch = epoch_;
  std::lock_guard<std::mutex> lock(mutex_);
  log.sequence = sequence_;
  for (auto it = revocations_.upper_bound(sequence); it != revocations_.end(); ++it) {
    if (now >= ExpiryMicros(it->second)) continue;
    if (log.revocations.size() == internal::kMaxRevocationsAtOnce) break;
    log.revocations.push_back(it->second);
    log.sequence = it->first;
  }
  if (log.revocations.size() < internal::kMaxRevocationsAtOnce) log.sequence = sequence_;
  return log;
}

absl::Status MemoryStore::RemoveExpired() {
  const int64_t now = Micros(clock_->Now());
  std::lock_guard<std::mutex> lock(mutex_);
  for (auto it = records_.begin(); it != records_.end();) {
    it = now >= it->second.expires_at ? records_.erase(it) : std::next(it);
  }
  for (auto it = revocations_.begin(); it != revocations_.end();) {
    it = now >= ExpiryMicros(it->second) ? revocations_.erase(it) : std::next(it);
  }
  return absl::OkStatus();
}

size_t MemoryStore::stored() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return records_.size() + revocations_.size();
}

}  // namespace lanyard
