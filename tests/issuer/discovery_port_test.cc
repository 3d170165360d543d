// SPDX-License-Identifier: Apache-2.0
// Real clients: libcurl as verifiers use it, and the command line of OpenSSL for what that would
// never send.
#include "lanyard/issuer/discovery_port.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/https/https.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/sdk/keys/remote_key_source.h"
#include "lanyard/sdk/verifier.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/switchable_keys.h"
#include "tests/issuer/plain_connection.h"
#include "tests/keys/loopback_port.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kJwks[] = "/.well-known/jwks.json";
constexpr char kOpenId[] = "/.well-known/openid-configuration";
constexpr char kOauth[] = "/.well-known/oauth-authorization-server";

bool HasOpenssl() { return std::system("openssl version >/dev/null 2>&1") == 0; }

class DiscoveryPortTest : public ::testing::Test {
 protected:
  DiscoveryPortOptions Options() const {
    DiscoveryPortOptions options;
    options.issuer = origin();
    options.keys = keys_;
    options.address = absl::StrCat("127.0.0.1:", port_number_);
    options.certificate_chain = files_.Server().certificate_chain;
    options.private_key = files_.Server().private_key;
    return options;
  }
  void Open(DiscoveryPortOptions options) {
    auto port = DiscoveryPort::Create(std::move(options));
    ASSERT_THAT(port, IsOk());
    port_ = *std::move(port);
    ASSERT_EQ(port_->port(), port_number_);
  }
  void Open() { Open(Options()); }

  std::string origin() const { return absl::StrCat("https://localhost:", port_number_); }

  absl::StatusOr<internal::HttpResponse> Get(const std::string& path,
                                             const std::string& if_none_match = "",
                                             const std::string& ca = "") const {
    internal::HttpRequest request;
    request.url = origin() + path;
    request.ca_file = ca.empty() ? files_.Client().root_certificates : ca;
    request.if_none_match = if_none_match;
    request.timeout = absl::Minutes(1);
    const std::atomic<bool> stop{false};
    return Https()->Get(request, stop);
  }

  // The whole answer to a request of any bytes, or what OpenSSL says.
  std::string Ask(const std::string& request, const std::string& flags = "") const {
    const std::string file = files_.Write("request", request);
    FILE* const pipe =
        popen(absl::StrCat("openssl s_client -quiet -verify_return_error -CAfile ",
                           files_.Client().root_certificates, " -connect 127.0.0.1:", port_number_,
                           " ", flags, " <", file, " 2>&1")
                  .c_str(),
              "r");
    std::string text;
    char buffer[4096];
    for (size_t n; (n = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0;) text.append(buffer, n);
    pclose(pipe);
    const size_t answer = text.find("HTTP/1.1 ");
    return answer == text.npos ? text : text.substr(answer);
  }
  std::string AskFor(const std::string& method, const std::string& path,
                     const std::string& headers = "") const {
    return Ask(
        absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: localhost\r\n", headers, "\r\n"));
  }

  RemoteKeySourceOptions RemoteOptions() const {
    RemoteKeySourceOptions options;
    options.name = "test";
    options.algorithms = {Algorithm::kEs256};
    options.issuer = origin();
    options.ca_file = files_.Client().root_certificates;
    options.refresh = absl::Seconds(1);
    options.https = Https();
    return options;
  }

  const testing::TestCertificates files_;
  const testing::TestIssuer issuer_, next_;
  const std::shared_ptr<SwitchableKeys> keys_ =
      std::make_shared<SwitchableKeys>(issuer_.Keys()->Current());
  const int port_number_ = FreePort();
  std::unique_ptr<DiscoveryPort> port_;
};

TEST_F(DiscoveryPortTest, VerifiersFindTheKeysByEveryWay) {
  Open();
  for (const char* path : {kJwks, kOpenId, kOauth}) {
    RemoteKeySourceOptions options = RemoteOptions();
    (path == kJwks ? options.jwks_url : options.discovery_url) = origin() + path;
    auto source = RemoteKeySource::Create(std::move(options));
    ASSERT_THAT(source, IsOk());
    std::shared_ptr<const RemoteKeySource> keys = *std::move(source);
    ASSERT_TRUE(Eventually([&] { return keys->Current() != nullptr; })) << keys->Health();
    VerifierOptions verifier_options;
    verifier_options.issuers = {{issuer_.Config(), keys}};
    EXPECT_THAT((*Verifier::Create(std::move(verifier_options)))->Verify(issuer_.Token().Sign()),
                IsOk());
  }
}

TEST_F(DiscoveryPortTest, VerifiersFollowARotation) {
  Open();
  RemoteKeySourceOptions options = RemoteOptions();
  options.discovery_url = origin() + kOauth;
  auto source = RemoteKeySource::Create(std::move(options));
  ASSERT_THAT(source, IsOk());
  const auto has = [&](size_t count) {
    const auto keys = (*source)->Current();
    return keys != nullptr && keys->keys().size() == count;
  };
  ASSERT_TRUE(Eventually([&] { return has(1); }));
  const auto before = Get(kJwks);
  ASSERT_THAT(before, IsOk());
  keys_->Set(std::make_shared<const KeySet>(std::vector<Key>{issuer_.key(), next_.key()}));
  // max-age holds clients back, so the next fetch is not awaited here.
  const auto after = Get(kJwks, before->etag);
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->status, 200);
  EXPECT_THAT(after->body, AllOf(HasSubstr(issuer_.key().id()), HasSubstr(next_.key().id())));
  EXPECT_NE(after->etag, before->etag);
  EXPECT_EQ(after->max_age, absl::Minutes(5));
}

TEST_F(DiscoveryPortTest, WhatHasNotChangedIsNotSentAgain) {
  Open();
  const auto first = Get(kJwks);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->status, 200);
  EXPECT_EQ(first->body, issuer_.PublicJwks());
  EXPECT_TRUE(first->date.has_value());
  const auto second = Get(kJwks, first->etag);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->status, 304);
  EXPECT_EQ(second->body, "");
  EXPECT_EQ(second->etag, first->etag);
  EXPECT_EQ(Get(kJwks, "\"other\"")->status, 200);
}

