// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_VERIFIER_H_
#define LANYARD_SDK_VERIFIER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/keys/key_source.h"
#include "lanyard/sdk/revocations/revocation_source.h"
#include "lanyard/sdk/token_connection.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard {

// An issuer and where its keys come from.
struct TrustedIssuer {
  // Required. jwks_file is not read here: `keys` stands for it.
  v1::Issuer config;

  // Required.
  std::shared_ptr<const KeySource> keys;

  // What of its tokens is revoked, asked on every call. Null: its tokens are good until they
  // expire.
  std::shared_ptr<const RevocationSource> revocations = nullptr;
};

struct VerifierOptions {
  // Required, at least one; no two with the same name or the same iss.
  std::vector<TrustedIssuer> issuers;

  // The longest token that is looked at, in bytes.
  size_t max_token_bytes = 16 * 1024;

  // How much memory verdicts may take. They are kept per token text, used only with the key set
  // they were made with, and every call checks time, binding and revocation anew.
  size_t cache_bytes = 16 * 1024 * 1024;

  std::shared_ptr<const Clock> clock = SystemClock();
};

// How a verifier is doing, for metrics and for people.
struct VerifierStatus {
  // Tokens that had been seen, and those that had not, since it was made; and what it keeps.
  int64_t cache_hits = 0, cache_misses = 0;
  size_t cache_bytes = 0;
};

// Turns a compact JWT into the identity of the caller who holds it.
//
// Checks run in a fixed order and stop at the first failure; no claim is believed before the
// signature (docs/concepts/verification.md has the order and the RFC behind each check).
//
//   absl::StatusOr<Identity> caller = verifier->Verify(token);
//
// Failures carry an AuthFailure. Their messages are for operators; do not send them to the peer.
//
// Thread-safe. Verify() does no I/O and holds no lock while it does crypto.
class Verifier {
 public:
  // Fails, naming the field, for a config that leaves a check undefined.
  static absl::StatusOr<std::unique_ptr<Verifier>> Create(VerifierOptions options);
  ~Verifier();

  // For a token whose connection does not matter: it has no client certificate and no budget.
  absl::StatusOr<Identity> Verify(absl::string_view token) const;

  absl::StatusOr<Identity> Verify(absl::string_view token, TokenConnection& connection) const;

  // Whether a caller whom this or an earlier verifier has verified could still be, but for the
  // time: the issuer is configured as it was, the key has not been withdrawn, and the token is not
  // revoked.
  absl::Status StillTrusts(const Identity& caller) const;

  VerifierStatus Status() const;

  // For tests: called between a good signature and the verdict's storing.
  void set_before_insert_for_test(std::function<void()> hook);

 private:
  struct State;
  explicit Verifier(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_VERIFIER_H_
