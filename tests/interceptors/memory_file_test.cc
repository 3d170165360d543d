// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/memory_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::IsOk;

constexpr auto kPair = MemoryFile::Kind::kPair;
constexpr auto kRoots = MemoryFile::Kind::kRoots;

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << (file ? "" : "nothing") << file.rdbuf();
  return text.str();
}

TEST(MemoryFileTest, ReplacesItsContentUnderTheSamePath) {
  MemoryFile file(kPair);
  EXPECT_EQ(file.path(), "");
  ASSERT_THAT(file.Write("one"), IsOk());
  const std::string path = file.path();
  EXPECT_EQ(Read(path), "one");
  std::ifstream old(path);
  ASSERT_THAT(file.Write("the second"), IsOk());
  EXPECT_EQ(file.path(), path);
  EXPECT_EQ(Read(path), "the second");
  std::string word;
  old >> word;
  EXPECT_EQ(word, "one");  // Who has it open reads what was there.
}

TEST(MemoryFileTest, LeavesItsPathToOneOfItsKind) {
  std::string path;
  {
    MemoryFile file(kPair);
    ASSERT_THAT(file.Write("old"), IsOk());
    path = file.path();
  }
  EXPECT_EQ(Read(path), "old");
  MemoryFile roots(kRoots);
  ASSERT_THAT(roots.Write("roots"), IsOk());
  EXPECT_NE(roots.path(), path);
  MemoryFile pair(kPair);
  ASSERT_THAT(pair.Write("new"), IsOk());
  EXPECT_EQ(pair.path(), path);
  EXPECT_EQ(Read(path), "new");
}

}  // namespace
}  // namespace lanyard::internal
