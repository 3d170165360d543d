// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/store_change.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/crypto/key_material.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxKeyBytes = 256, kMaxValueBytes = 64 * 1024;
// Above every time that a microsecond can name within 53 bits.
constexpr int64_t kNever = int64_t{1} << 53;

int64_t Clamp(int64_t micros) { return std::clamp<int64_t>(micros, 0, kNever); }

}  // namespace

absl::string_view WordOf(IssuerStore::Kind kind) {
  switch (kind) {
    case IssuerStore::Kind::kUser:
      return "user";
    case IssuerStore::Kind::kClient:
      return "client";
    case IssuerStore::Kind::kSession:
      return "session";
    case IssuerStore::Kind::kUsedId:
      return "used_id";
    case IssuerStore::Kind::kAttempts:
      return "attempts";
  }
  return "record";
}

absl::Status CheckChange(const IssuerStore::Change& change) {
  std::set<std::pair<IssuerStore::Kind, absl::string_view>> seen;
  for (const auto& write : change.writes) {
    if (write.key.empty() || write.key.size() > kMaxKeyBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("a key of ", write.key.size(), " bytes: 1 to ", kMaxKeyBytes, " are taken"));
    }
    if (write.value.has_value() && write.value->size() > kMaxValueBytes) {
      return absl::InvalidArgumentError(absl::StrCat("a value of ", write.value->size(),
                                                     " bytes: ", kMaxValueBytes, " are taken"));
    }
    if (!seen.emplace(write.kind, write.key).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("a change writes the same ", WordOf(write.kind), " twice"));
    }
  }
  for (const v1::Revocation& revocation : change.revocations) {
    if (!revocation.has_expires_at()) {
      return absl::InvalidArgumentError("a revocation without expires_at");
    }
  }
  return absl::OkStatus();
}

absl::Status VersionMismatch(IssuerStore::Kind kind) {
  return absl::AbortedError(
      absl::StrCat("the ", WordOf(kind), " has been changed by somebody else"));
}

int64_t Micros(absl::Time now) { return Clamp(absl::ToUnixMicros(now)); }

int64_t ExpiryMicros(absl::Time time) {
  if (time == absl::InfiniteFuture()) return kNever;
  // Rounded up, so that nothing ends before its time.
  const int64_t micros = absl::ToUnixMicros(time);
  return Clamp(absl::FromUnixMicros(micros) < time ? micros + 1 : micros);
}

int64_t ExpiryMicros(const v1::Revocation& revocation) {
  return ExpiryMicros(absl::FromUnixSeconds(revocation.expires_at().seconds()) +
                      absl::Nanoseconds(revocation.expires_at().nanos()));
}

std::string NewEpoch() { return Base64UrlEncode(RandomBytes(16)); }

}  // namespace lanyard::internal
