// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/password_text.h"

#include <utf8proc.h>

#include <array>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lanyard::internal {
namespace {

// A code point takes at least one byte, and comes apart into four at most.
constexpr size_t kMaxCodePoints = 4 * kMaxTypedPasswordBytes;

absl::Status TooLong() {
  return absl::InvalidArgumentError(
      absl::StrCat("the password is longer than ", kMaxPasswordBytes, " bytes"));
}

}  // namespace

absl::StatusOr<Secret> PasswordText(absl::string_view typed) {
  if (typed.size() > kMaxTypedPasswordBytes) return TooLong();
  if (typed.find('\0') != typed.npos) {
    return absl::InvalidArgumentError("the password has a NUL character");
  }
  if (typed.empty()) return Secret();
  // On the stack and in place, because utf8proc's own allocations would keep the password.
  std::array<utf8proc_int32_t, kMaxCodePoints + 1> buffer;
  struct Wipe {
    ~Wipe() { Cleanse(buffer->data(), sizeof(*buffer)); }
    std::array<utf8proc_int32_t, kMaxCodePoints + 1>* buffer;
  } wipe{&buffer};
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const utf8proc_ssize_t code_points =
      utf8proc_decompose(reinterpret_cast<const utf8proc_uint8_t*>(typed.data()),
                         static_cast<utf8proc_ssize_t>(typed.size()), buffer.data(),
                         static_cast<utf8proc_ssize_t>(kMaxCodePoints), options);
  if (code_points < 0 || code_points > static_cast<utf8proc_ssize_t>(kMaxCodePoints)) {
    return absl::InvalidArgumentError("the password is not UTF-8");
  }
  const utf8proc_ssize_t bytes = utf8proc_reencode(buffer.data(), code_points, options);
  if (bytes < 0) return absl::InvalidArgumentError("the password is not UTF-8");
  if (static_cast<size_t>(bytes) > kMaxPasswordBytes) return TooLong();
  return Secret(
      absl::string_view(reinterpret_cast<const char*>(buffer.data()), static_cast<size_t>(bytes)));
}

}  // namespace lanyard::internal
