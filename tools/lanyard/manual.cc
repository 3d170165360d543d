// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/manual.h"

#include <string>
#include <vector>

#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/tools/option_values.h"
#include "lanyard/tools/pages.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<int> Run(const std::vector<Command>& all, const Arguments& arguments,
                        Streams& streams) {
  const auto format = ChoiceOption(arguments, "--format", {"man", "markdown"});
  if (!format.ok()) return format.status();
  const std::string page = *format == "man" ? ManPage(all) : MarkdownPage(all);
  if (arguments.json()) {
    streams.out << internal::JsonObject()
                       .Bool("ok", true)
                       .Text("format", *format)
                       .Text("page", page)
                       .Finish()
                << "\n";
  } else {
    streams.out << page;
  }
  return 0;
}

}  // namespace

Command ManualCommand() {
  Command command;
  command.name = "manual";
  command.summary = "Writes all that help says as one page";
  command.details = "  lanyard manual | man -l -\n";
  command.syntax.options = {
      {"--format", "man|markdown", "for man(1), or for a website (default man)"}};
  command.run_with_all = Run;
  return command;
}

}  // namespace lanyard::tools
