// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_OUTPUT_SEARCH_H_
#define LANYARD_TESTS_INTERCEPTORS_OUTPUT_SEARCH_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lanyard::test {

// Takes what the process writes to its standard output and standard error.
class OutputCapture {
 public:
  OutputCapture();
  ~OutputCapture() { (void)End(); }
  OutputCapture(const OutputCapture&) = delete;
  OutputCapture& operator=(const OutputCapture&) = delete;

  // Gives both streams back and returns what came. Once; afterwards the empty string.
  std::string End();

 private:
  int file_ = -1, out_ = -1, err_ = -1;
};

// What the code under test printed or returned, each text with a word on where it came from.
class Haystack {
 public:
  // A message is one short line that is safe to show, output is lines that are. A raw text may hold
  // anything but secrets.
  enum class Kind { kMessage, kOutput, kRaw };
  struct Text {
    std::string where, text;
    Kind kind;
  };
  static constexpr size_t kLongestMessage = 1024;

  void Add(absl::string_view where, absl::string_view text, Kind kind = Kind::kMessage);
  // Message and payloads.
  void Add(absl::string_view where, const absl::Status& status);

  const std::vector<Text>& texts() const { return texts_; }
  size_t bytes() const;

  // What is not as its kind must be, each with its place.
  std::vector<std::string> Unsafe() const;

 private:
  std::vector<Text> texts_;
};

// What must never be seen. Any 12 characters in a row of a secret count as the secret.
class Secrets {
 public:
  static constexpr size_t kWindow = 12;

  // The header as a whole, which says little; any part of payload and signature.
  void AddToken(absl::string_view token);
  // Raw, hex, base64 and base64url.
  void AddBytes(absl::string_view name, absl::string_view bytes);
  // The lines between BEGIN and END.
  void AddPem(absl::string_view name, absl::string_view pem);
  // The members that are private.
  void AddJwk(absl::string_view name, absl::string_view json);
  void AddText(absl::string_view name, absl::string_view text);

  size_t tokens() const { return tokens_; }

  // "the signature of token 3, at byte 17", or the empty string. No text of the secret itself.
  std::string FoundIn(absl::string_view text) const;
  // The same for each text of a haystack that has one; at most one for each place.
  std::vector<std::string> FoundIn(const Haystack& haystack) const;

 private:
  absl::flat_hash_map<std::string, std::string> windows_;  // To the secret's name.
  std::vector<std::pair<std::string, std::string>> wholes_;
  size_t tokens_ = 0;
};

// The first thing in a text that could act on a terminal or that is not UTF-8, like
// "byte 0x1b at 17"; the empty string for a text that is safe to show. Line ends count as unsafe
// unless `lines`.
std::string UnsafeIn(absl::string_view text, bool lines = false);

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_OUTPUT_SEARCH_H_
