// SPDX-License-Identifier: Apache-2.0
//
// JSONTestSuite, each text as a claims set. Most of its texts are arrays or bare values, which are
// refused for not being an object whatever else is in them; so each is also read as the value of a
// member.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/conformance/corpus_reader.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/testing/matchers.h"

namespace lanyard::conformance {
namespace {

using internal::JsonDocument;
using internal::JsonValue;
using Kind = internal::JsonValue::Kind;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::EndsWith;
using ::testing::Not;

constexpr char kNotAnObject[] = "the text is not an object";

std::string AsMember(absl::string_view text) { return absl::StrCat("{\"m\":", text, "}"); }

// Both readers must give one answer.
absl::Status Read(absl::string_view text) {
  const absl::Status status = JsonDocument::ParseObject(text).status();
  EXPECT_EQ(status, JsonDocument::ParseSecretObject(text).status());
  return status;
}

template <typename Check>
void ForEach(absl::string_view folder, absl::string_view prefix, Check check) {
  for (const std::string& name : ListVectors(absl::StrCat("jsontestsuite/", folder))) {
    if (!absl::StartsWith(name, prefix)) continue;
    SCOPED_TRACE(name);
    check(name, ReadVectorFile(absl::StrCat("jsontestsuite/", folder, "/", name)));
  }
}

using JsonTestSuiteTest = CorpusTest;

TEST_F(JsonTestSuiteTest, GoodObjectsAreAcceptedUnlessANameIsTwice) {
  // RFC 7519 section 4 lets a reader refuse what RFC 8259 section 4 only advises against.
  const std::set<std::string> duplicates = {"y_object_duplicated_key.json",
                                            "y_object_duplicated_key_and_value.json"};
  Tally tally("test_parsing/y_*");
  ForEach("test_parsing", "y_", [&](const std::string& name, const std::string& text) {
    if (duplicates.count(name) != 0) {
      EXPECT_THAT(Read(text), IsError(EndsWith("a duplicate member name")));
      EXPECT_THAT(Read(AsMember(text)), IsError(EndsWith("a duplicate member name")));
      tally.Exception("duplicate names");
      return;
    }
    EXPECT_THAT(Read(AsMember(text)), IsOk());
    if (absl::StartsWith(name, "y_object") || absl::StartsWith(text, "{")) {
      EXPECT_THAT(Read(text), IsOk());
      tally.AsListed();
    } else {
      EXPECT_THAT(Read(text), IsError(EndsWith(kNotAnObject)));
      tally.Exception("not an object");
    }
  });
  EXPECT_EQ(tally.run(), 95);
}

TEST_F(JsonTestSuiteTest, BadTextsAreRefusedForWhatIsBadInThem) {
  Tally tally("test_parsing/n_*");
  ForEach("test_parsing", "n_", [&](const std::string&, const std::string& text) {
    EXPECT_THAT(Read(text), IsError(Not(EndsWith(kNotAnObject))));
    EXPECT_THAT(Read(AsMember(text)), IsError(Not(EndsWith(kNotAnObject))));
    tally.AsListed();
  });
  EXPECT_EQ(tally.run(), 188);
}

// What RFC 8259 leaves open, answered once and for all: these are accepted as a member, the others
// are not, and as it stands none is (an object after a byte order mark is one of them).
TEST_F(JsonTestSuiteTest, OpenQuestionsKeepTheirAnswers) {
  const std::set<std::string> accepted = {
      // Below the smallest double, which is zero.
      "i_number_double_huge_neg_exp.json",
      "i_number_real_underflow.json",
  };
  Tally tally("test_parsing/i_*");
  ForEach("test_parsing", "i_", [&](const std::string& name, const std::string& text) {
    EXPECT_EQ(Read(AsMember(text)).ok(), accepted.count(name) != 0) << Read(AsMember(text));
    EXPECT_FALSE(Read(text).ok());
    tally.AsListed();
  });
  EXPECT_EQ(tally.run(), 35);
}

// Where parsers are known to change what they read.
TEST_F(JsonTestSuiteTest, IntegersAreExactAndNamesAreNotNormalized) {
  using Good = std::function<bool(const JsonValue&)>;
  const Good refused;
  auto integer = [](int64_t value) {
    return [value](const JsonValue& read) {
      return read.is(Kind::kInteger) && read.integer() == value;
    };
  };
  auto positive = [](uint64_t value) {
    return [value](const JsonValue& read) {
      return read.is(Kind::kUnsigned) && read.unsigned_integer() == value;
    };
  };
  auto real = [](double value) {
    return
        [value](const JsonValue& read) { return read.is(Kind::kDouble) && read.number() == value; };
  };
  // Unicode's normal forms are not applied: these are two names (RFC 7519 section 7.3).
  const Good two_names = [](const JsonValue& read) {
    const auto one = read.Find("\xc3\xa9"), other = read.Find("e\xcc\x81");
    return read.size() == 2 && one.has_value() && one->string() == "NFC" && other.has_value() &&
           other->string() == "NFD";
  };
  const Good nul_inside = [](const JsonValue& read) {
    return read.is(Kind::kString) && read.string() == absl::string_view("A\0B", 3);
  };
  const std::map<std::string, Good> expected = {
      {"number_-9223372036854775808.json", integer(INT64_MIN)},
      {"number_-9223372036854775809.json", refused},
      {"number_1.0.json", real(1)},
      {"number_1.000000000000000005.json", real(1)},
      {"number_1000000000000000.json", integer(1000000000000000)},
      {"number_10000000000000000999.json", positive(10000000000000000999u)},
      {"number_1e-999.json", real(0)},
      {"number_1e6.json", real(1e6)},
      {"number_9223372036854775807.json", integer(INT64_MAX)},
      {"number_9223372036854775808.json", positive(uint64_t{1} << 63)},
      {"object_key_nfc_nfd.json", two_names},
      {"object_key_nfd_nfc.json", two_names},
      {"object_same_key_different_values.json", refused},
      {"object_same_key_same_value.json", refused},
      {"object_same_key_unclear_values.json", refused},
      {"string_1_escaped_invalid_codepoint.json", refused},
      {"string_1_invalid_codepoint.json", refused},
      {"string_2_escaped_invalid_codepoints.json", refused},
      {"string_2_invalid_codepoints.json", refused},
      {"string_3_escaped_invalid_codepoints.json", refused},
      {"string_3_invalid_codepoints.json", refused},
      {"string_with_escaped_NULL.json", nul_inside},
  };
  Tally tally("test_transform/*");
  ForEach("test_transform", "", [&](const std::string& name, const std::string& text) {
    const auto entry = expected.find(name);
    ASSERT_NE(entry, expected.end());
    tally.AsListed();
    const absl::Status status = Read(AsMember(text));
    EXPECT_EQ(status.ok(), entry->second != nullptr) << status;
    if (!status.ok() || entry->second == nullptr) return;
    auto document = JsonDocument::ParseObject(AsMember(text));
    ASSERT_THAT(document, IsOk());
    const JsonValue member = Member(document->root(), "m");
    EXPECT_TRUE(entry->second(member.is(Kind::kArray) ? *member.begin() : member));
  });
  EXPECT_EQ(tally.run(), static_cast<int64_t>(expected.size()));
}

}  // namespace
}  // namespace lanyard::conformance
