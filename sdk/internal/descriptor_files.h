// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_DESCRIPTOR_FILES_H_
#define LANYARD_SDK_INTERNAL_DESCRIPTOR_FILES_H_

#include <google/protobuf/descriptor.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

// Services by their descriptors: those that files bring, and those that are compiled into this
// program. Immutable; the descriptors live as long as it.
class DescriptorFiles {
 public:
  // Reads FileDescriptorSets, as `protoc --include_imports --descriptor_set_out=FILE` writes them.
  static absl::StatusOr<std::shared_ptr<const DescriptorFiles>> Read(
      const std::vector<std::string>& paths);

  // By full name, "package.Service"; null if there is none.
  const google::protobuf::ServiceDescriptor* Find(absl::string_view service) const;

  // Those of the files, in their order.
  const std::vector<const google::protobuf::ServiceDescriptor*>& services() const {
    return services_;
  }

 private:
  absl::Status Add(const std::string& path);

  std::vector<std::unique_ptr<google::protobuf::DescriptorPool>> pools_;
  std::vector<const google::protobuf::ServiceDescriptor*> services_;
  std::set<std::string> names_;  // Of services_.
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_DESCRIPTOR_FILES_H_
