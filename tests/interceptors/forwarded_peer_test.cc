// SPDX-License-Identifier: Apache-2.0
// x-forwarded-client-cert and tokens in other headers: what counts from whom, and that nobody
// else's words reach a handler.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr char kForwarded[] = "x-forwarded-client-cert";
constexpr char kTrusted[] = R"(
    trusted_proxies: "spiffe://test/proxy"
)";
constexpr char kForWeb[] =
    "rules { method: \"/lanyard.test.Echo/Unary\" replaces_annotation: true "
    "allow { peers: \"spiffe://test/web\" without_token: true } }\n"
    "rules { method: \"/lanyard.test.Echo/Chat\" replaces_annotation: true "
    "allow { peers: \"spiffe://test/web\" without_token: true } }\n"
    "rules { method: \"/lanyard.test.Echo/Scoped\" replaces_annotation: true "
    "allow { peers: \"spiffe://test/proxy\" without_token: true } }\n";

class ForwardedPeerTest : public ::testing::Test {
 protected:
  void Start(const std::string& config, const PortOptions& port = PortOptions()) {
    server_.options.tls = server_.files.Server(/*mutual=*/true);
    for (const char* name : {"proxy", "web", "thief"}) {
      server_.files.Issue(name, {absl::StrCat("URI:spiffe://test/", name)});
    }
    server_.options.config_text.clear();
    server_.options.config_files = {Config(config)};
    server_.echo.handled().on_enter = [this](const grpc::ServerContextBase& context) {
      std::lock_guard<std::mutex> lock(mutex_);
      seen_.clear();
      for (const auto& [name, value] : context.client_metadata()) {
        seen_[std::string(name.data(), name.size())].emplace_back(value.data(), value.size());
      }
    };
    ASSERT_NO_FATAL_FAILURE(server_.Create());
    server_.auth->AddListeningPort(server_.echo.builder(), "localhost:0", port, &server_.port);
    server_.auth->AddListeningPort(server_.echo.builder(), Socket());
    ASSERT_TRUE(server_.echo.Start()) << server_.auth->start_error();
  }
  std::string Config(const std::string& text) {
    return server_.files.Write("auth", server_.issuer.ConfigText() + text);
  }

  std::string Socket() const { return "unix:" + server_.files.Path("socket"); }
  std::shared_ptr<grpc::Channel> As(const std::string& certificate) {
    return PlainTls(server_.files, server_.port, certificate);
  }
  std::shared_ptr<grpc::Channel> OverSocket() {
    return grpc::CreateChannel(Socket(), grpc::experimental::LocalCredentials(UDS));
  }
  grpc::StatusCode Call(const std::shared_ptr<grpc::Channel>& channel, const Headers& headers,
                        const std::string& path = "/lanyard.test.Echo/Unary") {
    return CallPath(channel, path, headers).error_code();
  }
  // A stream of the proxy that has begun, and ends with the test at the latest.
  using Stream = std::unique_ptr<grpc::ClientReaderWriter<Message, Message>>;
  Stream Chat(const Headers& headers) {
    Limit(&context_);
    for (const auto& [name, value] : headers) context_.AddMetadata(name, value);
    Stream stream = Echo::NewStub(As("proxy"))->Chat(&context_);
    EXPECT_TRUE(GoesOn(stream));
    return stream;
  }
  static bool GoesOn(const Stream& stream) {
    Message message;
    return stream->Write(message) && stream->Read(&message);
  }
  static grpc::StatusCode EndOf(const Stream& stream) {
    Message message;
    EXPECT_FALSE(stream->Read(&message));
    return stream->Finish().error_code();
  }

  std::vector<std::string> Seen(const std::string& name) {
    std::lock_guard<std::mutex> lock(mutex_);
    return seen_[name];
  }
  std::string HashOf(const std::string& certificate) const {
    return absl::StrCat("Hash=", absl::BytesToHexString(server_.files.Sha256Of(certificate)));
  }

  GatedServer server_{Api::kCallback};
  grpc::ClientContext context_;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> seen_;  // Guarded by mutex_.
};

