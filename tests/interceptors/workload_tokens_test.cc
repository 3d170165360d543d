// SPDX-License-Identifier: Apache-2.0
// Tokens from a Workload API: what is asked, and what is made of each answer.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <future>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/internal/token_text.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/fetch_token.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/workload_agent.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::Not;

using Code = absl::StatusCode;

class WorkloadTokensTest : public WorkloadAgentTest {
 protected:
  absl::StatusOr<BearerToken> Ask(const WorkloadApiOptions& options) const {
    return Fetch(*Tokens(options), "orders");
  }
  // That an answer is refused with that, by a message that names the endpoint and holds no token.
  void ExpectRefused(const std::string& spiffe_id, const std::string& svid, Code code,
                     const std::string& says) {
    agent_.AnswerWith({{spiffe_id, svid}});
    const auto token = Ask(Options());
    EXPECT_EQ(token.status().code(), code) << says;
    EXPECT_THAT(token, IsError(AllOf(HasSubstr(agent_.endpoint()), HasSubstr(says))));
    if (svid.size() > 20) {
      EXPECT_THAT(token, IsError(Not(HasSubstr(svid.substr(10)))));
    }
  }
  static std::string SvidWith(const std::string& claims) {
    return testing::TestIssuer().Token().RawClaims(claims).Sign();
  }
};

TEST_F(WorkloadTokensTest, AreTheDefaultIdentitysForTheAudience) {
  const absl::Time before = absl::Now();
  const auto token = Ask(Options());
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(internal::UnverifiedSubject(token->text()), kCheckout);
  EXPECT_THAT(*internal::UnverifiedAudiences(token->text()), ElementsAre("orders"));
  EXPECT_EQ(internal::UnverifiedExpiry(token->text()), token->expires_at());
  EXPECT_GE(token->expires_at(), before + absl::Minutes(5) - absl::Seconds(1));
  EXPECT_EQ(agent_.last_audience(), "orders");
  EXPECT_EQ(agent_.last_spiffe_id(), "");
}

TEST_F(WorkloadTokensTest, AreTheIdentitysThatIsAskedFor) {
  WorkloadApiOptions options = Options();
  options.spiffe_id = kBilling;
  const auto token = Ask(options);
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(internal::UnverifiedSubject(token->text()), kBilling);
  EXPECT_EQ(agent_.last_spiffe_id(), kBilling);
}

TEST_F(WorkloadTokensTest, AreNotTheFirstWhereAnAgentGivesAll) {
  agent_.AnswerWith(
      {{kCheckout, agent_.Svid(kCheckout, "orders")}, {kBilling, agent_.Svid(kBilling, "orders")}});
  WorkloadApiOptions options = Options();
  options.spiffe_id = kBilling;
  EXPECT_EQ(internal::UnverifiedSubject(Ask(options)->text()), kBilling);
  agent_.AnswerWith({{kCheckout, agent_.Svid(kCheckout, "orders")}});
  const auto token = Ask(options);
  EXPECT_EQ(token.status().code(), Code::kUnauthenticated);
  EXPECT_THAT(token, IsError(AllOf(HasSubstr(kBilling), HasSubstr(kCheckout))));
}

