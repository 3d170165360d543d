// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/yaml_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::tools {

namespace {

// In ASCII, with what is none as escapes of a YAML string, and these characters escaped as well.
std::string Escaped(absl::string_view text, absl::string_view escaped) {
  std::string yaml;
  for (size_t position = 0; position < text.size();) {
    const char32_t c = internal::NextCodePoint(text, &position).value_or(0xfffd);
    if (c >= 0x20 && c < 0x7f) {
      if (escaped.find(static_cast<char>(c)) != escaped.npos) yaml.push_back('\\');
      yaml.push_back(static_cast<char>(c));
    } else if (c < 0x10000) {
      absl::StrAppendFormat(&yaml, "\\u%04x", static_cast<unsigned>(c));
    } else {
      absl::StrAppendFormat(&yaml, "\\U%08x", static_cast<unsigned>(c));
    }
  }
  return yaml;
}

}  // namespace

std::string YamlString(absl::string_view text) {
  return absl::StrCat("\"", Escaped(text, "\"\\"), "\"");
}

std::string YamlList(const std::vector<std::string>& texts) {
  return absl::StrCat("[",
                      absl::StrJoin(texts, ", ",
                                    [](std::string* out, const std::string& text) {
                                      out->append(YamlString(text));
                                    }),
                      "]");
}

std::string YamlComment(absl::string_view text) { return absl::StrCat("# ", Escaped(text, "")); }

}  // namespace lanyard::tools
