// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/set_password.h"

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "lanyard/issuer/password_hash.h"
#include "lanyard/issuer/password_rules.h"
#include "lanyard/issuer/password_text.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard {

namespace {

// The password in the form that is hashed, if the rules let it be set.
absl::StatusOr<internal::Secret> CheckedPassword(absl::string_view password,
                                                 const v1::SignIn& rules) {
  internal::PasswordRules checks;
  if (!rules.password_blocklist_file().empty()) {
    auto listed = internal::PasswordRules::WithBlocklist(rules.password_blocklist_file());
    if (!listed.ok()) {
      return absl::Status(listed.status().code(), absl::StrCat("sign_in.password_blocklist_file: ",
                                                               listed.status().message()));
    }
    checks = *std::move(listed);
  }
  auto text = internal::PasswordText(password);
  if (!text.ok()) return text.status();
  if (absl::Status status = checks.Check(*text); !status.ok()) return status;
  return text;
}

absl::StatusOr<std::string> HashOf(const internal::Secret& password) {
  const auto hashes = internal::PasswordHashes::Create({});
  if (!hashes.ok()) return hashes.status();
  return (*hashes)->Hash(password);
}

}  // namespace

absl::Status SetPassword(Accounts& accounts, absl::string_view user, absl::string_view password,
                         const v1::SignIn& rules) {
  const auto text = CheckedPassword(password, rules);
  if (!text.ok()) return text.status();
  // Before the work, which is dear.
  if (const auto found = accounts.FindUser(user); !found.ok()) return found.status();
  const auto hash = HashOf(*text);
  if (!hash.ok()) return hash.status();
  return accounts.ChangeUser(user, /*end_sessions=*/true, [&](v1::User* changed) {
    changed->set_password_hash(*hash);
    return absl::OkStatus();
  });
}

absl::Status AddUserWithPassword(Accounts& accounts, v1::User user, absl::string_view password,
                                 const v1::SignIn& rules) {
  const auto text = CheckedPassword(password, rules);
  if (!text.ok()) return text.status();
  auto hash = HashOf(*text);
  if (!hash.ok()) return hash.status();
  user.set_password_hash(*std::move(hash));
  return accounts.AddUser(user);
}

}  // namespace lanyard
