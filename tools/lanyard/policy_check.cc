// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/policy_check.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/tools/policy_view.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto view = LoadPolicyView(arguments.operand(), arguments, absl::Now());
  if (!view.ok()) return view.status();
  int closed = 0, observed = 0;
  std::vector<std::string> unruled;
  for (const MethodView& method : view->methods) {
    if (method.rule == nullptr) unruled.push_back(method.path);
    closed += method.rule != nullptr && method.rule->rule.nobody();
    observed += !method.enforcement.empty();
  }
  const int methods = static_cast<int>(view->methods.size());
  if (arguments.json()) {
    streams.out << internal::JsonObject()
                       .Bool("ok", true)
                       .Json("methods", absl::StrCat(methods))
                       .Json("closed", absl::StrCat(closed))
                       .Json("observed", absl::StrCat(observed))
                       .Texts("without_rule", unruled)
                       .Finish()
                << "\n";
    return 0;
  }
  streams.out << "good: " << methods << " methods, " << closed << " closed to everybody, "
              << observed << " observed, " << unruled.size() << " that no rule opens\n";
  for (const std::string& path : unruled) streams.out << "  " << path << "\n";
  return 0;
}

}  // namespace

Command PolicyCheckCommand() {
  Command command;
  command.group = "policy";
  command.name = "check";
  command.summary = "Says whether a policy is good: config, annotations, and the names in both";
  command.details =
      "With --descriptors every rule must name a method of the services there, and methods that no "
      "rule opens\nare listed. All that a server would refuse to start for is refused here, with "
      "file and line.\n\n"
      "  lanyard policy check auth.textproto --descriptors orders.pb\n";
  command.syntax.operand = "CONFIG";
  command.syntax.operand_required = true;
  command.syntax.options = PolicyOptions();
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
