// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/client_set.h"

#include "absl/status/status.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/tools/account_text.h"
#include "lanyard/tools/client_options.h"
#include "lanyard/tools/issuer_accounts.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

bool ChangesAnything(const Arguments& arguments) {
  if (arguments.Has("--revoke-tokens")) return true;
  for (const Option& option : ClientSetOptions()) {
    if (arguments.Has(option.name)) return true;
  }
  return false;
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  if (!ChangesAnything(arguments)) return UsageError("nothing to change; --help lists what can be");
  const auto change = ReadClientOptions(arguments, streams);
  if (!change.ok()) return change.status();
  const auto issuer = OpenIssuerAccounts(arguments);
  if (!issuer.ok()) return issuer.status();
  const absl::Status changed = issuer->accounts->ChangeClient(
      arguments.operand(), arguments.Has("--revoke-tokens"), *change);
  if (!changed.ok()) return AccountError("client", changed);
  SayDone(arguments, "client", arguments.operand(), "is changed", streams);
  return 0;
}

}  // namespace

Command ClientSetCommand() {
  Command command;
  command.group = "client";
  command.name = "set";
  command.summary = "Changes how a client proves itself, and what it may have";
  command.details =
      "A grant or an exchange takes the place of the one for the same audience. Of the other lists "
      "what is\ngiven takes the place of all that there was. Tokens that are out stay what they "
      "are "
      "until they expire,\nbut with --revoke-tokens: say it where a key or a certificate has "
      "leaked.\n\n"
      "  lanyard client set orders --config issuer.textproto --certificate-name "
      "spiffe://prod/orders-2\n";
  command.syntax.operand = "NAME";
  command.syntax.operand_required = true;
  command.syntax.options = ClientSetOptions();
  command.syntax.options.insert(command.syntax.options.begin(), IssuerConfigOption());
  command.syntax.options.push_back(
      {"--revoke-tokens", "", "withdraw what it was given, or has exchanged, until now"});
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
