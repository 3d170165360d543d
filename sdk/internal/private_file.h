// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_PRIVATE_FILE_H_
#define LANYARD_SDK_INTERNAL_PRIVATE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

// Writes a new file that only its owner may read (mode 0600). A file that exists, a symbolic link
// among them, is an error, unless `replace`: then the new file takes its name at once, whole.
// Errors name the file and leave nothing half written.
absl::Status WritePrivateFile(const std::string& path, absl::string_view content, bool replace);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_PRIVATE_FILE_H_
