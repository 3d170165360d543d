// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/identity_entry.h"

namespace lanyard::internal {
namespace {

constexpr char kKey[] = "lanyard-identity";

}  // namespace

void PutIdentity(CallMetadata* metadata, const Identity* identity) {
  metadata->emplace(grpc::string_ref(kKey, sizeof(kKey) - 1),
                    grpc::string_ref(reinterpret_cast<const char*>(identity), 0));
}

const Identity* FindIdentity(const CallMetadata& metadata) {
  const auto range = metadata.equal_range(grpc::string_ref(kKey, sizeof(kKey) - 1));
  for (auto it = range.first; it != range.second; ++it) {
    if (it->first.data() == kKey) return reinterpret_cast<const Identity*>(it->second.data());
  }
  return nullptr;
}

}  // namespace lanyard::internal
