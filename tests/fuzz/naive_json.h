// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_FUZZ_NAIVE_JSON_H_
#define LANYARD_TESTS_FUZZ_NAIVE_JSON_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/json.h"

namespace lanyard::fuzz {

// A JSON value, read by a second reader of the same rules as JsonDocument.
struct NaiveJson {
  internal::JsonValue::Kind kind = internal::JsonValue::Kind::kNull;
  bool boolean = false;
  int64_t integer = 0;
  uint64_t unsigned_integer = 0;
  double number = 0;
  std::string text;
  std::string name;  // As a member of an object.
  std::vector<NaiveJson> children;

  bool is(internal::JsonValue::Kind other) const { return kind == other; }
  const NaiveJson* Find(absl::string_view member) const;
};

// Nothing for whatever is not a strict JSON object.
std::optional<NaiveJson> NaiveParseObject(absl::string_view text);

// Whether the two readers read the same.
bool SameJson(const NaiveJson& naive, const internal::JsonValue& value);

}  // namespace lanyard::fuzz

#endif  // LANYARD_TESTS_FUZZ_NAIVE_JSON_H_
