// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_CHECKED_TOKEN_SOURCE_H_
#define LANYARD_SDK_TOKENS_CHECKED_TOKEN_SOURCE_H_

#include <cstddef>
#include <memory>

#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard::internal {

struct TokenChecks {
  size_t max_token_bytes = 0;
  // Takes tokens whose claims cannot be read, so that nobody here can tell whom they are for.
  bool opaque_tokens_are_trusted = false;
};

// Checks each token of `source` once, when it is fetched: that it can stand in a header, is not too
// long, and is meant for the audience it was asked for and, where there is one, for the caller. One
// that speaks for a caller ends with the caller's own.
std::shared_ptr<TokenSource> CheckedTokenSource(std::shared_ptr<TokenSource> source,
                                                TokenChecks checks);

// Of one token; UNAUTHENTICATED if it may not be sent.
absl::Status CheckToken(absl::string_view token, const TokenRequest& request,
                        const TokenChecks& checks);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_TOKENS_CHECKED_TOKEN_SOURCE_H_
