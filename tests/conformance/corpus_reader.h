// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_CONFORMANCE_CORPUS_READER_H_
#define LANYARD_TESTS_CONFORMANCE_CORPUS_READER_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/json.h"

// What the conformance tests share: public corpora, read at run time from the folder that the
// environment variable LANYARD_VECTORS names. Nothing of them is kept in this repository.
namespace lanyard::conformance {

// Skips every test while LANYARD_VECTORS is unset, and says so.
class CorpusTest : public ::testing::Test {
 protected:
  void SetUp() override;
};

template <typename T>
class CorpusTestWithParam : public CorpusTest, public ::testing::WithParamInterface<T> {};

// `path` is relative to the folder. Ends the process if there is no such file: a corpus that is
// named but incomplete must not pass.
std::string ReadVectorFile(absl::string_view path);
internal::JsonDocument ReadVectorJson(absl::string_view path);

// The names of the files in a folder, sorted.
std::vector<std::string> ListVectors(absl::string_view folder);

// Members of an object; each ends the process if the member is not there or of another kind.
internal::JsonValue Member(const internal::JsonValue& object, absl::string_view name);
std::string Text(const internal::JsonValue& object, absl::string_view name);
int64_t Number(const internal::JsonValue& object, absl::string_view name);
std::string HexBytes(const internal::JsonValue& object, absl::string_view name);

// The value as JSON text; `without` names a member of the outermost object that is left out.
std::string JsonText(const internal::JsonValue& value, absl::string_view without = "");

// Where we knowingly answer otherwise than a corpus lists, and why.
struct NamedException {
  int64_t id;                 // tcId.
  absl::string_view outcome;  // What we answer instead.
  absl::string_view reason;
};

// Counts what became of the tests of one corpus file, and prints a line about it at the end:
// "hmac_sha256_test.json: 174 run, 84 as listed, 90 named exceptions (truncated tag 84, …)".
class Tally {
 public:
  explicit Tally(absl::string_view file) : file_(file) {}
  ~Tally();
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

  void AsListed() { ++run_, ++as_listed_; }
  void Exception(absl::string_view name) { ++run_, ++exceptions_[std::string(name)]; }
  void Skipped(absl::string_view why) { ++skipped_[std::string(why)]; }

  // Fails the test unless `accepted` is what the corpus lists ("valid" or not) or, for an exception
  // among `exceptions`, is not and comes with the outcome that the exception names.
  void Compare(const internal::JsonValue& test, bool accepted, absl::string_view outcome,
               const std::vector<NamedException>& exceptions);

  int64_t run() const { return run_; }
  int64_t skipped() const;

 private:
  std::string file_;
  int64_t run_ = 0, as_listed_ = 0;
  std::map<std::string, int64_t> exceptions_, skipped_;
};

}  // namespace lanyard::conformance

#endif  // LANYARD_TESTS_CONFORMANCE_CORPUS_READER_H_
