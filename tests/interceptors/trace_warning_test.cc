// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/trace_warning.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace lanyard::internal {
namespace {

std::string WarningFor(const char* trace) {
  setenv("GRPC_TRACE", trace, /*overwrite=*/1);
  ::testing::internal::CaptureStderr();
  WarnOfTracing();
  return ::testing::internal::GetCapturedStderr();
}

TEST(TraceWarningTest, WarnsOnceWhereHeadersArePrinted) {
  unsetenv("GRPC_TRACE");
  ::testing::internal::CaptureStderr();
  WarnOfTracing();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(WarningFor("tcp_keepalive,list_tracers,-http"), "");
  EXPECT_EQ(WarningFor("timer,http"),
            "lanyard: ALARM: GRPC_TRACE=http makes gRPC print headers, and tokens with them\n");
  EXPECT_EQ(WarningFor("all"), "");
}

}  // namespace
}  // namespace lanyard::internal
