// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/key_list.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/keys/dated_key.h"
#include "lanyard/tools/dated_key_text.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto keys = ReadDatedKeys(arguments.operand());
  if (!keys.ok()) return keys.status();
  const absl::Time now = absl::Now();
  std::string list;
  for (size_t i = 0; i < keys->keys().size(); ++i) {
    const DatedKey& key = keys->keys()[i];
    if (arguments.json()) {
      absl::StrAppend(&list, list.empty() ? "" : ",",
                      DatedKeyJson(key, keys->StateOf(i, now), keys->GoneFrom(i)));
      continue;
    }
    const absl::Time gone = keys->GoneFrom(i);
    streams.out << absl::StrFormat(
        "%-43s  %-5s  %-7s  signs from %s%s\n", key.key.id(), AlgorithmName(*key.key.algorithm()),
        StateName(keys->StateOf(i, now)), TimeText(key.active_from),
        gone == absl::InfiniteFuture() ? "" : absl::StrCat(", gone from ", TimeText(gone)));
  }
  if (arguments.json()) streams.out << "{\"ok\":true,\"keys\":[" << list << "]}\n";
  if (keys->keys().empty()) {
    streams.err << "no key yet; \"lanyard key rotate\" makes the first\n";
  }
  return 0;
}

}  // namespace

Command KeyListCommand() {
  Command command;
  command.group = "key";
  command.name = "list";
  command.summary = "Shows the keys of a key directory and when each signs";
  command.details =
      "In the order in which they sign: next, active, retired but still published, gone.\n";
  command.syntax.operand = "DIR";
  command.syntax.operand_required = true;
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
