// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_DURATION_H_
#define LANYARD_SDK_INTERNAL_DURATION_H_

#include <google/protobuf/duration.pb.h>

#include "absl/time/time.h"

namespace lanyard::internal {

// A duration of a config.
inline absl::Duration DurationOf(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_DURATION_H_
