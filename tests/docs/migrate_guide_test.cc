// SPDX-License-Identifier: Apache-2.0
// docs/guides/migrate.md: a processor as services write them by hand, what is wrong with it, and
// the same server with Lanyard, beside it and alone.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/testing/recording_audit_sink.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"

namespace {

// What the service had: who a token is for, by a table, in place of a library that verifies it.
struct Legacy {
  std::map<std::string, std::string> users;
  std::string Verify(const std::string& token) const {
    const auto it = users.find(token);
    return it == users.end() ? "" : it->second;
  }
};

// [before]
class TokenProcessor final : public grpc::AuthMetadataProcessor {
 public:
  explicit TokenProcessor(const Legacy& legacy) : legacy_(legacy) {}

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata*,
                       OutputMetadata*) override {
    const auto header = metadata.find("authorization");
    if (header == metadata.end()) return Unauthenticated();
    absl::string_view value(header->second.data(), header->second.size());
    if (!absl::ConsumePrefix(&value, "Bearer ")) return Unauthenticated();
    const std::string user = legacy_.Verify(std::string(value));
    if (user.empty()) return Unauthenticated();
    context->AddProperty("user", user);  // The connection's, not the call's.
    return grpc::Status::OK;
  }

 private:
  static grpc::Status Unauthenticated() {
    return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "who are you?");
  }
  const Legacy& legacy_;
};

std::string UserOf(const grpc::ServerContext& context) {
  const auto values = context.auth_context()->FindPropertyValues("user");
  return values.empty() ? "" : std::string(values[0].data(), values[0].size());
}
// [end]

class Orders final : public shop::Orders::Service {
 public:
  explicit Orders(bool migrated) : migrated_(migrated) {}
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest*,
                        shop::Order* order) override {
    order->set_asked_by(migrated_ ? lanyard::CallerOf(*context).subject() : UserOf(*context));
    return grpc::Status::OK;
  }

 private:
  const bool migrated_;
};

class MigrateGuideTest : public ::testing::Test {
 protected:
  MigrateGuideTest() {
    for (const char* user : {"alice", "bob"}) {
      tokens_[user] = sso_.Token().Subject(user).Audience("orders").Scopes("orders.read").Sign();
      legacy_.users[tokens_[user]] = user;
    }
    files_.Write("sso.jwks", sso_.PublicJwks());
  }

  lanyard::ServerAuthOptions Options(const std::string& more_config = "") {
    lanyard::ServerAuthOptions options;
    options.config_files = {files_.Write("auth.textproto", absl::StrCat(R"(
        issuers {
          name: "sso"  issuer: "https://sso.example.test"  audiences: "orders"
          algorithms: ES256  jwks_file: "sso.jwks"
        }
        )",
                                                                        more_config))};
    options.tls = files_.Server();
    return options;
  }
  void Serve(lanyard::ServerAuthOptions options) {
    auto auth = lanyard::ServerAuth::Create(std::move(options));
    ASSERT_TRUE(auth.ok()) << auth.status();
    auth_ = *std::move(auth);
    grpc::ServerBuilder builder;
    auth_->AddListeningPort(builder, "127.0.0.1:0", &port_);
    builder.RegisterService(&orders_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr) << auth_->start_error();
    Connect();
  }
  void Connect() {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = files_.Read("ca.pem");
    stub_ = shop::Orders::NewStub(
        grpc::CreateChannel(absl::StrCat("localhost:", port_), grpc::SslCredentials(tls)));
  }
  // Over the one connection.
  std::string Ask(const std::string& token) {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    shop::Order order;
    const grpc::Status status = stub_->GetOrder(&context, shop::GetOrderRequest(), &order);
    return status.ok() ? order.asked_by() : absl::StrCat("code ", status.error_code());
  }

  lanyard::testing::TestCertificates files_;
  const lanyard::testing::TestIssuer sso_{lanyard::Algorithm::kEs256, "sso"};
  std::map<std::string, std::string> tokens_;
  Legacy legacy_;
  Orders orders_{/*migrated=*/true};
  std::unique_ptr<lanyard::ServerAuth> auth_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::unique_ptr<shop::Orders::Stub> stub_;
};

// The reason to migrate: two callers over one connection, as a proxy or a pool has it.
TEST_F(MigrateGuideTest, WhatAProcessorWritesDownBelongsToTheConnection) {
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs = {{files_.Read("server.key"), files_.Read("server.crt")}};
  const auto credentials = grpc::SslServerCredentials(tls);
  credentials->SetAuthMetadataProcessor(std::make_shared<TokenProcessor>(legacy_));
  Orders before(/*migrated=*/false);
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", credentials, &port_);
  builder.RegisterService(&before);
  server_ = builder.BuildAndStart();
  ASSERT_NE(server_, nullptr);
  Connect();
  EXPECT_EQ(Ask(tokens_["alice"]), "alice");
  EXPECT_EQ(Ask(tokens_["bob"]), "alice") << "bob is taken for alice";
  EXPECT_EQ(Ask(""), "code 16");
  server_->Shutdown();
}

TEST_F(MigrateGuideTest, BesideLanyard) {
  const Legacy& legacy = legacy_;
  lanyard::ServerAuthOptions options = Options(absl::StrCat(
      "settings { method: \"*\"  enforcement: OBSERVE  observe_until: \"",
      absl::FormatTime("%Y-%m-%d", absl::Now() + absl::Hours(240), absl::UTCTimeZone()), "\" }"));
  const auto audit = std::make_shared<lanyard::testing::RecordingAuditSink>();
  options.audit_sink = audit;
  // [beside]
  options.existing_processor = std::make_shared<TokenProcessor>(legacy);
  // [end]
  ASSERT_NO_FATAL_FAILURE(Serve(std::move(options)));
  EXPECT_EQ(Ask(tokens_["alice"]), "alice");
  EXPECT_EQ(Ask(tokens_["bob"]), "bob");
  EXPECT_EQ(Ask(""), "code 16") << "it alone decides";
}

TEST_F(MigrateGuideTest, Alone) {
  ASSERT_NO_FATAL_FAILURE(Serve(Options()));
  EXPECT_EQ(Ask(tokens_["alice"]), "alice");
  EXPECT_EQ(Ask(tokens_["bob"]), "bob");
  EXPECT_EQ(Ask(""), "code 16");
  EXPECT_EQ(Ask("garbage"), "code 16");
}

}  // namespace
