// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_ACCOUNTS_H_
#define LANYARD_ISSUER_ACCOUNTS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/v1/accounts.pb.h"

namespace lanyard {

// An issuer's users and clients, as whoever administers them sees them. Errors: NOT_FOUND,
// ALREADY_EXISTS, INVALID_ARGUMENT that names the field, and those of the store.
//
// Thread-safe; blocks on the store.
class Accounts {
 public:
  // `issuer` is iss, for revocations.
  Accounts(std::string issuer, std::shared_ptr<IssuerStore> store,
           std::shared_ptr<const Clock> clock = SystemClock());

  // A user without password_hash cannot sign in.
  absl::Status AddUser(const v1::User& user);
  absl::StatusOr<v1::User> FindUser(absl::string_view name) const;
  absl::StatusOr<std::vector<std::string>> UserNames() const;

  // Changes a user as `change` does; it may be called more than once, and its error is passed on.
  // All that was issued to the user until now is withdrawn in the same step with `end_sessions`,
  // and always with another password or when the user is disabled.
  absl::Status ChangeUser(absl::string_view name, bool end_sessions,
                          const std::function<absl::Status(v1::User*)>& change);

  absl::Status AddClient(const v1::Client& client);
  absl::StatusOr<v1::Client> FindClient(absl::string_view name) const;
  absl::StatusOr<std::vector<std::string>> ClientNames() const;

  // All that was issued to the client for itself until now, and exchanged by it, is withdrawn with
  // `revoke_tokens`, and always when it is disabled.
  absl::Status ChangeClient(absl::string_view name, bool revoke_tokens,
                            const std::function<absl::Status(v1::Client*)>& change);

  // Withdraws one token by its jti, a session by its sid, or whatever a key has signed by its kid:
  // 1 to 256 bytes.
  absl::Status RevokeToken(absl::string_view token_id);
  absl::Status RevokeSession(absl::string_view session_id);
  absl::Status RevokeKey(absl::string_view key_id);

 private:
  const std::string issuer_;
  const std::shared_ptr<IssuerStore> store_;
  const std::shared_ptr<const Clock> clock_;
};

}  // namespace lanyard

#endif  // LANYARD_ISSUER_ACCOUNTS_H_
