// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/repeatable.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

constexpr size_t kWindow = 8;
constexpr size_t kMaxSearchedBytes = 1024;

bool HoldsPartOf(absl::string_view text, absl::string_view secret) {
  if (secret.empty()) return false;
  const size_t window = std::min(kWindow, secret.size());
  for (size_t i = 0; i + window <= secret.size(); ++i) {
    if (absl::StrContains(text, secret.substr(i, window))) return true;
  }
  return false;
}

}  // namespace

std::string Repeatable(absl::string_view text, const std::vector<Secret>& secrets,
                       size_t max_bytes) {
  if (text.size() > kMaxSearchedBytes) return "";
  for (const Secret& secret : secrets) {
    if (HoldsPartOf(text, secret.view())) return "";
  }
  return Printable(WithoutSecrets(text), max_bytes);
}

}  // namespace lanyard::internal
