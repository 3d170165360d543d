// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/wire_status.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/key_material.h"

namespace lanyard::internal {
namespace {

constexpr absl::string_view kOpen = " [lanyard ";
constexpr size_t kIdDigits = 8;

}  // namespace

std::string NewDecisionId() { return absl::BytesToHexString(RandomBytes(kIdDigits / 2)); }

std::string WireMessage(absl::string_view text, absl::string_view decision_id) {
  return absl::StrCat(text, kOpen, decision_id, "]");
}

bool IsWireMessage(absl::string_view message) {
  const size_t tail = kOpen.size() + kIdDigits + 1;
  if (message.size() <= tail || message.back() != ']') return false;
  message.remove_prefix(message.size() - tail);
  if (message.substr(0, kOpen.size()) != kOpen) return false;
  for (const char c : message.substr(kOpen.size(), kIdDigits)) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

}  // namespace lanyard::internal
