// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/config_variables.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard::internal {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr absl::string_view kOpen = "${";
constexpr absl::string_view kNameCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

absl::StatusOr<std::string> Expanded(absl::string_view text, const FieldDescriptor& field) {
  const auto error = [&field](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(std::string(field.name()), ": ", what));
  };
  if (!field.options().GetExtension(v1::expands_variables)) {
    return error("${…} is not replaced in this field: write the value itself");
  }
  std::string out;
  for (;;) {
    const size_t open = text.find(kOpen);
    if (open == text.npos) {
      absl::StrAppend(&out, text);
      return out;
    }
    const size_t close = text.find('}', open);
    if (close == text.npos) return error("${ without }");
    const std::string name(text.substr(open + kOpen.size(), close - open - kOpen.size()));
    if (name.empty() ||
        name.find_first_not_of(kNameCharacters.data(), 0, kNameCharacters.size()) != name.npos) {
      return error("between ${ and } stands the name of an environment variable: A-Z a-z 0-9 _");
    }
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') {
      return error(absl::StrCat("the environment variable ", name, " is not set, or empty"));
    }
    absl::StrAppend(&out, text.substr(0, open), value);
    text.remove_prefix(close + 1);
  }
}

}  // namespace

absl::Status ExpandVariables(Message* config) {
  const auto* reflection = config->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*config, &fields);
  for (const FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? reflection->FieldSize(*config, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        absl::Status status = ExpandVariables(
            field->is_repeated() ? reflection->MutableRepeatedMessage(config, field, i)
                                 : reflection->MutableMessage(config, field));
        if (!status.ok()) return status;
      }
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
      const std::string text = field->is_repeated()
                                   ? reflection->GetRepeatedString(*config, field, i)
                                   : reflection->GetString(*config, field);
      if (!absl::StrContains(text, kOpen)) continue;
      auto expanded = Expanded(text, *field);
      if (!expanded.ok()) return expanded.status();
      if (field->is_repeated()) {
        reflection->SetRepeatedString(config, field, i, *std::move(expanded));
      } else {
        reflection->SetString(config, field, *std::move(expanded));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace lanyard::internal
