// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/server_state.h"

#include <google/protobuf/descriptor.h>

namespace lanyard::internal {

absl::Status ServerState::AddServices(const std::vector<std::string>& names) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::set<std::string> services = services_;
  services.insert(names.begin(), names.end());
  if (policy_ != nullptr && services == services_) return absl::OkStatus();
  std::vector<const google::protobuf::ServiceDescriptor*> descriptors;
  for (const std::string& name : services) {
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service != nullptr) descriptors.push_back(service);
  }
  auto policy = Policy::Create(config, descriptors);
  if (!policy.ok()) return policy.status();
  services_ = std::move(services);
  policy_ = *std::move(policy);
  return absl::OkStatus();
}

}  // namespace lanyard::internal
