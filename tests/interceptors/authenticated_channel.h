// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_AUTHENTICATED_CHANNEL_H_
#define LANYARD_TESTS_INTERCEPTORS_AUTHENTICATED_CHANNEL_H_

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {

// A source that answers when the test says so.
class HeldSource final : public TokenSource {
 public:
  void Fetch(const TokenRequest&, TokenCallback done) override {
    std::lock_guard<std::mutex> lock(mutex_);
    ++fetches_;
    if (answer_.has_value()) {
      done(*answer_);
    } else {
      waiting_.push_back(std::move(done));
    }
  }
  // Answers everybody who waits, and everybody who comes.
  void Answer(absl::StatusOr<BearerToken> answer) {
    std::vector<TokenCallback> waiting;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      answer_ = answer;
      waiting.swap(waiting_);
    }
    for (TokenCallback& done : waiting) done(answer);
  }
  // Waits until somebody has asked.
  void AwaitFetch() {
    while (fetches() == 0) std::this_thread::yield();
  }
  int fetches() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return fetches_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<absl::StatusOr<BearerToken>> answer_;
  std::vector<TokenCallback> waiting_;
  int fetches_ = 0;
};

// A server, and channels that authenticate to it.
class ClientAuthTest : public ::testing::Test {
 protected:
  ClientAuthTest() : server_(Api::kCallback) {}
  void SetUp() override { ASSERT_NO_FATAL_FAILURE(server_.Start()); }

  ClientAuthOptions Options(std::shared_ptr<TokenSource> source) const {
    ClientAuthOptions options;
    options.audience = "test";
    options.token_source = std::move(source);
    options.tls = server_.files.Client();
    return options;
  }
  std::string target() const { return absl::StrCat("localhost:", server_.port); }

  std::shared_ptr<grpc::Channel> Connect(ClientAuthOptions options) const {
    auto channel = CreateChannel(target(), std::move(options));
    EXPECT_TRUE(channel.ok()) << channel.status();
    return *channel;
  }
  std::string GoodToken() const { return server_.issuer.Token().Sign(); }

  // What a call with that token ends with, before anything is sent.
  grpc::Status NotSent(absl::string_view token) {
    server_.audit->Clear();
    const Outcome outcome = MakeCall(Connect(Options(StaticTokenSource(token))), CallType::kUnary);
    EXPECT_TRUE(server_.audit->events().empty());
    return outcome.status;
  }

  GatedServer server_;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_AUTHENTICATED_CHANNEL_H_
