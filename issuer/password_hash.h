// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_PASSWORD_HASH_H_
#define LANYARD_ISSUER_PASSWORD_HASH_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/crypto/scrypt.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {

// How passwords are hashed now: scrypt with N = 2^17, r = 8, p = 1, a salt of 16 bytes and a hash
// of 32, for 128 MiB and some tenths of a second each.
struct PasswordHashesOptions {
  // For new hashes. Tests take cheaper ones.
  ScryptCost cost;

  // The most that a derivation may allocate. Bounds the parameters of stored hashes too: whoever
  // can write to the store must not be able to take the whole memory.
  uint64_t max_memory = uint64_t{256} << 20;
};

// Makes and checks the stored form of passwords, as PasswordText() returns them.
//
// Every check costs the same work, N * r * p in all, whether the password is right or wrong, the
// user unknown, or the hash an old and cheaper one: nobody learns from the time it takes who is
// there. So the caller checks something for every sign-in, and says kNobody where there is nobody
// who may sign in.
//
// Thread-safe. Both calls block for their derivations; see internal::WorkQueue.
class PasswordHashes {
 public:
  // INVALID_ARGUMENT for a cost that is out of bounds or takes more than max_memory.
  static absl::StatusOr<std::unique_ptr<PasswordHashes>> Create(PasswordHashesOptions options);

  // A new record, with a salt of its own. RESOURCE_EXHAUSTED without memory.
  absl::StatusOr<std::string> Hash(const Secret& password) const;

  struct Verdict {
    bool matches = false;
    // It matches a record of other parameters than the current ones: once the user is signed in,
    // what Hash() returns takes its place. That is another derivation, and apart from Check() so
    // that refusals which are still to come cost no more than others.
    bool needs_rehash = false;
  };

  // What stands for the record of a user that does not exist, is disabled or has no password.
  static constexpr std::optional<absl::string_view> kNobody = std::nullopt;

  // Whether a password is that of a record. DATA_LOSS for a record that cannot be read or asks for
  // more memory than allowed, after the same work; RESOURCE_EXHAUSTED without memory.
  //
  // A record dearer than the current parameters, from before they were lowered, costs its own work
  // until it is replaced.
  absl::StatusOr<Verdict> Check(std::optional<absl::string_view> record,
                                const Secret& password) const;

  // What was done so far, so that tests need no watch.
  struct Work {
    int64_t derivations = 0;
    uint64_t cost = 0;  // N * r * p of all of them.
  };
  Work work() const;

 private:
  explicit PasswordHashes(PasswordHashesOptions options) : options_(options) {}

  absl::StatusOr<Secret> Derive(const Secret& password, absl::string_view salt,
                                const ScryptCost& cost, size_t bytes) const;
  // Derivations for nothing, of `cost` in all.
  absl::Status Spend(uint64_t cost, const Secret& password) const;

  const PasswordHashesOptions options_;
  mutable std::atomic<int64_t> derivations_{0};
  mutable std::atomic<uint64_t> cost_{0};
};

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_PASSWORD_HASH_H_
