// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/header_tracing.h"

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace lanyard::internal {
namespace {

// Tracers that print headers, or the bytes that they are sent in; "-name" takes one out of "all",
// and newer gRPC takes patterns.
bool PrintsHeaders(absl::string_view tracer) {
  if (absl::StartsWith(tracer, "-")) return false;
  for (const absl::string_view name :
       {"all", "http", "api", "call", "channel", "chttp2", "chttp2_hpack_parser",
        "client_channel_call", "client_channel_lb_call", "filter", "metadata", "op_failure",
        "promise_primitives", "retry", "secure_endpoint", "tcp"}) {
    if (tracer == name) return true;
  }
  return tracer.find_first_of("*?") != tracer.npos;
}

}  // namespace

std::string TracerOfHeaders(absl::string_view grpc_trace) {
  for (const absl::string_view tracer : absl::StrSplit(grpc_trace, ',')) {
    if (PrintsHeaders(tracer)) return std::string(tracer);
  }
  return "";
}

}  // namespace lanyard::internal
