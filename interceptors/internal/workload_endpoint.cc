// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/workload_endpoint.h"

#include <arpa/inet.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

constexpr char kVariable[] = "SPIFFE_ENDPOINT_SOCKET";
constexpr size_t kShownBytes = 256;
constexpr size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

constexpr char kRight[] =
    "it must be as \"unix:///run/spire/agent.sock\" or \"tcp://127.0.0.1:8081\"";

// A text without the words that may be tokens, or parts of one.
std::string WithoutTokens(absl::string_view text) {
  constexpr size_t kLongestName = 64;
  std::string out;
  while (!text.empty()) {
    const auto end = std::find_if_not(text.begin(), text.end(), [](char c) {
      return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
    });
    const absl::string_view word = text.substr(0, end - text.begin());
    const bool shown = word.size() <= kLongestName && !absl::StrContains(word, "eyJ");
    absl::StrAppend(&out, shown ? word : "…");
    text.remove_prefix(word.size());
    if (text.empty()) break;
    out.push_back(text.front());
    text.remove_prefix(1);
  }
  return out;
}

// The gRPC target of a socket's path.
absl::StatusOr<std::string> UnixTarget(absl::string_view rest) {
  if (absl::ConsumePrefix(&rest, "//") && !absl::StartsWith(rest, "/")) {
    return absl::InvalidArgumentError(
        "unix: takes no host, and the socket's absolute path: three slashes, as in "
        "\"unix:///run/spire/agent.sock\"");
  }
  if (!absl::StartsWith(rest, "/")) {
    return absl::InvalidArgumentError(
        "unix: takes the socket's absolute path, as in \"unix:///run/spire/agent.sock\"");
  }
  const bool plain = std::all_of(rest.begin(), rest.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '?' && c != '#' && c != '%';
  });
  if (!plain) {
    return absl::InvalidArgumentError(
        "unix: takes a path and nothing else: no query, no fragment, no percent, no space");
  }
  if (absl::EndsWith(rest, "/")) {
    return absl::InvalidArgumentError("unix: takes the path of the socket, not of a folder");
  }
  if (rest.size() > kMaxSocketPath) {
    return absl::InvalidArgumentError(
        absl::StrCat("the path of a socket has at most ", kMaxSocketPath, " bytes"));
  }
  return absl::StrCat("unix:", rest);
}

// The gRPC target of an address and a port.
absl::StatusOr<std::string> TcpTarget(absl::string_view rest, bool plaintext_tcp_is_trusted) {
  constexpr char kAddress[] =
      "tcp: takes an IP address and a port, and nothing else, as in \"tcp://127.0.0.1:8081\" or "
      "\"tcp://[::1]:8081\"";
  const size_t colon = rest.rfind(':');
  if (!absl::ConsumePrefix(&rest, "//") || colon == rest.npos || colon < 2) {
    return absl::InvalidArgumentError(kAddress);
  }
  absl::string_view host = rest.substr(0, colon - 2), port = rest.substr(colon - 1);
  int number = 0;
  if (!std::all_of(port.begin(), port.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(port, &number) || number < 1 || number > 65535) {
    return absl::InvalidArgumentError(kAddress);
  }
  const bool v6 = absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]");
  in6_addr v6_address;
  in_addr v4_address;
  const std::string text(host);
  if (v6 ? inet_pton(AF_INET6, text.c_str(), &v6_address) != 1
         : inet_pton(AF_INET, text.c_str(), &v4_address) != 1) {
    return absl::InvalidArgumentError(kAddress);
  }
  const bool loopback =
      v6 ? IN6_IS_ADDR_LOOPBACK(&v6_address) : ntohl(v4_address.s_addr) >> 24 == 127;
  if (!loopback && !plaintext_tcp_is_trusted) {
    return absl::InvalidArgumentError(
        "tcp: must be on loopback, because nothing encrypts or authenticates it; use a Unix "
        "socket, or set plaintext_tcp_is_trusted");
  }
  return v6 ? absl::StrCat("ipv6:%5B", host, "%5D:", number)
            : absl::StrCat("ipv4:", host, ":", number);
}

}  // namespace

absl::StatusOr<WorkloadEndpoint> WorkloadEndpoint::Create(const std::string& uri,
                                                          bool plaintext_tcp_is_trusted) {
  std::string text = uri;
  if (text.empty()) {
    const char* const variable = std::getenv(kVariable);
    if (variable == nullptr || *variable == '\0') {
      return absl::InvalidArgumentError(absl::StrCat(
          "WorkloadApiOptions.endpoint: is empty, and the environment has no ", kVariable,
          " either: one of them must say where the SPIFFE Workload API is; ", kRight));
    }
    text = variable;
  }
  absl::StatusOr<std::string> target = absl::InvalidArgumentError(kRight);
  absl::string_view rest = text;
  if (absl::ConsumePrefix(&rest, "unix:")) {
    target = UnixTarget(rest);
  } else if (absl::ConsumePrefix(&rest, "tcp:")) {
    target = TcpTarget(rest, plaintext_tcp_is_trusted);
  }
  if (!target.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        uri.empty() ? kVariable : "WorkloadApiOptions.endpoint", ": \"",
        Printable(text, kShownBytes), "\" is no endpoint: ", target.status().message()));
  }
  return WorkloadEndpoint(std::move(text), *std::move(target));
}

std::shared_ptr<grpc::Channel> WorkloadEndpoint::Connect() const {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  return grpc::CreateCustomChannel(target_, grpc::InsecureChannelCredentials(), arguments);
}

void WorkloadEndpoint::Mark(grpc::ClientContext* context) {
  context->AddMetadata("workload.spiffe.io", "true");
}

absl::Status WorkloadEndpoint::Refusal(const grpc::Status& status) const {
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  const bool denied = code == absl::StatusCode::kPermissionDenied;
  return absl::Status(
      code,
      absl::StrCat(uri_, ": ", absl::StatusCodeToString(code), ": ",
                   Printable(WithoutTokens(status.error_message()), kShownBytes),
                   denied ? " (the agent knows no such identity of this process, or not yet: is "
                            "the workload registered, in SPIRE by an entry whose selectors fit?)"
                          : ""));
}

}  // namespace lanyard::internal
