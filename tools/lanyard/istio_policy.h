// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_ISTIO_POLICY_H_
#define LANYARD_TOOLS_LANYARD_ISTIO_POLICY_H_

#include <map>
#include <string>
#include <vector>

#include "lanyard/tools/policy_view.h"

namespace lanyard::tools {

// Where the policies are to rule.
struct IstioTarget {
  std::string name, space;  // metadata.name and metadata.namespace.
  std::map<std::string, std::string> selector;
};

struct IstioText {
  std::string yaml;
  // What Istio does otherwise, in words: whom it refuses though Lanyard would not, and which tokens
  // it takes though Lanyard would not. They stand in the YAML too, as comments.
  std::vector<std::string> warnings;
};

// The policy as AuthorizationPolicies of Istio (security.istio.io/v1), for servers that cannot have
// Lanyard: one with action ALLOW for the rules, and one with action DENY for `deny` and for tokens
// that Lanyard refuses by their claims. No rule lets in anybody whom Lanyard's rule would not.
IstioText IstioPolicies(const PolicyView& view, const IstioTarget& target);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_ISTIO_POLICY_H_