TEST_F(ForwardedPeerTest, IsWhoATrustedProxySays) {
  ASSERT_NO_FATAL_FAILURE(Start(absl::StrCat(kTrusted, kForWeb)));
  const auto proxy = As("proxy");
  EXPECT_EQ(Call(proxy, {{kForwarded, "By=x;URI=spiffe://test/web"}}), grpc::OK);
  EXPECT_EQ(server_.audit->last().peer, "spiffe://test/web");
  EXPECT_THAT(Seen(kForwarded), ElementsAre("By=x;URI=spiffe://test/web"));
  EXPECT_EQ(Call(proxy, {{kForwarded, "URI=spiffe://test/web,URI=spiffe://test/other"}}),
            grpc::UNAUTHENTICATED)
      << "only the last element counts";
  EXPECT_EQ(Call(As("web"), {}), grpc::OK) << "the client itself";
}

TEST_F(ForwardedPeerTest, ACallThroughAProxyIsNeverTheProxysOwn) {
  ASSERT_NO_FATAL_FAILURE(Start(absl::StrCat("trusted_proxies: \"spiffe://test/*\"\n", kForWeb)));
  const std::string scoped = "/lanyard.test.Echo/Scoped";
  for (const Headers& headers :
       {Headers{}, Headers{{kForwarded, ""}}, Headers{{kForwarded, "By=spiffe://test/proxy"}},
        Headers{{kForwarded, "URI=\""}},
        Headers{{kForwarded, "URI=spiffe://test/proxy"},
                {kForwarded, "URI=spiffe://test/proxy"}}}) {
    EXPECT_EQ(Call(As("proxy"), headers, scoped), grpc::UNAUTHENTICATED);
    EXPECT_EQ(Call(As("web"), headers), grpc::UNAUTHENTICATED);
  }
  EXPECT_THAT(server_.audit->last().detail, HasSubstr("x-forwarded-client-cert: more than one"));
}

TEST_F(ForwardedPeerTest, NobodyElseSaysWhoItIs) {
  ASSERT_NO_FATAL_FAILURE(Start(absl::StrCat(kTrusted, kForWeb)));
  const Headers forged = {{kForwarded, "URI=spiffe://test/web"}};
  EXPECT_EQ(Call(As("thief"), forged), grpc::UNAUTHENTICATED);
  EXPECT_EQ(Call(OverSocket(), forged), grpc::UNAUTHENTICATED);
  EXPECT_EQ(server_.echo.handled().runs, 0);
  EXPECT_EQ(Call(As("web"), {{kForwarded, "URI=spiffe://test/proxy"}}), grpc::OK);
  EXPECT_THAT(Seen(kForwarded), IsEmpty()) << "it is taken off";
}

TEST_F(ForwardedPeerTest, WithoutTheWordNoProxyIsTrusted) {
  ASSERT_NO_FATAL_FAILURE(Start(kForWeb));
  EXPECT_EQ(Call(As("proxy"), {{kForwarded, "URI=spiffe://test/web"}}), grpc::UNAUTHENTICATED);
  EXPECT_EQ(Call(As("web"), {{kForwarded, "URI=spiffe://test/web"}}), grpc::OK);
  EXPECT_THAT(Seen(kForwarded), IsEmpty());
}

TEST_F(ForwardedPeerTest, OverASocketALongerWordTrustsTheSidecar) {
  ASSERT_NO_FATAL_FAILURE(Start(absl::StrCat("local_proxy_is_trusted: true\n", kForWeb)));
  EXPECT_EQ(Call(OverSocket(), {{kForwarded, "URI=spiffe://test/web"}}), grpc::OK);
  EXPECT_EQ(Call(OverSocket(), {}), grpc::UNAUTHENTICATED);
  EXPECT_EQ(Call(As("thief"), {{kForwarded, "URI=spiffe://test/web"}}), grpc::UNAUTHENTICATED)
      << "TLS is not local";
}

