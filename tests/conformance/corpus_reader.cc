// SPDX-License-Identifier: Apache-2.0
#include "lanyard/conformance/corpus_reader.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace lanyard::conformance {
namespace {

using internal::JsonDocument;
using internal::JsonValue;
using Kind = internal::JsonValue::Kind;

[[noreturn]] void Die(absl::string_view what, absl::string_view which) {
  std::fprintf(stderr, "conformance: %s: %s\n", std::string(what).c_str(),
               std::string(which).c_str());
  std::abort();
}

std::string Folder() {
  const char* folder = std::getenv("LANYARD_VECTORS");
  return folder == nullptr ? "" : folder;
}

std::string Join(const std::map<std::string, int64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) {
    absl::StrAppend(&text, text.empty() ? " (" : ", ", name, " ", count);
  }
  return text.empty() ? text : text + ")";
}

int64_t Sum(const std::map<std::string, int64_t>& counts) {
  int64_t sum = 0;
  for (const auto& entry : counts) sum += entry.second;
  return sum;
}

}  // namespace

void CorpusTest::SetUp() {
  if (Folder().empty()) {
    GTEST_SKIP() << "NOT RUN: set the environment variable LANYARD_VECTORS to the folder of the "
                    "test vectors (with Bazel: --test_env=LANYARD_VECTORS=/path)";
  }
}

std::string ReadVectorFile(absl::string_view path) {
  const std::string full = absl::StrCat(Folder(), "/", path);
  std::ifstream in(full, std::ios::binary);
  if (!in) Die("cannot read", full);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

JsonDocument ReadVectorJson(absl::string_view path) {
  auto document = JsonDocument::ParseObject(ReadVectorFile(path));
  if (!document.ok()) Die(path, document.status().message());
  return *std::move(document);
}

std::vector<std::string> ListVectors(absl::string_view folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(absl::StrCat(Folder(), "/", folder), error)) {
    names.push_back(entry.path().filename().string());
  }
  if (error || names.empty()) Die("no vectors in", folder);
  std::sort(names.begin(), names.end());
  return names;
}

JsonValue Member(const JsonValue& object, absl::string_view name) {
  const auto member = object.Find(name);
  if (!member.has_value()) Die("no member in the corpus", name);
  return *member;
}

std::string Text(const JsonValue& object, absl::string_view name) {
  const JsonValue member = Member(object, name);
  if (!member.is(Kind::kString)) Die("not a string in the corpus", name);
  return std::string(member.string());
}

int64_t Number(const JsonValue& object, absl::string_view name) {
  const JsonValue member = Member(object, name);
  if (!member.is(Kind::kInteger)) Die("not an integer in the corpus", name);
  return member.integer();
}

std::string HexBytes(const JsonValue& object, absl::string_view name) {
  const std::string hex = Text(object, name);
  if (hex.size() % 2 != 0 ||
      !std::all_of(hex.begin(), hex.end(), [](unsigned char c) { return std::isxdigit(c) != 0; })) {
    Die("not hexadecimal in the corpus", name);
  }
  return absl::HexStringToBytes(hex);
}

std::string JsonText(const JsonValue& value, absl::string_view without) {
  switch (value.kind()) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return value.boolean() ? "true" : "false";
    case Kind::kInteger:
      return absl::StrCat(value.integer());
    case Kind::kUnsigned:
      return absl::StrCat(value.unsigned_integer());
    case Kind::kDouble:
      Die("a fraction in the corpus", value.name());
    case Kind::kString: {
      std::string text;
      internal::AppendJsonString(value.string(), &text);
      return text;
    }
    case Kind::kArray:
    case Kind::kObject:
      break;
  }
  const bool object = value.is(Kind::kObject);
  std::string text, comma;
  for (const JsonValue child : value) {
    if (object && !without.empty() && child.name() == without) continue;
    text += comma;
    comma = ",";
    if (object) {
      internal::AppendJsonString(child.name(), &text);
      text += ':';
    }
    text += JsonText(child);
  }
  return object ? "{" + text + "}" : "[" + text + "]";
}

Tally::~Tally() {
  std::printf("%s: %lld run, %lld as listed, %lld named exceptions%s", file_.c_str(),
              static_cast<long long>(run_), static_cast<long long>(as_listed_),
              static_cast<long long>(Sum(exceptions_)), Join(exceptions_).c_str());
  if (!skipped_.empty()) {
    std::printf(", %lld skipped%s", static_cast<long long>(skipped()), Join(skipped_).c_str());
  }
  std::printf("%s\n", ::testing::Test::HasFailure() ? " (THE TEST FAILED, see above)" : "");
}

int64_t Tally::skipped() const { return Sum(skipped_); }

void Tally::Compare(const JsonValue& test, bool accepted, absl::string_view outcome,
                    const std::vector<NamedException>& exceptions) {
  const int64_t id = Number(test, "tcId");
  const std::string listed = Text(test, "result");
  const bool agrees = accepted == (listed == "valid");
  const auto exception =
      std::find_if(exceptions.begin(), exceptions.end(),
                   [id](const NamedException& candidate) { return candidate.id == id; });
  if (exception == exceptions.end()) {
    EXPECT_TRUE(agrees) << file_ << " tcId " << id << " (" << Text(test, "comment")
                        << ") is listed as " << listed << ", our answer is " << outcome;
    AsListed();
    return;
  }
  EXPECT_FALSE(agrees && listed != "acceptable")
      << file_ << " tcId " << id << " is no exception any more: " << exception->reason;
  EXPECT_EQ(outcome, exception->outcome) << file_ << " tcId " << id << ": " << exception->reason;
  Exception(exception->reason);
}

}  // namespace lanyard::conformance
