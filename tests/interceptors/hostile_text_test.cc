// SPDX-License-Identifier: Apache-2.0
// Strings of strangers, in tokens, paths and key files, made to forge log lines or to act on a
// terminal. None gets anywhere as it is.

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/keys/file_key_source.h"
#include "tests/interceptors/gated_server.h"
#include "tests/interceptors/log_search.h"
#include "tests/interceptors/searched_call.h"

namespace lanyard::test {
namespace {

// As they stand in JSON.
std::vector<std::string> HostileJsonTexts() {
  return {"\\nFORGED line",
          "\\r\\nFORGED: line",
          "\\u001b[31mFORGED",
          "\\u001b]0;FORGED\\u0007",
          "\\u0000FORGED",
          "\\ud800FORGED",
          "\\\"FORGED\\\"",
          "\\u202eFORGED",
          "\\u009b31mFORGED",
          "\\u2028FORGED",
          "\\u0008\\u007fFORGED",
          "\xc2\x9b"
          "31mFORGED",
          "\xe2\x80\xae"
          "FORGED",
          "%s%n FORGED",
          std::string(5000, 'F') + "ORGED"};
}

class HostileTextTest : public LogSearchTest {
 protected:
  void SetUp() override {
    // A key whose id is hostile, too, so that tokens which name it verify.
    odd_key_ = ec_.key()
                   .WithId(
                       "odd\n\x1b[31m\xe2\x80\xae"
                       "FORGED")
                   .value();
    server_.options.config_text = ec_.ConfigText();
    server_.options.key_sources = {
        {"test", std::make_shared<StaticKeySource>(
                     KeySet({ec_.key(), *odd_key_}).BindTo({Algorithm::kEs256}).value())}};
    ASSERT_NO_FATAL_FAILURE(server_.Start());
    channel_ = server_.Channel();
  }

  void TearDown() override {
    for (const AuditEvent& event : server_.audit->events()) {
      AddEvent(event, &haystack_);
      // What no key has signed is nobody's word, and not repeated.
      if (event.failure == AuthFailure::kWrongAudience) continue;
      // The ids of keys that are there are the issuer's.
      const std::string told =
          absl::StrReplaceAll(event.detail, {{internal::Printable(odd_key_->id(), 128), ""}});
      EXPECT_THAT(told, ::testing::Not(::testing::HasSubstr("ORGED")));
    }
    LogSearchTest::TearDown();
  }

  grpc::Status Call(absl::string_view where, const testing::TokenBuilder& token) {
    return SearchedCall(where, channel_, Bearer(Secret(token.Sign())), &haystack_);
  }

