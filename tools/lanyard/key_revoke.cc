// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/key_revoke.h"

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/keys/key_rotation.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const std::string id = arguments.Value("--kid");
  const auto revocation = RevokeKey(arguments.operand(), id, absl::Now());
  if (!revocation.ok()) return revocation.status();
  for (const absl::Status& status : revocation->broken) {
    streams.err << "warning: " << internal::Printable(status.message()) << "\n";
  }
  if (!revocation->found) {
    return absl::NotFoundError(
        "no key here has that id (kid); if it is still published, publish the keys again");
  }
  const std::string& active = revocation->active.key.id();
  if (arguments.json()) {
    streams.out << internal::JsonObject()
                       .Bool("ok", true)
                       .Text("revoked", id)
                       .Text("active", active)
                       .Finish()
                << "\n";
  } else {
    streams.out << id << " is gone; " << active << " signs\n";
  }
  streams.err << "publish the keys again now: verifiers go on with the revoked key until they have "
                 "fetched them\n";
  return 0;
}

}  // namespace

Command KeyRevokeCommand() {
  Command command;
  command.group = "key";
  command.name = "revoke";
  command.summary = "Removes a key that others may know from a key directory";
  command.details =
      "At once, and with it every token that it signed. If it is the one that signs, the next "
      "takes "
      "over\nnow, or a new one is made. Where nothing has leaked, use rotate.\n\n"
      "  lanyard key revoke keys --kid fVbJ…\n";
  command.syntax.operand = "DIR";
  command.syntax.operand_required = true;
  command.syntax.options = {{"--kid", "ID", "the key, as key list shows it", /*required=*/true}};
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
