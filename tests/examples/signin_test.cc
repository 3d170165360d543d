// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/interop/program.h"

namespace lanyard {
namespace {

using ::testing::HasSubstr;

// The program compares each answer with what it should be.
TEST(SignInExampleTest, GoesAsItSays) {
  const std::string printed = testing::Printed("examples/signin/signin");
  EXPECT_THAT(printed, HasSubstr("call with the token          user:ada\n"));
  EXPECT_THAT(printed, HasSubstr("the same, ada made bob       refused\n"));
  EXPECT_THAT(printed, HasSubstr("All as it should be.\n"));
}

}  // namespace
}  // namespace lanyard
