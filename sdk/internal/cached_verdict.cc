// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/cached_verdict.h"

#include <algorithm>
#include <new>
#include <utility>

#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {
namespace {

// What the allocator and the table take for one, beside what is in it.
constexpr size_t kOverhead = 64;

}  // namespace

CachedVerdict::CachedVerdict(const TokenKey& key, Verdict the_verdict)
    : hash(key.hash),
      token_size(static_cast<uint32_t>(key.token.size())),
      bytes(static_cast<uint32_t>(BytesOf(key, the_verdict))),
      verdict(std::move(the_verdict)) {}

CachedVerdict* CachedVerdict::Make(const TokenKey& key, Verdict verdict) {
  void* block = ::operator new(sizeof(CachedVerdict) + key.token.size());
  auto* cached = new (block) CachedVerdict(key, std::move(verdict));
  std::copy(key.token.begin(), key.token.end(), reinterpret_cast<char*>(cached + 1));
  return cached;
}

void CachedVerdict::Delete(CachedVerdict* cached) {
  Cleanse(cached + 1, cached->token_size);
  cached->~CachedVerdict();
  ::operator delete(cached);
}

size_t CachedVerdict::BytesOf(const TokenKey& key, const Verdict& verdict) {
  return sizeof(CachedVerdict) + key.token.size() +
         IdentityAccess::StateOf(verdict.identity).bytes() + kOverhead;
}

}  // namespace lanyard::internal
