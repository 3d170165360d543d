// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_CONFIG_STATUS_H_
#define LANYARD_INTERCEPTORS_CONFIG_STATUS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace lanyard {

// How a server's config is, for metrics and for people.
struct ConfigStatus {
  // When what rules was read.
  absl::Time loaded_at;

  // How often it has been read well, the first time included, and how often not.
  int64_t loads = 0;
  int64_t failures = 0;

  // What is wrong with the files as they are now, which is why an older state goes on ruling, and
  // since when. Empty while nothing is.
  std::string last_error;
  absl::Time failing_since = absl::InfiniteFuture();
};

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_CONFIG_STATUS_H_
