// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/key_thumbprint.h"

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/tools/key_file.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto keys = ReadKeys(arguments.operand(), streams);
  if (!keys.ok()) return keys.status();
  std::string list;
  bool secret = false;
  for (const Key& key : keys->keys()) {
    secret = secret || key.is_hmac();
    if (arguments.json()) {
      absl::StrAppend(&list, list.empty() ? "" : ",",
                      internal::JsonObject()
                          .Text("kid", key.id())
                          .Text("thumbprint", key.Thumbprint())
                          .Finish());
    } else {
      streams.out << key.Thumbprint() << "\n";
    }
  }
  if (arguments.json()) {
    streams.out << internal::JsonObject()
                       .Bool("ok", true)
                       .Json("thumbprints", absl::StrCat("[", list, "]"))
                       .Finish()
                << "\n";
  }
  if (secret) {
    streams.err << "warning: this is a hash of an HMAC secret; do not publish it (RFC 7638 section "
                   "7)\n";
  }
  return 0;
}

}  // namespace

Command KeyThumbprintCommand() {
  Command command;
  command.group = "key";
  command.name = "thumbprint";
  command.summary = "Prints the RFC 7638 thumbprint of keys";
  command.details =
      "One SHA-256 thumbprint a line, in base64url. Both halves of a key have the same.\n";
  command.syntax.operand = "FILE|-";
  command.syntax.operand_required = true;
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
