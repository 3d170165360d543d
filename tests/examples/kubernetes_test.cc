// SPDX-License-Identifier: Apache-2.0
// examples/kubernetes without a cluster: its programs with the arguments, files and config that its
// manifests give them, and an nginx that has the API server's part.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/failure.h"
#include "lanyard/sdk/tokens/file_token_source.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/examples/container.h"
#include "tests/examples/manifests.h"
#include "tests/examples/node.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interceptors/eventually.h"
#include "tests/keys/nginx_server.h"
#include "tests/sdk/temp_folder.h"

namespace lanyard::test {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::StartsWith;
using testing::TestIssuer;

constexpr char kIssuer[] = "https://kubernetes.default.svc.cluster.local";
constexpr char kApiServer[] = "https://kubernetes.default.svc";
constexpr char kGetOrder[] = "/shop.Orders/GetOrder";
constexpr char kCheckout[] = "system:serviceaccount:shop:checkout";

// In place of the config's jwks_url and fetch: what the guide has for discovery.
constexpr char kDiscovery[] = R"(
discovery_url: "https://kubernetes.default.svc/.well-known/openid-configuration"
fetch {
  ca_file: "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
  bearer_token_file: "/var/run/secrets/kubernetes.io/serviceaccount/token"
  bearer_hosts: "https://kubernetes.default.svc"
  bearer_hosts: "https://192.0.2.10:6443"
  key_hosts: "https://192.0.2.10:6443"
}
)";

// What the guide has for a second cluster.
constexpr char kWest[] = R"(
issuers {
  name: "west"
  profile: KUBERNETES
  issuer: "https://oidc.west.example.com"
  audiences: "orders"
  algorithms: RS256
  discovery_url: "https://oidc.west.example.com/.well-known/openid-configuration"
  may_assert { subjects: "system:serviceaccount:shop:*" }
}
)";
constexpr char kBoth[] = R"(
annotation_issuers: "cluster"
rules {
  method: "/shop.Orders/GetOrder"
  replaces_annotation: true
  allow { issuers: "cluster" issuers: "west" subjects: "system:serviceaccount:shop:checkout" }
}
)";

// What a token says.
struct Claims {
  std::string subject = kCheckout;
  std::string audience = "orders";
  absl::Duration life = absl::Hours(1);
  std::string issuer = kIssuer;
};

class KubernetesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!NginxServer::IsInstalled() || !Manifests::CanBeRead()) {
      GTEST_SKIP() << "SKIPPED: there is no nginx or no python3-yaml; tests/interop/install "
                      "installs them";
    }
    manifests_ = std::make_unique<Manifests>();
    node_ = std::make_unique<Node>(manifests_.get(), root_.path());
    Publish("localhost");
    SetServerToken("server.pods.token");
    SetConfig(ConfigInManifest());
    SetCertificate(certificates_);
    node_->Set("ConfigMap orders-ca", {{"ca.crt", certificates_.Read("ca.pem")}});
    SetToken({node_->Subject("checkout"), node_->Audience("checkout")});
  }

  // The API server's part: its metadata name a host for the keys.
  void Publish(const std::string& jwks_host) {
    api_server_.Serve("openid/v1/jwks", cluster_.PublicJwks());
    api_server_.Serve(
        ".well-known/openid-configuration",
        absl::StrCat("{\"issuer\":\"", kIssuer, "\",\"jwks_uri\":\"",
                     absl::StrReplaceAll(api_server_.origin(), {{"localhost", jwks_host}}),
                     "/openid/v1/jwks\",\"response_types_supported\":[\"id_token\"],"
                     "\"subject_types_supported\":[\"public\"],"
                     "\"id_token_signing_alg_values_supported\":[\"RS256\"]}"));
  }
  void StartApiServer(const std::string& token = "server.pods.token") {
    api_server_.Start("if ($http_authorization != \"Bearer " + token + "\") { return 401; }");
  }

  // The operator's.
  std::string ConfigInManifest() const {
    return TextAt(manifests_->Find("ConfigMap", "orders-config"), {"data", "auth.textproto"});
  }
  // Puts a config there, with the API server where it is in this test.
  void SetConfig(const std::string& text) {
    node_->Set(
        "ConfigMap orders-config",
        {{"auth.textproto",
          absl::StrReplaceAll(node_->Outside(text),
                              {{absl::StrCat(kApiServer, "/"), api_server_.origin() + "/"},
                               {absl::StrCat(kApiServer, "\""), api_server_.origin() + "\""}})}});
  }
  void SetCertificate(const testing::TestCertificates& files) {
    node_->Set("Secret orders-tls",
               {{"tls.crt", files.Read("server.crt")}, {"tls.key", files.Read("server.key")}});
  }

  // The kubelet's.
  void SetServerToken(const std::string& token) {
    node_->Set(
        "ServiceAccount orders",
        {{"token", token}, {"ca.crt", cluster_files_.Read("ca.pem")}, {"namespace", "shop"}});
  }
  void SetToken(const Claims& claims) { node_->Set("Token checkout", {{"", TokenOf(claims)}}); }

  // A token as a cluster makes them for pods.
  static std::string TokenOf(const Claims& claims, const TestIssuer& cluster) {
    const int64_t now = absl::ToUnixSeconds(absl::Now());
    return cluster.Token()
        .Type("")
        .RawClaims(absl::StrCat(
            R"({"aud":[")", claims.audience, R"("],"exp":)",
            now + absl::ToInt64Seconds(claims.life), R"(,"iat":)", now, R"(,"iss":")",
            claims.issuer,
            R"(","jti":"0c4c1a2e-0000-4000-8000-000000000001","kubernetes.io":{"namespace":"shop",)",
            R"("node":{"name":"node-1","uid":"1"},"pod":{"name":"checkout-5d8f-x2k7p","uid":"2"},)",
            R"("serviceaccount":{"name":"checkout","uid":"3"}},"nbf":)", now, R"(,"sub":")",
            claims.subject, "\"}"))
        .Sign();
  }
  std::string TokenOf(const Claims& claims) const { return TokenOf(claims, cluster_); }

  // Starts a Deployment's program with its own command line, but for addresses and the client's
  // patience.
  std::unique_ptr<Container> Start(const std::string& deployment) {
    std::vector<std::string> command = node_->Command(deployment);
    command[0] =
        absl::StrCat("examples/kubernetes/", std::filesystem::path(command[0]).filename().string());
    for (std::string& word : command) {
      word = absl::StrReplaceAll(word, {{"0.0.0.0:8443", "127.0.0.1:0"},
                                        {"0.0.0.0:8081", "127.0.0.1:0"},
                                        {"orders.shop.svc:8443", absl::StrCat("localhost:", port_)},
                                        {"--every=10s", "--every=50ms"}});
    }
    return std::make_unique<Container>(command, root_.Path(deployment + ".log"));
  }
  // Starts the server and waits for its ports.
  void StartServer() {
    server_ = Start("orders");
    ASSERT_TRUE(server_->Says("health on port")) << server_->log();
    const std::string log = server_->log();
    int health_port = 0;
    ASSERT_EQ(std::sscanf(log.c_str() + log.find("orders on port"),
                          "orders on port %d, health on port %d", &port_, &health_port),
              2)
        << log;
    health_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", health_port),
                                  grpc::InsecureChannelCredentials());
    channel_ = PlainTls(certificates_, port_);
  }
  void StartReadyServer() {
    ASSERT_NO_FATAL_FAILURE(StartServer());
    ASSERT_TRUE(Eventually([this] { return IsReady(); })) << server_->log();
  }

  // What the kubelet's probe would find.
  bool IsReady() const {
    grpc::ByteBuffer reply;
    const grpc::Status status =
        CallPath(health_, "/grpc.health.v1.Health/Check", {}, EmptyMessage(), &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    grpc::Slice bytes;
    EXPECT_TRUE(reply.DumpToSingleSlice(&bytes).ok());
    // status: SERVING
    return std::string(reinterpret_cast<const char*>(bytes.begin()), bytes.size()) == "\x08\x01";
  }

  grpc::Status Call(const std::string& token) const {
    return CallPath(channel_, kGetOrder, Bearer(token));
  }
  bool Allows(const std::string& subject) const { return Call(TokenOf({subject})).ok(); }
  // That the call is refused with that code and those words, and the server's log says why.
  void ExpectRefused(const std::string& token, grpc::StatusCode code, const std::string& words,
                     const std::string& reason) const {
    const grpc::Status status = Call(token);
    EXPECT_EQ(status.error_code(), code) << reason;
    EXPECT_THAT(status.error_message(), StartsWith(words)) << reason;
    const auto refusal = FailureOf(status);
    ASSERT_TRUE(refusal.has_value()) << status.error_message();
    EXPECT_TRUE(server_->Says(absl::StrCat("\"id\":\"", refusal->decision_id,
                                           "\",\"decision\":\"denied\",\"reason\":\"", reason)))
        << server_->log();
  }

  // The same for a key that the issuer does not have. Until it has been asked once more, the server
  // cannot know that.
  void ExpectUnknownKey(const std::string& token) const {
    EXPECT_TRUE(Eventually([&] { return Call(token).error_code() == grpc::UNAUTHENTICATED; }));
    EXPECT_TRUE(server_->Says("\"reason\":\"UNKNOWN_KEY\"")) << server_->log();
  }

  const testing::TempFolder root_;
  const testing::TestCertificates cluster_files_, certificates_;
  const TestIssuer cluster_{Algorithm::kRs256};
  NginxServer api_server_{cluster_files_};
  std::unique_ptr<Manifests> manifests_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<Container> server_;
  std::shared_ptr<grpc::Channel> channel_, health_;
  int port_ = 0;
};

