// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_FILE_TOKEN_SOURCE_H_
#define LANYARD_SDK_TOKENS_FILE_TOKEN_SOURCE_H_

#include <memory>
#include <string>

#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard {

// A token in a file that somebody else keeps fresh, as Kubernetes does with projected service
// account tokens. The path is opened anew for each read, so links may be swapped under it; white
// space around the token is cut off. The file holds one token whatever the audience.
//
// A file that cannot be read, or holds a JWT of which a part is missing, is UNAVAILABLE; one that
// does not hold a token is UNAUTHENTICATED.
std::shared_ptr<TokenSource> FileTokenSource(std::string path,
                                             std::shared_ptr<const Clock> clock = SystemClock());

}  // namespace lanyard

#endif  // LANYARD_SDK_TOKENS_FILE_TOKEN_SOURCE_H_
