// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/wire_status.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/key_material.h"

namespace lanyard::internal {
namespace {

constexpr absl::string_view kOpen = " [lanyard ";
constexpr size_t kIdBytes = 4;
constexpr size_t kIdDigits = 2 * kIdBytes;

}  // namespace

std::string NewDecisionId() {
  // Hundreds of random bytes cost hardly more than four. None is used twice, and none is a secret.
  thread_local std::string unused;
  if (unused.empty()) unused = RandomBytes(64 * kIdBytes);
  std::string id = absl::BytesToHexString(unused.substr(unused.size() - kIdBytes));
  unused.resize(unused.size() - kIdBytes);
  return id;
}

std::string WireMessage(absl::string_view text, absl::string_view decision_id) {
  return absl::StrCat(text, kOpen, decision_id, "]");
}

std::optional<WireMessageParts> ReadWireMessage(absl::string_view message) {
  const size_t tail = kOpen.size() + kIdDigits + 1;
  if (message.size() <= tail || message.back() != ']') return std::nullopt;
  const absl::string_view text = message.substr(0, message.size() - tail);
  message.remove_prefix(text.size());
  const absl::string_view id = message.substr(kOpen.size(), kIdDigits);
  if (message.substr(0, kOpen.size()) != kOpen) return std::nullopt;
  for (const char c : id) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return std::nullopt;
  }
  return WireMessageParts{text, id};
}

}  // namespace lanyard::internal
