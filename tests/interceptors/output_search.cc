// SPDX-License-Identifier: Apache-2.0
#include "tests/interceptors/output_search.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/json.h"

namespace lanyard::test {
namespace {

// A text of a test that cannot be made is no reason to go on.
void Check(bool good) {
  if (!good) std::abort();
}

void Flush() {
  std::fflush(stdout);
  std::fflush(stderr);
}

}  // namespace

OutputCapture::OutputCapture() {
  Flush();
  std::FILE* const file = std::tmpfile();
  Check(file != nullptr);
  file_ = dup(fileno(file));
  std::fclose(file);
  out_ = dup(STDOUT_FILENO);
  err_ = dup(STDERR_FILENO);
  Check(dup2(file_, STDOUT_FILENO) >= 0 && dup2(file_, STDERR_FILENO) >= 0);
}

std::string OutputCapture::End() {
  if (file_ < 0) return std::string();
  Flush();
  Check(dup2(out_, STDOUT_FILENO) >= 0 && dup2(err_, STDERR_FILENO) >= 0);
  close(out_);
  close(err_);
  std::string text(static_cast<size_t>(lseek(file_, 0, SEEK_END)), '\0');
  Check(pread(file_, &text[0], text.size(), 0) == static_cast<ssize_t>(text.size()));
  close(file_);
  file_ = -1;
  return text;
}

void Haystack::Add(absl::string_view where, absl::string_view text, Kind kind) {
  texts_.push_back({std::string(where), std::string(text), kind});
}

void Haystack::Add(absl::string_view where, const absl::Status& status) {
  Add(where, status.message());
  status.ForEachPayload([&](absl::string_view type, const absl::Cord& payload) {
    Add(absl::StrCat(where, ", payload ", type), std::string(payload));
  });
}

size_t Haystack::bytes() const {
  size_t bytes = 0;
  for (const Text& text : texts_) bytes += text.text.size();
  return bytes;
}

std::vector<std::string> Haystack::Unsafe() const {
  std::vector<std::string> found;
  for (const Text& text : texts_) {
    if (text.kind == Kind::kRaw) continue;
    const std::string unsafe = UnsafeIn(text.text, text.kind == Kind::kOutput);
    if (!unsafe.empty()) found.push_back(absl::StrCat(text.where, " holds ", unsafe));
    if (text.kind == Kind::kMessage && text.text.size() > kLongestMessage) {
      found.push_back(absl::StrCat(text.where, " has ", text.text.size(), " bytes"));
    }
  }
  return found;
}

void Secrets::AddText(absl::string_view name, absl::string_view text) {
  Check(text.size() >= kWindow);
  for (size_t i = 0; i + kWindow <= text.size(); ++i) {
    windows_.emplace(text.substr(i, kWindow), name);
  }
}

void Secrets::AddToken(absl::string_view token) {
  const std::string name = absl::StrCat("token ", ++tokens_);
  wholes_.emplace_back(token, name);
  const std::vector<absl::string_view> segments = absl::StrSplit(token, '.');
  if (segments[0].size() >= kWindow) {
    wholes_.emplace_back(segments[0], absl::StrCat("the header of ", name));
  }
  for (size_t i = 1; i < segments.size(); ++i) {
    if (segments[i].size() < kWindow) continue;
    AddText(absl::StrCat(i == 1 ? "the payload of " : "the signature of ", name), segments[i]);
  }
}

void Secrets::AddBytes(absl::string_view name, absl::string_view bytes) {
  AddText(name, bytes);
  const std::string hex = absl::BytesToHexString(bytes);
  AddText(absl::StrCat(name, " in hex"), hex);
  AddText(absl::StrCat(name, " in hex"), absl::AsciiStrToUpper(hex));
  AddText(absl::StrCat(name, " in base64"), absl::Base64Escape(bytes));
  AddText(absl::StrCat(name, " in base64url"), internal::Base64UrlEncode(bytes));
}

void Secrets::AddPem(absl::string_view name, absl::string_view pem) {
  for (const absl::string_view line : absl::StrSplit(pem, '\n')) {
    if (line.size() >= kWindow && !absl::StartsWith(line, "-----")) AddText(name, line);
  }
}

void Secrets::AddJwk(absl::string_view name, absl::string_view json) {
  const auto document = internal::JsonDocument::ParseObject(json);
  Check(document.ok());
  for (const char* member : {"d", "p", "q", "dp", "dq", "qi", "k"}) {
    const auto value = document->root().Find(member);
    if (!value.has_value()) continue;
    AddText(absl::StrCat("\"", member, "\" of ", name), value->string());
    std::string bytes;
    Check(internal::Base64UrlDecode(value->string(), &bytes));
    AddBytes(absl::StrCat("\"", member, "\" of ", name, ", decoded"), bytes);
  }
}

std::string Secrets::FoundIn(absl::string_view text) const {
  for (const auto& [whole, name] : wholes_) {
    const size_t at = text.find(whole);
    if (!whole.empty() && at != text.npos) return absl::StrCat(name, ", at byte ", at);
  }
  for (size_t i = 0; i + kWindow <= text.size(); ++i) {
    const auto found = windows_.find(text.substr(i, kWindow));
    if (found != windows_.end()) return absl::StrCat(found->second, ", at byte ", i);
  }
  return std::string();
}

std::vector<std::string> Secrets::FoundIn(const Haystack& haystack) const {
  std::vector<std::string> found;
  for (const Haystack::Text& text : haystack.texts()) {
    const std::string secret = FoundIn(text.text);
    if (!secret.empty()) found.push_back(absl::StrCat(text.where, " holds ", secret));
  }
  return found;
}

std::string UnsafeIn(absl::string_view text, bool lines) {
  for (size_t i = 0; i < text.size();) {
    const auto byte = [&](size_t at) {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0u;
    };
    const unsigned first = byte(i);
    const auto unsafe = [&] { return absl::StrCat("byte 0x", absl::Hex(first), " at ", i); };
    const size_t size = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : 4;
    unsigned code_point = first & (size == 1 ? 0x7fu : 0x7fu >> size);
    for (size_t more = 1; more < size; ++more) {
      if (byte(i + more) >> 6 != 2) return unsafe();
      code_point = code_point << 6 | (byte(i + more) & 0x3f);
    }
    if (size == 4 && first >> 3 != 30) return unsafe();
    const bool control = code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
    // Marks that turn the writing direction, and line ends of Unicode.
    const bool mark = code_point == 0x061c || code_point == 0x200e || code_point == 0x200f ||
                      (code_point >= 0x2028 && code_point <= 0x202e) ||
                      (code_point >= 0x2066 && code_point <= 0x2069);
    if (mark || (control && !(lines && first == '\n'))) {
      return absl::StrCat(unsafe(), ", U+", absl::Hex(code_point, absl::kZeroPad4));
    }
    i += size;
  }
  return std::string();
}

}  // namespace lanyard::test