TEST_F(ForwardedPeerTest, ABoundTokenIsComparedWithTheForwardedCertificate) {
  ASSERT_NO_FATAL_FAILURE(Start(kTrusted));
  const std::string token = server_.issuer.Token().BoundTo(server_.files.Sha256Of("web")).Sign();
  const auto call = [&](const std::string& certificate, const std::string& forwarded) {
    Headers headers = Bearer(token);
    if (!forwarded.empty()) headers.emplace_back(kForwarded, forwarded);
    const grpc::StatusCode code = Call(As(certificate), headers);
    if (code != grpc::OK) {
      EXPECT_EQ(server_.audit->last().failure, AuthFailure::kNotBound);
    }
    return code;
  };
  EXPECT_EQ(call("web", ""), grpc::OK);
  EXPECT_EQ(call("proxy", HashOf("web")), grpc::OK);
  EXPECT_EQ(call("proxy", HashOf("thief")), grpc::UNAUTHENTICATED);
  EXPECT_EQ(call("proxy", HashOf("web") + "," + HashOf("thief")), grpc::UNAUTHENTICATED);
  EXPECT_EQ(call("proxy", ""), grpc::UNAUTHENTICATED);
  EXPECT_EQ(call("thief", HashOf("web")), grpc::UNAUTHENTICATED) << "the thief's own words";
  EXPECT_EQ(call("web", HashOf("thief")), grpc::OK) << "its own certificate counts";
}

TEST_F(ForwardedPeerTest, AStreamIsJudgedByTheForwardedNames) {
  ASSERT_NO_FATAL_FAILURE(Start(absl::StrCat(kTrusted, kForWeb)));
  const auto stream = Chat({{kForwarded, "URI=spiffe://test/web"}});
  Config(absl::StrCat("# Another one.", kTrusted, kForWeb));
  ASSERT_TRUE(server_.auth->Reload().ok());
  EXPECT_TRUE(GoesOn(stream)) << "still allowed";
  Config(
      "rules { method: \"/lanyard.test.Echo/Chat\" replaces_annotation: true "
      "allow { peers: \"spiffe://test/proxy\" without_token: true } }\n");
  ASSERT_TRUE(server_.auth->Reload().ok());
  EXPECT_EQ(EndOf(stream), grpc::UNAUTHENTICATED);
}

TEST_F(ForwardedPeerTest, AStreamEndsWhenItsProxyIsTrustedNoMore) {
  ASSERT_NO_FATAL_FAILURE(Start(absl::StrCat(kTrusted, kForWeb)));
  const auto stream = Chat({{kForwarded, "URI=spiffe://test/web"}});
  Config(kForWeb);
  ASSERT_TRUE(server_.auth->Reload().ok());
  EXPECT_EQ(EndOf(stream), grpc::UNAUTHENTICATED);
  EXPECT_THAT(server_.audit->last().detail, HasSubstr("trusted no more"));
}

TEST_F(ForwardedPeerTest, AProxysOwnStreamHasNoNamesOnceItsWordCounts) {
  const std::string for_proxy =
      "rules { method: \"/lanyard.test.Echo/Chat\" replaces_annotation: true "
      "allow { peers: \"spiffe://test/proxy\" without_token: true } }\n";
  ASSERT_NO_FATAL_FAILURE(Start(for_proxy));
  const auto stream = Chat({});
  Config(absl::StrCat(kTrusted, for_proxy));
  ASSERT_TRUE(server_.auth->Reload().ok());
  EXPECT_EQ(EndOf(stream), grpc::UNAUTHENTICATED);
}

TEST_F(ForwardedPeerTest, AStreamHasNoNamesWhereTheGateBelievedNone) {
  const auto for_all = [](const char* peers) {
    return absl::StrCat(kTrusted,
                        "rules { method: \"/lanyard.test.Echo/Chat\" replaces_annotation: true "
                        "allow { any_authenticated: true ",
                        peers, " } }\n");
  };
  ASSERT_NO_FATAL_FAILURE(Start(for_all("")));
  // The client's own, and one that the proxy added rather than appended.
  Headers headers = Bearer(server_.issuer.Token().Sign());
  headers.emplace_back(kForwarded, "URI=spiffe://test/web");
  headers.emplace_back(kForwarded, "URI=spiffe://test/thief");
  const auto stream = Chat(headers);
  EXPECT_THAT(server_.audit->last().detail, HasSubstr("x-forwarded-client-cert: more than one"));
  Config(for_all("peers: \"spiffe://test/web\""));
  ASSERT_TRUE(server_.auth->Reload().ok());
  EXPECT_EQ(EndOf(stream), grpc::PERMISSION_DENIED);
}

