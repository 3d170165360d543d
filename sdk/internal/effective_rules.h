// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_EFFECTIVE_RULES_H_
#define LANYARD_SDK_INTERNAL_EFFECTIVE_RULES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lanyard/sdk/config.h"
#include "lanyard/v1/policy.pb.h"

namespace google::protobuf {
class ServiceDescriptor;
}

namespace lanyard::internal {

using Services = std::vector<const google::protobuf::ServiceDescriptor*>;

// One rule that rules.
struct EffectiveRule {
  // For "/package.Service/Method" or "/package.Service/*".
  v1::Rule rule;

  // Where it stands: "FILE:LINE", "annotation of METHOD", "health: ANYONE".
  std::string source;

  // The annotations whose place it has taken, each with the method or service beside which it
  // stands, and with annotation_issuers where it names none.
  std::vector<v1::Rule> replaced;
};

// The rules of a config and of the annotations of `services`, as they rule: for a method the first
// that exists of the operator's rule for it, the operator's for its service, its annotation, and
// the default of its service. At most one for each method, and one for each service. Fails, naming
// the annotation or the line, for annotations that could not stand in a config either, and for
// rules that replace one without saying so.
absl::StatusOr<std::vector<EffectiveRule>> EffectiveRules(const LoadedConfig& config,
                                                          const Services& services);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_EFFECTIVE_RULES_H_
