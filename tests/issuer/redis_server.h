// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_ISSUER_REDIS_SERVER_H_
#define LANYARD_TESTS_ISSUER_REDIS_SERVER_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "lanyard/issuer/redis_connection.h"
#include "lanyard/testing/test_certificates.h"

namespace lanyard::test {

// A real Redis in a folder of its own, on a Unix socket, with an append-only file that has each
// change when it is acknowledged.
class RedisServer {
 public:
  // Whether this machine has one; tests skip without.
  static bool IsInstalled();

  // `files` must outlive this. The name tells several servers apart.
  explicit RedisServer(const testing::TestCertificates& files, std::string name = "redis");
  ~RedisServer() { Stop(); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // Starts it with these lines of configuration besides, and waits until it answers.
  void Start(const std::string& lines = "");
  // The same with TLS on tls_address(); `certificate` is a name in `files`.
  void StartWithTls(const std::string& certificate = "server", const std::string& lines = "");
  // Kills it, as a crash would.
  void Stop();
  void Restart() {
    Stop();
    Run();
  }
  // SIGSTOP and SIGCONT: it stands still with all its connections open.
  void Pause() const;
  void Continue() const;

  std::string address() const { return "unix:" + socket(); }
  std::string socket() const { return folder_ + "/redis.sock"; }
  std::string tls_address() const;
  int port() const { return port_; }
  // Where its append-only file is.
  const std::string& folder() const { return folder_; }

  // Has it do something, as a user who may do all; the answer.
  internal::RedisReply Do(const std::vector<absl::string_view>& words) const;
  // The same, as a number or text.
  std::string Ask(const std::vector<absl::string_view>& words) const;

 private:
  void Run();

  const testing::TestCertificates& files_;
  const std::string folder_;
  const int port_;
  pid_t process_ = -1;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_ISSUER_REDIS_SERVER_H_
