// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/client_add.h"

#include "absl/status/status.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/tools/account_text.h"
#include "lanyard/tools/client_options.h"
#include "lanyard/tools/issuer_accounts.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto change = ReadClientOptions(arguments, streams);
  if (!change.ok()) return change.status();
  v1::Client client;
  client.set_name(arguments.operand());
  if (absl::Status s = (*change)(&client); !s.ok()) return s;
  const auto issuer = OpenIssuerAccounts(arguments);
  if (!issuer.ok()) return issuer.status();
  if (absl::Status s = issuer->accounts->AddClient(client); !s.ok()) {
    return AccountError("client", s);
  }
  SayDone(arguments, "client", client.name(), "is there", streams);
  return 0;
}

}  // namespace

Command ClientAddCommand() {
  Command command;
  command.group = "client";
  command.name = "add";
  command.summary = "Adds a client of the token service: a service, or an application";
  command.details =
      "NAME is a-z 0-9 . _ -; tokens of the service itself say \"svc:NAME\". It proves itself by "
      "its "
      "certificate\nor by its keys. One that has neither is public: an application that keeps no "
      "secret, where users sign\nin. A service that follows revocations, or asks about tokens, "
      "needs a grant for the issuer itself.\n\n"
      "  lanyard client add web --config issuer.textproto --signs-users-in --grant "
      "orders=orders.read\n"
      "  lanyard client add orders --config issuer.textproto --certificate-name "
      "spiffe://prod/orders \\\n"
      "    --grant https://tokens.example.com=tokens.revocations --exchange payments=pay\n";
  command.syntax.operand = "NAME";
  command.syntax.operand_required = true;
  command.syntax.options = ClientAddOptions();
  command.syntax.options.insert(command.syntax.options.begin(), IssuerConfigOption());
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
