// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_HELP_H_
#define LANYARD_TOOLS_LANYARD_HELP_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lanyard/tools/command.h"

namespace lanyard::tools {

// Its options, those that every command has at the end.
std::vector<Option> AllOptions(const Command& command);

// "--issuer ISS".
std::string FormOf(const Option& option);

// What it does, with whether it must or may be there more than once.
std::string MeaningOf(const Option& option);

// "lanyard key new --alg ALG [OPTION...]".
std::string UsageOf(const Command& command);

// A paragraph of Command.details: lines that flow, as one, or lines that stand as they are, which
// are those that begin with two spaces, without these.
struct Paragraph {
  bool verbatim;
  std::string text;
};
std::vector<Paragraph> ParagraphsOf(const Command& command);

// How one command is used.
std::string CommandHelp(const Command& command);

// What commands there are, in one group or, where `group` is empty, in all.
std::string CommandList(const std::vector<Command>& commands, absl::string_view group);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_HELP_H_
