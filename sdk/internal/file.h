// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_FILE_H_
#define LANYARD_SDK_INTERNAL_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {

// An errno about a path, which it names: NOT_FOUND, PERMISSION_DENIED or UNAVAILABLE.
absl::Status FileError(const std::string& path, int error);

// Reads a whole file through its path, links and all, at most `max_bytes` of it. Errors name the
// path; a missing file is NOT_FOUND, one too long is INVALID_ARGUMENT.
absl::StatusOr<Secret> ReadFile(const std::string& path, size_t max_bytes);

// The same for a file that must be its owner's alone: mode 0600 or less, and of this process's user
// or root.
absl::StatusOr<Secret> ReadPrivateFile(const std::string& path, size_t max_bytes);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_FILE_H_
