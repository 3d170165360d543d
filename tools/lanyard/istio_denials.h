// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_ISTIO_DENIALS_H_
#define LANYARD_TOOLS_LANYARD_ISTIO_DENIALS_H_

#include <string>
#include <vector>

#include "lanyard/tools/istio_rules.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard::tools {

// Callers whom Istio must turn away for one reason, which is in words.
struct IstioDenial {
  std::string reason;
  std::vector<IstioCallers> callers;
};

// All `deny` of a config, and the tokens that Lanyard refuses by their claims and Istio would take.
// It may turn away more, but never fewer of them: what Istio cannot tell stands in `not_told`.
std::vector<IstioDenial> DenialsOf(const v1::ServerConfig& config,
                                   std::vector<std::string>* not_told);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_ISTIO_DENIALS_H_
