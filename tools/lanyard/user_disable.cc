// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/user_disable.h"

#include "absl/status/status.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/tools/account_text.h"
#include "lanyard/tools/issuer_accounts.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Set(bool disabled, const Arguments& arguments, Streams& streams) {
  const auto issuer = OpenIssuerAccounts(arguments);
  if (!issuer.ok()) return issuer.status();
  const absl::Status changed = issuer->accounts->ChangeUser(
      arguments.operand(), /*end_sessions=*/disabled, [disabled](v1::User* user) {
        user->set_disabled(disabled);
        return absl::OkStatus();
      });
  if (!changed.ok()) return AccountError("user", changed);
  SayDone(arguments, "user", arguments.operand(),
          disabled ? "is disabled, and all sessions are over" : "is enabled", streams);
  return 0;
}

absl::StatusOr<int> Disable(const Arguments& arguments, Streams& streams) {
  return Set(true, arguments, streams);
}

absl::StatusOr<int> Enable(const Arguments& arguments, Streams& streams) {
  return Set(false, arguments, streams);
}

Command Base() {
  Command command;
  command.group = "user";
  command.syntax.operand = "NAME";
  command.syntax.operand_required = true;
  command.syntax.options = {IssuerConfigOption()};
  return command;
}

}  // namespace

Command UserDisableCommand() {
  Command command = Base();
  command.name = "disable";
  command.summary = "Keeps a user out, and ends the user's sessions";
  command.details =
      "All that was issued to the user until now is withdrawn in the same step; servers that "
      "follow "
      "the\nrevocations refuse it within a second, others until it expires.\n\n"
      "  lanyard user disable ada --config issuer.textproto\n";
  command.run = Disable;
  return command;
}

Command UserEnableCommand() {
  Command command = Base();
  command.name = "enable";
  command.summary = "Lets a user in again";
  command.details = "Sessions that were ended stay so.\n";
  command.run = Enable;
  return command;
}

}  // namespace lanyard::tools
