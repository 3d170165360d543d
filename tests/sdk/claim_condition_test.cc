// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/claim_condition.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::HasSubstr;

v1::ClaimCondition Condition(const std::string& text) {
  v1::ClaimCondition condition;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &condition)) << text;
  return condition;
}

struct Row {
  const char* claims;
  const char* condition;
  bool meets;
};

class ClaimConditionTest : public ::testing::TestWithParam<Row> {};

TEST_P(ClaimConditionTest, Meets) {
  const auto document = JsonDocument::ParseObject(GetParam().claims);
  ASSERT_THAT(document, IsOk());
  const v1::ClaimCondition condition = Condition(GetParam().condition);
  ASSERT_THAT(ValidateClaimCondition(condition), IsOk());
  EXPECT_EQ(Meets(document->root(), condition), GetParam().meets)
      << GetParam().claims << " " << GetParam().condition;
}

INSTANTIATE_TEST_SUITE_P(
    , ClaimConditionTest,
    ::testing::Values(
        Row{R"({"a":"x"})", R"(path: "a" any_of: "x")", true},
        Row{R"({"a":"x"})", R"(path: "a" any_of: ["w", "x"])", true},
        Row{R"({"a":"X"})", R"(path: "a" any_of: "x")", false},
        Row{R"({"a":"x y"})", R"(path: "a" any_of: "x")", false},
        Row{R"({"b":"x"})", R"(path: "a" any_of: "x")", false},
        Row{R"({"a":["w","x"]})", R"(path: "a" any_of: "x")", true},
        Row{R"({"a":[["x"]]})", R"(path: "a" any_of: "x")", false},
        Row{R"({"a":{"x":1}})", R"(path: "a" any_of: "x")", false},
        Row{R"({"a":[]})", R"(path: "a" any_of: "x")", false},
        Row{R"({"a":null})", R"(path: "a" any_of: "null")", false},
        Row{R"({"a":["w","x"]})", R"(path: "a" all_of: ["x", "w"])", true},
        Row{R"({"a":["w"]})", R"(path: "a" all_of: ["x", "w"])", false},
        Row{R"({"a":"w"})", R"(path: "a" all_of: ["w"])", true},
        // One string that is said to be two.
        Row{R"({"a":"w"})", R"(path: "a" all_of: ["w", "w"])", true},
        // Types count.
        Row{R"({"a":1})", R"(path: "a" any_of: "1")", false},
        Row{R"({"a":true})", R"(path: "a" any_of: "true")", false},
        Row{R"({"a":1})", R"(path: "a" any_of_integers: [2, 1])", true},
        Row{R"({"a":"1"})", R"(path: "a" any_of_integers: 1)", false},
        Row{R"({"a":1.0})", R"(path: "a" any_of_integers: 1)", false},
        Row{R"({"a":true})", R"(path: "a" any_of_integers: 1)", false},
        Row{R"({"a":[0,1]})", R"(path: "a" any_of_integers: 1)", true},
        Row{R"({"a":9007199254740993})", R"(path: "a" any_of_integers: 9007199254740992)", false},
        Row{R"({"a":9007199254740993})", R"(path: "a" any_of_integers: 9007199254740993)", true},
        Row{R"({"a":18446744073709551615})", R"(path: "a" any_of_integers: -1)", false},
        Row{R"({"a":true})", R"(path: "a" boolean: true)", true},
        Row{R"({"a":false})", R"(path: "a" boolean: true)", false},
        Row{R"({"a":false})", R"(path: "a" boolean: false)", true},
        Row{R"({})", R"(path: "a" boolean: false)", false},
        Row{R"({"a":"true"})", R"(path: "a" boolean: true)", false},
        Row{R"({"a":[true]})", R"(path: "a" boolean: true)", false},
        Row{R"({"a":0})", R"(path: "a" exists: true)", true},
        Row{R"({"a":""})", R"(path: "a" exists: true)", true},
        Row{R"({"a":null})", R"(path: "a" exists: true)", false},
        Row{R"({})", R"(path: "a" exists: true)", false},
        // Paths.
        Row{R"({"kubernetes.io":{"namespace":"shop"}})",
            R"(path: "kubernetes.io" path: "namespace" any_of: "shop")", true},
        Row{R"({"kubernetes":{"io":{"namespace":"shop"}}})",
            R"(path: "kubernetes.io" path: "namespace" any_of: "shop")", false},
        Row{R"({"https://x/roles":["r"]})", R"(path: "https://x/roles" any_of: "r")", true},
        Row{R"({"a":"x"})", R"(path: "a" path: "b" exists: true)", false},
        Row{R"({"a":[{"b":"x"}]})", R"(path: "a" path: "b" any_of: "x")", false},
        Row{R"({"a":["x"]})", R"(path: "a" path: "0" any_of: "x")", false}));

struct BadRow {
  const char* condition;
  const char* says;
};

class BadClaimConditionTest : public ::testing::TestWithParam<BadRow> {};

TEST_P(BadClaimConditionTest, IsRefused) {
  EXPECT_THAT(ValidateClaimCondition(Condition(GetParam().condition)),
              IsError(HasSubstr(GetParam().says)));
}

INSTANTIATE_TEST_SUITE_P(
    , BadClaimConditionTest,
    ::testing::Values(BadRow{R"(any_of: "x")", "path: required"},
                      BadRow{R"(path: "a" path: "" any_of: "x")", "an empty name"},
                      BadRow{R"(path: "a")", "give one of"},
                      BadRow{R"(path: "a" exists: false)", "give one of"},
                      BadRow{R"(path: "a" any_of: "x" all_of: "x")", "give one of"},
                      BadRow{R"(path: "a" any_of: "x" boolean: false)", "give one of"},
                      BadRow{R"(path: "a" any_of_integers: 1 any_of: "1")", "give one of"},
                      BadRow{R"(path: "a" any_of: ["x", ""])", "an empty string"},
                      BadRow{R"(path: "a" all_of: "")", "an empty string"},
                      BadRow{R"(path: "iss" any_of: "x")", "\"iss\" has a check of its own"},
                      BadRow{R"(path: "cnf" path: "jkt" exists: true)", "has a check of its own"},
                      BadRow{R"(path: ["a","a","a","a","a","a","a","a","a"] exists: true)",
                             "at most 8 names"}));

}  // namespace
}  // namespace lanyard::internal
