// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_DOCTOR_POLICY_H_
#define LANYARD_TOOLS_LANYARD_DOCTOR_POLICY_H_

#include "lanyard/tools/findings.h"
#include "lanyard/tools/policy_view.h"

namespace lanyard::tools {

struct PolicyCheckOptions {
  // Whether the services' descriptors are there, and so all annotations are known.
  bool knows_services = false;
  // Whether the server asks clients for certificates; true if nobody knows.
  bool asks_for_certificates = true;
};

// What a policy that compiles may still have wrong: rules that no caller can meet, issuers that no
// rule lets in, observation that ends.
void CheckPolicy(const PolicyView& view, const PolicyCheckOptions& options, Findings* findings);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_DOCTOR_POLICY_H_
