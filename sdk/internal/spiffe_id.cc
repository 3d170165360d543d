// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/spiffe_id.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxIdBytes = 2048;
constexpr size_t kMaxDomainBytes = 255;

bool IsPunctuation(char c) { return c == '.' || c == '_' || c == '-'; }

bool IsSegment(absl::string_view segment) {
  return !segment.empty() && segment != "." && segment != ".." &&
         std::all_of(segment.begin(), segment.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || IsPunctuation(c);
         });
}

}  // namespace

bool IsTrustDomain(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxDomainBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_islower(static_cast<unsigned char>(c)) ||
                  absl::ascii_isdigit(static_cast<unsigned char>(c)) || IsPunctuation(c);
         });
}

std::optional<absl::string_view> TrustDomainOf(absl::string_view id) {
  if (id.size() > kMaxIdBytes || !absl::ConsumePrefix(&id, "spiffe://")) return std::nullopt;
  const size_t slash = id.find('/');
  const absl::string_view domain = id.substr(0, slash);
  if (!IsTrustDomain(domain)) return std::nullopt;
  if (slash == id.npos) return domain;
  for (const absl::string_view segment : absl::StrSplit(id.substr(slash + 1), '/')) {
    if (!IsSegment(segment)) return std::nullopt;
  }
  return domain;
}

}  // namespace lanyard::internal
