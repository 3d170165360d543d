// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/config_check.h"

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/internal/issuer_description.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/rule_compare.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/weakenings.h"

namespace lanyard::tools {
namespace {

// Who may call, in the words of the config.
std::vector<std::string> CallersOf(const v1::Rule& rule) {
  if (rule.nobody()) return {"nobody"};
  std::vector<std::string> alternatives;
  for (const v1::Allow& allow : rule.allow()) alternatives.push_back(internal::AllowText(allow));
  return alternatives;
}
constexpr absl::string_view kOr = "\n    or ";

// What of the server, rather than of an issuer, weakens a check.
std::vector<std::string> ServerWeakenings(const LoadedConfig& loaded) {
  std::vector<std::string> words;
  for (const internal::Weakening& weakening : internal::WeakeningsIn(loaded)) {
    if (absl::StartsWith(weakening.location, "issuer ")) continue;
    words.push_back(absl::StrCat(weakening.word, weakening.method.empty() ? "" : " of ",
                                 internal::Printable(weakening.method, 4096)));
  }
  return words;
}

std::string Json(const LoadedConfig& loaded) {
  std::string issuers, rules;
  for (const v1::Issuer& issuer : loaded.config.issuers()) {
    internal::JsonObject object;
    object.Text("name", issuer.name());
    for (const auto& [what, text] : internal::DescribeIssuer(issuer))
      object.Text(absl::StrReplaceAll(what, {{" ", "_"}}), text);
    absl::StrAppend(&issuers, issuers.empty() ? "" : ",", object.Finish());
  }
  for (int i = 0; i < loaded.config.rules_size(); ++i) {
    const v1::Rule& rule = loaded.config.rules(i);
    absl::StrAppend(&rules, rules.empty() ? "" : ",",
                    internal::JsonObject()
                        .Text("method", rule.method())
                        .Text("callers", absl::StrJoin(CallersOf(rule), kOr))
                        .Text("stands_at", loaded.rule_locations[i])
                        .Finish());
  }
  return internal::JsonObject()
      .Bool("ok", true)
      .Json("issuers", absl::StrCat("[", issuers, "]"))
      .Json("rules", absl::StrCat("[", rules, "]"))
      .Texts("weakened_by", ServerWeakenings(loaded))
      .Finish();
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  std::vector<std::string> paths = {arguments.operand()};
  for (const std::string& path : arguments.Values("--with")) paths.push_back(path);
  const auto loaded = LoadConfig(paths, "");
  if (!loaded.ok()) return loaded.status();
  if (arguments.json()) {
    streams.out << Json(*loaded) << "\n";
    return 0;
  }
  for (const v1::Issuer& issuer : loaded->config.issuers()) {
    streams.out << "issuer " << issuer.name() << "\n";
    for (const auto& [what, text] : internal::DescribeIssuer(issuer)) {
      streams.out << absl::StrFormat("  %-13s %s\n", what, internal::Printable(text, 4096));
    }
    streams.out << "\n";
  }
  for (int i = 0; i < loaded->config.rules_size(); ++i) {
    const v1::Rule& rule = loaded->config.rules(i);
    std::vector<std::string> callers = CallersOf(rule);
    for (std::string& caller : callers) caller = internal::Printable(caller, 4096);
    streams.out << rule.method() << "  (" << internal::Printable(loaded->rule_locations[i], 4096)
                << ")\n    " << absl::StrJoin(callers, kOr) << "\n";
  }
  streams.out << "any other method: the annotation in its .proto, else nobody\n";
  for (const std::string& word : ServerWeakenings(*loaded)) {
    streams.out << "weakened by " << word << "\n";
  }
  return 0;
}

}  // namespace

Command ConfigCheckCommand() {
  Command command;
  command.group = "config";
  command.name = "check";
  command.summary = "Says whether a server's config is good, and all that it asks of a token";
  command.details =
      "Profiles and defaults are spelled out. Files that the config names are not read.\n\n"
      "  lanyard config check auth.textproto\n";
  command.syntax.operand = "FILE";
  command.syntax.operand_required = true;
  command.syntax.options = {{"--with", "FILE", "one more file of the same config",
                             /*required=*/false, /*repeatable=*/true}};
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
