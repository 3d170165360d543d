// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_SECRET_H_
#define LANYARD_SDK_INTERNAL_SECRET_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// Overwrites memory in a way that the compiler does not remove.
void Cleanse(void* memory, std::size_t size);

// A string that is overwritten when it is destroyed, moved from or assigned to.
class Secret {
 public:
  Secret() = default;
  explicit Secret(absl::string_view bytes) : bytes_(bytes) {}
  // Takes the bytes without leaving a copy in `bytes`.
  static Secret Take(std::string& bytes);

  Secret(const Secret& other) = default;
  Secret& operator=(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { Wipe(); }

  absl::string_view view() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }

 private:
  void Wipe();

  std::string bytes_;
};

// Overwrites a string it does not own when it goes out of scope.
class ScopedCleanse {
 public:
  explicit ScopedCleanse(std::string* text) : text_(text) {}
  ~ScopedCleanse() { Cleanse(&(*text_)[0], text_->size()); }
  ScopedCleanse(const ScopedCleanse&) = delete;
  ScopedCleanse& operator=(const ScopedCleanse&) = delete;

 private:
  std::string* text_;  // Not owned.
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_SECRET_H_
