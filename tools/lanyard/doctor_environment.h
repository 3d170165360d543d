// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_DOCTOR_ENVIRONMENT_H_
#define LANYARD_TOOLS_LANYARD_DOCTOR_ENVIRONMENT_H_

#include <string>

#include "absl/time/time.h"
#include "lanyard/tools/findings.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard::tools {

// What of this process's surroundings a server of this config would suffer from: environment
// variables, the clock by itself, and `proc`, where "/proc" should be.
void CheckEnvironment(const v1::ServerConfig& config, absl::Time now, const std::string& proc,
                      Findings* findings);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_DOCTOR_ENVIRONMENT_H_
