// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/https_server.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <list>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::string BadRequest(absl::string_view status) {
  return std::string("HTTP/1.1 ") + std::string(status) +
         "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
}

// One client. Reads until there is a request, writes the answer, and then waits for the client to
// leave: whoever closes a connection on which more arrives takes the answer back.
class Connection {
 public:
  Connection(int socket, std::shared_ptr<const TlsServerContext> tls, SteadyClock::time_point ends)
      : socket_(socket), ends_(ends), session_(TlsServerSession::Create(std::move(tls))) {}
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int socket() const { return socket_; }
  SteadyClock::time_point ends() const { return ends_; }
  short events() const { return static_cast<short>(POLLIN | (output_.empty() ? 0 : POLLOUT)); }

  // Goes on as far as it can. False when the connection is over.
  bool Advance(const HttpsServerOptions& options) {
    char buffer[16 * 1024];
    const ssize_t count = recv(socket_, buffer, sizeof(buffer), 0);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return false;
    if (count > 0 && !is_last_) {
      Receive(absl::string_view(buffer, static_cast<size_t>(count)), options);
    }
    return Flush();
  }

 private:
  void Receive(absl::string_view bytes, const HttpsServerOptions& options) {
    if (!session_->Receive(bytes, &received_)) {
      is_last_ = true;  // Perhaps with an alert.
    } else if (!received_.empty()) {
      ReceivedRequest request;
      switch (ReadHttpRequest(received_, &request)) {
        case RequestRead::kIncomplete:
          break;
        case RequestRead::kComplete:
          SendLast(options.answer(request));
          break;
        case RequestRead::kMalformed:
          SendLast(BadRequest("400 Bad Request"));
          break;
        case RequestRead::kTooLong:
          SendLast(BadRequest("431 Request Header Fields Too Large"));
          break;
      }
    }
    output_ += session_->TakeOutput();
  }

  void SendLast(const std::string& text) {
    session_->SendLast(text);
    is_last_ = true;
  }

  bool Flush() {
    while (!output_.empty()) {
      const ssize_t count = send(socket_, output_.data(), output_.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno == EAGAIN;
      output_.erase(0, static_cast<size_t>(count));
    }
    if (is_last_ && !is_shut_) {
      is_shut_ = true;
      shutdown(socket_, SHUT_WR);
    }
    return true;
  }

  const int socket_;
  const SteadyClock::time_point ends_;
  const std::unique_ptr<TlsServerSession> session_;
  std::string received_, output_;
  bool is_last_ = false;  // Nothing more is said than what output_ has.
  bool is_shut_ = false;
};

}  // namespace

class HttpsServer::Loop {
 public:
  // Owns both files: the listener, and what wakes the thread.
  Loop(HttpsServerOptions options, int listener, int wake)
      : options_(std::move(options)),
        timeout_(absl::ToChronoMilliseconds(options_.timeout)),
        listener_(listener),
        port_(PortOf(listener)),
        wake_(wake),
        tls_(options_.tls),
        thread_([this] { Run(); }) {}

  ~Loop() {
    stop_ = true;
    const uint64_t one = 1;
    (void)!write(wake_, &one, sizeof(one));
    thread_.join();
    close(wake_);
    close(listener_);
  }

  void SetTls(std::shared_ptr<const TlsServerContext> tls) {
    const std::lock_guard<std::mutex> lock(mutex_);
    tls_ = std::move(tls);
  }
  int port() const { return port_; }

 private:
  void Run() {
    std::vector<pollfd> polled;
    while (!stop_) {
      polled.assign({{wake_, POLLIN, 0}, {listener_, POLLIN, 0}});
      for (const Connection& connection : connections_) {
        polled.push_back({connection.socket(), connection.events(), 0});
      }
      if (poll(polled.data(), polled.size(), UntilNext()) < 0 && errno != EINTR) {
        // No memory in the kernel, for a while.
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        continue;
      }
      const SteadyClock::time_point now = SteadyClock::now();
      size_t index = 2;
      for (auto connection = connections_.begin(); connection != connections_.end(); ++index) {
        const bool goes_on = now < connection->ends() &&
                             (polled[index].revents == 0 || connection->Advance(options_));
        connection = goes_on ? std::next(connection) : connections_.erase(connection);
      }
      if (polled[1].revents != 0) Accept(now);
    }
  }

  // Milliseconds to the end of the oldest connection, which is the first to end.
  int UntilNext() const {
    if (connections_.empty()) return -1;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        connections_.front().ends() - SteadyClock::now());
    return static_cast<int>(std::max<std::chrono::milliseconds::rep>(0, left.count() + 1));
  }

  void Accept(SteadyClock::time_point now) {
    std::shared_ptr<const TlsServerContext> tls;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      tls = tls_;
    }
    // Not without end: those that are there have their turn too.
    for (int i = 0; i < 64; ++i) {
      const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (socket < 0 &&
          (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
        // The process has no room for another one. Its listener would be ready for ever.
        if (!connections_.empty()) {
          connections_.pop_front();
        } else {
          std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return;
      }
      if (socket < 0) return;
      if (connections_.size() >= options_.max_connections) connections_.pop_front();
      connections_.emplace_back(socket, tls, now + timeout_);
    }
  }

  const HttpsServerOptions options_;
  const std::chrono::milliseconds timeout_;
  const int listener_;
  const int port_;
  const int wake_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::shared_ptr<const TlsServerContext> tls_;  // Guarded by mutex_.
  std::list<Connection> connections_;            // The thread's alone, oldest first.
  std::thread thread_;                           // Last: it uses the rest.
};

absl::StatusOr<std::unique_ptr<HttpsServer>> HttpsServer::Create(HttpsServerOptions options) {
  const auto listener = ListenOn(options.address);
  if (!listener.ok()) return listener.status();
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake < 0) {
    const int error = errno;
    close(*listener);
    return absl::UnavailableError(std::strerror(error));
  }
  return std::unique_ptr<HttpsServer>(
      new HttpsServer(std::make_unique<Loop>(std::move(options), *listener, wake)));
}

HttpsServer::HttpsServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

HttpsServer::~HttpsServer() = default;

void HttpsServer::SetTls(std::shared_ptr<const TlsServerContext> tls) {
  loop_->SetTls(std::move(tls));
}

int HttpsServer::port() const { return loop_->port(); }

}  // namespace lanyard::internal