TEST_F(ForwardedPeerTest, BehindTheGateAloneTooTheHeaderIsTakenOff) {
  server_.options.config_text += kTrusted;
  server_.echo.handled().on_enter = [](const grpc::ServerContextBase& context) {
    EXPECT_EQ(context.client_metadata().count(kForwarded), 0u);
  };
  ASSERT_NO_FATAL_FAILURE(server_.Create());
  auto credentials = server_.auth->GateOnlyCredentials();
  ASSERT_TRUE(credentials.ok()) << credentials.status();
  server_.echo.builder().AddListeningPort("localhost:0", *credentials, &server_.port);
  ASSERT_TRUE(server_.echo.Start());
  Headers headers = Bearer(server_.issuer.Token().Sign());
  headers.emplace_back(kForwarded, "URI=spiffe://test/web");
  EXPECT_EQ(Call(server_.Channel(), headers), grpc::OK);
  EXPECT_EQ(server_.echo.handled().saw_bearer, 1) << "that one is for Identify()";
}

TEST_F(ForwardedPeerTest, ConfigNamesAreCheckedLikePeers) {
  server_.options.config_text += "trusted_proxies: \"*.test\"";
  EXPECT_THAT(std::string(ServerAuth::Create(server_.options).status().message()),
              HasSubstr("trusted_proxies: \"*.test\": only URIs have prefixes"));
}

class TokenHeaderTest : public ForwardedPeerTest {
 protected:
  static constexpr char kHeader[] = "x-forwarded-access-token";
  void SetUp() override {
    PortOptions port;
    port.token_header = "x-forwarded-access-token";
    ASSERT_NO_FATAL_FAILURE(Start("", port));
  }
};

TEST_F(TokenHeaderTest, TheTokenStandsThereAlone) {
  const std::string token = server_.issuer.Token().Subject("svc:a").Sign();
  EXPECT_EQ(Call(As("web"), {{kHeader, token}}), grpc::OK);
  EXPECT_EQ(SubjectOf(server_.audit->last()), "svc:a");
  EXPECT_THAT(Seen(kHeader), IsEmpty());
  for (const std::string& value :
       {"Bearer " + token, token + "," + token, token + " ", std::string()}) {
    EXPECT_EQ(Call(As("web"), {{kHeader, value}}), grpc::UNAUTHENTICATED) << value.substr(0, 10);
    EXPECT_EQ(server_.audit->last().failure, AuthFailure::kMalformedToken);
  }
  EXPECT_EQ(Call(As("web"), {{kHeader, token}, {kHeader, token}}), grpc::UNAUTHENTICATED);
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kMalformedToken);
}

TEST_F(TokenHeaderTest, NoOtherHeaderCounts) {
  const std::string token = server_.issuer.Token().Subject("svc:a").Sign();
  EXPECT_EQ(Call(As("web"), Bearer(token)), grpc::UNAUTHENTICATED);
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kMissingToken);
  Headers both = Bearer(server_.issuer.Token().Subject("svc:b").Sign());
  both.emplace_back(kHeader, token);
  EXPECT_EQ(Call(As("web"), both), grpc::OK);
  EXPECT_EQ(SubjectOf(server_.audit->last()), "svc:a");
  EXPECT_THAT(Seen("authorization"), IsEmpty()) << "no handler sees any token";
  EXPECT_THAT(Seen(kHeader), IsEmpty());
}

TEST_F(TokenHeaderTest, AnotherPortHasItsOwn) {
  const std::string token = server_.issuer.Token().Subject("svc:a").Sign();
  EXPECT_EQ(Call(OverSocket(), Bearer(token)), grpc::OK);
  EXPECT_EQ(Call(OverSocket(), {{kHeader, token}}), grpc::UNAUTHENTICATED);
}

