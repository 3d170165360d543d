// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/https_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/https/https.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"
#include "tests/issuer/plain_connection.h"

namespace lanyard::internal {
namespace {

using test::PlainConnection;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

class HttpsServerTest : public ::testing::Test {
 protected:
  std::shared_ptr<const TlsServerContext> Tls(const testing::TestCertificates& files) const {
    auto tls = TlsServerContext::Create(files.Read("server.crt"), files.Read("server.key"));
    EXPECT_THAT(tls, IsOk());
    return *std::move(tls);
  }
  HttpsServerOptions Options() const {
    HttpsServerOptions options;
    options.address = {false, "127.0.0.1", 0};
    options.tls = Tls(files_);
    options.answer = [](const ReceivedRequest& request) {
      return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", request.path.size(), "\r\n\r\n",
                          request.path);
    };
    return options;
  }
  void Start(HttpsServerOptions options) {
    auto server = HttpsServer::Create(std::move(options));
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
  }
  absl::StatusOr<HttpResponse> Get(const std::string& path) const { return Get(path, files_); }
  absl::StatusOr<HttpResponse> Get(const std::string& path,
                                   const testing::TestCertificates& trusted) const {
    HttpRequest request;
    request.url = absl::StrCat("https://localhost:", server_->port(), path);
    request.ca_file = trusted.Client().root_certificates;
    request.max_bytes = 64 << 20;
    request.timeout = absl::Minutes(1);
    const std::atomic<bool> stop{false};
    return Https()->Get(request, stop);
  }
  std::vector<std::unique_ptr<PlainConnection>> Silent(int count) const {
    std::vector<std::unique_ptr<PlainConnection>> connections;
    for (int i = 0; i < count; ++i) {
      connections.push_back(std::make_unique<PlainConnection>(server_->port()));
    }
    return connections;
  }

  const testing::TestCertificates files_, others_;
  std::unique_ptr<HttpsServer> server_;
};

TEST_F(HttpsServerTest, OneMoreThanThereMayBeEndsTheOldest) {
  HttpsServerOptions options = Options();
  options.max_connections = 4;
  options.timeout = absl::Hours(1);
  Start(std::move(options));
  const auto silent = Silent(20);
  EXPECT_EQ(Get("/a")->body, "/a");
  // 17 at least, and the one that asked is gone by itself.
  for (int i = 0; i < 17; ++i) EXPECT_EQ(silent[i]->Rest(), "");
  server_.reset();
  for (const auto& connection : silent) EXPECT_EQ(connection->Rest(), "");
}

TEST_F(HttpsServerTest, AConnectionHasItsTimeAndNoMore) {
  HttpsServerOptions options = Options();
  options.timeout = absl::Milliseconds(50);
  Start(std::move(options));
  for (const auto& connection : Silent(10)) EXPECT_EQ(connection->Rest(), "");
}

TEST_F(HttpsServerTest, SendsLargeAnswersWhole) {
  HttpsServerOptions options = Options();
  options.answer = [](const ReceivedRequest&) {
    return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: 8000000\r\n\r\n",
                        std::string(8000000, 'x'));
  };
  Start(std::move(options));
  EXPECT_EQ(Get("/")->body, std::string(8000000, 'x'));
}

TEST_F(HttpsServerTest, AnotherCertificateIsForNewConnections) {
  Start(Options());
  EXPECT_THAT(Get("/"), IsOk());
  EXPECT_FALSE(Get("/", others_).ok());
  server_->SetTls(Tls(others_));
  EXPECT_THAT(Get("/", others_), IsOk());
  EXPECT_FALSE(Get("/").ok());
}

TEST_F(HttpsServerTest, NoiseEndsOnlyItsOwnConnection) {
  Start(Options());
  for (const std::string& noise :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100000, '\0'), std::string(3, '\x16'),
        std::string("\x16\x03\x01\xff\xff", 5) + std::string(70000, 'x')}) {
    PlainConnection connection(server_->port());
    connection.Send(noise);
    EXPECT_EQ(Get("/a")->body, "/a");
  }
}

TEST_F(HttpsServerTest, AnAddressInUseIsAnError) {
  Start(Options());
  HttpsServerOptions options = Options();
  options.address.port = static_cast<uint16_t>(server_->port());
  const auto second = HttpsServer::Create(std::move(options));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(second, IsError(HasSubstr("in use")));
}

TEST_F(HttpsServerTest, ACertificateNeedsItsOwnKey) {
  EXPECT_FALSE(
      TlsServerContext::Create(files_.Read("server.crt"), others_.Read("server.key")).ok());
  EXPECT_FALSE(TlsServerContext::Create("", files_.Read("server.key")).ok());
  EXPECT_FALSE(TlsServerContext::Create(files_.Read("server.crt"), "").ok());
}

}  // namespace
}  // namespace lanyard::internal
