// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/key_revoke.h"

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/tools/json_text.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const std::string id = arguments.Value("--kid");
  const auto active = RevokeKey(arguments.operand(), id, absl::Now());
  if (!active.ok()) return active.status();
  if (arguments.json()) {
    streams.out << JsonObject()
                       .Bool("ok", true)
                       .Text("revoked", id)
                       .Text("active", active->key.id())
                       .Finish()
                << "\n";
  } else {
    streams.out << id << " is gone; " << active->key.id() << " signs\n";
  }
  streams.err << "publish the keys again now; verifiers go on with the revoked key until their "
                 "next fetch\n";
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
