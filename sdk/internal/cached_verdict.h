// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CACHED_VERDICT_H_
#define LANYARD_SDK_INTERNAL_CACHED_VERDICT_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/verification.h"

namespace lanyard::internal {

// What a token is looked up by: its text and its hash, which is seeded.
struct TokenKey {
  absl::string_view token;
  uint64_t hash;

  bool operator==(const TokenKey& other) const {
    return hash == other.hash && token == other.token;
  }
};

// A verdict that a cache keeps: one block with the token's text behind it, which is overwritten
// with it. Not thread-safe.
struct CachedVerdict {
  static CachedVerdict* Make(const TokenKey& key, Verdict verdict);
  static void Delete(CachedVerdict* cached);

  // What one would take, with the identity, the allocator's share and the table's.
  static size_t BytesOf(const TokenKey& key, const Verdict& verdict);

  TokenKey key() const { return {{reinterpret_cast<const char*>(this + 1), token_size}, hash}; }

  const uint64_t hash;
  const uint32_t token_size;
  const uint32_t bytes;  // BytesOf() when it was made.
  Verdict verdict;

  // For TokenCache.
  bool used = false;  // Since it was last in danger.
  CachedVerdict* newer = nullptr;

 private:
  CachedVerdict(const TokenKey& key, Verdict the_verdict);
  ~CachedVerdict() = default;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_CACHED_VERDICT_H_
