// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/header_tracing.h"

#include "absl/strings/str_split.h"

namespace lanyard::internal {
namespace {

// Tracers that print headers, as "http" and its parts do; "-name" takes one out of "all".
bool PrintsHeaders(absl::string_view tracer) {
  for (const absl::string_view name : {"all", "http", "api", "call", "channel", "chttp2", "filter",
                                       "metadata", "op_failure", "promise_primitives"}) {
    if (tracer == name) return true;
  }
  return false;
}

}  // namespace

std::string TracerOfHeaders(absl::string_view grpc_trace) {
  for (const absl::string_view tracer : absl::StrSplit(grpc_trace, ',')) {
    if (PrintsHeaders(tracer)) return std::string(tracer);
  }
  return "";
}

}  // namespace lanyard::internal
