// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/client_disable.h"

#include "absl/status/status.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/tools/account_text.h"
#include "lanyard/tools/issuer_accounts.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Set(bool disabled, const Arguments& arguments, Streams& streams) {
  const auto issuer = OpenIssuerAccounts(arguments);
  if (!issuer.ok()) return issuer.status();
  const absl::Status changed = issuer->accounts->ChangeClient(
      arguments.operand(), /*revoke_tokens=*/disabled, [disabled](v1::Client* client) {
        client->set_disabled(disabled);
        return absl::OkStatus();
      });
  if (!changed.ok()) return AccountError("client", changed);
  SayDone(arguments, "client", arguments.operand(),
          disabled ? "is disabled, and its tokens are withdrawn" : "is enabled", streams);
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
  command.group = "client";
  command.syntax.operand = "NAME";
  command.syntax.operand_required = true;
  command.syntax.options = {IssuerConfigOption()};
  return command;
}

}  // namespace

Command ClientDisableCommand() {
  Command command = Base();
  command.name = "disable";
  command.summary = "Refuses a client, and withdraws its tokens";
  command.details =
      "What was issued to it for itself, and what it has exchanged, is withdrawn in the same step. "
      "Sessions of\nusers that signed in with it cannot be refreshed while it is disabled; their "
      "tokens that are out stay good\nuntil they expire.\n\n"
      "  lanyard client disable checkout --config issuer.textproto\n";
  command.run = Disable;
  return command;
}

Command ClientEnableCommand() {
  Command command = Base();
  command.name = "enable";
  command.summary = "Lets a client in again";
  command.details = "Tokens that were withdrawn stay so.\n";
  command.run = Enable;
  return command;
}

}  // namespace lanyard::tools
