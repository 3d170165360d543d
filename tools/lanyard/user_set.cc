// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/user_set.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/tools/account_options.h"
#include "lanyard/tools/account_text.h"
#include "lanyard/tools/issuer_accounts.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto grants = GrantsOption(arguments, "--grant");
  if (!grants.ok()) return grants.status();
  const auto claims = ClaimsOption(arguments, "--claim");
  if (!claims.ok()) return claims.status();
  const auto no_grants = arguments.Values("--remove-grant");
  const auto no_claims = arguments.Values("--remove-claim");
  if (grants->empty() && claims->empty() && no_grants.empty() && no_claims.empty()) {
    return UsageError(
        "nothing to change: --grant, --remove-grant, --claim or --remove-claim is missing");
  }
  const auto issuer = OpenIssuerAccounts(arguments);
  if (!issuer.ok()) return issuer.status();
  const absl::Status changed = issuer->accounts->ChangeUser(
      arguments.operand(), /*end_sessions=*/false, [&](v1::User* user) {
        absl::Status s = RemoveGrants("--remove-grant", no_grants, user->mutable_grants());
        if (!s.ok()) return s;
        ReplaceGrants(*grants, user->mutable_grants());
        for (const std::string& claim : no_claims) {
          if (user->mutable_claims()->erase(claim) == 0) {
            return absl::InvalidArgumentError(absl::StrCat("--remove-claim: there is no claim \"",
                                                           internal::Printable(claim, 80), "\""));
          }
        }
        for (const auto& [claim, value] : *claims) (*user->mutable_claims())[claim] = value;
        return absl::OkStatus();
      });
  if (!changed.ok()) return AccountError("user", changed);
  SayDone(arguments, "user", arguments.operand(), "is changed", streams);
  return 0;
}

}  // namespace

Command UserSetCommand() {
  Command command;
  command.group = "user";
  command.name = "set";
  command.summary = "Changes what a user may have, and the user's claims";
  command.details =
      "A grant takes the place of the one for the same audience, a claim that of the same name; "
      "others stay.\nSessions go on, with what the user may have now from their next refresh on. "
      "A token that is out stays\nwhat it is until it expires; `lanyard revoke --user NAME` ends "
      "it now.\n\n"
      "  lanyard user set ada --config issuer.textproto --grant orders=orders.read --remove-claim "
      "roles\n";
  command.syntax.operand = "NAME";
  command.syntax.operand_required = true;
  command.syntax.options = {
      IssuerConfigOption(),
      {"--grant", "AUDIENCE=SCOPE,SCOPE", "tokens that the user may have", /*required=*/false,
       /*repeatable=*/true},
      {"--remove-grant", "AUDIENCE", "no more tokens for this audience", /*required=*/false,
       /*repeatable=*/true},
      {"--claim", "NAME=JSON", "a claim for the tokens of clients that see it",
       /*required=*/false, /*repeatable=*/true},
      {"--remove-claim", "NAME", "no longer this claim", /*required=*/false, /*repeatable=*/true},
  };
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
