// SPDX-License-Identifier: Apache-2.0
// A client that is described by a file, which changes while it works.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <future>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/authenticated_channel.h"
#include "tests/interceptors/eventually.h"

namespace lanyard::test {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ClientConfigTest : public ClientAuthTest {
 protected:
  ClientConfigTest() {
    Private("key.pem", *server_.issuer.key().ExportPrivatePem());
    server_.files.Write("token", server_.issuer.Token().Subject("svc:file").Sign());
  }
  std::string Private(const std::string& name, const std::string& content) const {
    const std::string path = server_.files.Write(name, content);
    chmod(path.c_str(), 0600);
    return path;
  }
  // A source that signs with the key that the server knows.
  std::string Signing(const std::string& subject) const {
    return absl::StrCat("sources { name: \"own\" self_signed { private_key_file: \"key.pem\"",
                        " key_id: \"", server_.issuer.key().id(), "\" issuer: \"",
                        server_.issuer.issuer(), "\" subject: \"", subject, "\" } }\n");
  }
  std::string TargetWith(const std::string& source, const std::string& more = "") const {
    return absl::StrCat("targets { names: \"", target(), "\" audience: \"test\" source: \"", source,
                        "\" ", more, " }\n");
  }
  ClientAuthOptions FileOptions() const {
    ClientAuthOptions options;
    options.config_file = server_.files.Path("client.textproto");
    options.tls = server_.files.Client();
    return options;
  }
  absl::Status Make(const std::string& config) {
    server_.files.Write("client.textproto", config);
    auto made = ClientAuth::Create(FileOptions());
    if (!made.ok()) return made.status();
    auth_ = *std::move(made);
    return absl::OkStatus();
  }
  // Who the server takes the caller of a new call for.
  std::string Caller(const std::shared_ptr<grpc::Channel>& channel) const {
    const Outcome outcome = MakeCall(channel, CallType::kUnary);
    return outcome.status.ok() ? outcome.text : outcome.status.error_message();
  }

