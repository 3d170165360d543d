// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/base64url.h"

#include <array>
#include <cstdint>

namespace lanyard::internal {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
// What a character stands for in the 24 bits of its group of four, by its place there; the first
// byte is the lowest. The bit above them says that it is not in the alphabet.
constexpr uint32_t kInvalid = 1u << 24;
using Table = std::array<uint32_t, 256>;
constexpr std::array<Table, 4> MakeTables() {
  std::array<Table, 4> tables{};
  for (Table& table : tables) {
    for (uint32_t& entry : table) entry = kInvalid;
  }
  for (uint32_t i = 0; i < 64; ++i) {
    const auto character = static_cast<uint8_t>(kAlphabet[i]);
    tables[0][character] = i << 2;
    tables[1][character] = i >> 4 | (i & 0x0f) << 12;
    tables[2][character] = i >> 2 << 8 | (i & 0x03) << 22;
    tables[3][character] = i << 16;
  }
  return tables;
}
constexpr std::array<Table, 4> kTables = MakeTables();

uint32_t Value(char c, size_t place) { return kTables[place][static_cast<uint8_t>(c)]; }

}  // namespace

bool Base64UrlDecode(absl::string_view text, std::string* out) {
  const size_t tail = text.size() % 4;
  if (tail == 1) return false;
  const size_t whole = text.size() - tail;
  const size_t start = out->size();
  out->resize(start + whole / 4 * 3 + (tail == 0 ? 0 : tail - 1));
  char* to = &(*out)[start];
  uint32_t bad = 0;
  for (const char *from = text.data(), *end = from + whole; from != end; from += 4, to += 3) {
    const uint32_t group =
        Value(from[0], 0) | Value(from[1], 1) | Value(from[2], 2) | Value(from[3], 3);
    bad |= group;
    to[0] = static_cast<char>(group);
    to[1] = static_cast<char>(group >> 8);
    to[2] = static_cast<char>(group >> 16);
  }
  if (tail >= 2) {
    uint32_t group = Value(text[whole], 0) | Value(text[whole + 1], 1);
    if (tail == 3) group |= Value(text[whole + 2], 2);
    bad |= group;
    *to++ = static_cast<char>(group);
    if (tail == 3) *to++ = static_cast<char>(group >> 8);
    // The last character has bits that belong to no byte: they must be zero.
    if (((group & ~kInvalid) >> (tail == 3 ? 16 : 8)) != 0) return false;
  }
  return (bad & kInvalid) == 0;
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
