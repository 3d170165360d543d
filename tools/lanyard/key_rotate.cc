// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/key_rotate.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/tools/dated_key_text.h"
#include "lanyard/tools/option_values.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  RotationOptions options;
  if (arguments.Has("--alg")) {
    const auto algorithm = AlgorithmOption(arguments, "--alg");
    if (!algorithm.ok()) return algorithm.status();
    if (IsHmac(*algorithm)) {
      return UsageError("--alg: the keys are published, and HMAC secrets have no public half");
    }
    options.algorithm = *algorithm;
  }
  const auto ahead = DurationOption(arguments, "--publish-ahead", options.publish_ahead,
                                    absl::Minutes(10), absl::Hours(24 * 30));
  if (!ahead.ok()) return ahead.status();
  options.publish_ahead = *ahead;
  const auto lifetime = DurationOption(arguments, "--token-lifetime", absl::Hours(24),
                                       absl::Minutes(1), absl::Hours(24 * 31));
  if (!lifetime.ok()) return lifetime.status();
  if (arguments.Has("--token-lifetime")) options.token_lifetime = *lifetime;
  const absl::Time now = absl::Now();
  const auto key = RotateKeys(arguments.operand(), options, now);
  if (!key.ok()) return key.status();
  const bool signs = key->active_from <= now;
  if (arguments.json()) {
    streams.out << "{\"ok\":true,\"key\":"
                << DatedKeyJson(*key, signs ? DatedKeys::State::kActive : DatedKeys::State::kNext,
                                absl::InfiniteFuture())
                << "}\n";
  } else {
    streams.out << key->key.id() << " signs "
                << (signs ? "now" : absl::StrCat("from ", TimeText(key->active_from))) << "\n";
  }
  return 0;
}

}  // namespace

Command KeyRotateCommand() {
  Command command;
  command.group = "key";
  command.name = "rotate";
  command.summary = "Adds the next signing key to a key directory";
  command.details =
      "DIR is made if need be. The first key signs at once. A later one is published at once and "
      "signs after\n--publish-ahead, so that no verifier meets it unprepared; the one before it "
      "stays published until the\nlast token that it signed has expired everywhere, and then goes. "
      "The times stand in the files, so all\nprocesses that share DIR change keys together. Run it "
      "from cron as often as keys should change.\n\n"
      "  lanyard key rotate keys --alg ES256\n"
      "  lanyard key public keys --format jwks > jwks.json\n";
  command.syntax.operand = "DIR";
  command.syntax.operand_required = true;
  command.syntax.options = {
      {"--alg", "ALG",
       "what the key signs with: ES256 if in doubt; later ones do as the one before"},
      {"--publish-ahead", "2h", "from 10m to 720h: longer than verifiers keep keys (default 2h)"},
      {"--token-lifetime", "24h",
       "the longest life of its tokens, 1m to 744h (first 24h, then as before)"},
  };
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
