// SPDX-License-Identifier: Apache-2.0
// What is sent to exchange a caller's token, and which answers are believed.
#include "lanyard/sdk/tokens/token_exchange_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/tokens/checked_token_source.h"
#include "lanyard/sdk/tokens/exchanged_token.h"
#include "lanyard/sdk/tokens/file_token_source.h"
#include "lanyard/sdk/tokens/self_signed_token_source.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/fetch_token.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FakeClock;
using ::lanyard::testing::FetchToken;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TestCertificates;
using ::lanyard::testing::TestIssuer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Answers each request with a token that the test has put there.
class AnsweringFetcher final : public internal::HttpFetcher {
 public:
  absl::StatusOr<internal::HttpResponse> Get(const internal::HttpRequest&,
                                             const std::atomic<bool>&) const override {
    return absl::UnimplementedError("tokens are posted for");
  }
  absl::StatusOr<internal::HttpResponse> Post(const internal::HttpRequest& request,
                                              const std::atomic<bool>&) const override {
    std::lock_guard<std::mutex> lock(mutex_);
    forms_.emplace_back(request.form.view());
    internal::HttpResponse response;
    response.status = 200;
    response.body = absl::StrCat(R"({"access_token":")", token_,
                                 R"(","token_type":"Bearer","expires_in":300)", more_, "}");
    return response;
  }
  void Answer(const std::string& token, const std::string& more = "") {
    std::lock_guard<std::mutex> lock(mutex_);
    token_ = token;
    more_ = more;
  }
  // The fields of the last request, still encoded.
  std::map<std::string, std::string> Last() const {
    std::lock_guard<std::mutex> lock(mutex_);
    std::map<std::string, std::string> fields;
    for (absl::string_view field : absl::StrSplit(forms_.back(), '&')) {
      fields.insert(std::pair<std::string, std::string>(absl::StrSplit(field, '=')));
    }
    return fields;
  }
  size_t count() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return forms_.size();
  }

 private:
  mutable std::mutex mutex_;
  mutable std::vector<std::string> forms_;
  std::string token_, more_;
};

class TokenExchangeTest : public ::testing::Test {
 protected:
  TokenExchangeTest() {
    const std::string secret = files_.Write("secret", "secret");
    chmod(secret.c_str(), 0600);
    options_.client.token_url = "https://sso.example.test/token";
    options_.client.client_id = "orders";
    options_.client.client_secret_file = secret;
    options_.client.https = https_;
    options_.client.clock = clock_;
  }

  TokenExchangeOptions WithActor() const {
    TokenExchangeOptions options = options_;
    options.actor_source = StaticTokenSource("actor-token");
    options.actor_audience = "https://sso.example.test";
    return options;
  }
  std::string Token(const std::string& claims) const {
    return issuer_.Token().RawClaims(claims).Sign();
  }
  std::shared_ptr<const BearerToken> Caller(const std::string& more = "",
                                            absl::Duration life = absl::Minutes(10)) const {
    return std::make_shared<const BearerToken>(
        Token(absl::StrCat(R"({"sub":"alice","aud":"orders")", more, "}")), clock_->Now() + life);
  }
  TokenRequest Request(bool with_actor, const std::string& caller = "") const {
    return {"payments", {}, Caller(caller), with_actor};
  }
  // As ClientAuth asks, with its checks.
  absl::StatusOr<BearerToken> Exchange(const TokenExchangeOptions& options,
                                       const TokenRequest& request) const {
    auto source = TokenExchangeSource(options);
    if (!source.ok()) return source.status();
    return FetchToken(*internal::CheckedTokenSource(*source, {7 * 1024, false}), request);
  }

  TestCertificates files_;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  const TestIssuer issuer_{Algorithm::kEs256, "test", clock_};
  const std::shared_ptr<AnsweringFetcher> https_ = std::make_shared<AnsweringFetcher>();
  TokenExchangeOptions options_;
};

constexpr char kDelegated[] = R"({"sub":"alice","aud":"payments","act":{"sub":"orders"}})";
constexpr char kChanged[] = R"({"sub":"alice","aud":"payments","client_id":"orders"})";

