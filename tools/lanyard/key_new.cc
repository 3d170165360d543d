// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/key_new.h"

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/tools/key_output.h"
#include "lanyard/tools/key_text.h"
#include "lanyard/tools/option_values.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

bool IsRsa(Algorithm algorithm) {
  const absl::string_view name = AlgorithmName(algorithm);
  return name[0] == 'R' || name[0] == 'P';
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto algorithm = AlgorithmOption(arguments, "--alg");
  if (!algorithm.ok()) return algorithm.status();
  const auto format = ChoiceOption(arguments, "--format", {"jwk", "pem"});
  if (!format.ok()) return format.status();
  const auto bits = NumberOption(arguments, "--rsa-bits", 2048, 2048, 8192);
  if (!bits.ok()) return bits.status();
  if (*bits % 8 != 0) return UsageError("--rsa-bits must be a multiple of 8");
  if (arguments.Has("--rsa-bits") && !IsRsa(*algorithm)) {
    return UsageError(
        absl::StrCat("--rsa-bits is for RSA keys, and ", AlgorithmName(*algorithm), " has none"));
  }
  if (*format == "pem" && IsHmac(*algorithm)) {
    return UsageError("--format pem: HMAC secrets have no PEM form; use jwk");
  }
  if (*format == "pem" && arguments.Has("--kid")) {
    return UsageError("--kid: PEM holds no key id; use --format jwk");
  }
  auto key = Key::Generate(*algorithm, *bits);
  if (key.ok() && arguments.Has("--kid")) key = key->WithId(arguments.Value("--kid"));
  if (!key.ok()) return key.status();
  const auto text = KeyText({*key}, *format, Half::kPrivate);
  if (!text.ok()) return text.status();
  return WriteKeys(arguments, {*key}, *format, *text, streams);
}

}  // namespace

Command KeyNewCommand() {
  Command command;
  command.group = "key";
  command.name = "new";
  command.summary = "Makes a private key";
  command.details =
      "The key is private: give verifiers what \"lanyard key public\" prints. Without --kid the id "
      "is\nthe key's RFC 7638 thumbprint. HS256, HS384 and HS512 make a secret that verifiers must "
      "share.\n\n  lanyard key new --alg ES256 --out issuer.jwk\n";
  command.syntax.options = {
      {"--alg", "ALG", absl::StrCat("what it signs with, ES256 if in doubt: ", AlgorithmNames()),
       /*required=*/true},
      {"--rsa-bits", "BITS", "the length of an RSA key, 2048 to 8192 (default 2048)"},
      {"--kid", "ID", "the key's id"},
      {"--format", "jwk|pem", "how it is written (default jwk)"},
      OutOption(),
      ForceOption(),
  };
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
