// SPDX-License-Identifier: Apache-2.0
// A stream ends soon after its right to run does, whatever it is doing, and not for anything else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/gated_server.h"
#include "tests/interceptors/switchable_keys.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::StartsWith;
using ::testing::ValuesIn;

std::string ChatFor(const std::string& who) {
  return absl::StrCat("rules { method: '/lanyard.test.Echo/Chat' replaces_annotation: true ", who,
                      " }\n");
}

// One Chat, which is busy if somebody writes all the time.
class OpenChat {
 public:
  OpenChat(const std::shared_ptr<grpc::Channel>& channel, const std::string& token, bool busy)
      : stub_(Echo::NewStub(channel)) {
    Limit(&context_);
    if (!token.empty()) context_.AddMetadata("authorization", "Bearer " + token);
    stream_ = stub_->Chat(&context_);
    Message message;
    running_ = stream_->Write(message) && stream_->Read(&message);
    thread_ = std::thread([this, busy] {
      Message any;
      while (!closing_ && (!busy || stream_->Write(any)) && stream_->Read(&any)) {
      }
      over_ = !closing_;
    });
  }
  ~OpenChat() {
    if (thread_.joinable()) Finish();
  }

  bool running() const { return running_ && !over_; }
  // Ends it if nobody has yet.
  grpc::Status Finish() {
    closing_ = true;
    if (!over_) context_.TryCancel();
    thread_.join();
    return stream_->Finish();
  }

 private:
  const std::unique_ptr<Echo::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<Message, Message>> stream_;
  bool running_ = false;
  std::atomic<bool> closing_{false}, over_{false};
  std::thread thread_;
};

class StreamRightsTest : public ::testing::TestWithParam<std::tuple<Api, bool>> {
 protected:
  StreamRightsTest() : server_(std::get<0>(GetParam()), clock_) {
    keys_ = std::make_shared<SwitchableKeys>(server_.issuer.Keys()->Current());
    server_.options.key_sources["test"] = keys_;
    server_.options.config_text.clear();
    server_.options.config_files = {server_.files.Write("config", Config(""))};
    server_.echo.set_notify_when_done(true);
  }

  std::string Config(const std::string& rest, const std::string& of_issuer = "") const {
    std::string issuer = server_.issuer.ConfigText();
    issuer.insert(issuer.rfind('}'), of_issuer);
    return issuer + rest;
  }
  void Reload(const std::string& rest, const std::string& of_issuer = "") {
    server_.files.Write("config", Config(rest, of_issuer));
    ASSERT_THAT(server_.auth->Reload(), IsOk());
  }

  std::unique_ptr<OpenChat> Open(const std::string& token) {
    auto chat = std::make_unique<OpenChat>(server_.Channel(), token, std::get<1>(GetParam()));
    EXPECT_TRUE(chat->running());
    return chat;
  }
  std::string Token(const std::string& subject = "svc:a") const {
    return server_.issuer.Token().Subject(subject).Sign();
  }

  // Within a second, says the feature; the wait is for busy machines.
  void ExpectEnded(OpenChat* chat, AuthFailure failure, const std::string& subject = "svc:a") {
    EXPECT_TRUE(Eventually([chat] { return !chat->running(); }));
    const grpc::Status status = chat->Finish();
    EXPECT_EQ(status.error_code(), static_cast<int>(AuthFailureCode(failure)));
    EXPECT_THAT(status.error_message(),
                StartsWith(absl::StrCat(AuthFailureWireText(failure), " [lanyard ")));
    for (const AuditEvent& event : server_.audit->events()) {
      if (!absl::StrContains(status.error_message(), event.decision_id)) continue;
      EXPECT_FALSE(event.allowed);
      EXPECT_EQ(event.failure, failure);
      EXPECT_EQ(SubjectOf(event), subject);
      EXPECT_EQ(event.method, "/lanyard.test.Echo/Chat");
      EXPECT_THAT(event.detail, HasSubstr("the stream was ended"));
      return;
    }
    ADD_FAILURE() << "no event for " << status.error_message();
  }
  // The stream that must end shows that all have been judged.
  void ExpectStillThere(OpenChat* chat) { EXPECT_TRUE(chat->running()); }

  const std::shared_ptr<testing::FakeClock> clock_ =
      std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server_;
  std::shared_ptr<SwitchableKeys> keys_;
};

TEST_P(StreamRightsTest, EndsWhenTheRulesAllowItNoMore) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const auto a = Open(Token("svc:a")), b = Open(Token("svc:b"));
  Reload(ChatFor("allow { subjects: 'svc:b' }"));
  ExpectEnded(a.get(), AuthFailure::kDeniedByPolicy);
  ExpectStillThere(b.get());
  Reload(ChatFor("nobody: true"));
  ExpectEnded(b.get(), AuthFailure::kDeniedByPolicy, "svc:b");
}

