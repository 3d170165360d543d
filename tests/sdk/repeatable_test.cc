// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/repeatable.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lanyard::internal {
namespace {

std::string Repeated(absl::string_view text, size_t max_bytes = 256) {
  const std::vector<Secret> secrets = {Secret("the-long-secret"), Secret("short"), Secret("")};
  return Repeatable(text, secrets, max_bytes);
}

TEST(RepeatableTest, RepeatsWhatHoldsNoSecret) {
  EXPECT_EQ(Repeated("client authentication failed"), "client authentication failed");
  EXPECT_EQ(Repeated(""), "");
}

TEST(RepeatableTest, DropsTextWithEightCharactersOfASecret) {
  EXPECT_EQ(Repeated("you sent the-long-secret"), "");
  EXPECT_EQ(Repeated("the-long"), "");
  EXPECT_EQ(Repeated("...g-secret..."), "");
  EXPECT_EQ(Repeated("the-lon, -secret"), "the-lon, -secret");  // Seven.
}

TEST(RepeatableTest, DropsTextWithAllOfAShorterSecret) {
  EXPECT_EQ(Repeated("too short"), "");
  EXPECT_EQ(Repeated("too shor"), "too shor");
}

TEST(RepeatableTest, SearchesAlsoWhatItWouldNotShow) {
  EXPECT_EQ(Repeated(std::string(100, 'x') + "the-long-secret", 10), "");
}

TEST(RepeatableTest, LeavesOutWhatLooksLikeAnotherSecret) {
  EXPECT_EQ(Repeated("not eyJhbGciOiJFUzI1NiJ9 again"), "not … again");
}

TEST(RepeatableTest, MakesTextSafeToShow) {
  EXPECT_EQ(Repeated("one\ntwo\x1b[31m"), "one?two?[31m");
  EXPECT_EQ(Repeated("0123456789abc", 10), "0123456789...");
}

TEST(RepeatableTest, DropsTextThatIsTooLongToSearch) {
  EXPECT_NE(Repeated(std::string(1024, 'x')), "");
  EXPECT_EQ(Repeated(std::string(1025, 'x')), "");
}

}  // namespace
}  // namespace lanyard::internal
