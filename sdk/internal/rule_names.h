// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_RULE_NAMES_H_
#define LANYARD_SDK_INTERNAL_RULE_NAMES_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/internal/descriptor_files.h"

namespace lanyard::internal {

// The methods of a service that gRPC brings along, and registers after all others; null for others.
const std::vector<std::string>* GrpcsMethods(absl::string_view service);

// Fails for a rule, or settings, of a method that its service does not have, where the service's
// descriptor is known; and unless `services` is null, of a service that is none of them. The error
// has the line and the nearest name. gRPC's own services are passed over: servers have them without
// being asked.
absl::Status CheckRuleNames(const LoadedConfig& config, const DescriptorFiles& descriptors,
                            const std::set<std::string>* services);

// Fails for a rule of a whole service whose descriptor is not known: a server must know which
// methods such a rule opens.
absl::Status CheckServiceRules(const LoadedConfig& config, const DescriptorFiles& descriptors);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_RULE_NAMES_H_
