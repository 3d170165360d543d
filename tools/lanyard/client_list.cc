// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/client_list.h"

#include "lanyard/issuer/accounts.h"
#include "lanyard/tools/account_text.h"
#include "lanyard/tools/issuer_accounts.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto issuer = OpenIssuerAccounts(arguments);
  if (!issuer.ok()) return issuer.status();
  const auto names = issuer->accounts->ClientNames();
  if (!names.ok()) return names.status();
  SayNames(arguments, "clients", *names, streams);
  return 0;
}

}  // namespace

Command ClientListCommand() {
  Command command;
  command.group = "client";
  command.name = "list";
  command.summary = "Names the clients of the token service";
  command.syntax.options = {IssuerConfigOption()};
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
