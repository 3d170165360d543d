// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/issuer/redis_store.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/v1/token_service.grpc.pb.h"
#include "tests/examples/container.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interceptors/eventually.h"
#include "tests/interop/proxy.h"
#include "tests/issuer/cheap_hash.h"
#include "tests/issuer/redis_server.h"
#include "tests/keys/loopback_port.h"

namespace lanyard::test {
namespace {

using ::lanyard::testing::IsOk;

constexpr char kIssuer[] = "https://tokens.example.com";
constexpr char kPassword[] = "correct horse battery";
constexpr int kUsers = 6;

// HAProxy before the two issuers, as a platform has some balancer: TLS goes through it.
constexpr char kBalancer[] = R"(
global
  maxconn 1000
defaults
  mode tcp
  timeout connect 2s
  timeout client 1h
  timeout server 1h
  retries 3
  option redispatch
frontend in
  bind 127.0.0.1:PORT
  default_backend issuers
backend issuers
  balance roundrobin
  server a 127.0.0.1:A check inter 100ms fall 1 rise 1 on-marked-down shutdown-sessions
  server b 127.0.0.1:B check inter 100ms fall 1 rise 1 on-marked-down shutdown-sessions
)";

// Two issuers on one Redis, behind a balancer, and three servers that take their tokens: two hear
// of revocations by the stream, one reads them in Redis. Each is a process of its own.
class TokenReplicasTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::IsInstalled()) GTEST_SKIP() << "SKIPPED: Redis is not installed";
    if (!testing::Proxy::IsInstalled(testing::ProxyKind::kHaproxy)) {
      GTEST_SKIP() << "SKIPPED: HAProxy is not installed";
    }
    files_.Issue("orders", {"URI:spiffe://shop/orders"});
    RotationOptions rotation;
    rotation.algorithm = Algorithm::kEs256;
    const auto key = RotateKeys(files_.Path("keys"), rotation, absl::Now());
    ASSERT_THAT(key, IsOk());
    files_.Write("jwks.json", *KeySet({*key->key.PublicHalf()}).ToPublicJwks());
    files_.Write("session-secret", std::string(32, '\x81'));
    chmod(files_.Path("session-secret").c_str(), 0600);
    redis_.Start();
    ASSERT_NO_FATAL_FAILURE(AddAccounts());
    for (int i = 0; i < 2; ++i) issuer_ports_[i] = FreePort();
    for (int i = 0; i < 3; ++i) resource_ports_[i] = FreePort();
    balancer_.StartWith(absl::StrReplaceAll(
        kBalancer, {{"PORT", absl::StrCat(balancer_.port())},
                    {"127.0.0.1:A", absl::StrCat("127.0.0.1:", issuer_ports_[0])},
                    {"127.0.0.1:B", absl::StrCat("127.0.0.1:", issuer_ports_[1])}}));
    for (int i = 0; i < 2; ++i) ASSERT_NO_FATAL_FAILURE(StartIssuer(i));
    for (int i = 0; i < 3; ++i) ASSERT_NO_FATAL_FAILURE(StartResource(i));
  }

  void AddAccounts() {
    RedisStoreOptions options;
    options.address = redis_.address();
    options.timeout = absl::Seconds(10);
    auto opened = RedisStore::Create(options);
    ASSERT_THAT(opened, IsOk());
    const std::shared_ptr<IssuerStore> store = *std::move(opened);
    Accounts accounts(kIssuer, store);
    for (int i = 0; i < kUsers; ++i) {
      v1::User user;
      user.set_name(absl::StrCat("user", i));
      user.set_password_hash(CheapHash(kPassword));
      user.add_grants()->set_audience("orders");
      user.mutable_grants(0)->add_scopes("orders.read");
      ASSERT_THAT(accounts.AddUser(user), IsOk());
    }
    v1::Client web;
    web.set_name("web");
    web.set_signs_users_in(true);
    *web.add_grants() = accounts.FindUser("user0")->grants(0);
    ASSERT_THAT(accounts.AddClient(web), IsOk());
    v1::Client orders;
    orders.set_name("orders");
    orders.add_certificate_names("spiffe://shop/orders");
    orders.add_grants()->set_audience(kIssuer);
    orders.mutable_grants(0)->add_scopes("tokens.revocations");
    ASSERT_THAT(accounts.AddClient(orders), IsOk());
  }

  void StartIssuer(int i) { Run(&issuers_[i], {"issuer"}, issuer_ports_[i], ""); }
  void StartResource(int i) {
    Run(&resources_[i], {"resource"}, resource_ports_[i],
        i == 2 ? "" : absl::StrCat("localhost:", balancer_.port()));
  }
  void Run(std::unique_ptr<Container>* node, std::vector<std::string> words, int port,
           const std::string& issuers) {
    std::vector<std::string> command = {"tests/interop/token_node_main", words[0], files_.folder(),
                                        redis_.address(), absl::StrCat(port)};
    if (!issuers.empty()) command.push_back(issuers);
    const std::string log = files_.Path(absl::StrCat("node", port, ".", ++runs_, ".log"));
    *node = std::make_unique<Container>(command, log);
    ASSERT_TRUE((*node)->Says("ready")) << (*node)->log();
  }

  // Tries again, as clients do, while there is no answer; the next connection may go to the other
  // issuer. The answer to a request that was made twice is that of one.
  grpc::Status AskIssuers(
      const std::function<grpc::Status(v1::TokenService::Stub&, grpc::ClientContext*)>& ask) const {
    grpc::Status status;
    for (int i = 0; i < 200; ++i) {
      const auto stub = v1::TokenService::NewStub(PlainTls(files_, balancer_.port()));
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
      status = ask(*stub, &context);
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE &&
          status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) {
        return status;
      }
      absl::SleepFor(absl::Milliseconds(25));
    }
    return status;
  }

  grpc::Status Call(int resource, const std::string& token) const {
    const auto stub = shop::Orders::NewStub(PlainTls(files_, resource_ports_[resource]));
    grpc::ClientContext context;
    Limit(&context);
    context.AddMetadata("authorization", "Bearer " + token);
    shop::Order order;
    return stub->GetOrder(&context, shop::GetOrderRequest(), &order);
  }

  // One person's session after the other, until `stop`.
  void Live(int user, const std::atomic<bool>& stop) {
    while (!stop) {
      v1::TokenResponse tokens;
      Expect("sign-in", AskIssuers([&](v1::TokenService::Stub& stub, grpc::ClientContext* context) {
               v1::SignInRequest request;
               request.set_user(absl::StrCat("user", user));
               request.set_password(kPassword);
               request.mutable_client()->set_client_id("web");
               request.set_audience("orders");
               return stub.SignIn(context, request, &tokens);
             }));
      for (int i = 0; i < 3; ++i) {
        const int resource = (user + i) % 3;
        const grpc::Status called = Call(resource, tokens.access_token());
        // One of them is down for a while; that is all that may be.
        if (!called.ok() && called.error_code() != grpc::StatusCode::UNAVAILABLE) {
          Expect("call", called);
        }
        const std::string refresh_token = tokens.refresh_token();
        Expect("refresh",
               AskIssuers([&](v1::TokenService::Stub& stub, grpc::ClientContext* context) {
                 v1::RefreshRequest request;
                 request.set_refresh_token(refresh_token);
                 request.mutable_client()->set_client_id("web");
                 return stub.Refresh(context, request, &tokens);
               }));
      }
      Expect("revoke", AskIssuers([&](v1::TokenService::Stub& stub, grpc::ClientContext* context) {
               v1::RevokeRequest request;
               request.set_token(tokens.refresh_token());
               request.mutable_client()->set_client_id("web");
               v1::RevokeResponse response;
               return stub.Revoke(context, request, &response);
             }));
      ++sessions_;
      std::lock_guard<std::mutex> lock(mutex_);
      revoked_.push_back(tokens.access_token());
    }
  }

  void Expect(const char* what, const grpc::Status& status) {
    if (status.ok()) return;
    std::lock_guard<std::mutex> lock(mutex_);
    lost_.push_back(absl::StrCat(what, ": ", status.error_code(), " ", status.error_message()));
  }

  testing::TestCertificates files_;
  RedisServer redis_{files_};
  testing::Proxy balancer_{testing::ProxyKind::kHaproxy, files_};
  int issuer_ports_[2] = {}, resource_ports_[3] = {}, runs_ = 0;
  std::unique_ptr<Container> issuers_[2], resources_[3];

  std::atomic<int> sessions_{0};
  std::mutex mutex_;
  std::vector<std::string> revoked_, lost_;  // Guarded by mutex_.
};

