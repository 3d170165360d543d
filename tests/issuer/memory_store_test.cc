// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/memory_store.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/issuer/store_calls.h"
#include "tests/issuer/store_suite.h"

namespace lanyard::test {
namespace {

class Home {
 public:
  explicit Home(std::shared_ptr<const Clock> clock) : clock_(std::move(clock)) {}

  std::string Missing() const { return ""; }
  std::unique_ptr<IssuerStore> Open() {
    auto store = std::make_unique<MemoryStore>(clock_);
    store_ = store.get();
    return store;
  }
  size_t Stored() { return store_->stored(); }

 private:
  const std::shared_ptr<const Clock> clock_;
  const MemoryStore* store_ = nullptr;  // Not owned.
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, StoreTest, Home);

TEST(MemoryStoreTest, EachHasAnEpochOfItsOwn) {
  EXPECT_NE(Log(MemoryStore()).epoch, Log(MemoryStore()).epoch);
}

}  // namespace
}  // namespace lanyard::test
