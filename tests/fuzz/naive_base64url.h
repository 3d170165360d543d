// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_FUZZ_NAIVE_BASE64URL_H_
#define LANYARD_TESTS_FUZZ_NAIVE_BASE64URL_H_

#include <optional>
#include <string>

namespace lanyard::fuzz {

// base64url without padding, one bit after the other: to compare with, not to be fast.
inline std::optional<std::string> NaiveBase64UrlDecode(const std::string& text) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string bits;
  for (const char c : text) {
    const size_t value = alphabet.find(c);
    if (value == std::string::npos) return std::nullopt;
    for (int bit = 5; bit >= 0; --bit) bits.push_back((value >> bit & 1) != 0 ? '1' : '0');
  }
  std::string bytes;
  size_t at = 0;
  for (; at + 8 <= bits.size(); at += 8) {
    unsigned value = 0;
    for (size_t i = 0; i < 8; ++i) value = value * 2 + (bits[at + i] == '1' ? 1 : 0);
    bytes.push_back(static_cast<char>(value));
  }
  const std::string tail = bits.substr(at);
  if (tail.size() >= 6 || tail.find('1') != std::string::npos) return std::nullopt;
  return bytes;
}

}  // namespace lanyard::fuzz

#endif  // LANYARD_TESTS_FUZZ_NAIVE_BASE64URL_H_