// The kit's agent refuses a request without the metadata, so the tests above show that it is sent.
TEST_F(WorkloadTokensTest, TheKitsAgentRefusesRequestsWithoutTheMetadata) {
  const auto channel =
      grpc::CreateChannel("unix:" + files_.Path("agent.sock"), grpc::InsecureChannelCredentials());
  for (const char* method : {"FetchJWTSVID", "FetchJWTBundles"}) {
    const std::string path = absl::StrCat("/SpiffeWorkloadAPI/", method);
    EXPECT_EQ(CallPath(channel, path).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(CallPath(channel, path, {{"workload.spiffe.io", "True"}}).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_EQ(agent_.svid_requests() + agent_.bundle_requests(), 0);
}

TEST_F(WorkloadTokensTest, RefusesAnswersThatCannotBeUsed) {
  const auto wrong = [this](const std::string& id, const std::string& svid,
                            const std::string& says) {
    ExpectRefused(id, svid, Code::kUnauthenticated, says);
  };
  wrong(kCheckout, "", "no JWT");
  wrong(kCheckout, "opaque", "no JWT");
  wrong(kCheckout, "a.b.c", "no JWT");
  wrong(kCheckout, agent_.Svid(kCheckout, "orders") + "\n", "no JWT");
  wrong(kCheckout, agent_.Svid(kBilling, "orders"),
        absl::StrCat("is of \"", kCheckout, "\", but that is of \"", kBilling, "\""));
  wrong(kCheckout, SvidWith("{\"aud\":\"orders\",\"exp\":4000000000}"), "without sub");
  wrong(kCheckout, SvidWith(absl::StrCat("{\"sub\":\"", kCheckout, "\",\"aud\":[\"orders\"]}")),
        "without exp");
  wrong(kCheckout, SvidWith(absl::StrCat("{\"sub\":\"", kCheckout, "\",\"exp\":4000000000}")),
        "for [] and not for \"orders\"");
  wrong(kCheckout, agent_.Svid(kCheckout, "billing"), "for [\"billing\"] and not for \"orders\"");
  wrong("", agent_.Svid("", "orders"), "no SPIFFE ID: \"\"");
  wrong("svc:checkout", agent_.Svid("svc:checkout", "orders"), "no SPIFFE ID: \"svc:checkout\"");
  agent_.AnswerWithNothing();
  const auto token = Ask(Options());
  EXPECT_EQ(token.status().code(), Code::kUnauthenticated);
  EXPECT_THAT(token, IsError(HasSubstr("holds no JWT-SVID")));
}

TEST_F(WorkloadTokensTest, AnExpiredTokenIsAFaultThatPasses) {
  agent_.SetLifetime(absl::Seconds(-1));
  ExpectRefused(kCheckout, agent_.Svid(kCheckout, "orders"), Code::kUnavailable, "has expired");
  agent_.AnswerWith({});
  agent_.SetLifetime(absl::Minutes(5));
  WorkloadApiOptions options = Options();
  auto clock = std::make_shared<testing::FakeClock>(absl::Now() + absl::Hours(1));
  options.clock = clock;
  EXPECT_THAT(Ask(options), IsError(HasSubstr("is the clock of this machine right?")));
  clock->Set(absl::Now());
  EXPECT_THAT(Ask(options), IsOk());
}

TEST_F(WorkloadTokensTest, TheAgentsRefusalsAreTransientOrFinal) {
  const struct {
    absl::Status refusal;
    Code code;
  } rows[] = {
      {absl::UnavailableError("starting"), Code::kUnavailable},
      {absl::DeadlineExceededError("slow"), Code::kDeadlineExceeded},
      {absl::ResourceExhaustedError("too many"), Code::kResourceExhausted},
      {absl::AbortedError("again"), Code::kAborted},
      {absl::InternalError("broken"), Code::kInternal},
      {absl::CancelledError("stopping"), Code::kUnavailable},
      {absl::PermissionDeniedError("no identity issued"), Code::kUnavailable},
      {absl::InvalidArgumentError("bad audience"), Code::kUnauthenticated},
      {absl::UnimplementedError("no such profile"), Code::kUnauthenticated},
      {absl::UnauthenticatedError("who?"), Code::kUnauthenticated},
      {absl::NotFoundError("none"), Code::kUnauthenticated},
  };
  for (const auto& row : rows) {
    agent_.RefuseWith(row.refusal);
    const auto token = Ask(Options());
    EXPECT_EQ(token.status().code(), row.code) << row.refusal;
    EXPECT_THAT(token, IsError(AllOf(HasSubstr(agent_.endpoint()),
                                     HasSubstr(absl::StatusCodeToString(row.refusal.code())),
                                     HasSubstr(std::string(row.refusal.message())))));
  }
}

TEST_F(WorkloadTokensTest, AWorkloadThatIsNotRegisteredYetIsToldWhatToDo) {
  agent_.SetIdentities({});
  const auto source = Tokens(Options());
  const auto token = Fetch(*source, "orders");
  EXPECT_EQ(token.status().code(), Code::kUnavailable);
  EXPECT_THAT(token, IsError(AllOf(HasSubstr("PERMISSION_DENIED: no identity issued"),
                                   HasSubstr("is the workload registered"))));
  agent_.SetIdentities({kCheckout});
  EXPECT_THAT(Fetch(*source, "orders"), IsOk());
}

TEST_F(WorkloadTokensTest, AMissingSocketIsNamedAndMayAppear) {
  agent_.Stop();
  const auto source = Tokens(Options());
  const auto token = Fetch(*source, "orders");
  EXPECT_EQ(token.status().code(), Code::kUnavailable);
  EXPECT_THAT(token, IsError(AllOf(HasSubstr(agent_.endpoint()), HasSubstr("No such file"))));
  agent_.Start();
  EXPECT_TRUE(Eventually([&] { return Fetch(*source, "orders").ok(); }));
}

TEST_F(WorkloadTokensTest, AnAgentThatRestartsIsFoundAgain) {
  const auto source = Tokens(Options());
  ASSERT_THAT(Fetch(*source, "orders"), IsOk());
  agent_.Stop();
  EXPECT_EQ(Fetch(*source, "orders").status().code(), Code::kUnavailable);
  agent_.Start();
  EXPECT_TRUE(Eventually([&] { return Fetch(*source, "orders").ok(); }));
}

TEST_F(WorkloadTokensTest, AHungAgentHoldsNobodyUp) {
  agent_.SetHanging(true);
  constexpr int kFetches = 100;
  std::atomic<int> slow{0}, others{0};
  const auto fetch = [&](TokenSource& source) {
    TokenRequest request;
    request.audience = "orders";
    for (int i = 0; i < kFetches; ++i) {
      source.Fetch(request, [&](const absl::StatusOr<BearerToken>& token) {
        ++(token.status().code() == Code::kDeadlineExceeded ? slow : others);
      });
    }
  };
  // All are under way at once, so none has blocked.
  auto patient = Tokens(Options());
  fetch(*patient);
  EXPECT_TRUE(Eventually([&] { return agent_.svid_requests() == kFetches; }));
  EXPECT_EQ(slow + others, 0);
  patient.reset();
  EXPECT_EQ(others, kFetches);

  others = 0;
  WorkloadApiOptions options = Options();
  options.timeout = absl::Seconds(1);
  const auto source = Tokens(options);
  fetch(*source);
  EXPECT_TRUE(Eventually([&] { return slow == kFetches; }));
  EXPECT_EQ(others, 0);
}

// A socket on which somebody listens who never says a word.
TEST_F(WorkloadTokensTest, ASilentListenerIsTooSlow) {
  const std::string path = files_.Path("silent.sock");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener, 8), 0);
  WorkloadApiOptions options = Options();
  options.endpoint = "unix://" + path;
  options.timeout = absl::Seconds(1);
  const auto token = Ask(options);
  EXPECT_TRUE(IsTransientTokenFailure(token.status())) << token.status();
  EXPECT_THAT(token, IsError(HasSubstr(path)));
  close(listener);
}

TEST_F(WorkloadTokensTest, WhatIsUnderWayWhenTheSourceGoesEndsFirst) {
  agent_.SetHanging(true);
  auto source = Tokens(Options());
  // Owned by the callbacks, so that one which is never dropped shows.
  auto answers = std::make_shared<std::atomic<int>>(0);
  const std::weak_ptr<std::atomic<int>> left = answers;
  TokenRequest request;
  request.audience = "orders";
  for (int i = 0; i < 20; ++i) {
    source->Fetch(request, [answers](const absl::StatusOr<BearerToken>& token) {
      EXPECT_EQ(token.status().code(), Code::kUnavailable);
      ++*answers;
    });
  }
  source.reset();
  EXPECT_EQ(*answers, 20);
  answers.reset();
  EXPECT_TRUE(left.expired());
}

TEST_F(WorkloadTokensTest, WhoeverIsToldOfATokenMayLetTheSourceGo) {
  for (int i = 0; i < 10; ++i) {
    auto held = std::make_shared<std::shared_ptr<TokenSource>>(Tokens(Options()));
    auto ended = std::make_shared<std::promise<bool>>();
    TokenRequest request;
    request.audience = "orders";
    auto end = ended->get_future();
    (*held)->Fetch(request, [ended, held](const absl::StatusOr<BearerToken>& token) {
      held->reset();
      ended->set_value(token.ok());
    });
    EXPECT_TRUE(end.get());
  }
}

TEST_F(WorkloadTokensTest, SpeakForNobodyElse) {
  const auto caller = std::make_shared<const BearerToken>("caller", absl::InfiniteFuture());
  EXPECT_THAT(testing::FetchToken(**WorkloadApiTokenSource(Options()), {"test", {}, caller}),
              IsError(HasSubstr("for this client alone")));
}

TEST_F(WorkloadTokensTest, AskForNothingWithoutAnAudience) {
  EXPECT_EQ(Fetch(*Tokens(Options()), "").status().code(), Code::kInvalidArgument);
  EXPECT_EQ(agent_.svid_requests(), 0);
}

TEST_F(WorkloadTokensTest, TheOptionsAreChecked) {
  const auto refused = [this](void (*change)(WorkloadApiOptions*)) {
    WorkloadApiOptions options = Options();
    change(&options);
    return WorkloadApiTokenSource(options).status();
  };
  using O = WorkloadApiOptions;
  EXPECT_THAT(refused([](O* o) { o->endpoint = "agent.sock"; }), IsError(HasSubstr("endpoint")));
  EXPECT_THAT(refused([](O* o) { o->clock = nullptr; }), IsError(HasSubstr("clock")));
  EXPECT_THAT(refused([](O* o) { o->timeout = absl::Milliseconds(999); }),
              IsError(HasSubstr("timeout: must be 1 s to 1 min")));
  EXPECT_THAT(refused([](O* o) { o->timeout = absl::Milliseconds(60'001); }),
              IsError(HasSubstr("timeout")));
  EXPECT_THAT(refused([](O* o) { o->timeout = absl::InfiniteDuration(); }),
              IsError(HasSubstr("timeout")));
  EXPECT_THAT(refused([](O* o) { o->timeout = absl::Minutes(1); }), IsOk());
  for (const char* id : {"checkout", "spiffe://", "spiffe://prod.example/", "https://a/b"}) {
    WorkloadApiOptions options = Options();
    options.spiffe_id = id;
    EXPECT_THAT(WorkloadApiTokenSource(options),
                IsError(AllOf(HasSubstr("spiffe_id"), HasSubstr("is no SPIFFE ID"))));
  }
}

}  // namespace
}  // namespace lanyard::test
