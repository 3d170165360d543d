// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_LISTEN_ADDRESS_H_
#define LANYARD_SDK_INTERNAL_LISTEN_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

// An address to listen on.
struct ListenAddress {
  bool ipv6 = false;
  std::string host;  // Without brackets.
  uint16_t port = 0;

  bool is_loopback() const { return host == "127.0.0.1" || host == "::1"; }
};

// "127.0.0.1:9464", "[::1]:0": nothing but one IP address and one port. civetweb would also take
// names, a port alone, which is every address of the machine, and lists of such.
std::optional<ListenAddress> ParseListenAddress(absl::string_view text);

// A listening socket there, which does not block and is not inherited; to be closed by the caller.
// The error is only the system's words for what is wrong.
absl::StatusOr<int> ListenOn(const ListenAddress& address);

// The port that a socket is bound to.
int PortOf(int socket);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_LISTEN_ADDRESS_H_
