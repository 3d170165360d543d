// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/current_mark.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace lanyard::internal {
namespace {

std::shared_ptr<const KeySet> SomeKeys() { return std::make_shared<const KeySet>(); }

TEST(CurrentMarkTest, NothingIsCurrentAtFirst) {
  const CurrentMark mark;
  EXPECT_FALSE(mark.Is(SomeKeys(), absl::ZeroDuration()));
  EXPECT_FALSE(mark.Is(nullptr, absl::ZeroDuration()));
}

TEST(CurrentMarkTest, OneSetIsUntilAnotherIs) {
  CurrentMark mark;
  const auto first = SomeKeys(), second = SomeKeys();
  mark.Set(first);
  EXPECT_TRUE(mark.Is(first, absl::Hours(24 * 365 * 200)));
  EXPECT_FALSE(mark.Is(second, absl::ZeroDuration()));
  mark.Set(second);
  EXPECT_FALSE(mark.Is(first, absl::ZeroDuration()));
  mark.Set(nullptr);
  EXPECT_FALSE(mark.Is(second, absl::ZeroDuration()));
  EXPECT_FALSE(mark.Is(nullptr, absl::ZeroDuration()));
}

TEST(CurrentMarkTest, CountsUntilItsEndInclusive) {
  CurrentMark mark;
  const auto keys = SomeKeys();
  mark.Set(keys, absl::Seconds(10));
  EXPECT_TRUE(mark.Is(keys, absl::Seconds(10)));
  EXPECT_FALSE(mark.Is(keys, absl::Seconds(10) + absl::Nanoseconds(1)));
  mark.Set(keys, absl::Seconds(20));
  EXPECT_TRUE(mark.Is(keys, absl::Seconds(20)));
}

// One set ends at 10, the other at 20: no thread ever sees the first at 15.
TEST(CurrentMarkTest, NobodySeesOneSetWithTheOthersEnd) {
  CurrentMark mark;
  const auto brief = SomeKeys(), lasting = SomeKeys();
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      while (!done) wrong += mark.Is(brief, absl::Seconds(15));
    });
  }
  for (int i = 0; i < 20000; ++i) {
    mark.Set(brief, absl::Seconds(10));
    mark.Set(lasting, absl::Seconds(20));
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace lanyard::internal
