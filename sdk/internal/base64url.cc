// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/base64url.h"

#include <array>
#include <cstdint>

namespace lanyard::internal {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr uint8_t kInvalid = 0xff;

constexpr std::array<uint8_t, 256> MakeTable() {
  std::array<uint8_t, 256> table{};
  for (auto& entry : table) entry = kInvalid;
  for (uint8_t i = 0; i < 64; ++i) table[static_cast<uint8_t>(kAlphabet[i])] = i;
  return table;
}
constexpr std::array<uint8_t, 256> kTable = MakeTable();

uint32_t Value(char c) { return kTable[static_cast<uint8_t>(c)]; }

}  // namespace

bool Base64UrlDecode(absl::string_view text, std::string* out) {
  const size_t tail = text.size() % 4;
  if (tail == 1) return false;
  const size_t whole = text.size() - tail;
  const size_t start = out->size();
  out->resize(start + whole / 4 * 3 + (tail == 0 ? 0 : tail - 1));
  char* to = &(*out)[start];
  uint32_t bad = 0;  // Any bit above the low six says that some character was not in the alphabet.
  for (size_t i = 0; i < whole; i += 4) {
    const uint32_t a = Value(text[i]), b = Value(text[i + 1]);
    const uint32_t c = Value(text[i + 2]), d = Value(text[i + 3]);
    bad |= a | b | c | d;
    *to++ = static_cast<char>(a << 2 | b >> 4);
    *to++ = static_cast<char>(b << 4 | c >> 2);
    *to++ = static_cast<char>(c << 6 | d);
  }
  if (tail >= 2) {
    const uint32_t a = Value(text[whole]), b = Value(text[whole + 1]);
    bad |= a | b;
    *to++ = static_cast<char>(a << 2 | b >> 4);
    if (tail == 3) {
      const uint32_t c = Value(text[whole + 2]);
      bad |= c;
      *to++ = static_cast<char>(b << 4 | c >> 2);
      if ((c & 0x03) != 0) return false;
    } else if ((b & 0x0f) != 0) {
      return false;
    }
  }
  return (bad & 0xc0) == 0;
}

std::string Base64UrlEncode(absl::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() * 4 + 2) / 3);
  uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<uint8_t>(c);
    count += 8;
    while (count >= 6) {
      count -= 6;
      text.push_back(kAlphabet[bits >> count & 0x3f]);
    }
  }
  if (count > 0) text.push_back(kAlphabet[bits << (6 - count) & 0x3f]);
  return text;
}

}  // namespace lanyard::internal