TEST_F(TokenExchangeTest, AsksForATokenWithAnActor) {
  https_->Answer(Token(kDelegated));
  const TokenRequest request = Request(true);
  EXPECT_THAT(Exchange(WithActor(), request), IsOk());
  const auto sent = https_->Last();
  EXPECT_EQ(sent.at("grant_type"), "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange");
  EXPECT_EQ(sent.at("subject_token"), request.subject_token->text());
  EXPECT_EQ(sent.at("actor_token"), "actor-token");
  for (const char* type : {"subject_token_type", "actor_token_type", "requested_token_type"}) {
    EXPECT_EQ(sent.at(type), "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token") << type;
  }
  EXPECT_EQ(sent.at("audience"), "payments");
}

TEST_F(TokenExchangeTest, AsksForATokenWithoutAnActor) {
  https_->Answer(Token(kChanged));
  EXPECT_THAT(Exchange(WithActor(), Request(false)), IsOk());
  EXPECT_EQ(https_->Last().count("actor_token"), 0u);
  EXPECT_EQ(https_->Last().count("actor_token_type"), 0u);
}

TEST_F(TokenExchangeTest, DelegatesOnlyWithAnActorSource) {
  EXPECT_THAT(Exchange(options_, Request(true)), IsError(HasSubstr("actor_source")));
  EXPECT_EQ(https_->count(), 0u);
  TokenExchangeOptions options = WithActor();
  options.actor_audience.clear();
  EXPECT_THAT(TokenExchangeSource(options), IsError(HasSubstr("each needs the other")));
  options.actor_source = FileTokenSource("/no/such/file");
  options.actor_audience = "x";
  const auto no_actor = Exchange(options, Request(true));
  EXPECT_THAT(no_actor, IsError(HasSubstr("/no/such/file")));
  EXPECT_EQ(no_actor.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(https_->count(), 0u);
}

TEST_F(TokenExchangeTest, ShowsTheIssuerNoTokenThatIsForSomebodyElse) {
  TokenExchangeOptions options = WithActor();
  options.actor_source = StaticTokenSource(Token(R"({"sub":"orders","aud":"payments"})"));
  EXPECT_THAT(Exchange(options, Request(true)),
              IsError(HasSubstr("the token is not for \"https://sso.example.test\"")));
  EXPECT_EQ(https_->count(), 0u);
}

TEST_F(TokenExchangeTest, SpeaksForCallersAlone) {
  const auto own = Exchange(WithActor(), {"payments"});
  EXPECT_EQ(own.status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(https_->count(), 0u);
}

struct Answer {
  const char* name;
  bool with_actor;
  const char* caller;   // More claims of the caller's token.
  const char* claims;   // Of the answer.
  const char* refused;  // What the error says; null if it is believed.
};

class ExchangeAnswerTest : public TokenExchangeTest,
                           public ::testing::WithParamInterface<Answer> {};

TEST_P(ExchangeAnswerTest, IsBelievedIfItSpeaksForTheCaller) {
  https_->Answer(Token(GetParam().claims));
  const auto token = Exchange(WithActor(), Request(GetParam().with_actor, GetParam().caller));
  if (GetParam().refused == nullptr) {
    EXPECT_THAT(token, IsOk());
    return;
  }
  EXPECT_THAT(token, IsError(AllOf(HasSubstr(GetParam().refused), Not(HasSubstr("mallory")))));
  EXPECT_EQ(token.status().code(), absl::StatusCode::kUnauthenticated);
}

INSTANTIATE_TEST_SUITE_P(
    , ExchangeAnswerTest,
    ::testing::Values(
        Answer{"Delegated", true, "", kDelegated, nullptr},
        Answer{"Changed", false, "", kChanged, nullptr},
        Answer{"ChangedByAzp", false, "", R"({"sub":"alice","aud":"payments","azp":"orders"})",
               nullptr},
        Answer{"AddsToTheChain", true, R"(,"act":{"sub":"edge"})",
               R"({"sub":"alice","aud":"payments","act":{"sub":"orders","act":{"sub":"edge"}}})",
               nullptr},
        Answer{"KeepsTheChain", false, R"(,"act":{"sub":"edge"})",
               R"({"sub":"alice","aud":"payments","azp":"orders","act":{"sub":"edge"}})", nullptr},
        // The client's own token, which is what an issuer gives that ignores the caller's.
        Answer{"OwnToken", true, "", R"({"sub":"mallory","aud":"payments"})", "another sub"},
        Answer{"OwnTokenChanged", false, "",
               R"({"sub":"mallory","aud":"payments","client_id":"orders"})", "another sub"},
        Answer{"OwnTokenWithActor", true, "",
               R"({"sub":"mallory","aud":"payments","act":{"sub":"alice"}})", "another sub"},
        Answer{"NoSub", true, "", R"({"aud":"payments","act":{"sub":"orders"}})", "another sub"},
        Answer{"SubIsNoString", true, "", R"({"sub":1,"aud":"payments","act":{"sub":"orders"}})",
               "another sub"},
        Answer{"NoActor", true, "", R"({"sub":"alice","aud":"payments"})", "lacks an actor"},
        Answer{"NoNewActor", true, R"(,"act":{"sub":"edge"})",
               R"({"sub":"alice","aud":"payments","act":{"sub":"edge"}})", "lacks an actor"},
        Answer{"ActorWithoutSub", true, "", R"({"sub":"alice","aud":"payments","act":{}})",
               "act that is broken"},
        Answer{"ActorIsNoObject", true, "", R"({"sub":"alice","aud":"payments","act":"orders"})",
               "act that is broken"},
        Answer{"ActorIsEmpty", true, "", R"({"sub":"alice","aud":"payments","act":{"sub":""}})",
               "act that is broken"},
        Answer{"ChainOfFive", true, R"(,"act":{"sub":"a","act":{"sub":"b","act":{"sub":"c"}}})",
               R"({"sub":"alice","aud":"payments","act":{"sub":"1","act":{"sub":"2","act":
                  {"sub":"3","act":{"sub":"4","act":{"sub":"5"}}}}}})",
               "deeper than 4"},
        Answer{"NobodysClient", false, "", R"({"sub":"alice","aud":"payments"})", "no client_id"},
        Answer{"AnothersClient", false, "",
               R"({"sub":"alice","aud":"payments","client_id":"mallory"})", "another client's"},
        Answer{"TwoClients", false, "",
               R"({"sub":"alice","aud":"payments","client_id":"orders","azp":"mallory"})",
               "another client's"},
        Answer{"ClientIsNoString", false, "",
               R"({"sub":"alice","aud":"payments","client_id":["orders"]})", "another client's"},
        Answer{"AnotherAudience", true, "",
               R"({"sub":"alice","aud":"orders","act":{"sub":"orders"}})", "not for \"payments\""}),
    [](const auto& info) { return info.param.name; });