TEST_F(TokenReplicasTest, LoseNothingWhenOneOfEachIsKilled) {
  const bool is_long = std::getenv("LANYARD_LONG") != nullptr;
  const absl::Duration part = is_long ? absl::Seconds(20) : absl::Seconds(3);
  std::atomic<bool> stop{false};
  std::vector<std::thread> people;
  for (int i = 0; i < kUsers; ++i) people.emplace_back([this, i, &stop] { Live(i, stop); });
  absl::SleepFor(part);
  issuers_[0].reset();  // SIGKILL.
  resources_[0].reset();
  absl::SleepFor(part);
  StartIssuer(0);
  StartResource(0);
  absl::SleepFor(part);
  issuers_[1].reset();
  resources_[2].reset();
  absl::SleepFor(part);
  StartResource(2);
  stop = true;
  for (std::thread& person : people) person.join();
  for (const std::string& lost : lost_) ADD_FAILURE() << lost;
  std::printf("%d sessions, %d revoked tokens\n", sessions_.load(),
              static_cast<int>(revoked_.size()));
  EXPECT_GT(sessions_, 10);
  // What was revoked, by whichever issuer and whoever was down, is refused everywhere.
  for (int resource = 0; resource < 3; ++resource) {
    for (const std::string& token : revoked_) {
      ASSERT_TRUE(Eventually([&] {
        return Call(resource, token).error_code() == grpc::StatusCode::UNAUTHENTICATED;
      })) << "accepted by resource server "
          << resource;
    }
  }
}

}  // namespace
}  // namespace lanyard::test
