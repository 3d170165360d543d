// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_TARGET_NAMES_H_
#define LANYARD_SDK_INTERNAL_TARGET_NAMES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

// Whether a channel's target is a Unix socket.
bool IsUnixSocket(absl::string_view target);

// A target's name as it is compared: as DNS does it, and 443 is the port where none stands. Of a
// socket, as it is.
std::string NormalTargetName(absl::string_view name);

// The authority that gRPC makes of a channel's target, normal.
std::string AuthorityOf(absl::string_view target);

// Whether an authority is one host with a port or without: no query and no fragment, which gRPC
// takes off, no list, nothing encoded. Only then does gRPC go where the end of the text says.
bool IsPlainAuthority(absl::string_view authority);

// Whether a config may name a target so: a name, "*", or "*." and the end of names.
absl::Status CheckTargetName(absl::string_view name);

// Whether it is "/package.Service/Method" or "/package.Service/*".
absl::Status CheckTokenMethod(absl::string_view method);

// Whether it is one scope.
absl::Status CheckScope(absl::string_view scope);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_TARGET_NAMES_H_