TEST_F(KubernetesTest, ItsServerAndClientUnderstandEachOther) {
  StartApiServer();
  ASSERT_NO_FATAL_FAILURE(StartReadyServer());
  const auto client = Start("checkout");
  EXPECT_TRUE(client->Says(absl::StrCat("OK, asked by ", kCheckout))) << client->log();
  EXPECT_THAT(api_server_.requests(), Each("200 /openid/v1/jwks bearer"));
  EXPECT_EQ(client->End(), 0);
  EXPECT_EQ(server_->End(), 0);
}

TEST_F(KubernetesTest, OnlyTheServiceAccountOfTheRuleGetsIn) {
  StartApiServer();
  ASSERT_NO_FATAL_FAILURE(StartReadyServer());
  EXPECT_TRUE(Call(TokenOf({})).ok());
  for (const char* subject :
       {"system:serviceaccount:shop:refunds", "system:serviceaccount:shop:checkout2",
        "system:serviceaccount:other:checkout", "system:serviceaccount:shop:orders"}) {
    ExpectRefused(TokenOf({subject}), grpc::PERMISSION_DENIED, "permission denied",
                  "DENIED_BY_POLICY");
    EXPECT_THAT(server_->log(), HasSubstr(absl::StrCat("\"subject\":\"", subject, "\"")));
  }
  ExpectRefused(TokenOf({kCheckout, "billing"}), grpc::UNAUTHENTICATED, "wrong audience",
                "WRONG_AUDIENCE");
  ExpectRefused(TokenOf({kCheckout, kIssuer}), grpc::UNAUTHENTICATED, "wrong audience",
                "WRONG_AUDIENCE");
}

// What Kubernetes mounts by itself is good for a year.
TEST_F(KubernetesTest, ATokenForAYearIsRefused) {
  StartApiServer();
  ASSERT_NO_FATAL_FAILURE(StartReadyServer());
  ExpectRefused(TokenOf({kCheckout, "orders", absl::Hours(24 * 365)}), grpc::UNAUTHENTICATED,
                "invalid token", "LIFETIME_TOO_LONG");
}

// Two clusters that were set up without a thought have one and the same issuer.
TEST_F(KubernetesTest, ATokenOfAnotherClusterIsRefused) {
  StartApiServer();
  ASSERT_NO_FATAL_FAILURE(StartReadyServer());
  const TestIssuer other(Algorithm::kRs256);
  ExpectUnknownKey(TokenOf({}, other));
}

TEST_F(KubernetesTest, TwoClustersWithOneIssuerDoNotLoad) {
  const std::string one = ConfigInManifest();
  SetConfig(one + absl::StrReplaceAll(one.substr(0, one.find("rules {")),
                                      {{"\"cluster\"", "\"other\""}}));
  const auto server = Start("orders");
  EXPECT_TRUE(server->Says("issuer \"other\" has the same iss")) << server->log();
  EXPECT_EQ(server->End(), 1);
}

