// SPDX-License-Identifier: Apache-2.0
// Reloading under load: each call is judged by the rules before or after, and by nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/caller.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using testing::IsOk;
using ::testing::Values;
using ::testing::ValuesIn;

constexpr int kReloads = 1000;
constexpr int kThreads = 8;

std::string ConfigFor(const testing::TestIssuer& issuer, const std::string& role_claim,
                      const std::string& unary) {
  std::string text = issuer.ConfigText();
  text.insert(text.rfind('}'), absl::StrCat("roles { path: '", role_claim, "' }\n"));
  return absl::StrCat(
      text, "rules { method: '/lanyard.test.Echo/Unary' replaces_annotation: true ", unary,
      " }\nrules { method: '/lanyard.test.Echo/Chat' replaces_annotation: true ", unary, " }\n");
}

constexpr char kOpenIsClosed[] =
    "rules { method: '/lanyard.test.Echo/Open' replaces_annotation: true nobody: true }\n";

// What one caller has seen.
struct Seen {
  std::atomic<int> calls{0}, ok{0}, refused{0};
};

// With and without an issuer that changes as well, so that all verdicts leave the cache. That ends
// streams, which generic calls are to gRPC as well, so it is for unary ones.
class ReloadLoadTest : public ::testing::TestWithParam<std::tuple<Api, bool>> {};

TEST_P(ReloadLoadTest, EachCallIsJudgedByTheRulesBeforeOrAfter) {
  const auto [api, issuer_changes] = GetParam();
  GatedServer server(api);
  server.options.config_text.clear();
  server.options.audit_sink = nullptr;
  // "both" may call by either, "one" by the first alone, "none" by neither. Nobody may call Open by
  // the second.
  const std::string policies[] = {
      ConfigFor(server.issuer, "a", "allow { subjects: 'both' subjects: 'one' }"),
      ConfigFor(server.issuer, issuer_changes ? "b" : "a", "allow { subjects: 'both' }") +
          kOpenIsClosed};
  server.options.config_files = {server.files.Write("config", policies[0])};
  ASSERT_NO_FATAL_FAILURE(server.Start());

  std::atomic<bool> stop{false};
  Seen seen[4];  // both, one, none, nobody.
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t, issuer_changes = issuer_changes] {
      const int who = t % 4;
      const std::string subject[] = {"both", "one", "none", ""};
      const auto channel = server.Channel();
      const std::string token = who == 3 ? "" : server.issuer.Token().Subject(subject[who]).Sign();
      for (int i = 0; !stop; ++i) {
        const CallType type = i % 2 == 0 || issuer_changes ? CallType::kUnary : CallType::kChat;
        Outcome outcome;
        if (who == 3) {
          outcome.status = CallPath(channel, "/lanyard.test.Echo/Open");
        } else {
          outcome = MakeCall(channel, type, Bearer(token));
        }
        ++seen[who].calls;
        if (outcome.status.ok()) {
          ++seen[who].ok;
          EXPECT_EQ(outcome.text, subject[who]);
        } else {
          ++seen[who].refused;
          EXPECT_EQ(outcome.status.error_code(), who == 3 ? grpc::StatusCode::UNAUTHENTICATED
                                                          : grpc::StatusCode::PERMISSION_DENIED)
              << outcome.status.error_message();
        }
      }
    });
  }
  for (int i = 0; i < kReloads; ++i) {
    server.files.Write("config", policies[(i + 1) % 2]);
    ASSERT_THAT(server.auth->Reload(), IsOk());
  }
  EXPECT_TRUE(Eventually([&] {
    return std::all_of(std::begin(seen), std::end(seen),
                       [](const Seen& each) { return each.calls > 0; });
  }));
  stop = true;
  for (std::thread& thread : threads) thread.join();

  // The files are never still, so they are also read for their own sake from time to time.
  EXPECT_GE(server.auth->Config().loads, kReloads + 1);
  EXPECT_EQ(server.auth->Config().failures, 0);
  int calls = 0;
  for (const Seen& each : seen) calls += each.calls;
  const bool is_generic = api == Api::kCallbackGeneric || api == Api::kAsyncGeneric;
  EXPECT_EQ(seen[0].refused, 0);
  EXPECT_EQ(seen[2].ok, 0);
  // Only those of nobody saw nobody. To gRPC a generic call is a stream, which may be ended after
  // its handler has begun.
  EXPECT_GE(server.echo.handled().anonymous, seen[3].ok);
  EXPECT_LE(server.echo.handled().anonymous,
            seen[3].ok + (is_generic ? seen[3].refused.load() : 0));
  // A stream of "one" may be ended after its handler has begun.
  const int cut = server.echo.handled().runs - (seen[0].ok + seen[1].ok + seen[3].ok);
  EXPECT_GE(cut, 0);
  EXPECT_LE(cut, issuer_changes ? 0 : seen[1].refused + (is_generic ? seen[3].refused.load() : 0));
  RecordProperty("calls", calls);
  std::printf("%d reloads, %d calls; both %d/%d, one %d/%d, none %d/%d, nobody %d/%d allowed\n",
              kReloads, calls, seen[0].ok.load(), seen[0].calls.load(), seen[1].ok.load(),
              seen[1].calls.load(), seen[2].ok.load(), seen[2].calls.load(), seen[3].ok.load(),
              seen[3].calls.load());
  // No call is withheld: the server can end without a deadline.
  server.echo.server().Shutdown();
}

INSTANTIATE_TEST_SUITE_P(Rules, ReloadLoadTest,
                         ::testing::Combine(ValuesIn(kAllApis), Values(false)),
                         [](const auto& info) { return NameOf(std::get<0>(info.param)); });
INSTANTIATE_TEST_SUITE_P(Issuers, ReloadLoadTest,
                         ::testing::Combine(Values(Api::kSync, Api::kCallback, Api::kAsync),
                                            Values(true)),
                         [](const auto& info) { return NameOf(std::get<0>(info.param)); });

// Two calls of one token, admitted before and after the config said where roles stand, and served
// late. The second has no role by what ruled when it was admitted.
TEST(AdmissionAfterReloadTest, ACallHasTheRolesThatItWasAdmittedWith) {
  GatedServer server(Api::kAsync);
  server.options.config_text.clear();
  const std::string rule = "allow { any_authenticated: true }";
  server.options.config_files = {
      server.files.Write("config", ConfigFor(server.issuer, "groups", rule))};
  server.echo.RequestCallsLater();
  std::atomic<int> admins{0};
  server.echo.handled().on_enter = [&](const grpc::ServerContextBase& context) {
    admins += CallerOf(context).HasRole("admin");
  };
  ASSERT_NO_FATAL_FAILURE(server.Start());
  auto token = server.issuer.Token();
  (*token.claims().mutable_private_claims())["groups"].set_string_value("admin");
  const std::string signed_token = token.Sign();
  std::vector<std::thread> calls;
  for (int i = 0; i < 2; ++i) {
    calls.emplace_back([&] {
      EXPECT_TRUE(MakeCall(server.Channel(), CallType::kUnary, Bearer(signed_token)).status.ok());
    });
    ASSERT_TRUE(Eventually([&] { return server.audit->events().size() == i + 1u; }));
    server.files.Write("config", ConfigFor(server.issuer, "roles", rule));
    ASSERT_THAT(server.auth->Reload(), IsOk());
  }
  server.echo.RequestCalls();
  for (std::thread& call : calls) call.join();
  EXPECT_EQ(admins, 1);
}

}  // namespace
}  // namespace lanyard::test
