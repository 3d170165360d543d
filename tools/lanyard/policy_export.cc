// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/policy_export.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/tools/istio_policy.h"
#include "lanyard/tools/policy_view.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

constexpr size_t kLongestName = 63;

// Letters and digits at both ends, and these characters between them.
bool IsName(absl::string_view name, absl::string_view between) {
  return !name.empty() && name.size() <= kLongestName && absl::ascii_isalnum(name.front()) &&
         absl::ascii_isalnum(name.back()) && std::all_of(name.begin(), name.end(), [&](char c) {
           return absl::ascii_isalnum(c) || between.find(c) != between.npos;
         });
}
bool IsLowerName(absl::string_view name) {
  return IsName(name, "-") && std::none_of(name.begin(), name.end(), absl::ascii_isupper);
}

absl::StatusOr<IstioTarget> TargetOf(const Arguments& arguments) {
  IstioTarget target{arguments.Value("--name"), arguments.Value("--namespace"), {}};
  // The other policy's name has five letters more.
  if (!IsLowerName(target.name) || !IsLowerName(target.name + "-deny")) {
    return UsageError("--name: must be 1 to 58 of a-z 0-9 -, with a letter or digit at both ends");
  }
  if (!IsLowerName(target.space)) {
    return UsageError("--namespace: must be 1 to 63 of a-z 0-9 -");
  }
  for (const std::string& label : arguments.Values("--selector")) {
    const size_t equals = label.find('=');
    const std::string key = label.substr(0, equals);
    const std::string value = equals == label.npos ? "" : label.substr(equals + 1);
    if (!IsName(key, "-._/") || !IsName(value, "-._")) {
      return UsageError("--selector: must be a label of the pods, as in app=orders");
    }
    if (!target.selector.emplace(key, value).second) {
      return UsageError("--selector: the same label twice");
    }
  }
  return target;
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  if (arguments.Value("--format") != "istio") return UsageError("--format: must be istio");
  const auto target = TargetOf(arguments);
  if (!target.ok()) return target.status();
  const auto view = LoadPolicyView(arguments.operand(), arguments, absl::Now());
  if (!view.ok()) return view.status();
  const IstioText text = IstioPolicies(*view, *target);
  if (arguments.json()) {
    streams.out << internal::JsonObject()
                       .Bool("ok", true)
                       .Text("yaml", text.yaml)
                       .Texts("warnings", text.warnings)
                       .Finish()
                << "\n";
    return 0;
  }
  streams.out << text.yaml;
  for (const std::string& warning : text.warnings) {
    streams.err << "warning: " << internal::Printable(warning, 4096) << "\n";
  }
  return 0;
}

}  // namespace

Command PolicyExportCommand() {
  Command command;
  command.group = "policy";
  command.name = "export";
  command.summary = "Writes the policy for a proxy before servers that cannot have Lanyard";
  command.details =
      "Prints two AuthorizationPolicies of Istio (security.istio.io/v1). Nobody is let in whom the "
      "rules do not\nallow: an alternative that Istio cannot say is left out, with a warning and a "
      "comment. What Istio needs\nbeside them stands in the comment on top.\n\n"
      "  lanyard policy export auth.textproto --descriptors orders.pb --format istio \\\n"
      "    --name orders --namespace shop --selector app=orders\n";
  command.syntax.operand = "CONFIG";
  command.syntax.operand_required = true;
  command.syntax.options = {
      {"--format", "FORMAT", "istio", /*required=*/true},
      {"--name", "NAME", "the policies' name", /*required=*/true},
      {"--namespace", "NAMESPACE", "their namespace", /*required=*/true},
      {"--selector", "KEY=VALUE", "a label of the pods for which they are", /*required=*/true,
       /*repeatable=*/true},
  };
  for (Option& option : PolicyOptions()) command.syntax.options.push_back(std::move(option));
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
