// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_HTTP_REQUEST_H_
#define LANYARD_ISSUER_HTTP_REQUEST_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// What a server of a few small pages needs of an HTTP/1 request (RFC 9112). Bodies are none of it.
struct ReceivedRequest {
  std::string method;         // As it stands: methods are case-sensitive.
  std::string path;           // Of the target, byte by byte; without its query.
  std::string if_none_match;  // Several are one, with commas.
};

enum class RequestRead {
  kIncomplete,  // More may make it one.
  kComplete,
  kMalformed,
  kTooLong,
};

inline constexpr size_t kMaxRequestBytes = 8192;

// Reads the head of a request from all that was received so far. Strict: what two servers could
// read in two ways, such as white space in the wrong place, a line that goes on in the next, or two
// hosts, is kMalformed.
RequestRead ReadHttpRequest(absl::string_view received, ReceivedRequest* request);

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_HTTP_REQUEST_H_
