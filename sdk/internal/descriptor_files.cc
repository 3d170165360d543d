// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/descriptor_files.h"

#include <google/protobuf/descriptor.pb.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/v1/annotations.pb.h"

namespace lanyard::internal {
namespace {

using google::protobuf::DescriptorPool;

constexpr size_t kMaxBytes = 64 << 20;

}  // namespace

absl::StatusOr<std::shared_ptr<const DescriptorFiles>> DescriptorFiles::Read(
    const std::vector<std::string>& paths) {
  auto files = std::make_shared<DescriptorFiles>();
  for (const std::string& path : paths) {
    if (absl::Status status = files->Add(path); !status.ok()) return status;
  }
  return std::shared_ptr<const DescriptorFiles>(std::move(files));
}

absl::Status DescriptorFiles::Add(const std::string& path) {
  // Linked in, so that annotations are read as what they are.
  v1::Allow::descriptor();
  const auto bytes = ReadFile(path, kMaxBytes);
  if (!bytes.ok()) return bytes.status();
  google::protobuf::FileDescriptorSet set;
  const auto error = [&path](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": ", what, "; write it with protoc --include_imports --descriptor_set_out=FILE"));
  };
  if (!set.ParseFromString(std::string(bytes->view())) || set.file().empty()) {
    return error("not a FileDescriptorSet");
  }
  const DescriptorPool* generated = DescriptorPool::generated_pool();
  auto pool = std::make_unique<DescriptorPool>(generated);
  for (const google::protobuf::FileDescriptorProto& file : set.file()) {
    for (const std::string& import : file.dependency()) {
      if (pool->FindFileByName(import) == nullptr) {
        return error(absl::StrCat("it lacks ", import, ", which ", file.name(), " imports"));
      }
    }
    // What this program has is taken from there: protobuf's own files, and Lanyard's.
    const auto* built = generated->FindFileByName(file.name());
    if (built == nullptr) built = pool->BuildFile(file);
    if (built == nullptr) return error(absl::StrCat(file.name(), " in it is not consistent"));
    for (int i = 0; i < built->service_count(); ++i) {
      // The same .proto may stand in several sets.
      const auto* service = built->service(i);
      if (names_.insert(std::string(service->full_name())).second) services_.push_back(service);
    }
  }
  pools_.push_back(std::move(pool));
  return absl::OkStatus();
}

const google::protobuf::ServiceDescriptor* DescriptorFiles::Find(absl::string_view service) const {
  const std::string name(service);
  for (const auto& pool : pools_) {
    if (const auto* found = pool->FindServiceByName(name); found != nullptr) return found;
  }
  return DescriptorPool::generated_pool()->FindServiceByName(name);
}

}  // namespace lanyard::internal