TEST_F(TokenExchangeTest, RefusesWhatCannotBeRead) {
  https_->Answer("opaque");
  EXPECT_THAT(Exchange(WithActor(), Request(true)), IsError(HasSubstr("no JWT")));
  const auto source = *TokenExchangeSource(WithActor());
  // Even where opaque tokens are taken: nobody could tell whom it speaks for.
  EXPECT_THAT(FetchToken(*internal::CheckedTokenSource(source, {7 * 1024, true}), Request(true)),
              IsError(HasSubstr("cannot be read")));
  EXPECT_THAT(FetchToken(*source, Request(false)), IsError(HasSubstr("cannot be read")));
}

TEST_F(TokenExchangeTest, RefusesAnswersThatAreNoAccessTokens) {
  const std::string id_token =
      R"(,"issued_token_type":"urn:ietf:params:oauth:token-type:id_token")";
  https_->Answer(Token(kDelegated), id_token);
  EXPECT_THAT(Exchange(WithActor(), Request(true)), IsError(HasSubstr("issued_token_type")));
  for (const char* good : {"access_token", "jwt"}) {
    https_->Answer(Token(kDelegated),
                   absl::StrCat(R"(,"issued_token_type":)", R"("urn:ietf:params:oauth:token-type:)",
                                good, "\""));
    EXPECT_THAT(Exchange(WithActor(), Request(true)), IsOk()) << good;
  }
}

TEST_F(TokenExchangeTest, AChainOfFourGrowsNoLonger) {
  const std::string four =
      R"(,"act":{"sub":"a","act":{"sub":"b","act":{"sub":"c","act":{"sub":"d"}}}})";
  EXPECT_THAT(Exchange(WithActor(), Request(true, four)), IsError(HasSubstr("more than 3 actors")));
  EXPECT_EQ(https_->count(), 0u) << "nothing was asked";
  https_->Answer(
      Token(absl::StrCat(R"({"sub":"alice","aud":"payments","azp":"orders")", four, "}")));
  EXPECT_THAT(Exchange(WithActor(), Request(false, four)), IsOk()) << "without one more";
}

