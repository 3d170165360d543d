// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_MEMORY_STORE_H_
#define LANYARD_ISSUER_MEMORY_STORE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "lanyard/issuer/issuer_store.h"
#include "lanyard/sdk/clock.h"

namespace lanyard {

// A store for tests and demonstrations: all is gone with the object, users and revocations among
// it, and no other process sees it.
class MemoryStore final : public IssuerStore {
 public:
  explicit MemoryStore(std::shared_ptr<const Clock> clock = SystemClock());

  absl::StatusOr<std::optional<Record>> Get(Kind kind, absl::string_view key) const override;
  absl::Status Apply(const Change& change) override;
  absl::StatusOr<std::vector<std::string>> Keys(Kind kind, absl::string_view after,
                                                size_t limit) const override;
  absl::StatusOr<RevocationLog> RevocationsAfter(uint64_t sequence) const override;
  absl::Status RemoveExpired() override;

  // Records and revocations that take space, expired ones too.
  size_t stored() const;

 private:
  struct Stored {
    Record record;
    int64_t expires_at;
  };
  using Records = std::map<std::pair<Kind, std::string>, Stored>;

  // The version of a record, 0 if there is none at that time.
  uint64_t VersionAt(int64_t now, const Write& write) const;

  const std::shared_ptr<const Clock> clock_;
  const std::string epoch_;
  mutable std::mutex mutex_;
  Records records_;
  uint64_t version_ = 0;
  std::map<uint64_t, v1::Revocation> revocations_;  // By sequence.
  uint64_t sequence_ = 0;
};

}  // namespace lanyard

#endif  // LANYARD_ISSUER_MEMORY_STORE_H_
