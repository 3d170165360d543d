// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_CLIENT_ERRORS_H_
#define LANYARD_ISSUER_CLIENT_ERRORS_H_

#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

// Turns what goes wrong in an issuer into what a client may read of it. What oauth_error.h makes is
// for clients. The rest comes from the store, and names files and servers: of that a client learns
// whether trying again helps, and the log says what it was. Thread-safe.
class ClientErrors {
 public:
  absl::Status ForClient(const absl::Status& status);
  template <typename T>
  absl::StatusOr<T> ForClient(absl::StatusOr<T> value) {
    if (value.ok()) return value;
    return ForClient(value.status());
  }

  // For the log alone. What was said the last time is not said again.
  void Report(const std::string& what);

 private:
  std::mutex mutex_;
  std::string last_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_CLIENT_ERRORS_H_
