// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/revoke.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/tools/input.h"
#include "lanyard/tools/issuer_accounts.h"
#include "lanyard/tools/session_of_token.h"
#include "lanyard/tools/token_input.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

// What is revoked: a member of the answer in JSON, and its value.
struct Revoked {
  std::string what, value;
  std::string note;  // For people, in brackets.
};

absl::Status Unchanged(v1::User*) { return absl::OkStatus(); }
absl::Status UnchangedClient(v1::Client*) { return absl::OkStatus(); }

absl::StatusOr<Revoked> RevokeOriginOf(const IssuerAccounts& issuer, Streams& streams) {
  const auto input = ReadInput("-", kMaxTokenBytes, streams.in);
  if (!input.ok()) return input.status();
  if (input->cut_off) {
    return absl::InvalidArgumentError(
        absl::StrCat("--token: longer than ", kMaxTokenBytes, " bytes"));
  }
  auto origin = OriginOf(absl::StripAsciiWhitespace(input->text.view()), issuer.config);
  if (!origin.ok()) return origin.status();
  const std::string whose =
      origin->subject.empty()
          ? ""
          : absl::StrCat("of ", origin->subject, ", as the token says, which was not verified");
  if (origin->session_id.empty()) {
    if (absl::Status s = issuer.accounts->RevokeToken(origin->token_id); !s.ok()) return s;
    return Revoked{"token_id", std::move(origin->token_id), whose};
  }
  if (absl::Status s = issuer.accounts->RevokeSession(origin->session_id); !s.ok()) return s;
  return Revoked{"session", std::move(origin->session_id), whose};
}

absl::StatusOr<Revoked> Revoke(const Arguments& arguments, const IssuerAccounts& issuer,
                               const std::string& option, Streams& streams) {
  if (option == "--token") return RevokeOriginOf(issuer, streams);
  const std::string value = arguments.Value(option);
  Accounts& accounts = *issuer.accounts;
  absl::Status status;
  if (option == "--user") {
    status = AccountError("user", accounts.ChangeUser(value, /*end_sessions=*/true, Unchanged));
    if (status.ok()) return Revoked{"user", value, "sessions and tokens until now"};
  } else if (option == "--client") {
    status = AccountError("client",
                          accounts.ChangeClient(value, /*revoke_tokens=*/true, UnchangedClient));
    if (status.ok())
      return Revoked{"client", value, "its own tokens, and exchanged ones, until now"};
  } else if (option == "--session") {
    status = AccountError("session", accounts.RevokeSession(value));
    if (status.ok()) return Revoked{"session", value, ""};
  } else if (option == "--token-id") {
    status = AccountError("token", accounts.RevokeToken(value));
    if (status.ok()) return Revoked{"token_id", value, ""};
  } else {
    status = AccountError("key", accounts.RevokeKey(value));
    if (status.ok()) return Revoked{"key", value, "whatever it has signed, or signs"};
  }
  return status;
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const std::vector<std::string> choices = {"--user",     "--client", "--session",
                                            "--token-id", "--key",    "--token"};
  std::vector<std::string> given;
  for (const std::string& choice : choices) {
    if (arguments.Has(choice)) given.push_back(choice);
  }
  if (given.size() != 1) {
    return UsageError(absl::StrCat("exactly one of ", absl::StrJoin(choices, ", "),
                                   " says what to revoke; there ",
                                   given.empty() ? "is none" : "are more"));
  }
  if (given[0] == "--token" && arguments.Value("--token") != "-") {
    return UsageError(
        "--token takes \"-\" alone, and the token from standard input: others on the machine can "
        "read arguments");
  }
  const auto issuer = OpenIssuerAccounts(arguments);
  if (!issuer.ok()) return issuer.status();
  const auto revoked = Revoke(arguments, *issuer, given[0], streams);
  if (!revoked.ok()) return revoked.status();
  if (arguments.json()) {
    streams.out
        << internal::JsonObject().Bool("ok", true).Text(revoked->what, revoked->value).Finish()
        << "\n";
    return 0;
  }
  streams.out << "revoked: " << (revoked->what == "token_id" ? "token" : revoked->what) << " "
              << internal::Printable(revoked->value);
  if (!revoked->note.empty()) streams.out << " (" << internal::Printable(revoked->note) << ")";
  streams.out << "\n";
  return 0;
}

}  // namespace

Command RevokeCommand() {
  Command command;
  command.name = "revoke";
  command.summary = "Withdraws tokens and sessions of the token service before they expire";
  command.details =
      "Exactly one of the options but --config. Servers that follow the revocations refuse what is "
      "withdrawn\nwithin a second; others until it expires. The user or client may begin anew: "
      "`lanyard user disable`\nkeeps a user out. --key is for a key that leaked; `lanyard key "
      "revoke` is what stops it from signing.\nWith --token an access token is not verified: what "
      "is printed says whose session has ended.\n\n"
      "  lanyard revoke --config issuer.textproto --user ada\n"
      "  lanyard revoke --config issuer.textproto --token - < token\n";
  command.syntax.options = {
      IssuerConfigOption(),
      {"--user", "NAME", "the sessions of a user, and all tokens until now"},
      {"--client", "NAME", "what a client was given for itself, or has exchanged, until now"},
      {"--session", "SID", "one session (sid), and what was exchanged from it"},
      {"--token-id", "JTI", "one access token (jti)"},
      {"--key", "KID", "whatever a key has signed (kid)"},
      {"--token", "-", "the session of an access or refresh token that stands on standard input"},
  };
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
