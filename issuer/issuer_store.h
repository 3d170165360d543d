// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_ISSUER_STORE_H_
#define LANYARD_ISSUER_ISSUER_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/v1/revocation.pb.h"

namespace lanyard {

// Where an issuer keeps what must outlive it: users, clients, sessions, revocations. Records are
// bytes under a kind and a key, each with a version, and the log of revocations beside them; what
// they mean is not the store's business.
//
// Errors: ABORTED where a version is not the expected one; UNAVAILABLE while the store cannot be
// reached or does not answer in time, where it is unknown whether a change was made; anything else
// is permanent. Messages name the file or server, and hold no record's bytes.
//
// Thread-safe. Every call may block on I/O, for a bounded time.
class IssuerStore {
 public:
  enum class Kind { kUser, kClient, kSession, kUsedId, kAttempts };

  struct Record {
    std::string value;
    uint64_t version = 0;  // At least 1. A record that was deleted and made again has another.
  };

  struct Write {
    Kind kind;
    std::string key;  // 1 to 256 bytes.

    // The version that the record must have now; 0: there must be none.
    uint64_t expected_version = 0;

    // None deletes the record. At most 64 KiB.
    std::optional<std::string> value;

    // From then on there is no such record.
    absl::Time expires_at = absl::InfiniteFuture();
  };

  // What is done whole or not at all.
  struct Change {
    std::vector<Write> writes;  // No record twice.
    std::vector<v1::Revocation> revocations;
  };

  virtual ~IssuerStore() = default;

  virtual absl::StatusOr<std::optional<Record>> Get(Kind kind, absl::string_view key) const = 0;

  // Once this returns OK, the change outlasts a crash of this process, of the machine, and of as
  // many replicas of the store as it was told to wait for.
  virtual absl::Status Apply(const Change& change) = 0;

  // Keys in order, from the first after `after`; as many as there are up to `limit`.
  virtual absl::StatusOr<std::vector<std::string>> Keys(Kind kind, absl::string_view after,
                                                        size_t limit) const = 0;

  struct RevocationLog {
    // A random word, another one once the store has lost something that it had acknowledged.
    // Sessions do not outlive their epoch.
    std::string epoch;

    // Of the last revocation ever made; 0 before the first.
    uint64_t sequence = 0;

    // Those after the one that was asked for and not yet expired, oldest first.
    std::vector<v1::Revocation> revocations;
  };

  // All with sequences above `sequence`, up to some limit of the store's; then `sequence` in the
  // answer is that of the last one here.
  virtual absl::StatusOr<RevocationLog> RevocationsAfter(uint64_t sequence) const = 0;

  // Makes room: what has expired is gone for readers at once, but takes space until this is called.
  virtual absl::Status RemoveExpired() = 0;
};

}  // namespace lanyard

#endif  // LANYARD_ISSUER_ISSUER_STORE_H_
