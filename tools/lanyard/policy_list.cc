// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/policy_list.h"

#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/tools/policy_html.h"
#include "lanyard/tools/policy_view.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

std::string Json(const PolicyView& view) {
  std::string methods;
  for (const MethodView& method : view.methods) {
    internal::JsonObject object;
    object.Text("method", method.path).Texts("callers", method.Callers());
    object.Text("rule", method.rule == nullptr ? "" : method.rule->source);
    if (!method.change.empty()) object.Text("change", method.change);
    if (!method.enforcement.empty()) object.Text("enforcement", method.enforcement);
    absl::StrAppend(&methods, methods.empty() ? "" : ",", object.Finish());
  }
  return internal::JsonObject()
      .Bool("ok", true)
      .Json("methods", absl::StrCat("[", methods, "]"))
      .Texts("deny", view.denied)
      .Finish();
}

absl::Status WriteHtml(const PolicyView& view, const std::string& path, Streams& streams) {
  const std::string page = PolicyHtml(view);
  if (path == "-") {
    streams.out << page;
    return absl::OkStatus();
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << page;
  file.close();
  return file.good() ? absl::OkStatus()
                     : absl::UnknownError(absl::StrCat(path, ": cannot be written"));
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  if (arguments.json() && arguments.Value("--html") == "-") {
    return UsageError("--html - and --json: only one of them can have standard output");
  }
  const auto view = LoadPolicyView(arguments.operand(), arguments, absl::Now());
  if (!view.ok()) return view.status();
  if (arguments.Has("--html")) {
    absl::Status status = WriteHtml(*view, arguments.Value("--html"), streams);
    if (!status.ok()) return status;
    if (!arguments.json()) return 0;
  }
  if (arguments.json()) {
    streams.out << Json(*view) << "\n";
    return 0;
  }
  for (const std::string& denied : view->denied) {
    streams.out << "denied everywhere: " << internal::Printable(denied, 4096) << "\n";
  }
  for (const MethodView& method : view->methods) {
    streams.out << method.path;
    if (method.rule != nullptr) {
      streams.out << "  (" << internal::Printable(method.rule->source, 4096) << ")";
    }
    for (const std::string& note : {method.change, method.enforcement}) {
      if (!note.empty()) streams.out << "  " << note;
    }
    streams.out << "\n";
    const std::vector<std::string> callers = method.Callers();
    if (callers.empty()) {
      streams.out << "    nobody" << (method.rule == nullptr ? ": no rule opens it" : "") << "\n";
    }
    for (size_t i = 0; i < callers.size(); ++i) {
      streams.out << (i == 0 ? "    " : "    or ") << internal::Printable(callers[i], 4096) << "\n";
    }
  }
  return 0;
}

}  // namespace

Command PolicyListCommand() {
  Command command;
  command.group = "policy";
  command.name = "list";
  command.summary = "Lists each method: who may call it, and where that stands";
  command.details =
      "With --descriptors the annotations of the services there count, and methods that no rule "
      "opens are\nlisted too. An operator's rule is shown as wider or narrower than the annotation "
      "that it replaces.\n\n"
      "  lanyard policy list auth.textproto --descriptors orders.pb\n"
      "  lanyard policy list auth.textproto --descriptors orders.pb --html policy.html\n";
  command.syntax.operand = "CONFIG";
  command.syntax.operand_required = true;
  command.syntax.options = PolicyOptions();
  command.syntax.options.push_back(
      {"--html", "FILE", "writes it as one HTML page instead; \"-\" is standard output"});
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
