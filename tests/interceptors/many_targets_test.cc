// SPDX-License-Identifier: Apache-2.0
// One client of a thousand servers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "lanyard/interceptors/caller.h"
#include "tests/interceptors/authenticated_channel.h"

namespace lanyard::test {
namespace {

constexpr int kTargets = 1000;
constexpr int kServers = 4;
// gRPC starts some of its own as it is used.
constexpr int kMoreThreads = 50;
constexpr char kMeant[] = "x-meant";  // The audience of the target that the client meant.

// Signs for whomever the token is asked for.
class SigningSource final : public TokenSource {
 public:
  explicit SigningSource(const testing::TestIssuer& issuer) : issuer_(issuer) {}
  void Fetch(const TokenRequest& request, TokenCallback done) override {
    ++fetches;
    done(BearerToken(issuer_.Token().Audience(request.audience).Sign(),
                     absl::Now() + absl::Minutes(5)));
  }
  std::atomic<int> fetches{0};

 private:
  const testing::TestIssuer& issuer_;
};

int Threads() {
  int threads = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    threads += task.exists() ? 1 : 0;
  }
  return threads;
}

int ResidentKilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::atoi(line.c_str() + 6);
  }
  return 0;
}

class ManyTargetsTest : public ::testing::Test {
 protected:
  static std::string Name(int i) { return absl::StrFormat("svc-%04d.prod.example.test:8443", i); }
  static std::string Audience(int i) { return absl::StrFormat("aud-%04d", i); }

  void SetUp() override {
    for (int s = 0; s < kServers; ++s) {
      auto server = std::make_unique<GatedServer>(Api::kCallback);
      const testing::TestIssuer& issuer = s == 0 ? server->issuer : servers_[0]->issuer;
      server->options.config_text =
          absl::StrCat("issuers { name: 'test' issuer: '", issuer.issuer(), "' algorithms: ES256 ");
      for (int i = s; i < kTargets; i += kServers) {
        absl::StrAppend(&server->options.config_text, "audiences: '", Audience(i), "' ");
      }
      absl::StrAppend(&server->options.config_text, "}");
      server->options.key_sources["test"] = issuer.Keys();
      if (s != 0) server->options.tls = servers_[0]->files.Server();
      server->echo.handled().on_enter = [this](const grpc::ServerContextBase& context) {
        const auto meant = context.client_metadata().find(kMeant);
        const Identity& caller = CallerOf(context);
        if (meant == context.client_metadata().end() || caller.audiences().size() != 1 ||
            caller.audiences()[0] != std::string(meant->second.data(), meant->second.size())) {
          ++mixed_up_;
        }
      };
      ASSERT_NO_FATAL_FAILURE(server->Start());
      servers_.push_back(std::move(server));
    }
    source_ = std::make_shared<SigningSource>(servers_[0]->issuer);
    ClientAuthOptions options;
    for (int i = 0; i < kTargets; ++i) {
      TokenTarget target;
      target.names = {Name(i)};
      target.audience = Audience(i);
      target.token_source = source_;
      options.targets.push_back(std::move(target));
    }
    options.tls = servers_[0]->files.Client();
    auth_ = *ClientAuth::Create(options);
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = servers_[0]->files.Read("ca.pem");
    credentials_ = grpc::SslCredentials(tls);
  }

  // A channel to the target of that number, at whichever server stands for it.
  std::shared_ptr<grpc::Channel> Connect(int i) const {
    std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> factories;
    factories.push_back(auth_->InterceptorFactory(Name(i)));
    return grpc::experimental::CreateCustomChannelWithInterceptors(
        absl::StrCat("localhost:", servers_[i % kServers]->port), credentials_, {},
        std::move(factories));
  }
  void Call(const std::shared_ptr<grpc::Channel>& channel, int i) const {
    const grpc::Status status =
        MakeCall(channel, kAllCallTypes[i % 4], {{kMeant, Audience(i)}}).status;
    EXPECT_TRUE(status.ok()) << Name(i) << ": " << status.error_message();
  }

  std::atomic<int> mixed_up_{0};
  std::vector<std::unique_ptr<GatedServer>> servers_;
  std::shared_ptr<SigningSource> source_;
  std::unique_ptr<ClientAuth> auth_;
  std::shared_ptr<grpc::ChannelCredentials> credentials_;
};

TEST_F(ManyTargetsTest, EachCallCarriesTheTokenOfItsOwnTarget) {
  const int threads_before = Threads(), kilobytes_before = ResidentKilobytes();
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < kTargets; ++i) channels.push_back(Connect(i));
  std::atomic<int> next{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 16; ++t) {
    callers.emplace_back([&] {
      for (int call = next++; call < 3 * kTargets; call = next++) {
        Call(channels[call % kTargets], call % kTargets);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(mixed_up_, 0);
  EXPECT_EQ(source_->fetches, kTargets);
  const int more = Threads() - threads_before;
  EXPECT_LE(more, kMoreThreads) << "threads grow with the targets";
  std::cout << more << " threads and " << ResidentKilobytes() - kilobytes_before << " KiB for "
            << kTargets << " targets\n";
}

// None of the names leads anywhere, and none has to.
TEST_F(ManyTargetsTest, ChannelsShareTheirThreads) {
  const int threads_before = Threads(), kilobytes_before = ResidentKilobytes();
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < kTargets; ++i) {
    auto channel = auth_->CreateChannel(Name(i));
    ASSERT_TRUE(channel.ok()) << channel.status();
    channels.push_back(*std::move(channel));
  }
  const int more = Threads() - threads_before;
  EXPECT_LE(more, kMoreThreads) << "threads grow with the channels";
  std::cout << more << " threads and " << ResidentKilobytes() - kilobytes_before << " KiB for "
            << kTargets << " channels\n";
}

}  // namespace
}  // namespace lanyard::test