TEST_F(KubernetesTest, ASecondClusterHasAnIssuerOfItsOwn) {
  const TestIssuer west(Algorithm::kRs256);
  NginxServer west_server(cluster_files_);
  west_server.Serve("jwks", west.PublicJwks());
  west_server.Serve(".well-known/openid-configuration",
                    absl::StrCat("{\"issuer\":\"", west_server.origin(), "\",\"jwks_uri\":\"",
                                 west_server.Url("jwks"), "\"}"));
  west_server.Start();
  std::string config = ConfigInManifest();
  config.resize(config.find("rules {"));
  SetConfig(absl::StrCat(
      absl::StrReplaceAll(config, {{"\n}\n", "\n  may_assert { anything: true }\n}\n"}}),
      absl::StrReplaceAll(kWest, {{"https://oidc.west.example.com", west_server.origin()},
                                  {"  may_assert", absl::StrCat("  fetch { ca_file: \"",
                                                                cluster_files_.Path("ca.pem"),
                                                                "\" }\n  may_assert")}}),
      kBoth));
  StartApiServer();
  ASSERT_NO_FATAL_FAILURE(StartReadyServer());
  EXPECT_TRUE(Call(TokenOf({})).ok());
  Claims claims;
  claims.issuer = west_server.origin();
  EXPECT_TRUE(Call(TokenOf(claims, west)).ok());
  ExpectUnknownKey(TokenOf(claims, cluster_));
  claims.subject = "system:serviceaccount:kube-system:checkout";
  ExpectRefused(TokenOf(claims, west), grpc::PERMISSION_DENIED, "permission denied", "");
  EXPECT_THAT(west_server.requests(), Each(Not(HasSubstr("bearer"))));
}

TEST_F(KubernetesTest, ItIsReadyOnceTheApiServerGivesItsKeys) {
  ASSERT_NO_FATAL_FAILURE(StartServer());
  EXPECT_FALSE(IsReady());
  EXPECT_EQ(Call(TokenOf({})).error_code(), grpc::UNAVAILABLE);
  StartApiServer("another.token");
  EXPECT_TRUE(Eventually([this] { return !api_server_.requests().empty(); }));
  EXPECT_FALSE(IsReady());
  EXPECT_TRUE(server_->Says("401")) << server_->log();
  // The kubelet renews the server's own token as well.
  SetServerToken("another.token");
  EXPECT_TRUE(Eventually([this] { return IsReady(); }, absl::Seconds(60))) << server_->log();
  EXPECT_TRUE(Call(TokenOf({})).ok());
  EXPECT_TRUE(Eventually([this] {
    return ::testing::Value(api_server_.requests(), Contains("200 /openid/v1/jwks bearer"));
  }));
}

TEST_F(KubernetesTest, TheKeysMayBeFoundByDiscovery) {
  Publish("127.0.0.1");
  const std::string config = ConfigInManifest();
  const size_t from = config.find("  jwks_url"), to = config.find("  max_lifetime");
  ASSERT_NE(from, config.npos);
  ASSERT_NE(to, config.npos);
  SetConfig(absl::StrReplaceAll(
      config.substr(0, from) + kDiscovery + config.substr(to),
      {{"https://192.0.2.10:6443",
        absl::StrReplaceAll(api_server_.origin(), {{"localhost", "127.0.0.1"}})}}));
  StartApiServer();
  ASSERT_NO_FATAL_FAILURE(StartReadyServer());
  EXPECT_TRUE(Call(TokenOf({})).ok());
  // They are logged a little after they are answered.
  EXPECT_TRUE(Eventually([this] {
    return ::testing::Value(api_server_.requests(), Contains("200 /openid/v1/jwks bearer"));
  }));
  EXPECT_THAT(api_server_.requests(), Contains("200 /.well-known/openid-configuration bearer"));
  EXPECT_THAT(api_server_.requests(), Each(::testing::EndsWith(" bearer")));
}

