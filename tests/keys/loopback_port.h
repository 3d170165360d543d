// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_KEYS_LOOPBACK_PORT_H_
#define LANYARD_TESTS_KEYS_LOOPBACK_PORT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <set>

namespace lanyard::test {

// Binds a port of 127.0.0.1, or connects to it, and lets it go again. The port, 0 if that fails.
inline int TouchPort(int port, bool by_binding) {
  const int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  const int result = by_binding ? bind(file, plain, size) : connect(file, plain, size);
  if (result == 0) getsockname(file, plain, &size);
  close(file);
  return result == 0 ? ntohs(address.sin_port) : 0;
}

// For programs that cannot be told to choose one and say which. Never the same one twice: gRPC's
// servers share a port with whoever has it.
inline int FreePort() {
  static std::set<int> given;
  for (;;) {
    const int port = TouchPort(0, true);
    if (port == 0 || given.insert(port).second) return port;
  }
}

// Whether somebody listens there.
inline bool Answers(int port) { return TouchPort(port, false) != 0; }

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_KEYS_LOOPBACK_PORT_H_
