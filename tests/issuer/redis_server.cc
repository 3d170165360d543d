// SPDX-License-Identifier: Apache-2.0
#include "tests/issuer/redis_server.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/keys/loopback_port.h"

namespace lanyard::test {
namespace {

// One program under several names, and it looks at the name it is called by. Debian has the second
// in a package that does not start a server of its own.
const char* Program() {
  for (const char* path :
       {"/usr/bin/redis-server", "/usr/local/bin/redis-server", "/usr/bin/redis-check-rdb"}) {
    if (access(path, X_OK) == 0) return path;
  }
  return nullptr;
}

std::string NewFolder(const testing::TestCertificates& files, const std::string& name) {
  const std::string folder = files.Path(name);
  mkdir(folder.c_str(), 0700);
  return folder;
}

}  // namespace

bool RedisServer::IsInstalled() { return Program() != nullptr; }

RedisServer::RedisServer(const testing::TestCertificates& files, std::string name)
    : files_(files), folder_(NewFolder(files, name)), port_(FreePort()) {}

void RedisServer::Start(const std::string& lines) {
  std::ofstream(folder_ + "/redis.conf") << absl::StrCat(
      "port 0\nbind 127.0.0.1\nunixsocket ", socket(), "\nunixsocketperm 700\ndir ", folder_,
      "\nsave \"\"\nappendonly yes\nappendfsync always\ndaemonize no\nlogfile ", folder_,
      "/log\nrepl-diskless-sync-delay 0\n", lines, "\n");
  Run();
}

void RedisServer::StartWithTls(const std::string& certificate, const std::string& lines) {
  Start(absl::StrCat("tls-port ", port_, "\ntls-cert-file ", files_.Path(certificate + ".crt"),
                     "\ntls-key-file ", files_.Path(certificate + ".key"), "\ntls-ca-cert-file ",
                     files_.Path("ca.pem"), "\ntls-auth-clients no\n", lines));
}

void RedisServer::Run() {
  unlink(socket().c_str());
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (freopen((folder_ + "/start.log").c_str(), "w", stderr) == nullptr) _exit(126);
    execl(Program(), "redis-server", (folder_ + "/redis.conf").c_str(), nullptr);
    _exit(127);
  }
  for (int i = 0; i < 6000; ++i) {
    internal::RedisEndpoint endpoint;
    endpoint.address = address();
    const internal::Deadline deadline(absl::Seconds(5));
    auto connection = internal::RedisConnection::Connect(endpoint, deadline);
    if (connection.ok()) {
      const auto reply = (*connection)->Call({"PING"}, deadline);
      if (reply.ok() && reply->text == "PONG") return;
    }
    usleep(10'000);
  }
  ADD_FAILURE() << "Redis does not start: see " << folder_ << "/log";
}

void RedisServer::Stop() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void RedisServer::Pause() const {
  kill(process_, SIGSTOP);
  // Until it has stopped.
  int status = 0;
  waitpid(process_, &status, WUNTRACED);
}
void RedisServer::Continue() const { kill(process_, SIGCONT); }

std::string RedisServer::tls_address() const { return absl::StrCat("localhost:", port_); }

internal::RedisReply RedisServer::Do(const std::vector<absl::string_view>& words) const {
  internal::RedisEndpoint endpoint;
  endpoint.address = address();
  const internal::Deadline deadline(absl::Seconds(20));
  auto connection = internal::RedisConnection::Connect(endpoint, deadline);
  EXPECT_TRUE(connection.ok()) << connection.status();
  if (!connection.ok()) return {};
  auto reply = (*connection)->Call(words, deadline);
  EXPECT_TRUE(reply.ok()) << reply.status();
  if (!reply.ok()) return {};
  EXPECT_NE(reply->kind, internal::RedisReply::Kind::kError) << reply->text;
  return *std::move(reply);
}

std::string RedisServer::Ask(const std::vector<absl::string_view>& words) const {
  const internal::RedisReply reply = Do(words);
  return reply.kind == internal::RedisReply::Kind::kInteger ? absl::StrCat(reply.integer)
                                                            : reply.text;
}

}  // namespace lanyard::test
