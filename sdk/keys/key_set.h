// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_KEY_SET_H_
#define LANYARD_SDK_KEYS_KEY_SET_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/keys/key.h"

namespace lanyard {

// The keys of one issuer, immutable. Thread-safe.
class KeySet {
 public:
  // The longest text and the most keys that are read.
  static constexpr size_t kMaxBytes = 256 * 1024;
  static constexpr size_t kMaxKeys = 100;

  KeySet() = default;
  explicit KeySet(std::vector<Key> keys) : keys_(std::move(keys)) {}

  // A JWK Set (RFC 7517 section 5). Entries that cannot verify signatures here, an unknown kty
  // among them, are left out and named in `warnings()`. Errors: not strict JSON, no "keys" array,
  // more than kMaxKeys, no usable key at all, an HMAC secret beside any other key.
  static absl::StatusOr<KeySet> FromJwks(absl::string_view json);

  // The JWK Set of an issuer, from its server, bound to `algorithms` as by BindTo(). What cannot be
  // used is left out and named in `warnings()`, because the rest must go on: HMAC secrets, keys
  // that fit two of the algorithms, keys of one id and algorithm, all of them, and keys whose
  // private half stands there for all to see. The set may thus be empty. Errors: not strict JSON,
  // no "keys" array, more than kMaxBytes or kMaxKeys.
  //
  // With `use` kJwtSvid it is a SPIFFE bundle, whose keys for X509-SVIDs are passed over.
  static absl::StatusOr<KeySet> FromRemote(absl::string_view json,
                                           const std::vector<Algorithm>& algorithms,
                                           KeyUse use = KeyUse::kSignature);

  // What a key file may hold: a JWK Set, one JWK, or PEM blocks (keys or certificates).
  static absl::StatusOr<KeySet> FromText(absl::string_view text);

  // Several as one. Errors: more than kMaxKeys, an HMAC secret beside any other key.
  static absl::StatusOr<KeySet> Join(const std::vector<const KeySet*>& sets);

  // The set as an issuer's config wants it: every key bound to exactly one of `algorithms`.
  // A key that says its own algorithm keeps it; one that does not gets the one listed algorithm
  // that fits (RFC 8725 section 3.1: one key, one algorithm). Private halves are dropped. Keys
  // that fit none, may not verify, or are of another use, are left out with a warning. Errors: a
  // key that fits two, two keys of one id and algorithm, no key left.
  absl::StatusOr<KeySet> BindTo(const std::vector<Algorithm>& algorithms,
                                KeyUse use = KeyUse::kSignature) const;

  const std::vector<Key>& keys() const { return keys_; }

  // How often a SPIFFE bundle asks to be fetched (spiffe_refresh_hint).
  std::optional<absl::Duration> refresh_hint() const { return refresh_hint_; }

  // What was left out or looks wrong, for the log; no key bytes.
  const std::vector<std::string>& warnings() const { return warnings_; }

  // The public halves as a JWK Set. Error if the set holds an HMAC secret.
  absl::StatusOr<std::string> ToPublicJwks() const;

 private:
  std::vector<Key> keys_;
  std::vector<std::string> warnings_;
  std::optional<absl::Duration> refresh_hint_;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_KEYS_KEY_SET_H_
