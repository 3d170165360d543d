// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_ISSUER_REDIS_FIXTURE_H_
#define LANYARD_TESTS_ISSUER_REDIS_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "lanyard/issuer/redis_store.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/test_certificates.h"
#include "tests/issuer/redis_server.h"
#include "tests/issuer/store_calls.h"

namespace lanyard::test {

inline constexpr char kNoRedis[] = "Redis is not installed";

// A server on a Unix socket, and stores in it.
class RedisStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::IsInstalled()) GTEST_SKIP() << "SKIPPED: " << kNoRedis;
  }

  RedisStoreOptions Options() const {
    RedisStoreOptions options;
    options.address = server_.address();
    options.clock = clock_;
    // Where a test wants no time to run out, this machine may be slow.
    options.timeout = absl::Seconds(20);
    return options;
  }
  // For server_.StartWithTls().
  RedisStoreOptions TlsOptions() const {
    RedisStoreOptions options = Options();
    options.address = server_.tls_address();
    options.ca_file = files_.Path("ca.pem");
    options.user = "lanyard";
    options.password_file = files_.Write("password", "correct horse\n");
    return options;
  }
  // A line of the server's configuration: who may do everything.
  static std::string User() { return "user lanyard on >\"correct horse\" ~* +@all\n"; }

  static std::unique_ptr<IssuerStore> Open(const RedisStoreOptions& options) {
    auto store = RedisStore::Create(options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  std::unique_ptr<IssuerStore> Open() const { return Open(Options()); }

  const std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
  testing::TestCertificates files_;
  RedisServer server_{files_};
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_ISSUER_REDIS_FIXTURE_H_
