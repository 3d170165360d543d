// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/user_add.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/issuer/memory_store.h"
#include "lanyard/issuer/set_password.h"
#include "lanyard/tools/account_options.h"
#include "lanyard/tools/account_text.h"
#include "lanyard/tools/issuer_accounts.h"
#include "lanyard/tools/password_input.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

// Whether a user could be added, so that nobody types a password in vain.
absl::Status Check(const IssuerAccounts& issuer, const v1::User& user) {
  if (issuer.accounts->FindUser(user.name()).ok()) {
    return absl::AlreadyExistsError(absl::StrCat("there is a \"", user.name(), "\" already"));
  }
  return Accounts(issuer.config.issuer(), std::make_shared<MemoryStore>()).AddUser(user);
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const bool without = arguments.Has("--no-password");
  if (without && arguments.Has("--password-stdin")) {
    return UsageError("--no-password and --password-stdin are both given; it is one or the other");
  }
  v1::User user;
  user.set_name(arguments.operand());
  const auto grants = GrantsOption(arguments, "--grant");
  if (!grants.ok()) return grants.status();
  ReplaceGrants(*grants, user.mutable_grants());
  const auto claims = ClaimsOption(arguments, "--claim");
  if (!claims.ok()) return claims.status();
  user.mutable_claims()->insert(claims->begin(), claims->end());

  const auto issuer = OpenIssuerAccounts(arguments);
  if (!issuer.ok()) return issuer.status();
  if (!without && !issuer->config.has_sign_in()) {
    return absl::FailedPreconditionError(
        "the config has no sign_in, so that nobody signs in by password; --no-password adds a user "
        "without one");
  }
  if (absl::Status s = Check(*issuer, user); !s.ok()) return AccountError("user", s);
  absl::Status added;
  if (without) {
    added = issuer->accounts->AddUser(user);
  } else {
    const auto password = ReadNewPassword(arguments, streams);
    if (!password.ok()) return password.status();
    added =
        AddUserWithPassword(*issuer->accounts, user, password->view(), issuer->config.sign_in());
  }
  if (!added.ok()) return AccountError("user", added);
  SayDone(arguments, "user", user.name(),
          without ? "is there, and cannot sign in before `lanyard user passwd`" : "is there",
          streams);
  return 0;
}

}  // namespace

Command UserAddCommand() {
  Command command;
  command.group = "user";
  command.name = "add";
  command.summary = "Adds a user of the token service";
  command.details =
      "NAME is a-z 0-9 . _ -; the tokens say \"user:NAME\". The password is asked for at the "
      "terminal, which\ndoes not show it. Without --grant the user may have no token: user and "
      "application must both have\nthe audience and the scope. A user whose password is refused is "
      "not added.\n\n"
      "  lanyard user add ada --config issuer.textproto --grant orders=orders.read,orders.write "
      "\\\n    --claim 'roles=[\"operator\"]'\n";
  command.syntax.operand = "NAME";
  command.syntax.operand_required = true;
  command.syntax.options = {
      IssuerConfigOption(),
      {"--grant", "AUDIENCE=SCOPE,SCOPE", "tokens that the user may have", /*required=*/false,
       /*repeatable=*/true},
      {"--claim", "NAME=JSON", "a claim for the tokens of clients that see it",
       /*required=*/false, /*repeatable=*/true},
      PasswordStdinOption(),
      {"--no-password", "", "add one who cannot sign in yet"},
  };
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
