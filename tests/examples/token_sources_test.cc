// SPDX-License-Identifier: Apache-2.0
// The examples of token sources, of a chain and of a stream, run as they stand.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "examples/stream/prices.grpc.pb.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/keys/key_directory.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/examples/container.h"
#include "tests/interceptors/eventually.h"
#include "tests/interop/program.h"

namespace lanyard::test {
namespace {

using ::testing::HasSubstr;

class Orders final : public shop::Orders::Service {
 public:
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest*,
                        shop::Order* order) override {
    order->set_asked_by(CallerOf(*context).subject());
    return grpc::Status::OK;
  }
};

// A price every few milliseconds, for as long as the caller stays. The first stream stops before
// the test's last price, so that it is seen to end.
class Prices final : public shop::Prices::Service {
 public:
  grpc::Status Follow(grpc::ServerContext* context,
                      grpc::ServerReaderWriter<shop::Price, shop::Subscription>* stream) override {
    shop::Subscription subscription;
    if (!stream->Read(&subscription)) return grpc::Status::OK;
    const bool is_first = ++streams == 1;
    shop::Price price;
    for (price.set_sequence(subscription.after() + 1); !context->IsCancelled();
         price.set_sequence(price.sequence() + 1)) {
      while (is_first && price.sequence() > 900 && !context->IsCancelled()) {
        absl::SleepFor(absl::Milliseconds(5));
      }
      if (!stream->Write(price)) break;
      absl::SleepFor(absl::Milliseconds(5));
    }
    return grpc::Status::OK;
  }

  std::atomic<int> streams{0};
};

class TokenSourcesTest : public ::testing::Test {
 protected:
  TokenSourcesTest() {
    files_.Write("sso.jwks", issuer_.PublicJwks());
    files_.Write("token", Token("svc:file"));
    files_.Write("prices-token", Token("svc:follower", "prices"));
  }

  // A server with that config in a file, and the services above.
  void Serve(const std::string& config) {
    ServerAuthOptions options;
    options.config_files = {files_.Write("server.textproto", config)};
    options.key_sources = keys_;
    options.tls = files_.Server();
    auto auth = ServerAuth::Create(options);
    ASSERT_TRUE(auth.ok()) << auth.status();
    auth_ = *std::move(auth);
    grpc::ServerBuilder builder;
    auth_->AddListeningPort(builder, "127.0.0.1:0", &port_);
    builder.RegisterService(&orders_);
    builder.RegisterService(&prices_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr) << auth_->start_error();
    setenv("TARGET", absl::StrCat("localhost:", port_).c_str(), 1);
    setenv("CA_FILE", files_.Client().root_certificates.c_str(), 1);
  }
  static std::string Issuer(const std::string& name, const std::string& issuer,
                            const std::string& audience, const std::string& keys) {
    return absl::StrCat("issuers { name: \"", name, "\" issuer: \"", issuer, "\" audiences: \"",
                        audience, "\" algorithms: ES256 may_assert { anything: true } ", keys,
                        " }\n");
  }
  std::string Sso(const std::string& audience = "orders") const {
    return absl::StrCat(Issuer("sso", issuer_.issuer(), audience, "jwks_file: \"sso.jwks\""),
                        "rules { method: \"/shop.Orders/Cancel\" nobody: true }\n",
                        "annotation_issuers: \"sso\"\n");
  }
  std::string Token(const std::string& subject, const std::string& audience = "orders") const {
    return issuer_.Token().Subject(subject).Audience(audience).Scopes("orders.read").Sign();
  }

  const testing::TestCertificates files_;
  const testing::TestIssuer issuer_{Algorithm::kEs256, "sso"};
  std::map<std::string, std::shared_ptr<const KeySource>> keys_;
  Orders orders_;
  Prices prices_;
  std::unique_ptr<ServerAuth> auth_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

TEST_F(TokenSourcesTest, File) {
  ASSERT_NO_FATAL_FAILURE(Serve(Sso()));
  setenv("TOKEN_FILE", files_.Path("token").c_str(), 1);
  EXPECT_EQ(testing::Printed("examples/tokens/file"), "OK, asked by svc:file\n");
}

TEST_F(TokenSourcesTest, OwnSource) {
  ASSERT_NO_FATAL_FAILURE(Serve(Sso()));
  setenv("TOKEN_COMMAND", absl::StrCat("cat ", files_.Path("token")).c_str(), 1);
  EXPECT_EQ(testing::Printed("examples/tokens/own_source"), "OK, asked by svc:file\n");
}

TEST_F(TokenSourcesTest, Config) {
  ASSERT_NO_FATAL_FAILURE(Serve(Sso()));
  const std::string config =
      files_.Write("client.textproto",
                   "sources { name: \"file\" file { path: \"token\" } }\n"
                   "targets { names: \"*\" audience: \"orders\" source: \"file\" }\n");
  setenv("CONFIG_FILE", config.c_str(), 1);
  EXPECT_EQ(testing::Printed("examples/tokens/config"), "OK, asked by svc:file\n");
}

TEST_F(TokenSourcesTest, SelfSigned) {
  const std::string folder = files_.Path("keys");
  RotationOptions rotation;
  rotation.algorithm = Algorithm::kEs256;
  ASSERT_TRUE(RotateKeys(folder, rotation, absl::Now()).ok());
  auto directory = KeyDirectory::Create({folder});
  ASSERT_TRUE(directory.ok()) << directory.status();
  keys_["checkout"] = *std::move(directory);
  ASSERT_NO_FATAL_FAILURE(
      Serve(absl::StrCat(Issuer("checkout", "https://checkout.example.test", "orders", ""),
                         "rules { method: \"/shop.Orders/Cancel\" nobody: true }\n")));
  setenv("KEY_DIRECTORY", folder.c_str(), 1);
  EXPECT_EQ(testing::Printed("examples/tokens/self_signed"), "OK, asked by svc:checkout\n");
}

TEST_F(TokenSourcesTest, Chain) {
  const std::string printed = testing::Printed("examples/chain/chain");
  EXPECT_THAT(printed, HasSubstr("payments saw user:alice, by svc:orders, for it svc:edge\n"));
  EXPECT_THAT(printed, HasSubstr("All as it should be.\n"));
}

// The key that signed the token is withdrawn, which ends the stream; its successor goes on.
TEST_F(TokenSourcesTest, Stream) {
  ASSERT_NO_FATAL_FAILURE(Serve(Sso("prices")));
  setenv("TOKEN_FILE", files_.Path("prices-token").c_str(), 1);
  setenv("LAST", "1000", 1);
  Container follow({"examples/stream/follow"}, files_.Path("follow.log"));
  ASSERT_TRUE(follow.Says("price 10\n")) << follow.log();
  const testing::TestIssuer next(Algorithm::kEs256, "sso");
  files_.Write("prices-token", next.Token().Subject("svc:follower").Audience("prices").Sign());
  files_.Write("sso.jwks", next.PublicJwks());
  ASSERT_TRUE(follow.Says("price 1000\n")) << follow.log();
  EXPECT_EQ(prices_.streams, 2);
  const std::string log = follow.log();
  EXPECT_THAT(log, HasSubstr("ended: invalid token"));
  // None twice, none missed.
  std::string prices;
  for (int i = 1; i <= 1000; ++i) absl::StrAppend(&prices, "price ", i, "\n");
  std::string seen;
  for (const auto& line : absl::StrSplit(log, '\n')) {
    if (absl::StartsWith(line, "price ")) absl::StrAppend(&seen, line, "\n");
  }
  EXPECT_EQ(seen, prices);
}

}  // namespace
}  // namespace lanyard::test
