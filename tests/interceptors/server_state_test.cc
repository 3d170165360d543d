// SPDX-License-Identifier: Apache-2.0
// What gate, binding and ServerAuth share, used by many threads while it is replaced. No call is
// made, so that a sanitizer sees all of it.
#include "lanyard/interceptors/internal/server_state.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/interceptors/echo.pb.h"

namespace lanyard::internal {
namespace {

constexpr char kUnary[] = "/lanyard.test.Echo/Unary";

class ServerStateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    test::Message::descriptor();  // Linked in, with its service.
    Write("svc:a");
    ServerSettings settings;
    settings.sources.config_files = {files_.Path("auth")};
    settings.sources.given_keys["test"] = issuer_.Keys();
    settings.sources.clock = SystemClock();
    settings.sources.cache_bytes = 1 << 20;
    settings.descriptors = *DescriptorFiles::Read({});
    settings.admission_bytes = 1 << 20;
    settings.bad_signatures_per_second = 100;
    auto state = ServerState::Create(std::move(settings), {"lanyard.test.Echo"});
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
  }

  void Write(const std::string& subject) {
    files_.Write("auth",
                 absl::StrCat(issuer_.ConfigText(), "rules { method: '", kUnary,
                              "' replaces_annotation: true allow { subjects: '", subject, "' } }"));
  }

  const testing::TestIssuer issuer_{Algorithm::kEs256};
  testing::TestCertificates files_;
  std::shared_ptr<ServerState> state_;
};

TEST_F(ServerStateTest, IsReplacedAsAWholeWhileItIsUsed) {
  std::atomic<bool> stop{false};
  std::atomic<int> odd{0}, looked{0};
  std::vector<std::thread> readers;
  const std::string token = issuer_.Token().Subject("svc:a").Sign();
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      while (!stop) {
        const auto snapshot = state_->snapshot();
        const auto caller = snapshot->verifier->Verify(token);
        const bool allowed = caller.ok() && snapshot->policy->Decide(kUnary, *caller).allowed();
        // The policy that it says has to be of the config that stands beside it.
        const std::string& subject = snapshot->config.config.rules(0).allow(0).subjects(0);
        if (allowed != (subject == "svc:a")) ++odd;
        AuditEvent event = state_->NewEvent(kUnary);
        event.would_deny = AuthFailure::kExpired;
        if (!state_->Record(event)) ++odd;
        if (state_->Methods().size() < 7) ++odd;
        state_->status();
        ++looked;
      }
    });
  }
  for (int i = 0; i < 60; ++i) {
    Write(i % 2 == 0 ? "svc:b" : "svc:a");
    EXPECT_TRUE(state_->Reload().ok());
    EXPECT_TRUE(state_->AddServices({"lanyard.test.Echo"}).ok());
    state_->DropRetired();
  }
  while (looked < 100) std::this_thread::yield();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(odd, 0);
  EXPECT_EQ(state_->status().loads, 61);
}

TEST_F(ServerStateTest, ABrokenConfigReplacesNothing) {
  const auto before = state_->snapshot();
  files_.Write("auth", "issuers {");
  state_->CheckConfig();
  EXPECT_NE(state_->status().last_error, "");
  EXPECT_FALSE(state_->Reload().ok());
  EXPECT_EQ(state_->snapshot(), before);
  EXPECT_EQ(state_->status().failures, 1);
  Write("svc:b");
  EXPECT_TRUE(state_->Reload().ok());
  EXPECT_EQ(state_->status().last_error, "");
  EXPECT_NE(state_->snapshot(), before);
}

// With its cache, so that a change of rules does not have every token verified anew.
TEST_F(ServerStateTest, AChangeOfRulesKeepsTheVerifier) {
  const auto before = state_->snapshot();
  Write("svc:b");
  ASSERT_TRUE(state_->Reload().ok());
  EXPECT_EQ(state_->snapshot()->verifier, before->verifier);
  EXPECT_NE(state_->snapshot()->policy, before->policy);
  files_.Write("auth", absl::StrCat(issuer_.ConfigText(), "max_token_bytes: 1024"));
  ASSERT_TRUE(state_->Reload().ok());
  EXPECT_NE(state_->snapshot()->verifier, before->verifier);
}

}  // namespace
}  // namespace lanyard::internal
