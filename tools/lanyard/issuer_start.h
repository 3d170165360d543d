// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_ISSUER_START_H_
#define LANYARD_TOOLS_LANYARD_ISSUER_START_H_

#include "absl/status/status.h"
#include "lanyard/v1/issuer.pb.h"

namespace lanyard::tools {

// Whether a config has what it takes to serve: an error that begins with the field whose file or
// folder is not there, and ends with the command that makes it; or whose private key others can
// read.
absl::Status CheckIssuerStart(const v1::IssuerConfig& config);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_ISSUER_START_H_
