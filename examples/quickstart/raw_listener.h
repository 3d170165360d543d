// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_EXAMPLES_QUICKSTART_RAW_LISTENER_H_
#define LANYARD_EXAMPLES_QUICKSTART_RAW_LISTENER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace quickstart {

// Listens on loopback, accepts connections and keeps every byte they send. It opens an HTTP/2
// connection properly (with an empty SETTINGS frame), so that a gRPC client believes it is one.
class RawListener {
 public:
  RawListener() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(socket_, reinterpret_cast<sockaddr*>(&address), size);
    listen(socket_, 8);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Run(); });
  }
  ~RawListener() {
    if (thread_.joinable()) Stop();
  }

  int port() const { return port_; }

  // Whether that has been received yet.
  bool Has(const std::string& text) const {
    std::lock_guard<std::mutex> lock(mutex_);
    return received_.find(text) != std::string::npos;
  }

  // Ends it; returns what was received.
  std::string Stop() {
    stopping_ = true;
    thread_.join();
    close(socket_);
    return std::move(received_);
  }

 private:
  void Run() {
    int connection = -1;
    while (true) {
      // What came before Stop() is read all the same.
      const bool last = stopping_;
      pollfd wait{connection < 0 ? socket_ : connection, POLLIN, 0};
      if (poll(&wait, 1, last ? 0 : 20) <= 0) {
        if (last) break;
        continue;
      }
      if (connection < 0) {
        connection = accept(socket_, nullptr, nullptr);
        constexpr char kSettings[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};
        (void)!write(connection, kSettings, sizeof(kSettings));
        continue;
      }
      char buffer[4096];
      const ssize_t got = read(connection, buffer, sizeof(buffer));
      if (got > 0) {
        std::lock_guard<std::mutex> lock(mutex_);
        received_.append(buffer, static_cast<size_t>(got));
      } else {
        close(connection);
        connection = -1;
      }
    }
    if (connection >= 0) close(connection);
  }

  const int socket_;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::string received_;  // Guarded by mutex_, until the thread is joined.
  std::thread thread_;
};

}  // namespace quickstart

#endif  // LANYARD_EXAMPLES_QUICKSTART_RAW_LISTENER_H_
