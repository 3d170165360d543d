// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/crypto/scrypt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::testing::HasSubstr;
using testing::IsError;

constexpr uint64_t kPlenty = uint64_t{2} << 30;

std::string Hex(const absl::StatusOr<Secret>& key) {
  return key.ok() ? absl::BytesToHexString(key->view()) : key.status().ToString();
}

// RFC 7914 section 12.
TEST(ScryptTest, DerivesWhatTheStandardSays) {
  EXPECT_EQ(Hex(Scrypt("", "", {4, 1, 1}, kPlenty, 64)),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
            "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
  EXPECT_EQ(Hex(Scrypt("password", "NaCl", {10, 8, 16}, kPlenty, 64)),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
            "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
  EXPECT_EQ(Hex(Scrypt("pleaseletmein", "SodiumChloride", {14, 8, 1}, kPlenty, 64)),
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
            "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
  EXPECT_EQ(Hex(Scrypt("pleaseletmein", "SodiumChloride", {20, 8, 1}, kPlenty, 64)),
            "2101cb9b6a511aaeaddbbe09cf70f881ec568d574a2ffd4dabe5ee9820adaa47"
            "8e56fd8f4ba5d09ffa1c6d927c40f4c337304049e8a952fbcbf45c6fa77a41a4");
}

TEST(ScryptTest, TheDefaultCostTakes128MiB) {
  const uint64_t memory = ScryptMemory({}).value();
  EXPECT_EQ(memory, (uint64_t{128} << 20) + 2 * 1024);
  EXPECT_THAT(Scrypt("password", "salt", {}, memory, 32), testing::IsOk());
}

TEST(ScryptTest, TakesNoMoreMemoryThanAllowed) {
  const ScryptCost cost{10, 8, 1};
  const uint64_t memory = ScryptMemory(cost).value();
  EXPECT_THAT(Scrypt("password", "salt", cost, memory, 32), testing::IsOk());
  const auto refused = Scrypt("password", "salt", cost, memory - 1, 32);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(refused, IsError(HasSubstr("take 1050624 bytes of memory, at most 1050623")));
  EXPECT_THAT(Scrypt("password", "salt", {32, 32767, 1}, kPlenty, 32), IsError(HasSubstr("bytes")));
}

TEST(ScryptTest, RefusesParametersOutOfBounds) {
  for (const ScryptCost cost :
       {ScryptCost{0, 8, 1}, ScryptCost{-1, 8, 1}, ScryptCost{33, 8, 1}, ScryptCost{64, 8, 1},
        ScryptCost{10, 0, 1}, ScryptCost{10, -8, 1}, ScryptCost{10, 8, 0}, ScryptCost{10, 8, -1},
        ScryptCost{10, 1 << 15, 1}, ScryptCost{10, 8, 1 << 15}, ScryptCost{16, 1, 1}}) {
    EXPECT_FALSE(ScryptMemory(cost).has_value()) << cost.log2_n << " " << cost.r << " " << cost.p;
    EXPECT_THAT(Scrypt("password", "salt", cost, ~uint64_t{0}, 32),
                IsError(HasSubstr("out of bounds")));
  }
  EXPECT_TRUE(ScryptMemory({15, 1, 1}).has_value());
  EXPECT_THAT(Scrypt("password", "salt", {10, 8, 1}, kPlenty, 0),
              IsError(HasSubstr("out of bounds")));
}

}  // namespace
}  // namespace lanyard::internal
