// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"

namespace lanyard::internal {

std::optional<ListenAddress> ParseListenAddress(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  ListenAddress address;
  absl::string_view host = text.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) {
    if (!absl::ConsumeSuffix(&host, "]")) return std::nullopt;
    address.ipv6 = true;
  }
  address.host = std::string(host);
  in6_addr parsed;  // Room for either kind.
  if (inet_pton(address.ipv6 ? AF_INET6 : AF_INET, address.host.c_str(), &parsed) != 1) {
    return std::nullopt;
  }
  const absl::string_view port = text.substr(colon + 1);
  uint32_t number = 0;
  if (port.empty() || !std::all_of(port.begin(), port.end(), absl::ascii_isdigit) ||
      !absl::SimpleAtoi(port, &number) || number > std::numeric_limits<uint16_t>::max()) {
    return std::nullopt;
  }
  address.port = static_cast<uint16_t>(number);
  return address;
}

absl::StatusOr<int> ListenOn(const ListenAddress& address) {
  const int listener =
      socket(address.ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener < 0) return absl::UnavailableError(std::strerror(errno));
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  int result = 0;
  if (address.ipv6) {
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_port = htons(address.port);
    inet_pton(AF_INET6, address.host.c_str(), &name.sin6_addr);
    setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
    result = bind(listener, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
  } else {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(address.port);
    inet_pton(AF_INET, address.host.c_str(), &name.sin_addr);
    result = bind(listener, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
  }
  if (result == 0) result = listen(listener, SOMAXCONN);
  if (result == 0) return listener;
  const int error = errno;
  close(listener);
  return absl::UnavailableError(std::strerror(error));
}

int PortOf(int socket) {
  sockaddr_storage name{};
  socklen_t size = sizeof(name);
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size) != 0) return 0;
  return ntohs(name.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&name)->sin6_port
                                          : reinterpret_cast<sockaddr_in*>(&name)->sin_port);
}

}  // namespace lanyard::internal
