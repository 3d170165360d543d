// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_ISSUER_CONFIG_H_
#define LANYARD_ISSUER_ISSUER_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "lanyard/v1/issuer.pb.h"

namespace lanyard {

// Reads the config of a token service. Every error names the file, the line and what would be
// right. Paths of files are taken relative to the config file; what they name is not read.
absl::StatusOr<v1::IssuerConfig> LoadIssuerConfig(const std::string& path);

}  // namespace lanyard

#endif  // LANYARD_ISSUER_ISSUER_CONFIG_H_
