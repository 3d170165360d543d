// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/openssl_at_exit.h"

#include <dlfcn.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <utility>

#include "lanyard/https/https.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/test_certificates.h"

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

// Ends with 0 if OpenSSL is still there after what it registers for the end has been called.
[[noreturn]] void EndAfter(const std::function<void()>& first) {
  std::atexit(Look);
  first();
  OpenSsl()(kStrings, nullptr);  // As gRPC begins.
  std::exit(2);
}

TEST_F(OpenSslAtExitDeathTest, ItStays) {
  EXPECT_EXIT(EndAfter(KeepOpenSslAtExit), ::testing::ExitedWithCode(0), "");
}

TEST_F(OpenSslAtExitDeathTest, ItStaysForAChannel) {
  const auto connect = [] {
    static const testing::TestCertificates files;
    ClientAuthOptions options;
    options.audience = "test";
    options.token_source = StaticTokenSource("token");
    options.tls = files.Client();
    if (!CreateChannel("localhost:1", std::move(options)).ok()) std::_Exit(3);
  };
  EXPECT_EXIT(EndAfter(connect), ::testing::ExitedWithCode(0), "");
}

TEST_F(OpenSslAtExitDeathTest, ItStaysWhereLibcurlComesFirst) {
  EXPECT_EXIT(EndAfter([] { (void)Https(); }), ::testing::ExitedWithCode(0), "");
}

// What would be otherwise: what this is there for.
TEST_F(OpenSslAtExitDeathTest, ItTakesItselfDownOtherwise) {
  const auto too_late = [] {
    OpenSsl()(kStrings, nullptr);
    KeepOpenSslAtExit();
  };
  EXPECT_EXIT(EndAfter(too_late), ::testing::ExitedWithCode(1), "");
}

}  // namespace
}  // namespace lanyard::internal
