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
  EXPECT_EQ(WarningFor("tcp_keepalive,list_tracers,-http,-h*"), "");
  EXPECT_EQ(WarningFor("timer,http"),
            "lanyard: ALARM: GRPC_TRACE=http makes gRPC print headers, and tokens with them\n");
  EXPECT_EQ(WarningFor("all"), "");
}

// Each was seen to print a token.
class TracerTest : public ::testing::TestWithParam<const char*> {};

TEST_P(TracerTest, IsWarnedOf) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // A process that has not warned yet.
  EXPECT_EXIT(
      {
        setenv("GRPC_TRACE", GetParam(), /*overwrite=*/1);
        WarnOfTracing();
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "ALARM: GRPC_TRACE=");
}

INSTANTIATE_TEST_SUITE_P(All, TracerTest,
                         ::testing::Values("all", "http", "api", "channel", "chttp2_hpack_parser",
                                           "client_channel_call", "client_channel_lb_call", "retry",
                                           "secure_endpoint", "tcp", "h*"));

}  // namespace
}  // namespace lanyard::internal