TEST_F(TokenExchangeTest, EndsWithTheCallersToken) {
  https_->Answer(Token(kDelegated));
  TokenRequest request = Request(true);
  request.subject_token = Caller("", absl::Minutes(2));
  const auto token = Exchange(WithActor(), request);
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->expires_at(), clock_->Now() + absl::Minutes(2));
  request.subject_token = Caller("", absl::Hours(2));
  EXPECT_EQ(Exchange(WithActor(), request)->expires_at(), clock_->Now() + absl::Minutes(5));
}

TEST_F(TokenExchangeTest, NoOtherSourceSpeaksForACaller) {
  SelfSignedTokenOptions signing;
  SignerOptions signer;
  signer.key = *Key::Generate(Algorithm::kEs256);
  signing.signer = *Signer::Create(std::move(signer));
  signing.issuer = signing.subject = "svc:orders";
  const std::shared_ptr<TokenSource> sources[] = {StaticTokenSource("token"),
                                                  FileTokenSource(files_.Write("token", "token")),
                                                  *SelfSignedTokenSource(signing)};
  for (const auto& source : sources) {
    EXPECT_THAT(FetchToken(*source, Request(true)), IsError(HasSubstr("for this client alone")));
    EXPECT_THAT(FetchToken(*source, {"payments"}), IsOk());
  }
}

// A source that pays no heed to the caller cannot pass its own token off.
TEST_F(TokenExchangeTest, ChecksOnesOwnSourcesToo) {
  class Heedless final : public TokenSource {
   public:
    explicit Heedless(std::string token) : token_(std::move(token)) {}
    void Fetch(const TokenRequest&, TokenCallback done) override {
      done(BearerToken(token_, absl::InfiniteFuture()));
    }

   private:
    const std::string token_;
  };
  const auto source = internal::CheckedTokenSource(
      std::make_shared<Heedless>(Token(R"({"sub":"orders","aud":"payments"})")), {7 * 1024, false});
  EXPECT_THAT(FetchToken(*source, {"payments"}), IsOk());
  EXPECT_THAT(FetchToken(*source, Request(false)), IsError(HasSubstr("another sub")));
  EXPECT_THAT(FetchToken(*source, Request(true)), IsError(HasSubstr("another sub")));
}

TEST_F(TokenExchangeTest, ErrorsHoldNoToken) {
  class Echoing final : public internal::HttpFetcher {
   public:
    absl::StatusOr<internal::HttpResponse> Get(const internal::HttpRequest&,
                                               const std::atomic<bool>&) const override {
      return absl::UnimplementedError("");
    }
    absl::StatusOr<internal::HttpResponse> Post(const internal::HttpRequest& request,
                                                const std::atomic<bool>&) const override {
      internal::HttpResponse response;
      response.status = 400;
      for (absl::string_view field : absl::StrSplit(request.form.view(), '&')) {
        const std::vector<std::string> parts = absl::StrSplit(field, '=');
        if (parts[0] == "subject_token") {
          response.body = absl::StrCat(R"({"error":"invalid_grant","error_description":"not )",
                                       parts[1], R"("})");
        }
      }
      return response;
    }
  };
  TokenExchangeOptions options = WithActor();
  options.client.https = std::make_shared<Echoing>();
  const TokenRequest request = Request(true);
  const auto refused = Exchange(options, request);
  EXPECT_THAT(refused, IsError(HasSubstr("invalid_grant")));
  EXPECT_THAT(refused,
              IsError(Not(HasSubstr(std::string(request.subject_token->text().substr(0, 12))))));
}

