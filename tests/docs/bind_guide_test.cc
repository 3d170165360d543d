// SPDX-License-Identifier: Apache-2.0
// docs/guides/bind-to-certificates.md, as it stands there, over mutual TLS.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/signer.h"
#include "lanyard/sdk/tokens/self_signed_token_source.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/recording_audit_sink.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"

namespace {

using Channel = absl::StatusOr<std::shared_ptr<grpc::Channel>>;

constexpr char kConfig[] = R"(
issuers {
  name: "sso"  issuer: "https://sso.example.test"  audiences: "orders"
  algorithms: ES256  jwks_file: "sso.jwks"
}
rules {
  method: "/shop.Orders/GetOrder"
  replaces_annotation: true
  allow { all_scopes: "orders.read" certificate_bound: true }
}
rules { method: "/shop.Orders/Cancel"  nobody: true }
)";

class Orders final : public shop::Orders::Service {
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest*,
                        shop::Order* order) override {
    order->set_asked_by(lanyard::CallerOf(*context).subject());
    return grpc::Status::OK;
  }
};

class BindGuideTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"client", "thief"}) {
      files_.Issue(name, {absl::StrCat("DNS:", name, ".example.test")});
    }
    files_.Write("sso.jwks", sso_.PublicJwks());
    files_.Write("auth.textproto", kConfig);
    const std::string etc = files_.Path("");
    // [server]
    lanyard::ServerAuthOptions options;
    options.config_files = {etc + "auth.textproto"};
    options.tls.certificate_chain = etc + "server.crt";
    options.tls.private_key = etc + "server.key";
    options.tls.root_certificates = etc + "ca.pem";  // Clients must show a certificate.
    auto auth = lanyard::ServerAuth::Create(options);
    // [end]
    options.audit_sink = audit_;
    auth = lanyard::ServerAuth::Create(options);
    ASSERT_TRUE(auth.ok()) << auth.status();
    auth_ = *std::move(auth);
    grpc::ServerBuilder builder;
    auth_->AddListeningPort(builder, "127.0.0.1:0", &port_);
    builder.RegisterService(&orders_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr) << auth_->start_error();
  }

  Channel SelfSigning(std::shared_ptr<const lanyard::Signer> signer) const {
    const std::string etc = files_.Path(""), target = absl::StrCat("localhost:", port_);
    // [client]
    lanyard::SelfSignedTokenOptions tokens;
    tokens.signer = std::move(signer);
    tokens.issuer = "https://sso.example.test";
    tokens.subject = "svc:checkout";
    tokens.scopes = {"orders.read"};
    tokens.bind_to_certificate = etc + "client.crt";
    auto source = lanyard::SelfSignedTokenSource(tokens);
    if (!source.ok()) return source.status();

    lanyard::ClientAuthOptions options;
    options.audience = "orders";
    options.token_source = *source;
    options.tls.root_certificates = etc + "ca.pem";
    options.tls.certificate_chain = etc + "client.crt";  // The one that tokens are bound to.
    options.tls.private_key = etc + "client.key";
    return lanyard::CreateChannel(target, options);
    // [end]
  }
  // Shows that certificate and sends that token.
  Channel As(const std::string& certificate, const std::string& token) const {
    lanyard::ClientAuthOptions options;
    options.audience = "orders";
    options.token_source = lanyard::StaticTokenSource(token);
    options.tls = files_.Client(certificate);
    return lanyard::CreateChannel(absl::StrCat("localhost:", port_), options);
  }
  std::string Ask(const Channel& channel) const {
    EXPECT_TRUE(channel.ok()) << channel.status();
    grpc::ClientContext context;
    shop::Order order;
    const grpc::Status status =
        shop::Orders::NewStub(*channel)->GetOrder(&context, shop::GetOrderRequest(), &order);
    return status.ok() ? order.asked_by() : absl::StrCat("code ", status.error_code());
  }

  lanyard::testing::TestCertificates files_;
  const lanyard::testing::TestIssuer sso_{lanyard::Algorithm::kEs256, "sso"};
  const std::shared_ptr<lanyard::testing::RecordingAuditSink> audit_ =
      std::make_shared<lanyard::testing::RecordingAuditSink>();
  Orders orders_;
  std::unique_ptr<lanyard::ServerAuth> auth_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

TEST_F(BindGuideTest, AClientBindsItsOwnTokens) {
  lanyard::SignerOptions signing;
  signing.key = sso_.key();
  auto signer = lanyard::Signer::Create(signing);
  ASSERT_TRUE(signer.ok()) << signer.status();
  EXPECT_EQ(Ask(SelfSigning(*std::move(signer))), "svc:checkout");
}

TEST_F(BindGuideTest, AStolenTokenIsOfNoUse) {
  auto token = sso_.Token().Audience("orders").Scopes("orders.read");
  const std::string bound = token.BoundTo(files_.Sha256Of("client")).Sign();
  EXPECT_EQ(Ask(As("client", bound)), "svc:test");
  EXPECT_EQ(Ask(As("thief", bound)), "code 16");
  EXPECT_EQ(audit_->last().failure, lanyard::AuthFailure::kNotBound);
}

TEST_F(BindGuideTest, AnUnboundOneIsDenied) {
  EXPECT_EQ(Ask(As("client", sso_.Token().Audience("orders").Scopes("orders.read").Sign())),
            "code 7");
}

}  // namespace
