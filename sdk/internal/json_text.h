// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_JSON_TEXT_H_
#define LANYARD_SDK_INTERNAL_JSON_TEXT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// Both write a JSON text anew without changing what it says: numbers stand as they stood, so that
// no digit is lost; only white space is other, and in strings whatever acts on a terminal is
// escaped. `json` must be one that internal::JsonDocument accepts.
std::string OneLineJson(absl::string_view json);
std::string IndentedJson(absl::string_view json);

// Builds one JSON object, on one line, in the order of the calls. Names must differ.
class JsonObject {
 public:
  // Bytes that are not UTF-8 become U+FFFD.
  JsonObject& Text(absl::string_view name, absl::string_view value);
  JsonObject& Texts(absl::string_view name, const std::vector<std::string>& values);
  JsonObject& Bool(absl::string_view name, bool value);
  // `json` is one JSON value.
  JsonObject& Json(absl::string_view name, absl::string_view json);

  std::string Finish() const { return members_.empty() ? "{}" : members_ + "}"; }

 private:
  void Name(absl::string_view name);

  std::string members_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_JSON_TEXT_H_
