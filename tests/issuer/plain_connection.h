// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_ISSUER_PLAIN_CONNECTION_H_
#define LANYARD_TESTS_ISSUER_PLAIN_CONNECTION_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace lanyard::test {

// A connection to a port of 127.0.0.1, without TLS.
class PlainConnection {
 public:
  explicit PlainConnection(int port) : file_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(file_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~PlainConnection() { close(file_); }
  PlainConnection(const PlainConnection&) = delete;
  PlainConnection& operator=(const PlainConnection&) = delete;

  bool connected() const { return connected_; }
  void Send(const std::string& text) const {
    (void)!send(file_, text.data(), text.size(), MSG_NOSIGNAL);
  }
  // All that comes until the other side closes it.
  std::string Rest() const {
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = recv(file_, buffer, sizeof(buffer), 0)) > 0;) {
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }

 private:
  const int file_;
  bool connected_ = false;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_ISSUER_PLAIN_CONNECTION_H_
