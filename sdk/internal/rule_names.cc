// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/rule_names.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/nearest_name.h"

namespace lanyard::internal {
namespace {

absl::Status NoSuchMethod(const std::string& service, const std::string& name,
                          const std::vector<std::string>& methods) {
  return absl::InvalidArgumentError(
      absl::StrCat("the service ", service, " has no method ", name, DidYouMean(name, methods)));
}

std::vector<std::string> MethodsOf(const google::protobuf::ServiceDescriptor& service) {
  std::vector<std::string> names;
  for (int i = 0; i < service.method_count(); ++i) names.emplace_back(service.method(i)->name());
  return names;
}

absl::Status CheckName(const std::string& path, const DescriptorFiles& descriptors,
                       const std::set<std::string>* services) {
  const std::string service = path.substr(1, path.rfind('/') - 1);
  const std::string name = path.substr(path.rfind('/') + 1);
  if (const auto* own = GrpcsMethods(service); own != nullptr) {
    const bool there = name == "*" || std::find(own->begin(), own->end(), name) != own->end();
    return there ? absl::OkStatus() : NoSuchMethod(service, name, *own);
  }
  if (services != nullptr && services->count(service) == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "there is no service ", service, DidYouMean(service, {services->begin(), services->end()}),
        "; one that a server has without registering it belongs into "
        "ServerAuthOptions.services"));
  }
  const auto* descriptor = descriptors.Find(service);
  if (descriptor == nullptr || name == "*" || descriptor->FindMethodByName(name) != nullptr) {
    return absl::OkStatus();
  }
  return NoSuchMethod(service, name, MethodsOf(*descriptor));
}

}  // namespace

const std::vector<std::string>* GrpcsMethods(absl::string_view service) {
  static const auto* own = new std::map<std::string, std::vector<std::string>, std::less<>>{
      {"grpc.health.v1.Health", {"Check", "List", "Watch"}},
      {"grpc.reflection.v1.ServerReflection", {"ServerReflectionInfo"}},
      {"grpc.reflection.v1alpha.ServerReflection", {"ServerReflectionInfo"}},
      {"grpc.channelz.v1.Channelz",
       {"GetChannel", "GetServer", "GetServerSockets", "GetServers", "GetSocket", "GetSubchannel",
        "GetTopChannels"}},
  };
  const auto found = own->find(service);
  return found == own->end() ? nullptr : &found->second;
}

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

absl::Status CheckServiceRules(const LoadedConfig& config, const DescriptorFiles& descriptors) {
  for (int i = 0; i < config.config.rules_size(); ++i) {
    const std::string& method = config.config.rules(i).method();
    const std::string service = method.substr(1, method.rfind('/') - 1);
    if (method.back() != '*' || GrpcsMethods(service) != nullptr ||
        descriptors.Find(service) != nullptr) {
      continue;
    }
    return absl::InvalidArgumentError(absl::StrCat(
        config.rule_locations[i], ": rule for ", method, ": the methods of ", service,
        " are not known here: name each, or give ServerAuthOptions.descriptor_set_files"));
  }
  return absl::OkStatus();
}

}  // namespace lanyard::internal
