// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/workload_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::Not;

absl::StatusOr<WorkloadEndpoint> Endpoint(const std::string& uri, bool trusted = false) {
  return WorkloadEndpoint::Create(uri, trusted);
}

TEST(WorkloadEndpointTest, TakesSocketsAndLoopbackAddresses) {
  const struct {
    std::string uri, target;
  } rows[] = {
      {"unix:///run/spire/agent.sock", "unix:/run/spire/agent.sock"},
      {"unix:/run/spire/agent.sock", "unix:/run/spire/agent.sock"},
      {"tcp://127.0.0.1:8081", "ipv4:127.0.0.1:8081"},
      {"tcp://127.1.2.3:1", "ipv4:127.1.2.3:1"},
      {"tcp://[::1]:65535", "ipv6:%5B::1%5D:65535"},
  };
  for (const auto& row : rows) {
    const auto endpoint = Endpoint(row.uri);
    ASSERT_THAT(endpoint, IsOk()) << row.uri;
    EXPECT_EQ(endpoint->target(), row.target);
    EXPECT_EQ(endpoint->uri(), row.uri);
  }
}

TEST(WorkloadEndpointTest, SaysWhatWouldBeRight) {
  const struct {
    std::string uri, says;
  } rows[] = {
      {"/run/spire/agent.sock", "it must be as \"unix:///run/spire/agent.sock\" or \"tcp://"},
      {"http://127.0.0.1:8081", "it must be as"},
      {"UNIX:///run/agent.sock", "it must be as"},
      {"unix:", "absolute path"},
      {"unix://", "three slashes"},
      {"unix://run/agent.sock", "three slashes"},
      {"unix://localhost/run/agent.sock", "no host"},
      {"unix:run/agent.sock", "absolute path"},
      {"unix:///", "not of a folder"},
      {"unix:///run/", "not of a folder"},
      {"unix:///run/agent.sock?a=b", "no query"},
      {"unix:///run/agent.sock#a", "no fragment"},
      {"unix:///run/agent%20.sock", "no percent"},
      {"unix:///run/agent sock", "no space"},
      {"unix:///run/agent.sock\n", "no space"},
      {"unix:///" + std::string(107, 'a'), "at most 107 bytes"},
      {"tcp:", "an IP address and a port"},
      {"tcp://", "an IP address and a port"},
      {"tcp:127.0.0.1:8081", "an IP address and a port"},
      {"tcp://127.0.0.1", "an IP address and a port"},
      {"tcp://127.0.0.1:", "an IP address and a port"},
      {"tcp://127.0.0.1:0", "an IP address and a port"},
      {"tcp://127.0.0.1:65536", "an IP address and a port"},
      {"tcp://127.0.0.1:+80", "an IP address and a port"},
      {"tcp://127.0.0.1: 80", "an IP address and a port"},
      {"tcp://127.0.0.1:8081/", "an IP address and a port"},
      {"tcp://127.0.0.1:8081/foo", "and nothing else"},
      {"tcp://127.0.0.1:8081?a", "and nothing else"},
      {"tcp://user@127.0.0.1:8081", "and nothing else"},
      {"tcp://localhost:8081", "an IP address and a port"},
      {"tcp://127.1:8081", "an IP address and a port"},
      {"tcp://::1:8081", "\"tcp://[::1]:8081\""},
      {"tcp://[::1]8081", "an IP address and a port"},
      {"tcp://[::1:8081", "an IP address and a port"},
      {"tcp://[127.0.0.1]:8081", "an IP address and a port"},
      {"tcp://:8081", "an IP address and a port"},
      {"tcp://10.0.0.1:8081", "must be on loopback"},
      {"tcp://0.0.0.0:8081", "must be on loopback"},
      {"tcp://[::]:8081", "plaintext_tcp_is_trusted"},
  };
  for (const auto& row : rows) {
    EXPECT_THAT(Endpoint(row.uri),
                IsError(AllOf(HasSubstr("WorkloadApiOptions.endpoint: \""), HasSubstr(row.says))))
        << row.uri;
  }
}

