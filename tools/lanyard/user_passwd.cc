// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/user_passwd.h"

#include <string>

#include "absl/status/status.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/issuer/set_password.h"
#include "lanyard/tools/account_text.h"
#include "lanyard/tools/issuer_accounts.h"
#include "lanyard/tools/password_input.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto issuer = OpenIssuerAccounts(arguments);
  if (!issuer.ok()) return issuer.status();
  if (!issuer->config.has_sign_in()) {
    return absl::FailedPreconditionError(
        "the config has no sign_in, so that nobody signs in by password");
  }
  const std::string name = arguments.operand();
  if (const auto found = issuer->accounts->FindUser(name); !found.ok()) {
    return AccountError("user", found.status());
  }
  const auto password = ReadNewPassword(arguments, streams);
  if (!password.ok()) return password.status();
  const absl::Status set =
      SetPassword(*issuer->accounts, name, password->view(), issuer->config.sign_in());
  if (!set.ok()) return AccountError("user", set);
  SayDone(arguments, "user", name, "has that password now, and has to sign in anew", streams);
  return 0;
}

}  // namespace

Command UserPasswdCommand() {
  Command command;
  command.group = "user";
  command.name = "passwd";
  command.summary = "Gives a user another password, and ends the user's sessions";
  command.details =
      "All that was issued to the user until now is withdrawn in the same step.\n\n"
      "  lanyard user passwd ada --config issuer.textproto\n";
  command.syntax.operand = "NAME";
  command.syntax.operand_required = true;
  command.syntax.options = {IssuerConfigOption(), PasswordStdinOption()};
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
