// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/open_methods.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "lanyard/sdk/internal/rule_checks.h"
#include "lanyard/v1/annotations.pb.h"

namespace lanyard::internal {
namespace {

// Beyond that, as of a client that makes its paths up, each is looked up anew.
constexpr size_t kMostRemembered = 10'000;

bool LookUp(absl::string_view path) {
  if (!IsMethodPath(path)) return false;
  const size_t slash = path.rfind('/');
  const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
      std::string(path.substr(1, slash - 1)));
  if (service == nullptr) return false;
  const auto* method = service->FindMethodByName(std::string(path.substr(slash + 1)));
  if (method == nullptr) return false;
  const auto& allows = method->options().GetRepeatedExtension(v1::allow);
  return std::any_of(allows.begin(), allows.end(),
                     [](const v1::Allow& allow) { return allow.anyone(); });
}

}  // namespace

bool IsOpenByAnnotation(absl::string_view path) {
  struct Remembered {
    std::shared_mutex mutex;
    std::map<std::string, bool, std::less<>> methods;  // Guarded by mutex.
  };
  static Remembered* const remembered = new Remembered();
  {
    std::shared_lock<std::shared_mutex> lock(remembered->mutex);
    const auto found = remembered->methods.find(path);
    if (found != remembered->methods.end()) return found->second;
  }
  const bool is_open = LookUp(path);
  std::lock_guard<std::shared_mutex> lock(remembered->mutex);
  if (remembered->methods.size() < kMostRemembered) {
    remembered->methods.emplace(std::string(path), is_open);
  }
  return is_open;
}

}  // namespace lanyard::internal
