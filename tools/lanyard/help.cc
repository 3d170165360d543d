// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/help.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace lanyard::tools {
namespace {

void AppendRow(absl::string_view left, absl::string_view right, size_t width, std::string* out) {
  const size_t gap = std::max(width, left.size()) - left.size() + 2;
  absl::StrAppend(out, "  ", left, std::string(gap, ' '), right, "\n");
}

}  // namespace

std::vector<Option> AllOptions(const Command& command) {
  std::vector<Option> options = command.syntax.options;
  options.push_back({"--json", "", "answer with one JSON object on standard output"});
  options.push_back({"--help", "", "show this text"});
  return options;
}

std::string FormOf(const Option& option) {
  return option.value.empty() ? option.name : absl::StrCat(option.name, " ", option.value);
}

std::string MeaningOf(const Option& option) {
  return absl::StrCat(option.help, option.required ? " (required)" : "",
                      option.repeatable ? " (may be repeated)" : "");
}

std::string UsageOf(const Command& command) {
  std::string out = absl::StrCat("lanyard ", command.FullName());
  for (const Option& option : command.syntax.options) {
    if (option.required) absl::StrAppend(&out, " ", FormOf(option), option.repeatable ? "..." : "");
  }
  absl::StrAppend(&out, " [OPTION...]");
  if (!command.syntax.operand.empty()) {
    absl::StrAppend(&out, command.syntax.operand_required ? " " : " [", command.syntax.operand,
                    command.syntax.operand_required ? "" : "]");
  }
  return out;
}

std::vector<Paragraph> ParagraphsOf(const Command& command) {
  std::vector<Paragraph> paragraphs;
  bool goes_on = false;
  for (absl::string_view line : absl::StrSplit(command.details, '\n')) {
    if (line.empty()) {
      goes_on = false;
      continue;
    }
    const bool verbatim = absl::ConsumePrefix(&line, "  ");
    if (goes_on && paragraphs.back().verbatim == verbatim) {
      absl::StrAppend(&paragraphs.back().text, verbatim ? "\n" : " ", line);
    } else {
      paragraphs.push_back({verbatim, std::string(line)});
    }
    goes_on = true;
  }
  return paragraphs;
}

std::string CommandHelp(const Command& command) {
  std::string out = absl::StrCat(command.summary, ".\n\nUsage: ", UsageOf(command), "\n\n");
  const std::vector<Option> options = AllOptions(command);
  size_t width = 0;
  for (const Option& option : options) width = std::max(width, FormOf(option).size());
  for (const Option& option : options) AppendRow(FormOf(option), MeaningOf(option), width, &out);
  if (!command.details.empty()) absl::StrAppend(&out, "\n", command.details);
  return out;
}

std::string CommandList(const std::vector<Command>& commands, absl::string_view group) {
  std::string out = absl::StrCat(
      group.empty() ? "Keys and tokens for Lanyard, JWT authentication for gRPC.\n\n" : "",
      "Usage: lanyard ", group.empty() ? "COMMAND" : absl::StrCat(group, " COMMAND"),
      " [OPTION...]\n\n");
  size_t width = 0;
  for (const Command& command : commands) width = std::max(width, command.FullName().size());
  for (const Command& command : commands) {
    if (!group.empty() && command.group != group) continue;
    AppendRow(command.FullName(), command.summary, width, &out);
  }
  absl::StrAppend(
      &out,
      "\n\"lanyard COMMAND --help\" says more. Exit codes: 0 done, 1 refused or failed, "
      "2 wrong usage.\n");
  return out;
}

}  // namespace lanyard::tools
