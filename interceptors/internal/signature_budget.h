// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_SIGNATURE_BUDGET_H_
#define LANYARD_INTERCEPTORS_INTERNAL_SIGNATURE_BUDGET_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace lanyard::internal {

// How many bad signatures each connection may have checked: so many at once, and as many again
// over a second. A large key makes a check a thousand times dearer than sending the token was.
// Connections that owe nothing take no room. Thread-safe.
class SignatureBudget {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // At least one.
  explicit SignatureBudget(int per_second);

  // Pays for one check; false if the connection cannot.
  bool Take(uint64_t connection, TimePoint now);

  // The check found a good signature: it costs nothing.
  void GiveBack(uint64_t connection, TimePoint now);

  // For tests.
  size_t connections() const;

 private:
  void Sweep(TimePoint now);

  const std::chrono::nanoseconds price_;
  mutable std::mutex mutex_;
  // When what was spent will have been paid back. Guarded by mutex_.
  std::unordered_map<uint64_t, TimePoint> paid_back_;
  TimePoint swept_{};  // Guarded by mutex_.
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_SIGNATURE_BUDGET_H_