TEST_F(KubernetesTest, ANewConfigMapRulesWithoutARestart) {
  StartApiServer();
  ASSERT_NO_FATAL_FAILURE(StartReadyServer());
  constexpr char kSupport[] = "system:serviceaccount:shop:support";
  EXPECT_FALSE(Allows(kSupport));
  const std::string config = ConfigInManifest();
  SetConfig(absl::StrReplaceAll(config, {{kCheckout, kSupport}}));
  EXPECT_TRUE(Eventually([&] { return Allows(kSupport); })) << server_->log();
  EXPECT_FALSE(Allows(kCheckout));

  SetConfig(config + "rules { method: \"/shop.Orders/GetOdrer\" nobody: true }\n");
  EXPECT_TRUE(server_->Says("the config was NOT read again")) << server_->log();
  EXPECT_TRUE(Allows(kSupport));
  SetConfig(config);
  EXPECT_TRUE(Eventually([&] { return Allows(kCheckout); })) << server_->log();
}

TEST_F(KubernetesTest, TheClientUsesATokenThatTheKubeletHasRenewed) {
  StartApiServer();
  ASSERT_NO_FATAL_FAILURE(StartReadyServer());
  std::string token_file;
  for (const std::string& argument : node_->Command("checkout")) {
    if (argument.rfind("--token=", 0) == 0) token_file = argument.substr(8);
  }
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  ClientAuthOptions options;
  options.audience = node_->Audience("checkout");
  options.token_source = FileTokenSource(token_file, clock);
  options.tls = certificates_.Client();
  options.clock = clock;
  const auto channel = CreateChannel(absl::StrCat("localhost:", port_), options);
  ASSERT_THAT(channel, IsOk());
  const auto asked_by = [stub = shop::Orders::NewStub(*channel)] {
    grpc::ClientContext context;
    Limit(&context);
    shop::Order order;
    const grpc::Status status = stub->GetOrder(&context, {}, &order);
    return status.ok() ? order.asked_by() : status.error_message();
  };
  EXPECT_EQ(asked_by(), kCheckout);
  // Of another account, so that the server's answer shows which of the two came.
  SetToken({"system:serviceaccount:shop:other", "orders", absl::Hours(2)});
  clock->Advance(absl::Minutes(48));
  EXPECT_EQ(asked_by(), kCheckout);
  clock->Advance(absl::Minutes(11));
  EXPECT_TRUE(Eventually([&] { return asked_by() != kCheckout; }));
  EXPECT_THAT(asked_by(), StartsWith("permission denied"));
}

// A pod whose volume has another audience than its program.
TEST_F(KubernetesTest, TheClientSendsNoTokenThatIsForSomebodyElse) {
  EXPECT_EQ(node_->Audience("checkout"), "orders");
  StartApiServer();
  ASSERT_NO_FATAL_FAILURE(StartReadyServer());
  SetToken({kCheckout, "billing"});
  const auto client = Start("checkout");
  EXPECT_TRUE(client->Says("code 16")) << client->log();
  EXPECT_THAT(client->log(), HasSubstr("the token is not for \"orders\": aud_seen [\"billing\"]"));
  EXPECT_THAT(server_->log(), Not(HasSubstr(kGetOrder)));
}

TEST_F(KubernetesTest, NewConnectionsGetTheCertificateOfANewSecret) {
  StartApiServer();
  ASSERT_NO_FATAL_FAILURE(StartReadyServer());
  EXPECT_TRUE(Call(TokenOf({})).ok());
  const testing::TestCertificates next;
  // Comes again by itself until it finds the certificate that it trusts.
  const auto channel = PlainTls(next, port_);
  EXPECT_EQ(CallPath(channel, kGetOrder, Bearer(TokenOf({}))).error_code(), grpc::UNAVAILABLE);
  SetCertificate(next);
  ASSERT_TRUE(
      channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(20)))
      << server_->log();
  EXPECT_TRUE(CallPath(channel, kGetOrder, Bearer(TokenOf({}))).ok());
  EXPECT_EQ(CallPath(PlainTls(certificates_, port_), kGetOrder, Bearer(TokenOf({}))).error_code(),
            grpc::UNAVAILABLE);
  EXPECT_TRUE(Call(TokenOf({})).ok()) << "the connection from before stays";
}

}  // namespace
}  // namespace lanyard::test
