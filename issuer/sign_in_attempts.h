// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_SIGN_IN_ATTEMPTS_H_
#define LANYARD_ISSUER_SIGN_IN_ATTEMPTS_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/sdk/clock.h"

namespace lanyard::internal {

// Slows down who guesses passwords, and nobody else. Each network may try an account five times,
// and then after waiting 1, 2, 4, … seconds, up to a minute; in this way it is slowed down alone.
// Of networks from which nobody has signed in to that account within 30 days, all together may then
// try it once a second, so that many machines do not add up. Forgotten after 15 minutes without an
// attempt.
//
// Accounts that do not exist are counted like others. Thread-safe; blocks on the store.
class SignInAttempts {
 public:
  SignInAttempts(std::shared_ptr<IssuerStore> store, std::shared_ptr<const Clock> clock)
      : store_(std::move(store)), clock_(std::move(clock)) {}

  // Counts an attempt, before anything is done for it. False: it is too early for one.
  absl::StatusOr<bool> Begin(absl::string_view account, absl::string_view network);

  // The attempt was the owner's.
  absl::Status Succeeded(absl::string_view account, absl::string_view network);

 private:
  const std::shared_ptr<IssuerStore> store_;
  const std::shared_ptr<const Clock> clock_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_SIGN_IN_ATTEMPTS_H_
