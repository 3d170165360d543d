// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TOKENS_SILENT_SERVER_H_
#define LANYARD_TESTS_TOKENS_SILENT_SERVER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lanyard::test {

// A port of 127.0.0.1 that takes connections and never says anything.
class SilentServer {
 public:
  SilentServer() : file_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (bind(file_, plain, size) == 0 && listen(file_, 8) == 0 &&
        getsockname(file_, plain, &size) == 0) {
      port_ = ntohs(address.sin_port);
    }
  }
  ~SilentServer() { close(file_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  int port() const { return port_; }

 private:
  const int file_;
  int port_ = 0;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_TOKENS_SILENT_SERVER_H_
