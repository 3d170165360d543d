// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_NAME_PATTERNS_H_
#define LANYARD_SDK_INTERNAL_NAME_PATTERNS_H_

#include <google/protobuf/repeated_field.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

using Strings = google::protobuf::RepeatedPtrField<std::string>;

// Where a prefix of that kind of names may be cut.
inline constexpr absl::string_view kSubjectSeparators = ":/";
inline constexpr absl::string_view kScopeSeparators = ".:/";
inline constexpr absl::string_view kUriSeparators = "/";

// Names of a config, to compare with: exact ones, and prefixes, which end in a separator and "*". A
// prefix matches what goes on after its separator; SPIFFE IDs are cut at slashes only.
class NamePatterns {
 public:
  NamePatterns() = default;

  // Of valid patterns.
  NamePatterns(const Strings& patterns, absl::string_view separators);

  // Checks one pattern; the error says what would be right.
  static absl::Status Validate(absl::string_view pattern, absl::string_view separators);

  // Whether every name that `narrow` matches is matched by `wide`, as far as the texts tell.
  static bool Covers(absl::string_view wide, absl::string_view narrow,
                     absl::string_view separators);

  bool empty() const { return exact_.empty() && prefixes_.empty(); }
  bool Match(absl::string_view name) const;

 private:
  std::vector<std::string> exact_;
  std::vector<std::string> prefixes_;  // Without the star.
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_NAME_PATTERNS_H_