// Two ports whose calls look alike, and reach their handlers late.
class TwoPortsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.options.config_text += "local_proxy_is_trusted: true\n";
    server_.echo.RequestCallsLater();
  }
  void Start(const PortOptions& over_socket) {
    ASSERT_NO_FATAL_FAILURE(server_.Create());
    server_.auth->AddListeningPort(server_.echo.builder(), "localhost:0", &server_.port);
    server_.auth->AddListeningPort(server_.echo.builder(), socket_, over_socket);
    ASSERT_TRUE(server_.echo.Start()) << server_.auth->start_error();
  }
  // The outcomes of a call by TLS and one over the socket, which both wait for their handlers.
  std::pair<Outcome, Outcome> Both(const Headers& headers) {
    const auto local = grpc::CreateChannel(socket_, grpc::experimental::LocalCredentials(UDS));
    const auto tls = server_.Channel();
    const auto call = [&](const std::shared_ptr<grpc::Channel>& channel, size_t number) {
      auto outcome = std::async(std::launch::async, [channel, headers] {
        return MakeCall(channel, CallType::kUnary, headers);
      });
      while (server_.audit->events().size() < number) std::this_thread::yield();
      return outcome;
    };
    auto by_tls = call(tls, 1);
    auto over_socket = call(local, 2);
    server_.echo.RequestCalls();
    return {by_tls.get(), over_socket.get()};
  }

  GatedServer server_{Api::kAsync};
  const std::string socket_ = "unix:" + server_.files.Path("socket");
};

TEST_F(TwoPortsTest, EachCallIsWhoItsOwnPortsTokenSays) {
  PortOptions port;
  port.token_header = "x-forwarded-access-token";
  ASSERT_NO_FATAL_FAILURE(Start(port));
  Headers headers = Bearer(server_.issuer.Token().Subject("svc:a").Sign());
  headers.emplace_back(port.token_header, server_.issuer.Token().Subject("svc:b").Sign());
  const auto [by_tls, over_socket] = Both(headers);
  EXPECT_EQ(by_tls.text, "svc:a");
  EXPECT_EQ(over_socket.text, "svc:b");
}

TEST_F(TwoPortsTest, OnlyTheTrustedProxysHeaderReachesAHandler) {
  std::mutex mutex;
  std::map<std::string, size_t> seen;  // By "unix" or "ipv4". Guarded by mutex.
  server_.echo.handled().on_enter = [&](const grpc::ServerContextBase& context) {
    const std::string peer = context.peer();
    std::lock_guard<std::mutex> lock(mutex);
    seen[peer.substr(0, 4)] += context.client_metadata().count(kForwarded);
  };
  ASSERT_NO_FATAL_FAILURE(Start(PortOptions()));
  Headers headers = Bearer(server_.issuer.Token().Sign());
  headers.emplace_back(kForwarded, "URI=spiffe://test/web");
  const auto [by_tls, over_socket] = Both(headers);
  EXPECT_TRUE(by_tls.status.ok() && over_socket.status.ok());
  EXPECT_EQ(seen["unix"], 1u);
  seen.erase("unix");
  for (const auto& [peer, count] : seen) EXPECT_EQ(count, 0u) << peer;
}

TEST(TokenHeaderNameTest, MustBeAHeaderThatCanHoldAToken) {
  for (const char* name : {"", "X-Token", ":path", "a b", "grpc-timeout", "token-bin",
                           "content-type", "te", "x-forwarded-client-cert", "a\n"}) {
    GatedServer server(Api::kCallback);
    ASSERT_NO_FATAL_FAILURE(server.Create());
    PortOptions options;
    options.token_header = name;
    server.auth->AddListeningPort(server.echo.builder(), "localhost:0", options);
    EXPECT_FALSE(server.echo.Start()) << name;
    EXPECT_THAT(std::string(server.auth->start_error().message()),
                HasSubstr("port localhost:0: PortOptions.token_header"))
        << name;
  }
}

}  // namespace
}  // namespace lanyard::test
