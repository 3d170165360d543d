// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_SDK_HTTP_GET_H_
#define LANYARD_TESTS_SDK_HTTP_GET_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "absl/strings/string_view.h"

namespace lanyard::testing {

// The whole answer of a plaintext HTTP server, headers with it; empty if there is none. Asks again
// where it was itself so slow that the server may have given it up.
inline std::string HttpAnswer(int port, absl::string_view request_line,
                              const char* host = "127.0.0.1") {
  const std::string request =
      std::string(request_line) + " HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, host, &address.sin_addr);
  for (int tries = 1;; ++tries) {
    const auto start = std::chrono::steady_clock::now();
    const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::string answer;
    if (connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
      (void)!send(connection, request.data(), request.size(), MSG_NOSIGNAL);
      char buffer[4096];
      for (ssize_t n; (n = recv(connection, buffer, sizeof(buffer), 0)) > 0;) {
        answer.append(buffer, static_cast<size_t>(n));
      }
    }
    close(connection);
    const bool slow = std::chrono::steady_clock::now() - start > std::chrono::seconds(4);
    if (!answer.empty() || !slow || tries == 3) return answer;
  }
}

// The same without the headers, for "GET /metrics".
inline std::string Scrape(int port) {
  const std::string answer = HttpAnswer(port, "GET /metrics");
  const size_t end = answer.find("\r\n\r\n");
  return end == answer.npos ? "" : answer.substr(end + 4);
}

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_SDK_HTTP_GET_H_