TEST(WorkloadEndpointTest, TakesTheLongestPathThatASocketMayHave) {
  EXPECT_THAT(Endpoint("unix:///" + std::string(106, 'a')), IsOk());
}

TEST(WorkloadEndpointTest, TakesAddressesBeyondLoopbackWhereTheNetworkIsTrusted) {
  EXPECT_EQ(Endpoint("tcp://10.0.0.1:8081", true)->target(), "ipv4:10.0.0.1:8081");
  EXPECT_THAT(Endpoint("tcp://agent:8081", true), IsError(HasSubstr("an IP address")));
}

TEST(WorkloadEndpointTest, FallsBackToTheEnvironment) {
  unsetenv("SPIFFE_ENDPOINT_SOCKET");
  const auto unset = IsError(AllOf(HasSubstr("WorkloadApiOptions.endpoint: is empty"),
                                   HasSubstr("no SPIFFE_ENDPOINT_SOCKET")));
  EXPECT_THAT(Endpoint(""), unset);
  setenv("SPIFFE_ENDPOINT_SOCKET", "", 1);
  EXPECT_THAT(Endpoint(""), unset);
  setenv("SPIFFE_ENDPOINT_SOCKET", "unix:///from/environment", 1);
  EXPECT_EQ(Endpoint("")->target(), "unix:/from/environment");
  EXPECT_EQ(Endpoint("unix:///from/options")->target(), "unix:/from/options");
  setenv("SPIFFE_ENDPOINT_SOCKET", "/run/agent.sock", 1);
  EXPECT_THAT(Endpoint(""), IsError(::testing::StartsWith("SPIFFE_ENDPOINT_SOCKET: \"/run/")));
  unsetenv("SPIFFE_ENDPOINT_SOCKET");
}

TEST(WorkloadEndpointTest, RefusalsAreBoundedPrintableAndHoldNoToken) {
  const auto endpoint = Endpoint("unix:///run/agent.sock");
  const auto said = [&](const std::string& text) {
    return std::string(
        endpoint->Refusal(grpc::Status(grpc::StatusCode::UNAVAILABLE, text)).message());
  };
  EXPECT_EQ(said("not yet"), "unix:///run/agent.sock: UNAVAILABLE: not yet");
  EXPECT_EQ(said("a\x1b[31m\nb"), "unix:///run/agent.sock: UNAVAILABLE: a?[31m?b");
  EXPECT_EQ(said("bad: eyJh.eyJz.c2ln, or " + std::string(65, 'k') + "!"),
            "unix:///run/agent.sock: UNAVAILABLE: bad: …, or …!");
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "many words ";
  EXPECT_LT(said(many).size(), 350u);
  const absl::Status denied =
      endpoint->Refusal(grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "no identity issued"));
  EXPECT_EQ(denied.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(denied, IsError(AllOf(HasSubstr("no identity issued"),
                                    HasSubstr("is the workload registered"))));
}

// Addresses of both families lead somewhere, past whatever proxy the environment names.
TEST(WorkloadEndpointTest, ConnectsWithoutProxy) {
  for (const char* variable : {"http_proxy", "https_proxy", "grpc_proxy"}) {
    setenv(variable, "http://127.0.0.1:1", 1);
  }
  for (const std::string host : {"127.0.0.1", "[::1]"}) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort(host + ":0", grpc::InsecureServerCredentials(), &port);
    const auto server = builder.BuildAndStart();
    if (server == nullptr || port == 0) continue;  // A machine without IPv6.
    const auto channel = Endpoint("tcp://" + host + ":" + std::to_string(port))->Connect();
    EXPECT_TRUE(
        channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(20)))
        << host;
  }
  for (const char* variable : {"http_proxy", "https_proxy", "grpc_proxy"}) unsetenv(variable);
}

}  // namespace
}  // namespace lanyard::internal