  std::unique_ptr<ClientAuth> auth_;
};

TEST_F(ClientConfigTest, DescribesSourcesAndTargets) {
  ASSERT_THAT(Make(absl::StrCat(Signing("svc:signed"),
                                "sources { name: \"file\" file { path: \"token\" } }\n",
                                TargetWith("own",
                                           "methods { method: \"/lanyard.test.Echo/Unary\""
                                           " source: \"file\" }"))),
              IsOk());
  const auto channel = *auth_->CreateChannel(target());
  EXPECT_EQ(Caller(channel), "svc:file");
  const Outcome chat = MakeCall(channel, CallType::kChat);
  EXPECT_TRUE(chat.status.ok()) << chat.status.error_message();
  EXPECT_EQ(SubjectOf(server_.audit->last()), "svc:signed");
  EXPECT_THAT(auth_->Describe().json,
              AllOf(HasSubstr("\"source\":\"own\""), HasSubstr("\"source\":\"file\""),
                    Not(HasSubstr("config_error"))));
}

TEST_F(ClientConfigTest, IsReadAgainWhenItChanges) {
  ASSERT_THAT(Make(absl::StrCat(Signing("svc:before"), TargetWith("own"))), IsOk());
  const auto channel = *auth_->CreateChannel(target());
  EXPECT_EQ(Caller(channel), "svc:before");
  server_.files.Write("client.textproto", absl::StrCat(Signing("svc:after"), TargetWith("own")));
  EXPECT_TRUE(Eventually([&] { return Caller(channel) == "svc:after"; }));
}

TEST_F(ClientConfigTest, WhatIsNotGoodReplacesNothing) {
  ASSERT_THAT(Make(absl::StrCat(Signing("svc:good"), TargetWith("own"))), IsOk());
  const auto channel = *auth_->CreateChannel(target());
  const auto expect_refused = [&](const std::string& config, const std::string& why) {
    server_.files.Write("client.textproto", config);
    EXPECT_THAT(auth_->Reload(), IsError(HasSubstr(why)));
    EXPECT_THAT(auth_->Describe().json, HasSubstr("config_error"));
    EXPECT_EQ(Caller(channel), "svc:good");
  };
  expect_refused("targets {", "client.textproto:1");
  expect_refused(absl::StrCat(Signing("svc:bad"), TargetWith("gone")), "\"gone\"");
  expect_refused(absl::StrCat("sources { name: \"own\" self_signed { private_key_file: \"gone\"",
                              " issuer: \"a\" subject: \"a\" } }\n", TargetWith("own")),
                 "source \"own\": private_key_file");
  expect_refused(absl::StrCat(Signing("svc:bad"), TargetWith("own", "methods { method: \"x\" }")),
                 "\"x\"");
  server_.files.Write("client.textproto", absl::StrCat(Signing("svc:better"), TargetWith("own")));
  EXPECT_THAT(auth_->Reload(), IsOk());
  EXPECT_THAT(auth_->Describe().json, Not(HasSubstr("config_error")));
  EXPECT_EQ(Caller(channel), "svc:better");
}

TEST_F(ClientConfigTest, WhatHasNotChangedKeepsItsTokens) {
  const std::string sources =
      absl::StrCat(Signing("svc:signed"), "sources { name: \"file\" file { path: \"token\" } }\n");
  ASSERT_THAT(Make(absl::StrCat(sources, TargetWith("own"))), IsOk());
  const auto channel = *auth_->CreateChannel(target());
  EXPECT_EQ(Caller(channel), "svc:signed");
  const auto fetches = [this] {
    for (const Metric& metric : auth_->Metrics()) {
      if (metric.name != "lanyard_client_token_fetches_total") continue;
      double sum = 0;
      for (const Metric::Value& value : metric.values) sum += value.value;
      return sum;
    }
    return -1.0;
  };
  EXPECT_EQ(fetches(), 1);
  server_.files.Write("client.textproto", absl::StrCat(sources, TargetWith("own"), "# changed\n"));
  ASSERT_THAT(auth_->Reload(), IsOk());
  EXPECT_EQ(Caller(channel), "svc:signed");
  EXPECT_EQ(fetches(), 1) << "the same token";
}

TEST_F(ClientConfigTest, ATargetThatIsGoneHasNoTokenAnyMore) {
  ASSERT_THAT(Make(absl::StrCat(Signing("svc:good"), TargetWith("own"))), IsOk());
  const auto channel = *auth_->CreateChannel(target());
  EXPECT_EQ(Caller(channel), "svc:good");
  server_.files.Write("client.textproto",
                      absl::StrCat(Signing("svc:good"),
                                   "targets { names: \"other\" audience: \"a\" source: \"own\" }"));
  ASSERT_THAT(auth_->Reload(), IsOk());
  server_.audit->Clear();
  EXPECT_THAT(Caller(channel), HasSubstr("no target is called"));
  EXPECT_TRUE(server_.audit->events().empty());
}

TEST_F(ClientConfigTest, AKeyThatIsReplacedSignsTheNextToken) {
  ASSERT_THAT(Make(absl::StrCat(Signing("svc:good"), TargetWith("own"))), IsOk());
  const auto channel = *auth_->CreateChannel(target());
  EXPECT_EQ(Caller(channel), "svc:good");
  Private("key.pem", *Key::Generate(Algorithm::kEs256)->ExportPrivatePem());
  EXPECT_EQ(Caller(channel), "svc:good") << "the token that is there";
  const auto another = *ClientAuth::Create(FileOptions());
  EXPECT_THAT(Caller(*another->CreateChannel(target())), HasSubstr("invalid token"));
}

TEST_F(ClientConfigTest, TakesSourcesOfTheProgram) {
  server_.files.Write("client.textproto", TargetWith("mine"));
  ClientAuthOptions options = FileOptions();
  EXPECT_THAT(ClientAuth::Create(options), IsError(HasSubstr("no source is called \"mine\"")));
  options.sources["mine"] = StaticTokenSource(GoodToken());
  const auto auth = ClientAuth::Create(options);
  ASSERT_THAT(auth, IsOk());
  EXPECT_EQ(Caller(*(*auth)->CreateChannel(target())), "svc:test");
}

TEST_F(ClientConfigTest, SourcesThatAskAnIssuerNeedHttps) {
  EXPECT_THAT(Make(absl::StrCat("sources { name: \"own\" client_credentials { client {",
                                " token_url: \"https://sso.example.test/token\" client_id: \"a\"",
                                " client_secret_file: \"key.pem\" } } }\n", TargetWith("own"))),
              IsError(AllOf(HasSubstr("client.textproto:1: source \"own\""),
                            HasSubstr("lanyard::Https()"))));
}

TEST_F(ClientConfigTest, StandsAlone) {
  ClientAuthOptions options = FileOptions();
  options.audience = "test";
  EXPECT_THAT(ClientAuth::Create(options), IsError(HasSubstr("config_file")));
  ClientAuthOptions no_file = Options(StaticTokenSource("x"));
  no_file.sources["mine"] = StaticTokenSource("x");
  EXPECT_THAT(ClientAuth::Create(no_file), IsError(HasSubstr("sources")));
  const auto without = *ClientAuth::Create(Options(StaticTokenSource("x")));
  EXPECT_THAT(without->Reload(), IsError(HasSubstr("no config file")));
}

// A source that blocks, as one's own may.
class BlockingSource final : public TokenSource {
 public:
  explicit BlockingSource(std::string token) : token_(std::move(token)) {}
  void Fetch(const TokenRequest&, TokenCallback done) override {
    if (fetches++ > 0) gate.get_future().wait();
    done(BearerToken(token_, absl::Now() + absl::Seconds(100)));
  }
  std::atomic<int> fetches{0};
  std::promise<void> gate;

