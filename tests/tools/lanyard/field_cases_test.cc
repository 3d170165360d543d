// SPDX-License-Identifier: Apache-2.0

// Runs `lanyard token verify` over fieldcases.json, a collection of tokens from bug reports and
// CVEs, in the folder that LANYARD_VECTORS names.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/testing/command_runner.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::Outcome;
using ::lanyard::testing::ReadTextFile;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::TempFile;
using ::testing::HasSubstr;

using internal::JsonValue;

// Cases where more than one behaviour is defensible. Ours is the stricter, unless the reason says
// why not.
struct Choice {
  const char* id;
  const char* name;
  bool accepted;
  const char* said;  // Part of what standard output or standard error must say.
  const char* reason;
};
constexpr Choice kChoices[] = {
    {"A04", "nbf negative", false, "MALFORMED_TOKEN",
     "times are from 1970 to the year 9999; nothing outside needs a meaning"},
    {"A06", "exp missing", false, "MISSING_CLAIM", "a token without exp is good for ever"},
    {"A10", "duplicate sub", false, "MALFORMED_TOKEN",
     "two readers of one token must not see two subjects (RFC 7519 section 4)"},
    {"A21", "jku header, good signature by trusted key", false, "MALFORMED_TOKEN",
     "a header that offers a key has no place where keys come from the config alone (RFC 8725 "
     "section 3.10)"},
    {"A23", "private claim 2^53+1", true, "\"org\":9007199254740993",
     "the claim is good, and comes out with every digit"},
    {"A25", "JWKS entry carries private members", true, "private half, which is not used",
     "the file is the operator's own: the public half is used, with a warning on standard error"},
};

const Choice* ChoiceFor(absl::string_view id, absl::string_view name) {
  for (const Choice& choice : kChoices) {
    if (id == choice.id && name == choice.name) return &choice;
  }
  return nullptr;
}

absl::string_view Text(const JsonValue& object, absl::string_view name) {
  return object.Find(name)->string();
}

// A value as JSON again: the key sets are objects of arrays of objects of strings.
std::string ToJson(const JsonValue& value) {
  std::string out;
  absl::string_view comma;
  switch (value.kind()) {
    case JsonValue::Kind::kObject:
      out = "{";
      for (const JsonValue member : value) {
        absl::StrAppend(&out, comma);
        comma = ",";
        internal::AppendJsonString(member.name(), &out);
        absl::StrAppend(&out, ":", ToJson(member));
      }
      return out + "}";
    case JsonValue::Kind::kArray:
      out = "[";
      for (const JsonValue element : value) {
        absl::StrAppend(&out, comma, ToJson(element));
        comma = ",";
      }
      return out + "]";
    case JsonValue::Kind::kString:
      internal::AppendJsonString(value.string(), &out);
      return out;
    default:
      ADD_FAILURE() << "a key set with a value of another kind";
      return "null";
  }
}

std::vector<std::string> Command(const JsonValue& vector) {
  const JsonValue config = *vector.Find("config");
  return {"token",      "verify",
          "--jwks",     TempFile("jwks.json", ToJson(*vector.Find("jwks"))),
          "--issuer",   std::string(Text(config, "iss")),
          "--audience", std::string(Text(config, "aud")),
          "--at",       absl::StrCat(config.Find("now")->integer()),
          "--leeway",   absl::StrCat(config.Find("leeway")->integer(), "s"),
          "--",         std::string(Text(vector, "token"))};
}

TEST(FieldCasesTest, EveryCaseHasTheVerdictOfAStrictVerifier) {
  const char* folder = std::getenv("LANYARD_VECTORS");
  if (folder == nullptr || *folder == '\0') {
    GTEST_SKIP() << "FIELD CASES NOT RUN: set LANYARD_VECTORS to the folder of fieldcases.json "
                    "(--test_env=LANYARD_VECTORS=...)";
  }
  const std::string path = absl::StrCat(folder, "/fieldcases.json");
  const auto document = internal::JsonDocument::ParseObject(ReadTextFile(path));
  ASSERT_TRUE(document.ok()) << path << ": " << document.status();
  const JsonValue vectors = *document->root().Find("vectors");
  ASSERT_EQ(document->root().Find("count")->integer(), vectors.size());
  int accepted = 0, refused = 0, choices = 0;
  for (const JsonValue vector : vectors) {
    const absl::string_view id = Text(vector, "case");
    const absl::string_view name = Text(vector, "name");
    SCOPED_TRACE(absl::StrCat(id, " ", name, ": ", Text(vector, "reason")));
    const Outcome outcome = RunTool(Command(vector));
    bool expect_accepted = Text(vector, "expect") == "accept";
    const Choice* choice = ChoiceFor(id, name);
    EXPECT_EQ(choice != nullptr, vector.Find("policy").has_value());
    if (choice != nullptr) {
      expect_accepted = choice->accepted;
      EXPECT_THAT(outcome.out + outcome.err, HasSubstr(choice->said)) << choice->reason;
      ++choices;
    }
    EXPECT_EQ(outcome.code, expect_accepted ? 0 : 1) << outcome.err;
    EXPECT_EQ(internal::JsonDocument::ParseObject(outcome.out).ok(), expect_accepted);
    ++(outcome.code == 0 ? accepted : refused);
    std::cout << id << " | " << name << " | " << (outcome.code == 0 ? "accepted" : outcome.err)
              << (outcome.code == 0 ? "\n" : "");
  }
  EXPECT_EQ(choices, static_cast<int>(std::size(kChoices)));
  std::cout << accepted << " accepted, " << refused << " refused, " << choices
            << " by choice, all as expected unless said above\n";
}

}  // namespace
}  // namespace lanyard::tools
