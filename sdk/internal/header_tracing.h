// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_HEADER_TRACING_H_
#define LANYARD_SDK_INTERNAL_HEADER_TRACING_H_

#include <string>

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// The first tracer in a value of GRPC_TRACE that makes gRPC print headers, and tokens with them;
// empty if there is none.
std::string TracerOfHeaders(absl::string_view grpc_trace);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_HEADER_TRACING_H_
