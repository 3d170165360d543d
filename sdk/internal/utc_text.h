// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_UTC_TEXT_H_
#define LANYARD_SDK_INTERNAL_UTC_TEXT_H_

#include <string>

#include "absl/time/time.h"

namespace lanyard::internal {

// "2027-01-15T08:00:00Z": a time for people, to the second (RFC 3339).
inline std::string UtcText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_UTC_TEXT_H_
