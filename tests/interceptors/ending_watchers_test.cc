// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/ending_watchers.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>

namespace lanyard::internal {
namespace {

std::atomic<bool> started{false}, has_ended{false};

// A thread with the name of gRPC's, which ends after that long.
void StartWatcher(std::chrono::milliseconds life) {
  std::thread([life] {
    pthread_setname_np(pthread_self(), "FileWatcherCert");
    started = true;
    std::this_thread::sleep_for(life);
    has_ended = true;
  }).detach();
  while (!started) std::this_thread::yield();
}

// Registered before the wait is, as OpenSSL's end is, and so called after it.
void EndOfOpenSsl() { std::_Exit(has_ended ? 0 : 1); }

constexpr std::chrono::milliseconds kSoon(300), kNever(3'600'000);

class EndingWatchersDeathTest : public ::testing::Test {
 protected:
  EndingWatchersDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(EndingWatchersDeathTest, ExitWaitsForAWatcherThatIsToEnd) {
  const auto end = [] {
    std::atexit(EndOfOpenSsl);
    StartWatcher(kSoon);
    { const WatcherInUse dropped; }
    std::exit(2);
  };
  EXPECT_EXIT(end(), ::testing::ExitedWithCode(0), "");
}

TEST_F(EndingWatchersDeathTest, ExitWaitsForOneThatIsDroppedWithTheStatics) {
  const auto end = [] {
    std::atexit(EndOfOpenSsl);
    static std::optional<WatcherInUse> last;
    std::atexit([] { last.reset(); });
    { const WatcherInUse first; }  // Whose wait comes before.
    last.emplace();
    StartWatcher(kSoon);
    std::exit(2);
  };
  EXPECT_EXIT(end(), ::testing::ExitedWithCode(0), "");
}

TEST_F(EndingWatchersDeathTest, ExitWaitsForNoneThatIsInUse) {
  const auto end = [] {
    std::atexit(EndOfOpenSsl);
    StartWatcher(kSoon);
    new WatcherInUse();  // Of a channel that is never destroyed.
    { const WatcherInUse dropped; }
    std::exit(2);
  };
  EXPECT_EXIT(end(), ::testing::ExitedWithCode(1), "");
}

TEST_F(EndingWatchersDeathTest, ExitDoesNotWaitForEver) {
  const auto end = [] {
    std::atexit(EndOfOpenSsl);
    StartWatcher(kNever);
    { const WatcherInUse dropped; }
    std::exit(2);
  };
  EXPECT_EXIT(end(), ::testing::ExitedWithCode(1), "");
}

}  // namespace
}  // namespace lanyard::internal
