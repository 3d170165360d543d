// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/user_show.h"

#include "lanyard/issuer/accounts.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/tools/account_text.h"
#include "lanyard/tools/issuer_accounts.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto issuer = OpenIssuerAccounts(arguments);
  if (!issuer.ok()) return issuer.status();
  const auto user = issuer->accounts->FindUser(arguments.operand());
  if (!user.ok()) return AccountError("user", user.status());
  if (arguments.json()) {
    streams.out << internal::JsonObject().Bool("ok", true).Json("user", UserJson(*user)).Finish()
                << "\n";
  } else {
    streams.out << UserText(*user);
  }
  return 0;
}

}  // namespace

Command UserShowCommand() {
  Command command;
  command.group = "user";
  command.name = "show";
  command.summary = "Shows what a user may have, never the password";
  command.syntax.operand = "NAME";
  command.syntax.operand_required = true;
  command.syntax.options = {IssuerConfigOption()};
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
