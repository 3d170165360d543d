// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_TRACE_WARNING_H_
#define LANYARD_INTERCEPTORS_INTERNAL_TRACE_WARNING_H_

namespace lanyard::internal {

// Says, once in a process, that gRPC has been told to print headers, and tokens with them
// (GRPC_TRACE).
void WarnOfTracing();

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_TRACE_WARNING_H_
