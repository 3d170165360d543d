// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/issuer/memory_store.h"
#include "lanyard/issuer/redis_store.h"
#include "lanyard/issuer/sqlite_store.h"
#include "lanyard/issuer/token_issuer.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"
#include "tests/issuer/cheap_hash.h"
#include "tests/issuer/redis_server.h"

namespace lanyard::test {
namespace {

using ::lanyard::testing::FakeClock;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kIssuer[] = "https://tokens.example.com";
constexpr char kPassword[] = "correct horse battery";
constexpr int kRacers = 32;

enum class Store { kMemory, kSqlite, kRedis };

// Two issuers on one store, each with a handle of its own where the store is not in memory.
class RefreshRaceTest : public ::testing::TestWithParam<Store> {
 protected:
  void SetUp() override {
    if (GetParam() == Store::kRedis) {
      if (!RedisServer::IsInstalled()) GTEST_SKIP() << "SKIPPED: Redis is not installed";
      redis_.Start();
    }
    RotationOptions rotation;
    rotation.algorithm = Algorithm::kEs256;
    ASSERT_THAT(RotateKeys(files_.Path("keys"), rotation, absl::Now()), IsOk());
    files_.Write("session-secret", std::string(32, '\x81'));
    chmod(files_.Path("session-secret").c_str(), 0600);
    for (int i = 0; i < 2; ++i) {
      TokenIssuerOptions options;
      options.config.set_issuer(kIssuer);
      options.config.set_key_directory(files_.Path("keys"));
      options.config.mutable_sign_in()->set_session_secret_file(files_.Path("session-secret"));
      options.store = Open();
      options.clock = clock_;
      options.cheaper_passwords_for_tests = kCheap;
      if (i == 0) AddAccounts(options.store);
      auto issuer = TokenIssuer::Create(options);
      ASSERT_THAT(issuer, IsOk());
      issuers_.push_back(*std::move(issuer));
    }
  }

  std::shared_ptr<IssuerStore> Open() {
    switch (GetParam()) {
      case Store::kMemory:
        return memory_;
      case Store::kSqlite: {
        SqliteStoreOptions options;
        options.file = files_.Path("issuer.db");
        options.clock = clock_;
        options.timeout = absl::Seconds(30);
        return *SqliteStore::Create(options);
      }
      case Store::kRedis: {
        RedisStoreOptions options;
        options.address = redis_.address();
        options.clock = clock_;
        options.timeout = absl::Seconds(30);
        return *RedisStore::Create(options);
      }
    }
    return nullptr;
  }

  static void AddAccounts(const std::shared_ptr<IssuerStore>& store) {
    Accounts accounts(kIssuer, store);
    v1::User ada;
    ada.set_name("ada");
    ada.set_password_hash(CheapHash(kPassword));
    ada.add_grants()->set_audience("orders");
    ASSERT_THAT(accounts.AddUser(ada), IsOk());
    v1::Client web;
    web.set_name("web");
    web.set_signs_users_in(true);
    web.add_grants()->set_audience("orders");
    ASSERT_THAT(accounts.AddClient(web), IsOk());
  }

  v1::TokenResponse SignIn() {
    v1::SignInRequest request;
    request.set_user("ada");
    request.set_password(kPassword);
    request.mutable_client()->set_client_id("web");
    request.set_audience("orders");
    auto response = issuers_[0]->SignIn(request, IssuerPeer());
    EXPECT_THAT(response, IsOk());
    return response.ok() ? *response : v1::TokenResponse();
  }

  absl::StatusOr<v1::TokenResponse> Refresh(int issuer, const std::string& token) {
    v1::RefreshRequest request;
    request.set_refresh_token(token);
    request.mutable_client()->set_client_id("web");
    return issuers_[issuer % 2]->Refresh(request, IssuerPeer());
  }

  testing::TestCertificates files_;
  RedisServer redis_{files_};
  // It stands, so that no racer comes after the ten seconds in which the answer is repeated.
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>(absl::Now());
  const std::shared_ptr<MemoryStore> memory_ = std::make_shared<MemoryStore>(clock_);
  std::vector<std::unique_ptr<TokenIssuer>> issuers_;
};

TEST_P(RefreshRaceTest, AllRacersGetOneSuccessorAndTheSessionLives) {
  const v1::TokenResponse first = SignIn();
  std::vector<absl::StatusOr<v1::TokenResponse>> answers(kRacers);
  std::vector<std::thread> racers;
  for (int i = 0; i < kRacers; ++i) {
    racers.emplace_back([&, i] { answers[i] = Refresh(i, first.refresh_token()); });
  }
  for (std::thread& racer : racers) racer.join();
  std::set<std::string> successors;
  for (const auto& answer : answers) {
    ASSERT_THAT(answer, IsOk());
    successors.insert(answer->refresh_token());
  }
  ASSERT_THAT(successors, SizeIs(1));
  const auto second = Refresh(0, *successors.begin());
  ASSERT_THAT(second, IsOk());
  // The successor is used: whoever comes now with the first one has it from somewhere.
  EXPECT_THAT(Refresh(1, first.refresh_token()), IsError(StartsWith("invalid_grant: ")));
  EXPECT_THAT(Refresh(0, second->refresh_token()), IsError(StartsWith("invalid_grant: ")));
  ASSERT_THAT(issuers_[1]->revocations()->Poll(), IsOk());
  for (const auto& issuer : issuers_) {
    v1::IntrospectRequest request;
    request.set_token(second->access_token());
    const auto response = issuer->Introspect(request);
    ASSERT_THAT(response, IsOk());
    EXPECT_FALSE(response->active());
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, RefreshRaceTest,
                         ::testing::Values(Store::kMemory, Store::kSqlite, Store::kRedis),
                         [](const auto& info) {
                           return info.param == Store::kMemory   ? "Memory"
                                  : info.param == Store::kSqlite ? "Sqlite"
                                                                 : "Redis";
                         });

}  // namespace
}  // namespace lanyard::test
