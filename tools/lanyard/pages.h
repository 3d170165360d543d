// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_PAGES_H_
#define LANYARD_TOOLS_LANYARD_PAGES_H_

#include <string>
#include <vector>

#include "lanyard/tools/command.h"

namespace lanyard::tools {

// All that help says, as a page of man(1), in the macros of man(7).
std::string ManPage(const std::vector<Command>& commands);

// The same in Markdown.
std::string MarkdownPage(const std::vector<Command>& commands);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_PAGES_H_
