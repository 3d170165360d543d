// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_TRACE_CONTEXT_H_
#define LANYARD_INTERCEPTORS_INTERNAL_TRACE_CONTEXT_H_

#include <string>

#include "lanyard/interceptors/internal/call_metadata.h"

namespace lanyard::internal {

// The call's traceparent, if there is one and it is what W3C Trace Context section 3.2 asks for;
// else empty.
std::string TraceparentOf(const CallMetadata& metadata);

// The call's x-request-id, if there is one, of 1 to 64 letters, digits and "-_.": a token would be
// longer. Else empty.
std::string RequestIdOf(const CallMetadata& metadata);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_TRACE_CONTEXT_H_
