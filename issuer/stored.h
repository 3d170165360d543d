// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_STORED_H_
#define LANYARD_ISSUER_STORED_H_

#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/issuer/issuer_store.h"

namespace lanyard::internal {

// A record of the store, read as a message.
template <typename T>
struct Stored {
  T value;
  uint64_t version = 0;
};

template <typename T>
absl::StatusOr<std::optional<Stored<T>>> ReadRecord(const IssuerStore& store,
                                                    IssuerStore::Kind kind, absl::string_view key) {
  auto record = store.Get(kind, key);
  if (!record.ok()) return record.status();
  if (!record->has_value()) return std::optional<Stored<T>>();
  Stored<T> stored;
  stored.version = (*record)->version;
  if (!stored.value.ParseFromString((*record)->value)) {
    return absl::DataLossError("a record of the store cannot be read");
  }
  return std::optional<Stored<T>>(std::move(stored));
}

template <typename T>
IssuerStore::Write WriteRecord(IssuerStore::Kind kind, absl::string_view key,
                               const Stored<T>& record,
                               absl::Time expires_at = absl::InfiniteFuture()) {
  return {kind, std::string(key), record.version, record.value.SerializeAsString(), expires_at};
}

inline IssuerStore::Write DeleteRecord(IssuerStore::Kind kind, absl::string_view key,
                                       uint64_t version) {
  return {kind, std::string(key), version, std::nullopt, absl::InfiniteFuture()};
}

// How often a change is tried anew that others were ahead of.
inline constexpr int kMaxRaces = 100;

inline absl::Status LostEveryRace() {
  return absl::UnavailableError("others change the same record all the time");
}

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_STORED_H_
