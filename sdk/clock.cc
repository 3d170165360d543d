// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/clock.h"

#include "absl/time/clock.h"

namespace lanyard {
namespace {

class RealClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace

std::shared_ptr<const Clock> SystemClock() { return std::make_shared<RealClock>(); }

}  // namespace lanyard
