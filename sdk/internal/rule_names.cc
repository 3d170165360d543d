// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/rule_names.h"

#include <google/protobuf/descriptor.h>

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/nearest_name.h"

namespace lanyard::internal {
namespace {

constexpr absl::string_view kOwnServices = "grpc.";

std::vector<std::string> MethodsOf(const google::protobuf::ServiceDescriptor& service) {
  std::vector<std::string> names;
  for (int i = 0; i < service.method_count(); ++i) names.emplace_back(service.method(i)->name());
  return names;
}

absl::Status CheckName(const std::string& path, const DescriptorFiles& descriptors,
                       const std::set<std::string>* services) {
  const std::string service = path.substr(1, path.rfind('/') - 1);
  if (absl::StartsWith(service, kOwnServices)) return absl::OkStatus();
  if (services != nullptr && services->count(service) == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "there is no service ", service, DidYouMean(service, {services->begin(), services->end()}),
        "; one that a server has without registering it belongs into "
        "ServerAuthOptions.services"));
  }
  const auto* descriptor = descriptors.Find(service);
  const std::string name = path.substr(path.rfind('/') + 1);
  if (descriptor == nullptr || name == "*" || descriptor->FindMethodByName(name) != nullptr) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("the service ", service, " has no method ", name,
                                                 DidYouMean(name, MethodsOf(*descriptor))));
}

}  // namespace

absl::Status CheckRuleNames(const LoadedConfig& config, const DescriptorFiles& descriptors,
                            const std::set<std::string>* services) {
  for (int i = 0; i < config.config.rules_size(); ++i) {
    const std::string& method = config.config.rules(i).method();
    if (absl::Status status = CheckName(method, descriptors, services); !status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(config.rule_locations[i], ": rule for ", method, ": ", status.message()));
    }
  }
  for (int i = 0; i < config.config.settings_size(); ++i) {
    const std::string& method = config.config.settings(i).method();
    if (method == "*") continue;
    if (absl::Status status = CheckName(method, descriptors, services); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(config.settings_locations[i], ": settings of ",
                                                     method, ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace lanyard::internal
