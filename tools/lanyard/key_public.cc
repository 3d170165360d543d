// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/key_public.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/tools/input.h"
#include "lanyard/tools/key_file.h"
#include "lanyard/tools/key_output.h"
#include "lanyard/tools/key_text.h"
#include "lanyard/tools/option_values.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto format = ChoiceOption(arguments, "--format", {"jwk", "jwks", "pem"});
  if (!format.ok()) return format.status();
  const auto keys = ReadPublicKeys(arguments.operand(), streams);
  if (!keys.ok()) return keys.status();
  const auto text = KeyText(keys->keys(), *format, Half::kPublic);
  if (!text.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(InputName(arguments.operand()), ": ", text.status().message()));
  }
  return WriteKeys(arguments, keys->keys(), *format, *text, streams);
}

}  // namespace

Command KeyPublicCommand() {
  Command command;
  command.group = "key";
  command.name = "public";
  command.summary = "Prints the public half of keys";
  command.details =
      "FILE holds a JWK, a JWK Set or PEM; \"-\" is standard input. Of a key directory: all keys "
      "that are\npublished, the next and the retired among them.\n\n"
      "  lanyard key public issuer.jwk --format jwks > jwks.json\n";
  command.syntax.operand = "FILE|DIR|-";
  command.syntax.operand_required = true;
  command.syntax.options = {
      {"--format", "jwk|jwks|pem", "how they are written (default jwk, for one key)"},
  };
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
