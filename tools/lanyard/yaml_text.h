// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_YAML_TEXT_H_
#define LANYARD_TOOLS_LANYARD_YAML_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lanyard::tools {

// A YAML string in double quotes (YAML 1.2 section 7.3.1) that says exactly that text, in ASCII and
// on one line, whatever stands in it. Bytes that are not UTF-8 become U+FFFD.
std::string YamlString(absl::string_view text);

// "["a", "b"]"
std::string YamlList(const std::vector<std::string>& texts);

// "# text" on one line and in ASCII: YAML 1.1 ends lines at more characters than YAML 1.2 does.
std::string YamlComment(absl::string_view text);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_YAML_TEXT_H_