TEST_F(TokenExchangeTest, BoundTokensAreKnown) {
  EXPECT_FALSE(internal::IsBoundToken(Token(R"({"sub":"a"})")));
  EXPECT_TRUE(internal::IsBoundToken(Token(R"({"sub":"a","cnf":{"x5t#S256":"x"}})")));
  EXPECT_TRUE(internal::IsBoundToken(Token(R"({"sub":"a","cnf":null})")));
  EXPECT_TRUE(internal::IsBoundToken("opaque"));
}

// Answers when the test does.
class LateSource final : public TokenSource {
 public:
  void Fetch(const TokenRequest&, TokenCallback done) override {
    std::lock_guard<std::mutex> lock(mutex_);
    ++count_;
    done_ = std::move(done);
  }
  void Answer(BearerToken token) {
    TokenCallback done;
    while (true) {
      std::lock_guard<std::mutex> lock(mutex_);
      if (done_ == nullptr) continue;
      done = std::move(done_);
      done_ = nullptr;
      break;
    }
    done(std::move(token));
  }
  int count() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return count_;
  }

 private:
  mutable std::mutex mutex_;
  TokenCallback done_;
  int count_ = 0;
};

// Two exchanges wait for one actor's token; who hears of the first lets the source go.
TEST_F(TokenExchangeTest, MayGoWhileItsActorsTokenArrives) {
  TokenExchangeOptions options = WithActor();
  const auto actors = std::make_shared<LateSource>();
  options.actor_source = actors;
  https_->Answer(Token(kDelegated));
  auto source = *TokenExchangeSource(options);
  // Too long a chain, so that it ends on the thread on which the actor's token arrives.
  const TokenRequest deep =
      Request(true, R"(,"act":{"sub":"a","act":{"sub":"b","act":{"sub":"c","act":{"sub":"d"}}}})");
  std::atomic<int> ended{0};
  source->Fetch(deep, [&](absl::StatusOr<BearerToken>) {
    source.reset();
    ++ended;
  });
  source->Fetch(Request(true), [&](absl::StatusOr<BearerToken>) { ++ended; });
  actors->Answer(BearerToken("actor-token", clock_->Now() + absl::Hours(1)));
  while (ended < 2) std::this_thread::yield();
}

TEST_F(TokenExchangeTest, AnActorsTokenThatTheIssuerRefusesIsForgotten) {
  class Refusing final : public internal::HttpFetcher {
   public:
    absl::StatusOr<internal::HttpResponse> Get(const internal::HttpRequest&,
                                               const std::atomic<bool>&) const override {
      return absl::UnimplementedError("");
    }
    absl::StatusOr<internal::HttpResponse> Post(const internal::HttpRequest& request,
                                                const std::atomic<bool>&) const override {
      internal::HttpResponse response;
      const bool old = request.form.view().find("actor_token=first") != absl::string_view::npos;
      response.status = old ? 400 : 200;
      response.body = old ? R"({"error":"invalid_request","error_description":"actor_token"})"
                          : absl::StrCat(R"({"access_token":")", token,
                                         R"(","token_type":"Bearer","expires_in":300})");
      return response;
    }
    std::string token;
  };
  class Counting final : public TokenSource {
   public:
    void Fetch(const TokenRequest&, TokenCallback done) override {
      done(BearerToken(++count_ == 1 ? "first" : "second", absl::InfiniteFuture()));
    }

   private:
    std::atomic<int> count_{0};
  };
  const auto https = std::make_shared<Refusing>();
  https->token = Token(kDelegated);
  TokenExchangeOptions options = WithActor();
  options.client.https = https;
  options.actor_source = std::make_shared<Counting>();
  const auto source = *TokenExchangeSource(options);
  EXPECT_THAT(FetchToken(*source, Request(true)), IsError(HasSubstr("invalid_request")));
  EXPECT_THAT(FetchToken(*source, Request(true)), IsOk());
}

TEST_F(TokenExchangeTest, TheCurrentActorIsThisClient) {
  TokenExchangeOptions options = WithActor();
  options.actor_source = StaticTokenSource(Token(R"({"sub":"orders","aud":"sso"})"));
  https_->Answer(Token(R"({"sub":"alice","aud":"payments","act":{"sub":"somebody-else"}})"));
  EXPECT_THAT(Exchange(options, Request(true)), Not(IsOk()));
}

// Otherwise rules that let in no actor let in whoever acts for the caller.
TEST_F(TokenExchangeTest, AnAudienceChangeLosesNoActor) {
  https_->Answer(Token(kChanged));
  EXPECT_THAT(Exchange(options_, Request(false, R"(,"act":{"sub":"edge"})")), Not(IsOk()));
}

}  // namespace
}  // namespace lanyard
