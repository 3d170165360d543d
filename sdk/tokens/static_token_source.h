// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_STATIC_TOKEN_SOURCE_H_
#define LANYARD_SDK_TOKENS_STATIC_TOKEN_SOURCE_H_

#include <memory>

#include "absl/strings/string_view.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard {

// Always the same token, whatever the audience, until it is refused: for tests and short programs.
std::shared_ptr<TokenSource> StaticTokenSource(absl::string_view token);

}  // namespace lanyard

#endif  // LANYARD_SDK_TOKENS_STATIC_TOKEN_SOURCE_H_
