// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/client_show.h"

#include "lanyard/issuer/accounts.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/tools/account_text.h"
#include "lanyard/tools/issuer_accounts.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto issuer = OpenIssuerAccounts(arguments);
  if (!issuer.ok()) return issuer.status();
  const auto client = issuer->accounts->FindClient(arguments.operand());
  if (!client.ok()) return AccountError("client", client.status());
  if (arguments.json()) {
    streams.out
        << internal::JsonObject().Bool("ok", true).Json("client", ClientJson(*client)).Finish()
        << "\n";
  } else {
    streams.out << ClientText(*client);
  }
  return 0;
}

}  // namespace

Command ClientShowCommand() {
  Command command;
  command.group = "client";
  command.name = "show";
  command.summary = "Shows how a client proves itself, and what it may have";
  command.syntax.operand = "NAME";
  command.syntax.operand_required = true;
  command.syntax.options = {IssuerConfigOption()};
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
