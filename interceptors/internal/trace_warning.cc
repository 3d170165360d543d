// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/trace_warning.h"

#include <atomic>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/header_tracing.h"
#include "lanyard/sdk/internal/log.h"

namespace lanyard::internal {

void WarnOfTracing() {
  static std::atomic<bool> warned{false};
  const char* trace = std::getenv("GRPC_TRACE");
  if (trace == nullptr) return;
  const std::string tracer = TracerOfHeaders(trace);
  if (tracer.empty() || warned.exchange(true)) return;
  LogLine(absl::StrCat("ALARM: GRPC_TRACE=", tracer,
                       " makes gRPC print headers, and tokens with them"));
}

}  // namespace lanyard::internal
