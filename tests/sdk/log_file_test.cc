// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/log_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::lanyard::testing::IsOk;

constexpr size_t kMaxBytes = 1 << 16;

std::string Read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class LogFileTest : public ::testing::Test {
 protected:
  LogFileTest()
      : path_(::testing::TempDir() + "/" +
              ::testing::UnitTest::GetInstance()->current_test_info()->name()) {}

  const std::string path_;
  const std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
  const std::atomic<bool> stopping_{false};
};

TEST_F(LogFileTest, AppendsToWhatIsThere) {
  std::ofstream(path_) << "old\n";
  LogFile file({path_, kMaxBytes, 1});
  EXPECT_THAT(file.Open(now_), IsOk());
  EXPECT_THAT(file.Write("new\n", stopping_), IsOk());
  EXPECT_EQ(Read(path_), "old\nnew\n");
}

TEST_F(LogFileTest, MakesAFileThatWasMovedAwayAnew) {
  LogFile file({path_, kMaxBytes, 1});
  EXPECT_THAT(file.Open(now_), IsOk());
  EXPECT_THAT(file.Write("one\n", stopping_), IsOk());
  ASSERT_EQ(std::rename(path_.c_str(), (path_ + ".moved").c_str()), 0);
  EXPECT_THAT(file.Open(now_ + std::chrono::milliseconds(999)), IsOk());
  EXPECT_THAT(file.Write("two\n", stopping_), IsOk());
  EXPECT_THAT(file.Open(now_ + std::chrono::seconds(1)), IsOk());
  EXPECT_THAT(file.Write("three\n", stopping_), IsOk());
  EXPECT_EQ(Read(path_ + ".moved"), "one\ntwo\n");
  EXPECT_EQ(Read(path_), "three\n");
}

TEST_F(LogFileTest, KeepsALineTogetherThatIsLongerThanAWrite) {
  LogFile file({path_, kMaxBytes, 2});
  EXPECT_THAT(file.Open(now_), IsOk());
  const std::string short_line = std::string(60'000, 's') + "\n",
                    line = std::string(10'000, 'l') + "\n";
  EXPECT_THAT(file.Write(short_line, stopping_), IsOk());
  EXPECT_THAT(file.Write(line + line, stopping_), IsOk());
  EXPECT_EQ(Read(path_ + ".1") + Read(path_), short_line + line + line);
  EXPECT_EQ(Read(path_).back(), '\n');
  EXPECT_EQ(Read(path_ + ".1").back(), '\n');
}

TEST_F(LogFileTest, ThrowsTheOldestAway) {
  LogFile file({path_, kMaxBytes, 1});
  EXPECT_THAT(file.Open(now_), IsOk());
  for (const char c : {'a', 'b', 'c'}) {
    EXPECT_THAT(file.Write(std::string(40'000, c) + "\n", stopping_), IsOk());
  }
  EXPECT_EQ(Read(path_)[0], 'c');
  EXPECT_EQ(Read(path_ + ".1")[0], 'b');
  EXPECT_EQ(Read(path_ + ".2"), "");
}

TEST_F(LogFileTest, WritesOnWhereItCannotBeMovedAway) {
  ASSERT_EQ(mkdir((path_ + ".1").c_str(), 0700), 0);
  std::ofstream(path_ + ".1/occupied") << "\n";
  LogFile file({path_, kMaxBytes, 1});
  EXPECT_THAT(file.Open(now_), IsOk());
  std::string all;
  for (const char c : {'a', 'b', 'c', 'd'}) {
    const std::string line = std::string(40'000, c) + "\n";
    EXPECT_THAT(file.Write(line, stopping_), IsOk()) << "a long file is better than lost lines";
    all += line;
  }
  EXPECT_TRUE(Read(path_) == all);
  ASSERT_EQ(std::rename((path_ + ".1").c_str(), (path_ + ".away").c_str()), 0);
  for (const char c : {'e', 'f'}) {
    EXPECT_THAT(file.Write(std::string(40'000, c) + "\n", stopping_), IsOk());
  }
  EXPECT_NE(Read(path_ + ".1"), "") << "it is tried again";
}

TEST_F(LogFileTest, WhatFollowsALineThatWasCutBetweenTwoWritesBeginsAnew) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 4096;
  LogFile file({path_, kMaxBytes, 1});
  EXPECT_THAT(file.Open(now_), IsOk());
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_FALSE(file.Write(std::string(10'000, 'l') + "\n", stopping_).ok());
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_THAT(file.Write("next\n", stopping_), IsOk());
  EXPECT_TRUE(Read(path_) == std::string(4096, 'l') + "\nnext\n");
}

}  // namespace
}  // namespace lanyard::internal