TEST_F(DiscoveryPortTest, IsUnavailableWhileThereAreNoKeys) {
  keys_->Set(nullptr);
  Open();
  EXPECT_EQ(Get(kJwks)->status, 503);
  EXPECT_EQ(Get(kOpenId)->status, 503);
  EXPECT_EQ(Get("/other")->status, 404);
  keys_->Set(issuer_.Keys()->Current());
  EXPECT_EQ(Get(kJwks)->status, 200);
}

TEST_F(DiscoveryPortTest, ThereIsNothingElse) {
  Open();
  for (const char* path : {"/", "/.well-known/", "/.well-known/jwks", "/etc/passwd",
                           "/.well-known/jwks.json/x", "/%2e%2e/etc/passwd", "/index.html"}) {
    const auto response = Get(path);
    ASSERT_THAT(response, IsOk()) << path;
    EXPECT_EQ(response->status, 404) << path;
    EXPECT_EQ(response->body, "Not Found\n");
  }
  EXPECT_EQ(Get(std::string(kJwks) + "?x=1")->status, 200);
}

TEST_F(DiscoveryPortTest, TakesGetAndHeadAlone) {
  if (!HasOpenssl()) GTEST_SKIP() << "SKIPPED: openssl is not installed";
  Open();
  const std::string get = AskFor("GET", kJwks), head = AskFor("HEAD", kJwks);
  const size_t body = get.find("\r\n\r\n") + 4;
  EXPECT_EQ(get.substr(body), issuer_.PublicJwks());
  EXPECT_THAT(get, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                         HasSubstr("\r\nContent-Type: application/json\r\n"),
                         HasSubstr("\r\nCache-Control: public, max-age=300\r\n"),
                         HasSubstr("\r\nConnection: close\r\n"), Not(HasSubstr("Server:"))));
  EXPECT_EQ(head.find("\r\n\r\n") + 4, head.size()) << head;
  EXPECT_THAT(head, HasSubstr(absl::StrCat("\r\nContent-Length: ", get.size() - body, "\r\n")));
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"}) {
    EXPECT_THAT(AskFor(method, kJwks, "Content-Length: 3\r\n") + "a=b",
                AllOf(StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"),
                      HasSubstr("\r\nAllow: GET, HEAD\r\n")))
        << method;
  }
  EXPECT_THAT(AskFor("POST", "/token", "Content-Length: 0\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(AskFor("PUT", "/x", "Content-Length: 0\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(AskFor("GET", kJwks,
                     "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: x\r\n"),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(DiscoveryPortTest, RefusesRequestsThatAreTooLargeOrNone) {
  if (!HasOpenssl()) GTEST_SKIP() << "SKIPPED: openssl is not installed";
  Open();
  EXPECT_THAT(AskFor("GET", kJwks, "x: " + std::string(7000, 'x') + "\r\n"),
              StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(AskFor("GET", kJwks, "x: " + std::string(9000, 'x') + "\r\n"),
              Not(HasSubstr(" 200 ")));
  EXPECT_THAT(AskFor("GET", std::string(20000, '/')), Not(HasSubstr(" 200 ")));
  for (const char* request : {"\r\n\r\n", "GET\r\n\r\n", "GET /x\r\n\r\n", "\x16\x03\x01\r\n\r\n",
                              "GET * HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\n",
                              "GET http://example.test/ HTTP/1.1\r\n\r\n"}) {
    EXPECT_THAT(Ask(request), Not(HasSubstr(" 200 "))) << request;
  }
  // A body is not waited for, however long it says it is.
  EXPECT_THAT(AskFor("POST", kJwks, "Content-Length: 1000000000000\r\n"),
              StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(AskFor("GET", kJwks, "Transfer-Encoding: chunked\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(Get(kJwks)->status, 200);
}

TEST_F(DiscoveryPortTest, SpeaksNoPlaintext) {
  Open();
  const PlainConnection connection(port_number_);
  ASSERT_TRUE(connection.connected());
  connection.Send(absl::StrCat("GET ", kJwks, " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  EXPECT_THAT(connection.Rest(), AllOf(Not(HasSubstr("HTTP/")), Not(HasSubstr("keys"))));
}

TEST_F(DiscoveryPortTest, SpeaksTls12AndNewerAlone) {
  if (!HasOpenssl()) GTEST_SKIP() << "SKIPPED: openssl is not installed";
  Open();
  const std::string request = absl::StrCat("GET ", kJwks, " HTTP/1.0\r\n\r\n");
  EXPECT_THAT(Ask(request, "-tls1_3"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask(request, "-tls1_2"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask(request, "-tls1_1 -cipher ALL:@SECLEVEL=0"),
              AllOf(Not(HasSubstr("HTTP/")), HasSubstr("alert protocol version")));
  EXPECT_THAT(Ask(request, "-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA"), Not(HasSubstr("HTTP/")));
}

TEST_F(DiscoveryPortTest, SilentConnectionsHoldNobodyUp) {
  Open();
  std::vector<std::unique_ptr<PlainConnection>> silent;
  for (int i = 0; i < 300; ++i) {
    silent.push_back(std::make_unique<PlainConnection>(port_number_));
    ASSERT_TRUE(silent.back()->connected());
    if (i % 2 == 0) silent.back()->Send(std::string("\x16\x03\x01\x02\x00\x01", 6));
  }
  const auto response = Get(kJwks);
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 200);
}

TEST_F(DiscoveryPortTest, EndsWithConnectionsOpen) {
  Open();
  std::vector<std::unique_ptr<PlainConnection>> open;
  for (int i = 0; i < 80; ++i) open.push_back(std::make_unique<PlainConnection>(port_number_));
  EXPECT_EQ(Get("/")->status, 404) << "all of them are accepted";
  port_.reset();
  EXPECT_FALSE(Answers(port_number_));
  for (const auto& connection : open) EXPECT_EQ(connection->Rest(), "");
}

TEST_F(DiscoveryPortTest, ManyClientsAtOnceAllGetTheirs) {
  Open();
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int n = 0; n < 25; ++n) {
        const auto response = Get(kJwks);
        if (response.ok() && response->body == issuer_.PublicJwks()) ++good;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 200);
}

TEST_F(DiscoveryPortTest, ANewCertificateIsUsedOnceItIsWhole) {
  Open();
  const testing::TestCertificates others;
  EXPECT_EQ(Get(kJwks)->status, 200);
  EXPECT_FALSE(Get(kJwks, "", others.Client().root_certificates).ok());

  (void)files_.Write("server.crt", others.Read("server.crt"));
  EXPECT_THAT(port_->Reload(), IsError(HasSubstr("server.crt and ")));
  EXPECT_EQ(Get(kJwks)->status, 200) << "with the old one";

  (void)files_.Write("server.key", others.Read("server.key"));
  ASSERT_EQ(chmod(files_.Server().private_key.c_str(), 0640), 0);
  EXPECT_THAT(port_->Reload(), IsError(HasSubstr("make its mode 0600")));
  EXPECT_EQ(Get(kJwks)->status, 200) << "with the old one";

  ASSERT_EQ(chmod(files_.Server().private_key.c_str(), 0600), 0);
  EXPECT_THAT(port_->Reload(), IsOk());
  const auto response = Get(kJwks, "", others.Client().root_certificates);
  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->status, 200);
  EXPECT_FALSE(Get(kJwks).ok()) << "the old one is gone";
}

TEST_F(DiscoveryPortTest, ANewCertificateIsFoundWithoutBeingTold) {
  Open();
  const testing::TestCertificates others;
  (void)files_.Write("server.key", others.Read("server.key"));
  (void)files_.Write("server.crt", others.Read("server.crt"));
  ASSERT_EQ(chmod(files_.Server().private_key.c_str(), 0600), 0);
  EXPECT_TRUE(Eventually([&] {
    const auto response = Get(kJwks, "", others.Client().root_certificates);
    return response.ok() && response->status == 200;
  }));
}

TEST_F(DiscoveryPortTest, APortOfItsChoiceStaysTheSame) {
  DiscoveryPortOptions options = Options();
  options.address = "127.0.0.1:0";
  const auto port = DiscoveryPort::Create(options);
  ASSERT_THAT(port, IsOk());
  EXPECT_GT((*port)->port(), 0);
  EXPECT_TRUE(Answers((*port)->port()));
  const int before = (*port)->port();
  const testing::TestCertificates others;
  (void)files_.Write("server.key", others.Read("server.key"));
  (void)files_.Write("server.crt", others.Read("server.crt"));
  ASSERT_EQ(chmod(files_.Server().private_key.c_str(), 0600), 0);
  EXPECT_THAT((*port)->Reload(), IsOk());
  EXPECT_EQ((*port)->port(), before);
  EXPECT_TRUE(Answers(before));
}

TEST_F(DiscoveryPortTest, ListensOnIpv6) {
  DiscoveryPortOptions options = Options();
  options.address = "[::1]:0";
  const auto port = DiscoveryPort::Create(options);
  if (absl::StrContains(port.status().message(), "Cannot assign requested address") ||
      absl::StrContains(port.status().message(), "not supported by protocol")) {
    GTEST_SKIP() << "SKIPPED: there is no IPv6";
  }
  ASSERT_THAT(port, IsOk());
  internal::HttpRequest request;
  request.url = absl::StrCat("https://[::1]:", (*port)->port(), kJwks);
  request.ca_file = files_.Client().root_certificates;
  const std::atomic<bool> stop{false};
  EXPECT_THAT(Https()->Get(request, stop), IsOk());
}

TEST_F(DiscoveryPortTest, RefusesOptionsThatMakeNoSense) {
  const auto error = [this](void (*change)(DiscoveryPortOptions*)) {
    DiscoveryPortOptions options = Options();
    change(&options);
    return DiscoveryPort::Create(std::move(options)).status();
  };
  EXPECT_THAT(error([](auto* o) { o->issuer = ""; }),
              IsError("DiscoveryPortOptions.issuer is missing"));
  EXPECT_THAT(error([](auto* o) { o->issuer = "http://localhost"; }),
              IsError("DiscoveryPortOptions.issuer: the URL must begin with https://"));
  EXPECT_THAT(error([](auto* o) { o->keys = nullptr; }),
              IsError("DiscoveryPortOptions.keys is missing"));
  EXPECT_THAT(error([](auto* o) { o->address = ""; }),
              IsError("DiscoveryPortOptions.address is missing"));
  EXPECT_THAT(error([](auto* o) { o->certificate_chain = ""; }),
              IsError("DiscoveryPortOptions.certificate_chain is missing"));
  EXPECT_THAT(error([](auto* o) { o->private_key = ""; }),
              IsError("DiscoveryPortOptions.private_key is missing"));
  EXPECT_THAT(error([](auto* o) { o->private_key = "/nowhere/key"; }),
              IsError(HasSubstr("/nowhere/key: ")));
  for (void (*address)(DiscoveryPortOptions*) :
       {+[](DiscoveryPortOptions* o) { o->address = "8443"; },
        +[](DiscoveryPortOptions* o) { o->address = "localhost:8443"; },
        +[](DiscoveryPortOptions* o) { o->address = "127.0.0.1:8443,127.0.0.1:80"; },
        +[](DiscoveryPortOptions* o) { o->address = "127.0.0.1:80r"; }}) {
    EXPECT_THAT(error(address), IsError(HasSubstr("must be an IP address and a port")));
  }
}

TEST_F(DiscoveryPortTest, AKeyThatOthersCanReadIsRefused) {
  ASSERT_EQ(chmod(files_.Server().private_key.c_str(), 0644), 0);
  EXPECT_THAT(DiscoveryPort::Create(Options()), IsError(HasSubstr("make its mode 0600")));
}

TEST_F(DiscoveryPortTest, SaysWhyItCannotListen) {
  Open();
  EXPECT_THAT(DiscoveryPort::Create(Options()),
              IsError(AllOf(HasSubstr("cannot listen on 127.0.0.1:"), HasSubstr("in use"))));
}

}  // namespace
}  // namespace lanyard::test
