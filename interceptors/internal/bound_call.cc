// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/bound_call.h"

namespace lanyard::internal {
namespace {

constexpr char kKey[] = "lanyard-call";

}  // namespace

void PutBoundCall(CallMetadata* metadata, const BoundCall* call) {
  metadata->emplace(grpc::string_ref(kKey, sizeof(kKey) - 1),
                    grpc::string_ref(reinterpret_cast<const char*>(call), 0));
}

const BoundCall* FindBoundCall(const CallMetadata& metadata) {
  const auto range = metadata.equal_range(grpc::string_ref(kKey, sizeof(kKey) - 1));
  for (auto it = range.first; it != range.second; ++it) {
    if (it->first.data() == kKey) return reinterpret_cast<const BoundCall*>(it->second.data());
  }
  return nullptr;
}

}  // namespace lanyard::internal
