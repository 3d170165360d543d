// SPDX-License-Identifier: Apache-2.0
// examples/sidecar behind nginx and HAProxy, with the configs that it brings along.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/examples/container.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interop/proxy.h"

namespace lanyard::test {
namespace {

using testing::kAllProxies;
using testing::Proxy;
using testing::ProxyKind;
using ::testing::StartsWith;

std::string Content(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_FALSE(text.str().empty()) << path;
  return text.str();
}

class SidecarExampleTest : public ::testing::TestWithParam<ProxyKind> {
 protected:
  void SetUp() override {
    if (!Proxy::IsInstalled(GetParam())) {
      GTEST_SKIP() << "SKIPPED: there is no " << NameOf(GetParam())
                   << "; tests/interop/install installs it";
    }
    for (const char* name : {"client", "thief"}) {
      files_.Issue(name, {absl::StrCat("DNS:", name, ".example.test")});
    }
    files_.Write("sso.jwks", issuer_.PublicJwks());
    const std::string config =
        files_.Write("auth.textproto", Content("examples/sidecar/auth.textproto"));
    server_ = std::make_unique<Container>(
        std::vector<std::string>{"examples/sidecar/server", files_.Path("grpc.sock"), config},
        files_.Path("orders.log"));
    ASSERT_TRUE(server_->Says("orders on ")) << server_->log();
    proxy_ = std::make_unique<Proxy>(GetParam(), files_);
    ASSERT_NO_FATAL_FAILURE(proxy_->StartWith(ProxyConfig()));
  }

  // The example's, with the port and the files of this test.
  std::string ProxyConfig() const {
    files_.Write("tls.pem", files_.Read("server.crt") + files_.Read("server.key"));
    const bool nginx = GetParam() == ProxyKind::kNginx;
    // As root, nginx would serve as somebody who cannot reach the socket.
    return absl::StrCat(
        nginx ? "user root root; master_process off;\n" : "",
        absl::StrReplaceAll(
            Content(nginx ? "examples/sidecar/nginx.conf" : "examples/sidecar/haproxy.cfg"),
            {{"0.0.0.0:8443", absl::StrCat("127.0.0.1:", proxy_->port())},
             {"/etc/orders/tls.pem", files_.Path("tls.pem")},
             {"/etc/orders/tls.crt", files_.Path("server.crt")},
             {"/etc/orders/tls.key", files_.Path("server.key")},
             {"/etc/orders/client-ca.pem", files_.Path("ca.pem")},
             {"/run/orders/grpc.sock", files_.Path("grpc.sock")}}));
  }

  testing::TokenBuilder Token() const {
    return issuer_.Token().Subject("svc:checkout").Audience("orders").Scopes("orders.read");
  }
  grpc::Status Call(const std::string& certificate, const std::string& token,
                    const std::vector<std::pair<std::string, std::string>>& more = {}) const {
    auto headers = Bearer(token);
    headers.insert(headers.end(), more.begin(), more.end());
    return CallPath(PlainTls(files_, proxy_->port(), certificate), "/shop.Orders/GetOrder",
                    headers);
  }

  testing::TestCertificates files_;
  const testing::TestIssuer issuer_{Algorithm::kEs256, "sso"};
  std::unique_ptr<Container> server_;
  std::unique_ptr<Proxy> proxy_;
};

INSTANTIATE_TEST_SUITE_P(, SidecarExampleTest, ::testing::ValuesIn(kAllProxies),
                         [](const auto& test) { return NameOf(test.param); });

TEST_P(SidecarExampleTest, TheTokensOwnerGetsIn) {
  const grpc::Status status = Call("client", Token().BoundTo(files_.Sha256Of("client")).Sign());
  EXPECT_TRUE(status.ok()) << status.error_message() << "\n" << proxy_->log() << server_->log();
}

TEST_P(SidecarExampleTest, NobodyElseDoes) {
  const std::string bound = Token().BoundTo(files_.Sha256Of("client")).Sign();
  grpc::Status status = Call("thief", bound);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << "with a stolen token";
  EXPECT_THAT(status.error_message(), StartsWith("invalid token [lanyard "));
  // The proxy writes the header anew, whatever its client sends.
  const std::string cert =
      absl::StrReplaceAll(files_.Read("client.crt"), {{"\n", "%0A"}, {" ", "%20"}, {"+", "%2B"}});
  status = Call("thief", bound, {{"x-forwarded-client-cert", absl::StrCat("Cert=\"", cert, "\"")}});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << "with words of its own";
  status = Call("client", Token().Sign());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << "bound to nothing";
  status = Call("", bound);
  EXPECT_FALSE(status.ok()) << "without a certificate";
}

}  // namespace
}  // namespace lanyard::test
