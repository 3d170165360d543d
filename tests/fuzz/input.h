// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_FUZZ_INPUT_H_
#define LANYARD_TESTS_FUZZ_INPUT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace lanyard::fuzz {

inline absl::string_view TextOf(const uint8_t* data, size_t size) {
  return absl::string_view(reinterpret_cast<const char*>(data), size);
}

// Reads choices out of the fuzzer's bytes; zeros when they have run out.
class Input {
 public:
  explicit Input(absl::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  size_t size() const { return rest_.size(); }

  uint8_t Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return byte;
  }
  // 0 to count - 1.
  size_t Pick(size_t count) { return Byte() % count; }
  bool Flag() { return (Byte() & 1) != 0; }
  // One time in `count`, never for a zero byte.
  bool Rarely(size_t count) { return Pick(count) == count - 1; }

  // At most `count` bytes.
  absl::string_view Take(size_t count) {
    const absl::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // Up to the next new line, which is taken too.
  absl::string_view Line() {
    const absl::string_view line = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(line.size() + (line.size() < rest_.size() ? 1 : 0));
    return line;
  }

  // Changes `text` as the rest says, four bytes an edit: what to do, where (two), with what.
  std::string Edit(std::string text) {
    while (!rest_.empty() && !text.empty()) {
      const size_t what = Pick(4);
      const size_t high = Byte();
      const size_t where = (high << 8 | Byte()) % text.size();
      const char with = static_cast<char>(Byte());
      if (what == 0) text[where] = with;
      if (what == 1) text.insert(where, 1, with);
      if (what == 2) text.erase(where, 1);
      if (what == 3) text.resize(where);
    }
    return text;
  }

 private:
  absl::string_view rest_;
};

}  // namespace lanyard::fuzz

#endif  // LANYARD_TESTS_FUZZ_INPUT_H_