TEST_P(StreamRightsTest, EndsForACallerOnTheDenyListEvenWhereThatIsOnlyObserved) {
  const std::string observe = absl::StrCat(
      "settings { method: '*' enforcement: OBSERVE observe_until: '",
      absl::FormatTime(absl::RFC3339_full, clock_->Now() + absl::Hours(24), absl::UTCTimeZone()),
      "' }\n");
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const auto a = Open(Token("svc:a")), b = Open(Token("svc:b"));
  Reload(observe + ChatFor("nobody: true") + "deny { subjects: 'svc:a' }\n");
  ExpectEnded(a.get(), AuthFailure::kDeniedByPolicy);
  ExpectStillThere(b.get());
}

TEST_P(StreamRightsTest, EndsWhenItsKeyIsWithdrawnAndNotWhenAnotherIs) {
  const testing::TestIssuer next(Algorithm::kEs256, "test", clock_);
  const auto both = std::make_shared<const KeySet>(
      std::vector<Key>{keys_->Current()->keys()[0], next.Keys()->Current()->keys()[0]});
  keys_->Set(both);
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const auto old_one = Open(Token("svc:a")), new_one = Open(next.Token().Subject("svc:b").Sign());
  keys_->Set(next.Keys()->Current());
  ExpectEnded(old_one.get(), AuthFailure::kUnknownKey);
  ExpectStillThere(new_one.get());
}

TEST_P(StreamRightsTest, EndsWhenItsIssuerIsConfiguredOtherwise) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const auto a = Open(Token());
  std::string other_audience = Config("");
  other_audience.replace(other_audience.find("audiences: \"test\""), 17, "audiences: \"else\"");
  server_.files.Write("config", other_audience);
  ASSERT_THAT(server_.auth->Reload(), IsOk());
  EXPECT_TRUE(Eventually([&] { return !a->running(); }));
  const grpc::Status status = a->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << status.error_message();
}

TEST_P(StreamRightsTest, OfNobodyEndsWhenItsMethodIsClosed) {
  server_.files.Write("config", Config(ChatFor("allow { anyone: true }")));
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const auto nobody = Open(""), somebody = Open(Token());
  Reload(ChatFor("allow { any_authenticated: true }"));
  ExpectEnded(nobody.get(), AuthFailure::kMissingToken, "");
  ExpectStillThere(somebody.get());
}

TEST_P(StreamRightsTest, GoesOnWhenSomethingElseChanges) {
  server_.files.Write("config", Config(ChatFor("allow { subjects: 'svc:a' subjects: 'svc:b' }")));
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const auto a = Open(Token("svc:a")), b = Open(Token("svc:b"));
  const testing::TestIssuer another;
  keys_->Set(std::make_shared<const KeySet>(
      std::vector<Key>{keys_->Current()->keys()[0], another.Keys()->Current()->keys()[0]}));
  Reload(ChatFor("allow { subjects: 'svc:a' subjects: 'svc:b' }") +
         "rules { method: '/lanyard.test.Echo/Unary' replaces_annotation: true nobody: true }\n"
         "deny { subjects: 'svc:c' }\n");
  // Keys that cannot be had for a while have not been withdrawn.
  keys_->Set(nullptr);
  Reload(ChatFor("allow { subjects: 'svc:a' }"));
  ExpectEnded(b.get(), AuthFailure::kDeniedByPolicy, "svc:b");
  ExpectStillThere(a.get());
}

TEST_P(StreamRightsTest, OutlivesItsTokenByWhatTheSettingsAllowAndNoMore) {
  server_.files.Write("config", Config("settings { method: '/lanyard.test.Echo/*' "
                                       "max_stream_age_past_expiry { seconds: 3600 } }\n"));
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const std::string token = Token();  // Five minutes, and half a minute of leeway.
  const auto a = Open(token);
  clock_->Advance(absl::Minutes(59));
  // A new one may not begin, and that one is judged after the clock has moved.
  EXPECT_EQ(MakeCall(server_.Channel(), CallType::kChat, Bearer(token)).status.error_code(),
            grpc::StatusCode::UNAUTHENTICATED);
  const auto b = Open(Token("svc:b"));
  Reload(ChatFor("allow { subjects: 'svc:a' }") +
         "settings { method: '*' max_stream_age_past_expiry { seconds: 1 } }\n");
  ExpectEnded(b.get(), AuthFailure::kDeniedByPolicy, "svc:b");
  ExpectStillThere(a.get());
  clock_->Advance(absl::Minutes(7));
  ExpectEnded(a.get(), AuthFailure::kExpired);
}

TEST_P(StreamRightsTest, EndsWithItsClientsCertificate) {
  server_.files.Issue("short", {"URI:spiffe://test/short"}, absl::Minutes(2));
  server_.files.Issue("long", {"URI:spiffe://test/long"});
  server_.options.tls = server_.files.Server(/*mutual=*/true);
  server_.files.Write("config", Config(ChatFor("allow { any_authenticated: true } allow { peers: "
                                               "'spiffe://test/*' without_token: true }")));
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const bool busy = std::get<1>(GetParam());
  const auto channel = PlainTls(server_.files, server_.port, "short");
  OpenChat a(channel, Token(), busy), nobody(channel, "", busy);
  OpenChat b(PlainTls(server_.files, server_.port, "long"), Token("svc:b"), busy);
  ASSERT_TRUE(a.running() && nobody.running() && b.running());
  clock_->Advance(absl::Minutes(4));
  ExpectEnded(&a, AuthFailure::kNotBound);
  ExpectEnded(&nobody, AuthFailure::kNotBound, "");
  ExpectStillThere(&b);
}

