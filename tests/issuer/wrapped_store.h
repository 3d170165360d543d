// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_ISSUER_WRAPPED_STORE_H_
#define LANYARD_TESTS_ISSUER_WRAPPED_STORE_H_

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/issuer/issuer_store.h"

namespace lanyard::test {

// A store around another one, to which a test can have things happen. Thread-safe.
class WrappedStore final : public IssuerStore {
 public:
  explicit WrappedStore(std::shared_ptr<IssuerStore> store) : store_(std::move(store)) {}

  // Another one takes its place.
  void SetStore(std::shared_ptr<IssuerStore> store) {
    std::lock_guard<std::mutex> lock(mutex_);
    store_ = std::move(store);
  }
  // All calls end like this until it is OK again.
  void Fail(absl::Status status) {
    std::lock_guard<std::mutex> lock(mutex_);
    failure_ = std::move(status);
  }
  // The next change is made, and then nobody hears of it.
  void LoseTheNextAnswer() {
    std::lock_guard<std::mutex> lock(mutex_);
    loses_answer_ = true;
  }
  // What somebody else does between the next Get() of that kind and its answer's arrival; once.
  void AfterTheNextGet(Kind kind, std::function<void()> then) {
    std::lock_guard<std::mutex> lock(mutex_);
    after_get_ = {kind, std::move(then)};
  }
  // The same with the next RevocationsAfter(), whoever calls it.
  void AfterTheNextLog(std::function<void()> then) {
    std::lock_guard<std::mutex> lock(mutex_);
    after_log_ = std::move(then);
  }
  // What somebody else does before the next change arrives; once.
  void BeforeTheNextChange(std::function<void()> first) {
    std::lock_guard<std::mutex> lock(mutex_);
    before_change_ = std::move(first);
  }
  // The store has lost something, and says so.
  void SetEpoch(std::string epoch) {
    std::lock_guard<std::mutex> lock(mutex_);
    epoch_ = std::move(epoch);
  }

  struct Counts {
    int gets = 0, changes = 0, logs = 0;
    int all() const { return gets + changes + logs; }
  };
  Counts counts() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return counts_;
  }

  absl::StatusOr<std::optional<Record>> Get(Kind kind, absl::string_view key) const override {
    std::function<void()> then;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ++counts_.gets;
      if (!failure_.ok()) return failure_;
      if (after_get_.second && after_get_.first == kind)
        then = std::exchange(after_get_.second, {});
    }
    auto record = Store()->Get(kind, key);
    if (then) then();
    return record;
  }
  absl::Status Apply(const Change& change) override {
    bool is_lost;
    std::function<void()> first;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      first = std::exchange(before_change_, {});
    }
    if (first) first();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ++counts_.changes;
      if (!failure_.ok()) return failure_;
      is_lost = std::exchange(loses_answer_, false);
    }
    const absl::Status applied = Store()->Apply(change);
    return is_lost ? absl::UnavailableError("no answer") : applied;
  }
  absl::StatusOr<std::vector<std::string>> Keys(Kind kind, absl::string_view after,
                                                size_t limit) const override {
    return Store()->Keys(kind, after, limit);
  }
  absl::StatusOr<RevocationLog> RevocationsAfter(uint64_t sequence) const override {
    std::string epoch;
    std::function<void()> then;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ++counts_.logs;
      if (!failure_.ok()) return failure_;
      epoch = epoch_;
      then = std::exchange(after_log_, {});
    }
    auto log = Store()->RevocationsAfter(sequence);
    if (then) then();
    if (log.ok() && !epoch.empty()) log->epoch = epoch;
    return log;
  }
  absl::Status RemoveExpired() override { return Store()->RemoveExpired(); }

 private:
  std::shared_ptr<IssuerStore> Store() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return store_;
  }

  mutable std::mutex mutex_;
  std::shared_ptr<IssuerStore> store_;
  absl::Status failure_;
  bool loses_answer_ = false;
  mutable std::pair<Kind, std::function<void()>> after_get_;
  mutable std::function<void()> after_log_;
  std::function<void()> before_change_;
  std::string epoch_;
  mutable Counts counts_;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_ISSUER_WRAPPED_STORE_H_
