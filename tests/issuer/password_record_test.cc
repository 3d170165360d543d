// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/password_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

// Salt and hash of zeros.
const std::string kSalt(22, 'A');
const std::string kHash(43, 'A');

std::string Record(const std::string& parameters, const std::string& salt = kSalt,
                   const std::string& hash = kHash) {
  return absl::StrCat("$scrypt$", parameters, "$", salt, "$", hash);
}

TEST(PasswordRecordTest, ReadsWhatItWrites) {
  PasswordRecord record;
  record.cost = {10, 4, 2};
  record.salt = std::string(16, '\xfb');
  record.hash = Secret(std::string(31, '\xff') + "x");
  const std::string text = record.ToText();
  EXPECT_EQ(text,
            "$scrypt$ln=10,r=4,p=2$+/v7+/v7+/v7+/v7+/v7+w$"
            "/////////////////////////////////////////3g");
  const auto read = PasswordRecord::FromText(text);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->cost, record.cost);
  EXPECT_EQ(read->salt, record.salt);
  EXPECT_EQ(read->hash.view(), record.hash.view());
}

TEST(PasswordRecordTest, OneRecordHasOneSpelling) {
  ASSERT_THAT(PasswordRecord::FromText(Record("ln=17,r=8,p=1")), IsOk());
  for (const char* parameters : {"",
                                 "ln=17",
                                 "ln=17,r=8",
                                 "r=8,ln=17,p=1",
                                 "ln=17,p=1,r=8",
                                 "ln=17,r=8,p=1,q=1",
                                 "ln=17,r=8,p=1,",
                                 "ln=017,r=8,p=1",
                                 "ln=+17,r=8,p=1",
                                 "ln= 17,r=8,p=1",
                                 "ln=17 ,r=8,p=1",
                                 "LN=17,r=8,p=1",
                                 "ln=17,r=,p=1",
                                 "ln=17,r=8,p=",
                                 "ln=1e1,r=8,p=1",
                                 "ln=0,r=8,p=1",
                                 "ln=-1,r=8,p=1",
                                 "ln=17,,r=8,p=1",
                                 "n=17,r=8,p=1",
                                 "ln=4294967313,r=8,p=1"}) {
    const auto record = PasswordRecord::FromText(Record(parameters));
    EXPECT_EQ(record.status().code(), absl::StatusCode::kDataLoss) << parameters;
    EXPECT_THAT(record, IsError(HasSubstr("is not in the form"))) << parameters;
  }
  const std::string good = Record("ln=17,r=8,p=1");
  for (const std::string& text :
       {std::string(), good.substr(1), good + "$", good + "\n ", " " + good, "$" + good,
        good + "$" + good, absl::StrReplaceAll(good, {{"scrypt", "SCRYPT"}}),
        absl::StrReplaceAll(good, {{"scrypt", "scrypt2"}}), Record("ln=17,r=8,p=1", "", "") + "$",
        std::string("$scrypt$ln=17,r=8,p=1$" + kSalt), std::string(100000, '$'),
        good + std::string(300, 'A')}) {
    EXPECT_EQ(PasswordRecord::FromText(text).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

TEST(PasswordRecordTest, ParametersHaveBounds) {
  EXPECT_THAT(PasswordRecord::FromText(Record("ln=32,r=8,p=16")), IsOk());
  EXPECT_THAT(PasswordRecord::FromText(Record("ln=1,r=1,p=1")), IsOk());
  for (const char* parameters : {"ln=33,r=8,p=1", "ln=64,r=8,p=1", "ln=99999,r=8,p=1",
                                 "ln=17,r=8,p=17", "ln=17,r=32768,p=1", "ln=16,r=1,p=1"}) {
    EXPECT_THAT(PasswordRecord::FromText(Record(parameters)), IsError(HasSubstr("out of bounds")))
        << parameters;
  }
}

TEST(PasswordRecordTest, SaltAndHashHaveBounds) {
  const auto error = [](const std::string& salt, const std::string& hash) {
    const auto record = PasswordRecord::FromText(Record("ln=17,r=8,p=1", salt, hash));
    return std::string(record.status().message());
  };
  EXPECT_EQ(error(std::string(86, 'A'), std::string(86, 'A')), "") << "64 bytes";
  const std::string good = "AAAAAAAAAAAAAAAAAAAAAA";
  for (const std::string& salt :
       {std::string(), std::string(20, 'A'), std::string(87, 'A'), good + "==", good + "=",
        "-" + good.substr(1), "_" + good.substr(1), " " + good.substr(1), good.substr(1) + "B",
        good.substr(1) + "\n", good + "AAA"}) {
    EXPECT_THAT(error(salt, kHash), HasSubstr("16 to 64 bytes in base64")) << salt;
  }
  for (const std::string& hash : {std::string(), std::string(42, 'A'), std::string(87, 'A'),
                                  kHash + "=", "-" + kHash.substr(1), kHash.substr(1) + "B"}) {
    EXPECT_THAT(error(kSalt, hash), HasSubstr("32 to 64 bytes in base64")) << hash;
  }
}

}  // namespace
}  // namespace lanyard::internal
