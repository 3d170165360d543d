// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_POLICY_VIEW_H_
#define LANYARD_TOOLS_LANYARD_POLICY_VIEW_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/internal/descriptor_files.h"
#include "lanyard/sdk/policy.h"
#include "lanyard/tools/arguments.h"

namespace lanyard::tools {

// One method, or "/package.Service/*" for the rest of a service.
struct MethodView {
  std::string path;
  const internal::EffectiveRule* rule = nullptr;  // Null: nobody may call.
  std::string change;       // "wider than its annotation"; empty where there is none.
  std::string enforcement;  // "observed until 2027-01-31T00:00:00+00:00"; empty: enforced.

  // The alternatives in the words of the config; empty: nobody.
  std::vector<std::string> Callers() const;
};

// A policy as a person looks at it.
struct PolicyView {
  LoadedConfig config;
  std::shared_ptr<const internal::DescriptorFiles> descriptors;
  std::shared_ptr<const Policy> policy;
  std::vector<MethodView> methods;  // By path.
  std::vector<std::string> denied;  // In the words of the config.
  absl::Time now;

  // MethodView.enforcement, of any method.
  std::string EnforcementAt(const std::string& path) const;
};

// The config at `path` and in the files of --with, with the services of --descriptors. Rules must
// name methods of those services, where there are any.
absl::StatusOr<PolicyView> LoadPolicyView(const std::string& path, const Arguments& arguments,
                                          absl::Time now);

// --with and --descriptors.
std::vector<Option> PolicyOptions();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_POLICY_VIEW_H_
