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

std::optional<std::string> WhyNotListening(const ListenAddress& address) {
  const int listener = socket(address.ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) return std::strerror(errno);
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  int result = 0;
  if (address.ipv6) {
    sockaddr_in6 socket_address{};
    socket_address.sin6_family = AF_INET6;
    socket_address.sin6_port = htons(address.port);
    inet_pton(AF_INET6, address.host.c_str(), &socket_address.sin6_addr);
    result =
        bind(listener, reinterpret_cast<const sockaddr*>(&socket_address), sizeof(socket_address));
  } else {
    sockaddr_in socket_address{};
    socket_address.sin_family = AF_INET;
    socket_address.sin_port = htons(address.port);
    inet_pton(AF_INET, address.host.c_str(), &socket_address.sin_addr);
    result =
        bind(listener, reinterpret_cast<const sockaddr*>(&socket_address), sizeof(socket_address));
  }
  if (result == 0) result = listen(listener, 1);
  const int error = errno;
  close(listener);
  if (result != 0) return std::strerror(error);
  return std::nullopt;
}

}  // namespace lanyard::internal
