// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_DOCTOR_ISSUERS_H_
#define LANYARD_TOOLS_LANYARD_DOCTOR_ISSUERS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/tools/findings.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard::tools {

// The keys of each issuer that has some, by the issuer's name.
using KeysByIssuer = std::vector<std::pair<std::string, KeySet>>;

// Reads the keys of each issuer, from files or, unless `offline`, once from its URL, as a server
// does. Blocks for as long as issuers do, a few seconds each. This machine's clock, `shift` ahead
// of the system's, is compared with theirs.
KeysByIssuer CheckIssuers(const v1::ServerConfig& config, bool offline, absl::Duration shift,
                          Findings* findings);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_DOCTOR_ISSUERS_H_
