// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/trace_warning.h"

#include <atomic>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/log.h"

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

void WarnOfTracing() {
  static std::atomic<bool> warned{false};
  const char* trace = std::getenv("GRPC_TRACE");
  if (trace == nullptr) return;
  for (const absl::string_view tracer : absl::StrSplit(trace, ',')) {
    if (!PrintsHeaders(tracer) || warned.exchange(true)) continue;
    LogLine(absl::StrCat("ALARM: GRPC_TRACE=", tracer,
                         " makes gRPC print headers, and tokens with them"));
  }
}

}  // namespace lanyard::internal
