// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CERTIFICATE_FILE_H_
#define LANYARD_SDK_INTERNAL_CERTIFICATE_FILE_H_

#include <string>

#include "absl/status/statusor.h"

namespace lanyard::internal {

// x5t#S256 of the first certificate in a PEM file (RFC 8705 section 3.1). Errors name the file.
absl::StatusOr<std::string> CertificateSha256OfFile(const std::string& path);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_CERTIFICATE_FILE_H_
