// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_SET_PASSWORD_H_
#define LANYARD_ISSUER_SET_PASSWORD_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/v1/accounts.pb.h"
#include "lanyard/v1/issuer.pb.h"

namespace lanyard {

// Gives a user a password, by the rules of the config's sign_in, and ends the user's sessions: all
// that was issued to the user until now is withdrawn.
//
// INVALID_ARGUMENT, with what would be right, for a password that may not be set; NOT_FOUND. No
// message repeats the password. Takes half a second and 128 MiB.
absl::Status SetPassword(Accounts& accounts, absl::string_view user, absl::string_view password,
                         const v1::SignIn& rules);

// Adds a user who has a password by the same rules, in one step: one whose password may not be set
// is not added. ALREADY_EXISTS, and the errors of SetPassword() and Accounts::AddUser().
absl::Status AddUserWithPassword(Accounts& accounts, v1::User user, absl::string_view password,
                                 const v1::SignIn& rules);

}  // namespace lanyard

#endif  // LANYARD_ISSUER_SET_PASSWORD_H_
