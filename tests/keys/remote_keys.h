// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_KEYS_REMOTE_KEYS_H_
#define LANYARD_TESTS_KEYS_REMOTE_KEYS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/https/https.h"
#include "lanyard/sdk/keys/remote_key_source.h"
#include "lanyard/sdk/verifier.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/keys/nginx_server.h"

namespace lanyard::test {

// Waits for something that another thread brings about.
inline ::testing::AssertionResult Soon(const std::function<bool()>& is) {
  for (int i = 0; i < 6000; ++i) {
    if (is()) return ::testing::AssertionSuccess();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return ::testing::AssertionFailure() << "not within 60 s";
}

// An issuer's keys in a real nginx, not started yet.
class RemoteKeysTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!NginxServer::IsInstalled()) GTEST_SKIP() << "SKIPPED: nginx is not installed";
    nginx_.Serve("jwks", issuer_.PublicJwks());
  }

  RemoteKeySourceOptions Options() const {
    RemoteKeySourceOptions options;
    options.name = "test";
    options.algorithms = {Algorithm::kEs256};
    options.jwks_url = nginx_.Url("jwks");
    options.ca_file = files_.Client().root_certificates;
    options.refresh = absl::Seconds(1);
    options.https = Https();
    return options;
  }

  void Make(RemoteKeySourceOptions options) {
    auto source = RemoteKeySource::Create(std::move(options));
    ASSERT_THAT(source, testing::IsOk());
    source_ = *std::move(source);
  }
  // And waits for its first keys, which its first fetch has brought. Made anew if that was too slow
  // for a busy machine, because a clock that stands still brings no second one.
  void MakeWithKeys(const RemoteKeySourceOptions& options) {
    for (int i = 0; i < 5; ++i) {
      ASSERT_NO_FATAL_FAILURE(Make(options));
      ASSERT_TRUE(Soon([this] { return source_->fetches() > 0; }));
      if (source_->Current() != nullptr) return;
    }
    FAIL() << source_->Health();
  }
  // That fetches end in an error which says so, but for what a busy machine lets time out.
  void ExpectNoKeys(RemoteKeySourceOptions options, const std::string& says) {
    ASSERT_NO_FATAL_FAILURE(Make(std::move(options)));
    ASSERT_TRUE(Soon([&] { return absl::StrContains(source_->Health().message(), says); }))
        << source_->Health();
    EXPECT_EQ(source_->Current(), nullptr);
  }
  // That the keys that are there stay through `count` more fetches.
  void ExpectKeysStay(int count = 2) {
    const auto keys = source_->Current();
    ASSERT_NE(keys, nullptr);
    const int64_t before = source_->fetches();
    ASSERT_TRUE(Soon([&] { return source_->fetches() >= before + count; }));
    EXPECT_EQ(source_->Current(), keys);
  }
  // The ids of the keys that are there.
  std::vector<std::string> Ids() const {
    std::vector<std::string> ids;
    const auto keys = source_->Current();
    if (keys == nullptr) return {"none"};
    for (const Key& key : keys->keys()) ids.push_back(key.id());
    return ids;
  }

  std::unique_ptr<Verifier> VerifierOf(std::shared_ptr<const KeySource> keys) const {
    VerifierOptions options;
    options.issuers = {{issuer_.Config(), std::move(keys)}};
    return *Verifier::Create(std::move(options));
  }

  static std::string SetOf(const std::vector<const testing::TestIssuer*>& issuers,
                           const std::string& more = "") {
    std::string keys = more;
    for (const testing::TestIssuer* issuer : issuers) {
      absl::StrAppend(&keys, keys.empty() ? "" : ",", *issuer->key().ToPublicJwk());
    }
    return "{\"keys\":[" + keys + "]}";
  }

  const testing::TestCertificates files_;
  const testing::TestIssuer issuer_, next_;
  NginxServer nginx_{files_};
  std::unique_ptr<RemoteKeySource> source_;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_KEYS_REMOTE_KEYS_H_
