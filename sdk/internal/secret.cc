// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/secret.h"

#include <cstring>

namespace lanyard::internal {

void Cleanse(void* memory, std::size_t size) {
  if (size == 0) return;
  std::memset(memory, 0, size);
  // The compiler must assume that this reads the memory, so it cannot drop the write above.
  __asm__ __volatile__("" : : "r"(memory) : "memory");
}

Secret Secret::Take(std::string& bytes) {
  Secret secret{absl::string_view(bytes)};
  Cleanse(&bytes[0], bytes.size());
  bytes.clear();
  return secret;
}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    Wipe();
    bytes_ = other.bytes_;
  }
  return *this;
}

// Copies, so that what the other one held can be overwritten: a moved string may keep its bytes.
Secret::Secret(Secret&& other) noexcept
    : bytes_(other.bytes_) {  // NOLINT(performance-move-constructor-init)
  other.Wipe();
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    bytes_ = other.bytes_;
    other.Wipe();
  }
  return *this;
}

void Secret::Wipe() {
  Cleanse(&bytes_[0], bytes_.size());
  bytes_.clear();
}

}  // namespace lanyard::internal
