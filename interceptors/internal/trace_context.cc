// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/trace_context.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxRequestIdBytes = 64;

// The value of a header that is there once; else empty.
absl::string_view Only(const CallMetadata& metadata, const char* name) {
  const auto range = metadata.equal_range(name);
  if (range.first == range.second || std::next(range.first) != range.second) return {};
  return View(range.first->second);
}

bool IsHex(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsZero(absl::string_view text) { return text.find_first_not_of('0') == text.npos; }

// "00-" trace "-" parent "-" flags. Later versions may be longer; they are not known, and left out.
bool IsTraceparent(absl::string_view text) {
  if (text.size() != 55 || text.substr(0, 3) != "00-") return false;
  const absl::string_view trace = text.substr(3, 32), parent = text.substr(36, 16);
  return text[35] == '-' && text[52] == '-' && IsHex(trace) && IsHex(parent) &&
         IsHex(text.substr(53)) && !IsZero(trace) && !IsZero(parent);
}

bool IsRequestId(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxRequestIdBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                  c == '.';
         });
}

}  // namespace

std::string TraceparentOf(const CallMetadata& metadata) {
  const absl::string_view text = Only(metadata, "traceparent");
  return IsTraceparent(text) ? std::string(text) : std::string();
}

std::string RequestIdOf(const CallMetadata& metadata) {
  const absl::string_view text = Only(metadata, "x-request-id");
  return IsRequestId(text) ? std::string(text) : std::string();
}

}  // namespace lanyard::internal