TEST_P(StreamRightsTest, TheStreamsOfOneTokenAreSpreadOverItsLeeway) {
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const std::string token = Token();
  std::vector<std::unique_ptr<OpenChat>> chats;
  for (int i = 0; i < 24; ++i) chats.push_back(Open(token));
  const auto ended = [&] {
    return std::count_if(chats.begin(), chats.end(), [](auto& chat) { return !chat->running(); });
  };
  clock_->Advance(absl::Minutes(5) - absl::Seconds(2));
  EXPECT_EQ(ended(), 0);
  clock_->Advance(absl::Seconds(17));
  // At half of the leeway some are over, and by chance of one in millions all or none.
  EXPECT_TRUE(Eventually([&] { return ended() > 0; }));
  EXPECT_LT(ended(), 24);
  clock_->Advance(absl::Seconds(16));
  EXPECT_TRUE(Eventually([&] { return ended() == 24; }));
  for (auto& chat : chats) {
    EXPECT_THAT(chat->Finish().error_message(), StartsWith("token expired"));
  }
}

INSTANTIATE_TEST_SUITE_P(All, StreamRightsTest,
                         ::testing::Combine(ValuesIn(kAllApis), ::testing::Bool()),
                         [](const auto& info) {
                           return NameOf(std::get<0>(info.param)) +
                                  (std::get<1>(info.param) ? "Busy" : "Idle");
                         });

// The deny list is before everything else, so it is so for a stream whose key has gone as well.
TEST(ObservedStreamTest, EndsForADeniedCallerWhoseKeyIsWithdrawnToo) {
  GatedServer server(Api::kCallback);
  const auto keys = std::make_shared<SwitchableKeys>(server.issuer.Keys()->Current());
  server.options.key_sources["test"] = keys;
  const std::string observe = absl::StrCat(
      "settings { method: '*' enforcement: OBSERVE observe_until: '",
      absl::FormatTime(absl::RFC3339_full, absl::Now() + absl::Hours(24), absl::UTCTimeZone()),
      "' }\n");
  server.options.config_files = {server.files.Write("rules", observe)};
  ASSERT_NO_FATAL_FAILURE(server.Start());
  OpenChat chat(server.Channel(), server.issuer.Token().Subject("svc:a").Sign(), false);
  ASSERT_TRUE(chat.running());
  keys->Set(testing::TestIssuer().Keys()->Current());
  server.files.Write("rules", observe + "deny { subjects: 'svc:a' }\n");
  ASSERT_THAT(server.auth->Reload(), IsOk());
  EXPECT_TRUE(Eventually([&] { return !chat.running(); }));
  EXPECT_NE(chat.Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

// A certificate that the server's roots do not vouch for names nobody, for streams as for calls.
TEST(UnverifiedPeerTest, KeepsNoStreamRunning) {
  GatedServer server(Api::kCallback);
  testing::TestCertificates strangers;
  strangers.Issue("web", {"URI:spiffe://test/web"});
  server.options.config_files = {
      server.files.Write("rules", ChatFor("allow { any_authenticated: true }"))};
  ASSERT_NO_FATAL_FAILURE(server.Create());
  grpc::SslServerCredentialsOptions server_tls(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_BUT_DONT_VERIFY);
  server_tls.pem_root_certs = server.files.Read("ca.pem");
  server_tls.pem_key_cert_pairs.push_back(
      {server.files.Read("server.key"), server.files.Read("server.crt")});
  const auto credentials = grpc::SslServerCredentials(server_tls);
  ASSERT_THAT(server.auth->InstallOn(*credentials), IsOk());
  server.echo.builder().AddListeningPort("127.0.0.1:0", credentials, &server.port);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> factories;
  factories.push_back(server.auth->InterceptorFactory());
  server.echo.builder().experimental().SetInterceptorCreators(std::move(factories));
  ASSERT_TRUE(server.echo.Start());
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = server.files.Read("ca.pem");
  tls.pem_cert_chain = strangers.Read("web.crt");
  tls.pem_private_key = strangers.Read("web.key");
  const auto channel =
      grpc::CreateChannel(absl::StrCat("localhost:", server.port), grpc::SslCredentials(tls));
  const std::string token = server.issuer.Token().Subject("svc:a").Sign();
  OpenChat chat(channel, token, false);
  ASSERT_TRUE(chat.running());
  server.files.Write("rules", ChatFor("allow { peers: 'spiffe://test/web' without_token: true }"));
  ASSERT_THAT(server.auth->Reload(), IsOk());
  EXPECT_EQ(MakeCall(channel, CallType::kChat, Bearer(token)).status.error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(Eventually([&] { return !chat.running(); }));
  EXPECT_NE(chat.Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

}  // namespace
}  // namespace lanyard::test
