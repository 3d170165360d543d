// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/openssl_at_exit.h"

#include <dlfcn.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>

namespace lanyard::internal {
namespace {

using Init = int (*)(std::uint64_t, const void*);

// gRPC's OpenSSL, if it has a shared one.
Init OpenSsl() { return reinterpret_cast<Init>(dlsym(RTLD_DEFAULT, "OPENSSL_init_crypto")); }

// OPENSSL_INIT_LOAD_CRYPTO_STRINGS, with which others begin.
constexpr std::uint64_t kStrings = 0x2;

// Registered before OpenSSL registers its own end, and so called after that.
void Look() { std::_Exit(OpenSsl()(kStrings, nullptr) == 1 ? 0 : 1); }

class OpenSslAtExitDeathTest : public ::testing::Test {
 protected:
  OpenSslAtExitDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  void SetUp() override {
    (void)grpc::Version();  // So that gRPC is linked.
    if (OpenSsl() == nullptr) GTEST_SKIP() << "SKIPPED: this gRPC has no shared OpenSSL";
  }
};

TEST_F(OpenSslAtExitDeathTest, ItStays) {
  const auto end = [] {
    std::atexit(Look);
    KeepOpenSslAtExit();
    OpenSsl()(kStrings, nullptr);  // As gRPC begins.
    std::exit(2);
  };
  EXPECT_EXIT(end(), ::testing::ExitedWithCode(0), "");
}

// What would be otherwise: what this is there for.
TEST_F(OpenSslAtExitDeathTest, ItTakesItselfDownOtherwise) {
  const auto end = [] {
    std::atexit(Look);
    OpenSsl()(kStrings, nullptr);
    KeepOpenSslAtExit();  // Too late.
    std::exit(2);
  };
  EXPECT_EXIT(end(), ::testing::ExitedWithCode(1), "");
}

}  // namespace
}  // namespace lanyard::internal
