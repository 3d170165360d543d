// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/json_text.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

// Everything that acts on a terminal lies below U+10000, where one escape is enough.
void AppendEscape(char32_t code_point, std::string* out) {
  char escape[8];
  std::snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(code_point));
  out->append(escape);
}

// Copies a string literal and returns the position behind it.
size_t CopyString(absl::string_view json, size_t position, std::string* out) {
  out->push_back(json[position++]);
  while (position < json.size()) {
    const size_t begin = position;
    const auto code_point = NextCodePoint(json, &position);
    if (code_point.has_value() && ActsOnTerminal(*code_point)) {
      AppendEscape(*code_point, out);
      continue;
    }
    if (code_point == U'\\' && position < json.size()) ++position;
    out->append(json.data() + begin, position - begin);
    if (code_point == U'"') break;
  }
  return position;
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string Rewrite(absl::string_view json, bool indented) {
  std::string out;
  int depth = 0;
  auto new_line = [&] {
    if (indented) absl::StrAppend(&out, "\n", std::string(static_cast<size_t>(depth) * 2, ' '));
  };
  for (size_t i = 0; i < json.size();) {
    const char c = json[i];
    if (c == '"') {
      i = CopyString(json, i, &out);
      continue;
    }
    ++i;
    if (IsSpace(c)) continue;
    if (c == '{' || c == '[') {
      out.push_back(c);
      while (i < json.size() && IsSpace(json[i])) ++i;
      if (i < json.size() && (json[i] == '}' || json[i] == ']')) {
        out.push_back(json[i++]);
        continue;
      }
      ++depth;
      new_line();
    } else if (c == '}' || c == ']') {
      --depth;
      new_line();
      out.push_back(c);
    } else {
      out.push_back(c);
      if (c == ',') new_line();
      if (c == ':' && indented) out.push_back(' ');
    }
  }
  return out;
}

void AppendText(absl::string_view text, std::string* out) {
  out->push_back('"');
  for (size_t position = 0; position < text.size();) {
    const size_t begin = position;
    const auto code_point = NextCodePoint(text, &position);
    if (!code_point.has_value()) {
      AppendEscape(0xfffd, out);
    } else if (code_point == U'\n') {
      out->append("\\n");
    } else if (ActsOnTerminal(*code_point)) {
      AppendEscape(*code_point, out);
    } else {
      if (code_point == U'"' || code_point == U'\\') out->push_back('\\');
      out->append(text.data() + begin, position - begin);
    }
  }
  out->push_back('"');
}

}  // namespace

std::string OneLineJson(absl::string_view json) { return Rewrite(json, /*indented=*/false); }
std::string IndentedJson(absl::string_view json) { return Rewrite(json, /*indented=*/true); }

void JsonObject::Name(absl::string_view name) {
  members_.push_back(members_.empty() ? '{' : ',');
  AppendText(name, &members_);
  members_.push_back(':');
}

JsonObject& JsonObject::Text(absl::string_view name, absl::string_view value) {
  Name(name);
  AppendText(value, &members_);
  return *this;
}

JsonObject& JsonObject::Texts(absl::string_view name, const std::vector<std::string>& values) {
  Name(name);
  members_.push_back('[');
  for (size_t i = 0; i < values.size(); ++i) {
    if (i != 0) members_.push_back(',');
    AppendText(values[i], &members_);
  }
  members_.push_back(']');
  return *this;
}

JsonObject& JsonObject::Bool(absl::string_view name, bool value) {
  return Json(name, value ? "true" : "false");
}

JsonObject& JsonObject::Json(absl::string_view name, absl::string_view json) {
  Name(name);
  absl::StrAppend(&members_, json);
  return *this;
}

}  // namespace lanyard::internal
