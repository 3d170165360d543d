// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_STORE_CHANGE_H_
#define LANYARD_ISSUER_STORE_CHANGE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/issuer/issuer_store.h"

// What every store does alike.
namespace lanyard::internal {

// How many revocations a store gives at once.
inline constexpr size_t kMaxRevocationsAtOnce = 1000;

// What a kind is called where records are kept, which must stay.
absl::string_view WordOf(IssuerStore::Kind kind);

// INVALID_ARGUMENT where a change is not what IssuerStore asks for.
absl::Status CheckChange(const IssuerStore::Change& change);

// What Apply() says of a record that has another version. It names the kind only: keys are hashes
// of secrets, or people.
absl::Status VersionMismatch(IssuerStore::Kind kind);

// In microseconds, which is how exact expiry is. What expires at a time has expired if
// Micros(now) >= ExpiryMicros(time). Both fit into 53 bits, the infinite future too.
int64_t Micros(absl::Time now);
int64_t ExpiryMicros(absl::Time time);
int64_t ExpiryMicros(const v1::Revocation& revocation);

// A random word for RevocationLog::epoch.
std::string NewEpoch();

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_STORE_CHANGE_H_
