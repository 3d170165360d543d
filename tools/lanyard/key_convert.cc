// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/key_convert.h"

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
  const auto format = ChoiceOption(arguments, "--format", {"jwk", "pem", "jwks"});
  if (!format.ok()) return format.status();
  const auto keys = ReadKeys(arguments.operand(), streams);
  if (!keys.ok()) return keys.status();
  const bool is_private = arguments.Has("--private");
  const auto text = KeyText(keys->keys(), *format, is_private ? Half::kPrivate : Half::kPublic);
  if (!text.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(InputName(arguments.operand()), ": ", text.status().message()));
  }
  return WriteKeys(arguments, keys->keys(), *format, *text, streams);
}

}  // namespace

Command KeyConvertCommand() {
  Command command;
  command.group = "key";
  command.name = "convert";
  command.summary = "Writes keys in another format";
  command.details =
      "The public half, unless --private is given. PEM keeps neither kid nor alg.\n\n"
      "  lanyard key convert issuer.jwk --format pem --private --out issuer.pem\n";
  command.syntax.operand = "FILE|-";
  command.syntax.operand_required = true;
  command.syntax.options = {
      {"--format", "jwk|pem|jwks", "how they are written", /*required=*/true},
      {"--private", "", "write the private half, in clear"},
      OutOption(),
      ForceOption(),
  };
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
