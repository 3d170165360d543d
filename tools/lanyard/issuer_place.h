// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_ISSUER_PLACE_H_
#define LANYARD_TOOLS_LANYARD_ISSUER_PLACE_H_

#include <string>

#include "absl/status/status.h"

namespace lanyard::tools {

// An error whose message begins with a field of an issuer's config, "sqlite.file: …", with the file
// and the line where that field stands before it.
absl::Status AtItsPlace(const std::string& config_file, const absl::Status& error);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_ISSUER_PLACE_H_