  std::optional<Key> odd_key_;
  GatedServer server_{Api::kCallbackGeneric};
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(HostileTextTest, InHeadersOfTokens) {
  for (const std::string& text : HostileJsonTexts()) {
    for (const std::string& header :
         {"\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"" + text + "\"",
          "\"alg\":\"" + text + "\",\"typ\":\"at+jwt\"",
          "\"alg\":\"ES256\",\"typ\":\"" + text + "\"",
          "\"alg\":\"ES256\",\"" + text + "\":1,\"" + text + "\":2",
          "\"alg\":\"ES256\",\"crit\":[\"" + text + "\"]",
          "\"alg\":\"ES256\",\"jku\":\"" + text + "\""}) {
      EXPECT_FALSE(Call("a hostile header", ec_.Token().RawHeader("{" + header + "}")).ok());
    }
    // Beside what counts it does not matter.
    (void)Call("a hostile parameter",
               ec_.Token().RawHeader("{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"" +
                                     ec_.key().id() + "\",\"x\":\"" + text + "\"}"));
  }
}

TEST_F(HostileTextTest, InClaimsOfTokens) {
  const std::string now = absl::StrCat(absl::ToUnixSeconds(absl::Now()));
  const std::string later = absl::StrCat(absl::ToUnixSeconds(absl::Now()) + 300);
  const std::vector<std::pair<std::string, std::string>> good = {
      {"iss", "\"" + ec_.issuer() + "\""},
      {"sub", "\"svc:a\""},
      {"aud", "\"test\""},
      {"client_id", "\"svc:a\""},
      {"jti", "\"1\""},
      {"iat", now},
      {"exp", later}};
  int allowed = 0;
  for (const std::string& text : HostileJsonTexts()) {
    for (const std::string name : {"iss", "sub", "aud", "client_id", "jti", "iat", "exp", "nbf",
                                   "azp", "scope", "cnf", "act", "other"}) {
      for (const std::string& value :
           {"\"" + text + "\"", "[\"" + text + "\"]", "{\"" + text + "\":\"" + text + "\"}"}) {
        std::string json = "{\"" + name + "\":" + value;
        for (const auto& [claim, good_value] : good) {
          if (claim != name) json += ",\"" + claim + "\":" + good_value;
        }
        allowed += Call("a hostile " + name, ec_.Token().RawClaims(json + "}")).ok();
      }
    }
  }
  // Some of them are the issuer's word: a jti may be anything.
  EXPECT_GT(allowed, 10);
}

TEST_F(HostileTextTest, InTheIdOfAKeyThatVerifies) {
  testing::TokenBuilder token = ec_.Token();
  EXPECT_TRUE(Call("a hostile kid", token.KeyId(odd_key_->id())).ok());
  EXPECT_EQ(server_.audit->last().caller.key_id(), odd_key_->id());
}

std::vector<std::string> HostilePaths() {
  return {"/a/\x1b[31mFORGED",
          "/a/b\nFORGED line",
          "/a/\x07",
          "/a/\xe2\x80\xae"
          "FORGED",
          "/a/\xc2\x9b"
          "31mFORGED",
          "/a/\xff\xfe",
          "/a/\"quoted\"",
          "/a/%s%n",
          "//",
          "/a/" + std::string(5000, 'F'),
          "/" + std::string(100, '/')};
}

TEST_F(HostileTextTest, InMethodPaths) {
  const std::string token = Sign(ec_.Token());
  for (const std::string& path : HostilePaths()) {
    SearchedCall("a hostile path", channel_, {}, &haystack_, path);
    SearchedCall("a hostile path", channel_, Bearer(token), &haystack_, path);
  }
}

// The one line that is about a single call names its method.
TEST_F(HostileTextTest, InMethodPathsOfCallsThatCamePastTheGate) {
  // Calls withheld past the gate keep a server from shutting down, so it is left to the process.
  static auto* const kept = new GatedServer(Api::kCallbackGeneric);
  GatedServer& open = *kept;
  ASSERT_NO_FATAL_FAILURE(open.Create());
  open.echo.builder().AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                                       &open.port);
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> factories;
  factories.push_back(open.auth->InterceptorFactory());
  open.echo.builder().experimental().SetInterceptorCreators(std::move(factories));
  ASSERT_TRUE(open.echo.Start());
  const auto channel = grpc::CreateChannel(absl::StrCat("127.0.0.1:", open.port),
                                           grpc::InsecureChannelCredentials());
  const std::string token = Sign(ec_.Token());
  for (const std::string& path : HostilePaths()) {
    EXPECT_FALSE(SearchedCall("past the gate", channel, Bearer(token), &haystack_, path).ok());
  }
  EXPECT_THAT(Printed(), ::testing::HasSubstr("ALARM"));
  for (const absl::string_view line : absl::StrSplit(Printed(), '\n')) {
    if (absl::StartsWith(line, "lanyard: ")) {
      EXPECT_LE(line.size(), Haystack::kLongestMessage);
    }
  }
}

TEST_F(HostileTextTest, InKeyFiles) {
  const std::string jwk = ec_.key().ToPublicJwk().value();
  for (const std::string& text : HostileJsonTexts()) {
    for (const char* member : {"kid", "kty", "alg", "use", "crv", "x", "key_ops"}) {
      const std::string bad = "{\"" + std::string(member) + "\":\"" + text + "\"}";
      for (const std::string& keys :
           {bad, "{\"keys\":[" + bad + "]}", "{\"keys\":[" + bad + "," + jwk + "]}",
            "{\"" + text + "\":1,\"" + text + "\":2}", "{\"keys\":\"" + text + "\"}"}) {
        auto source =
            FileKeySource::Create({server_.files.Write("keys", keys), {Algorithm::kEs256}});
        haystack_.Add("a hostile key file", source.status());
      }
    }
  }
}

// The operator's own words, which a template may have made of somebody else's.
TEST_F(HostileTextTest, InConfigs) {
  for (const std::string& text :
       {std::string("\\nFORGED line"), std::string("\\033[31mFORGED"),
        std::string("\\342\\200\\256FORGED"), std::string("\\302\\23331mFORGED"),
        std::string(5000, 'F') + "ORGED"}) {
    for (const std::string& config :
         {"issuers { name: \"" + text + "\" }", "rules { method: \"/a/" + text + "\" }",
          "rules { method: \"/a.B/C\" allow { issuers: \"" + text +
              "\" any_authenticated: true } }",
          "rules { method: \"/a.B/C\" allow { subjects: \"" + text + "*\" } }",
          "issuers { name: \"a\" issuer: \"b\" audiences: \"c\" algorithms: ES256 jwks_file: \"" +
              text + "\" }",
          "issuers { name: \"a\" issuer: \"b\" audiences: \"c\" algorithms: ES256 "
          "required_claims { path: \"" +
              text + "\" } }"}) {
      ServerAuthOptions options = server_.options;
      options.config_text = ec_.ConfigText() + config;
      AddError("a hostile config", ServerAuth::Create(options));
    }
  }
}

TEST_F(HostileTextTest, AHundredBrokenKeysAreNoLongMessage) {
  std::string keys = "{\"keys\":[{\"kty\":\"x\"}";
  for (int i = 1; i < 100; ++i) keys += ",{\"kty\":\"x\"}";
  haystack_.Add("a hundred broken keys", KeySet::FromJwks(keys + "]}").status());
  const std::string rsa = Key::Generate(Algorithm::kRs256)->ToPublicJwk().value();
  const auto set = KeySet::FromJwks(keys + "," + rsa + "]}");
  haystack_.Add("too many", set.status());
  keys = "{\"keys\":[" + rsa;
  for (int i = 1; i < 100; ++i) keys += "," + rsa;
  haystack_.Add("a hundred keys that do not fit",
                KeySet::FromJwks(keys + "]}")->BindTo({Algorithm::kEs256}).status());
}

}  // namespace
}  // namespace lanyard::test
