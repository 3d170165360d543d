// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_SWITCHABLE_KEYS_H_
#define LANYARD_TESTS_INTERCEPTORS_SWITCHABLE_KEYS_H_

#include <memory>
#include <mutex>
#include <utility>

#include "lanyard/sdk/keys/key_source.h"

namespace lanyard::test {

// Keys that a test can take away.
class SwitchableKeys final : public KeySource {
 public:
  explicit SwitchableKeys(std::shared_ptr<const KeySet> keys) : keys_(std::move(keys)) {}
  std::shared_ptr<const KeySet> Current() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return keys_;
  }
  void Set(std::shared_ptr<const KeySet> keys) {
    std::lock_guard<std::mutex> lock(mutex_);
    keys_ = std::move(keys);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const KeySet> keys_;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_SWITCHABLE_KEYS_H_
