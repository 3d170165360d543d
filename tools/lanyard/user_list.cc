// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/user_list.h"

#include "lanyard/issuer/accounts.h"
#include "lanyard/tools/account_text.h"
#include "lanyard/tools/issuer_accounts.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto issuer = OpenIssuerAccounts(arguments);
  if (!issuer.ok()) return issuer.status();
  const auto names = issuer->accounts->UserNames();
  if (!names.ok()) return names.status();
  SayNames(arguments, "users", *names, streams);
  return 0;
}

}  // namespace

Command UserListCommand() {
  Command command;
  command.group = "user";
  command.name = "list";
  command.summary = "Names the users of the token service";
  command.syntax.options = {IssuerConfigOption()};
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