 private:
  const std::string token_;
};

// The last to let an old source go is the next call.
TEST_F(ClientConfigTest, NoCallWaitsForASourceThatIsGone) {
  const auto slow = std::make_shared<BlockingSource>(GoodToken());
  server_.files.Write("client.textproto", TargetWith("slow"));
  ClientAuthOptions options = FileOptions();
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  options.clock = clock;
  options.sources["slow"] = slow;
  options.sources["fast"] = StaticTokenSource(GoodToken());
  const auto auth = *ClientAuth::Create(options);
  const auto channel = *auth->CreateChannel(target());
  ASSERT_EQ(Caller(channel), "svc:test");
  clock->Advance(absl::Seconds(60));
  ASSERT_EQ(Caller(channel), "svc:test");  // Begins a refresh, which blocks.
  while (slow->fetches < 2) std::this_thread::yield();
  server_.files.Write("client.textproto", TargetWith("fast"));
  ASSERT_THAT(auth->Reload(), IsOk());
  auto call = std::async(std::launch::async, [&] { return Caller(channel); });
  EXPECT_EQ(call.wait_for(std::chrono::seconds(25)), std::future_status::ready)
      << "the call waits for the old source";
  slow->gate.set_value();
  EXPECT_EQ(call.get(), "svc:test");
}

// Nobody holds the ClientAuth, and yet the file is what describes the channel.
TEST_F(ClientConfigTest, AChannelMadeInOneStepHasItsFileReadAgain) {
  server_.files.Write("client.textproto", absl::StrCat(Signing("svc:before"), TargetWith("own")));
  const auto channel = *CreateChannel(target(), FileOptions());
  EXPECT_EQ(Caller(channel), "svc:before");
  server_.files.Write("client.textproto", absl::StrCat(Signing("svc:after"), TargetWith("own")));
  EXPECT_TRUE(Eventually([&] { return Caller(channel) == "svc:after"; }));
}

TEST_F(ClientConfigTest, AFileThatWasNotGoodTakesNoTokensAway) {
  const std::string good = absl::StrCat(Signing("svc:good"), TargetWith("own"));
  ASSERT_THAT(Make(good), IsOk());
  const auto channel = *auth_->CreateChannel(target());
  EXPECT_EQ(Caller(channel), "svc:good");
  server_.files.Write(
      "client.textproto",
      absl::StrCat(Signing("svc:bad"), TargetWith("own", "methods { method: \"x\" }")));
  EXPECT_THAT(auth_->Reload(), IsError(HasSubstr("\"x\"")));
  server_.files.Write("client.textproto", good);
  EXPECT_THAT(auth_->Reload(), IsOk());
  const std::string described = auth_->Describe().json;
  EXPECT_THAT(described, Not(HasSubstr("no token"))) << described;
}

TEST_F(ClientConfigTest, EveryErrorNamesItsLine) {
  for (const char* more : {"methods { method: \"x\" }", "names: \"a.*\"",
                           "methods { method: \"/a.B/C\" } methods { method: \"/a.B/C\" }"}) {
    EXPECT_THAT(Make(absl::StrCat(Signing("svc:bad"), TargetWith("own", more))),
                IsError(HasSubstr("client.textproto:2")))
        << more;
  }
}

}  // namespace
}  // namespace lanyard::test
