// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CRYPTO_SCRYPT_H_
#define LANYARD_SDK_INTERNAL_CRYPTO_SCRYPT_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {

// What a derivation costs (RFC 7914 section 2): its time grows with N * r * p, its memory with
// N * r.
struct ScryptCost {
  int log2_n = 17;  // N = 2^17.
  int r = 8;
  int p = 1;

  uint64_t n() const { return uint64_t{1} << log2_n; }
  // N * r * p. Only for costs that have a memory size.
  uint64_t work() const { return n() * static_cast<uint64_t>(r) * static_cast<uint64_t>(p); }

  bool operator==(const ScryptCost& other) const {
    return log2_n == other.log2_n && r == other.r && p == other.p;
  }
};

// The bytes that one derivation allocates; nothing for a cost that is out of all bounds: N from 2
// to 2^32 and below 2^(16 r), r and p from 1 to 2^15 - 1.
std::optional<uint64_t> ScryptMemory(const ScryptCost& cost);

// A key of `out_bytes` from a password. Blocks for as long as it takes, which is the point.
// INVALID_ARGUMENT, before any work, for a cost out of bounds or of more than `max_memory`, and for
// no output; RESOURCE_EXHAUSTED if there is no memory. What was derived on the way is overwritten.
absl::StatusOr<Secret> Scrypt(absl::string_view password, absl::string_view salt,
                              const ScryptCost& cost, uint64_t max_memory, size_t out_bytes);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_CRYPTO_SCRYPT_H_
