// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/readable_json.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

using Kind = JsonValue::Kind;

// Whether it needs lines of its own.
bool IsNested(const JsonValue& value) {
  if (value.is(Kind::kObject)) return true;
  if (!value.is(Kind::kArray)) return false;
  for (const JsonValue each : value) {
    if (each.is(Kind::kObject) || each.is(Kind::kArray)) return true;
    // Phrases rather than names.
    if (value.size() > 1 && each.is(Kind::kString) && absl::StrContains(each.string(), ' ')) {
      return true;
    }
  }
  return false;
}

std::string OneLine(const JsonValue& value) {
  switch (value.kind()) {
    case Kind::kNull:
      return "none";
    case Kind::kBool:
      return value.boolean() ? "yes" : "no";
    case Kind::kInteger:
      return absl::StrCat(value.integer());
    case Kind::kUnsigned:
      return absl::StrCat(value.unsigned_integer());
    case Kind::kDouble:
      return absl::StrCat(value.number());
    case Kind::kString:
      return value.string().empty() ? "none" : Printable(value.string());
    case Kind::kArray: {
      std::vector<std::string> parts;
      for (const JsonValue each : value) parts.push_back(OneLine(each));
      return parts.empty() ? "none" : absl::StrJoin(parts, ", ");
    }
    case Kind::kObject:
      break;  // Never on one line.
  }
  return "";
}

// `first` goes before the first line in place of the indent.
void Append(const JsonValue& object, std::string first, size_t depth, std::string* out) {
  const std::string indent(2 * depth, ' ');
  for (const JsonValue member : object) {
    absl::StrAppend(out, first, Printable(member.name()), ":");
    first = indent;
    if (!IsNested(member)) {
      absl::StrAppend(out, " ", OneLine(member), "\n");
      continue;
    }
    out->push_back('\n');
    if (member.is(Kind::kObject)) {
      Append(member, indent + "  ", depth + 1, out);
      continue;
    }
    for (const JsonValue each : member) {
      if (each.is(Kind::kObject)) {
        Append(each, indent + "  - ", depth + 2, out);
      } else {
        absl::StrAppend(out, indent, "  - ", OneLine(each), "\n");
      }
    }
  }
}

}  // namespace

std::string ReadableJson(absl::string_view json) {
  const auto document = JsonDocument::ParseObject(json);
  std::string text;
  if (document.ok()) Append(document->root(), "", 0, &text);
  return text;
}

}  // namespace lanyard::internal
