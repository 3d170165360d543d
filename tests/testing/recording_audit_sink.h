// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TESTING_RECORDING_AUDIT_SINK_H_
#define LANYARD_TESTS_TESTING_RECORDING_AUDIT_SINK_H_

#include <mutex>
#include <vector>

#include "lanyard/sdk/audit.h"

namespace lanyard::testing {

// Keeps every decision. Thread-safe.
class RecordingAuditSink final : public AuditSink {
 public:
  bool Record(const AuditEvent& event) override {
    std::lock_guard<std::mutex> lock(mutex_);
    events_.push_back(event);
    return !losing_;
  }
  // Whether it says of each event from now on that it is lost.
  void set_losing(bool losing) {
    std::lock_guard<std::mutex> lock(mutex_);
    losing_ = losing;
  }
  std::vector<AuditEvent> events() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return events_;
  }
  // The newest decision; one with empty fields if there is none.
  AuditEvent last() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return events_.empty() ? AuditEvent() : events_.back();
  }
  void Clear() {
    std::lock_guard<std::mutex> lock(mutex_);
    events_.clear();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<AuditEvent> events_;  // Guarded by mutex_.
  bool losing_ = false;             // Guarded by mutex_.
};

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TESTING_RECORDING_AUDIT_SINK_H_
