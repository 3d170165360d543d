// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/pages.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/version.h"
#include "lanyard/tools/help.h"

namespace lanyard::tools {
namespace {

constexpr char kPurpose[] =
    "keys, tokens, policies and calls of Lanyard, JWT authentication for gRPC";
constexpr char kErrors[] =
    "Errors are one line on standard error, with --json on standard output as well, as an object "
    "whose \"ok\" is false.";
constexpr char kEveryCommand[] =
    "Every command has --json, to answer with one JSON object on standard output, and --help, "
    "which "
    "stands alone behind the command's name. After -- there are no more options.";

std::string Exit1(const Command& command) {
  return absl::StrCat(command.exit_1, command.exit_1.empty() ? "" : ", or ", "the command failed");
}

// Text in the language of man(7): a line that begins with a dot or a quote would be a request, and
// what is not ASCII has a name there.
std::string Roff(absl::string_view text) {
  std::string out;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!out.empty()) out.push_back('\n');
    if (absl::StartsWith(line, ".") || absl::StartsWith(line, "'")) out.append("\\&");
    for (size_t position = 0; position < line.size();) {
      const size_t start = position;
      const auto point = internal::NextCodePoint(line, &position);
      if (point.has_value() && *point >= 0x80) {
        absl::StrAppendFormat(&out, "\\[u%04X]", static_cast<uint32_t>(*point));
      } else {
        absl::StrAppend(
            &out, absl::StrReplaceAll(line.substr(start, position - start), {{"\\", "\\e"},
                                                                             {"-", "\\-"},
                                                                             {"'", "\\(aq"},
                                                                             {"`", "\\(ga"},
                                                                             {"^", "\\(ha"},
                                                                             {"~", "\\(ti"}}));
      }
    }
  }
  return out;
}

// Text that Markdown shows as it is; what stands between `…` is code already.
std::string Prose(absl::string_view text) {
  std::string out;
  bool code = false;
  for (const char c : text) {
    if (c == '`') code = !code;
    if (!code && (c == '*' || c == '_' || c == '<' || c == '[' || c == '\\')) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

}  // namespace

std::string ManPage(const std::vector<Command>& commands) {
  std::string out = absl::StrCat(
      ".\\\" Written by \"lanyard manual --format man\".\n.TH LANYARD 1 \"\" \"Lanyard ",
      kLanyardVersion, "\" \"User Commands\"\n.SH NAME\nlanyard \\- ", Roff(kPurpose),
      "\n.SH SYNOPSIS\n.B lanyard\n.I COMMAND\n.RI [ OPTION ...]\n.SH DESCRIPTION\n",
      Roff(kEveryCommand), "\n.PP\n", Roff(kErrors), "\n.SH COMMANDS\n");
  for (const Command& command : commands) {
    absl::StrAppend(&out, ".SS ", Roff(UsageOf(command)), "\n", Roff(command.summary), ".\n");
    for (const Option& option : command.syntax.options) {
      absl::StrAppend(&out, ".TP\n.B ", Roff(FormOf(option)), "\n", Roff(MeaningOf(option)), "\n");
    }
    for (const Paragraph& paragraph : ParagraphsOf(command)) {
      absl::StrAppend(&out, ".PP\n", paragraph.verbatim ? ".RS 2\n.nf\n" : "", Roff(paragraph.text),
                      paragraph.verbatim ? "\n.fi\n.RE\n" : "\n");
    }
    if (!command.exit_1.empty()) {
      absl::StrAppend(&out, ".PP\nExit code 1: ", Roff(Exit1(command)), ".\n");
    }
  }
  return absl::StrCat(out,
                      ".SH EXIT STATUS\n.TP\n.B 0\ndone\n.TP\n.B 1\nrefused or failed\n.TP\n.B 2\n"
                      "the command line is wrong\n");
}

std::string MarkdownPage(const std::vector<Command>& commands) {
  std::string out = absl::StrCat(
      "<!-- Written by `lanyard manual --format markdown`, which a test compares with this file. "
      "-->\n# The command line\n\n`lanyard`: ",
      kPurpose, ". ", Prose(kEveryCommand),
      "\n\nExit codes: 0 done, 1 refused or failed, 2 the command line is wrong. ", Prose(kErrors),
      "\n\n`lanyard completion bash` (or `zsh`, `fish`) writes what completes commands and options "
      "in a shell, `lanyard manual` this page and the one for man(1).\n");
  for (const Command& command : commands) {
    absl::StrAppend(&out, "\n## lanyard ", command.FullName(), "\n\n", Prose(command.summary),
                    ".\n\n`", UsageOf(command), "`\n");
    if (!command.syntax.options.empty()) out.push_back('\n');
    for (const Option& option : command.syntax.options) {
      absl::StrAppend(&out, "- `", FormOf(option), "`: ", Prose(MeaningOf(option)), "\n");
    }
    for (const Paragraph& paragraph : ParagraphsOf(command)) {
      absl::StrAppend(&out, "\n", paragraph.verbatim ? "```\n" : "",
                      paragraph.verbatim ? paragraph.text : Prose(paragraph.text),
                      paragraph.verbatim ? "\n```\n" : "\n");
    }
    absl::StrAppend(&out, "\nExit codes: 0 done, 1 ", Prose(Exit1(command)),
                    ", 2 the command line is wrong.\n");
  }
  return out;
}

}  // namespace lanyard::tools
