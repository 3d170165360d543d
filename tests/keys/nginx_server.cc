// SPDX-License-Identifier: Apache-2.0
#include "tests/keys/nginx_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/keys/loopback_port.h"

namespace lanyard::test {
namespace {

constexpr char kNginx[] = "/usr/sbin/nginx";

std::string NewFolder(const testing::TestCertificates& files) {
  static std::atomic<int> count{0};
  const std::string folder = files.Path(absl::StrCat("nginx", ++count));
  mkdir(folder.c_str(), 0755);
  mkdir((folder + "/www").c_str(), 0755);
  return folder;
}

}  // namespace

bool NginxServer::IsInstalled() { return access(kNginx, X_OK) == 0; }

NginxServer::NginxServer(const testing::TestCertificates& files, const std::string& certificate)
    : files_(files), certificate_(certificate), folder_(NewFolder(files)), port_(FreePort()) {}

void NginxServer::Start(const std::string& directives) {
  std::ofstream(folder_ + "/nginx.conf") << absl::StrCat(
      "user root root; worker_processes 1; error_log error.log; pid nginx.pid; daemon off; "
      "master_process off;\n",
      "events { worker_connections 64; }\n", "http {\n",
      "  log_format short '$status $uri $http_authorization';\n",
      "  access_log access.log short;\n",
      "  client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u;\n",
      "  scgi_temp_path s;\n", "  server {\n", "    listen 127.0.0.1:", port_,
      " ssl http2; server_name localhost; root ", folder_, "/www;\n", "    ssl_certificate ",
      files_.Path(certificate_ + ".crt"), ";\n", "    ssl_certificate_key ",
      files_.Path(certificate_ + ".key"), ";\n", "    default_type application/json;\n", directives,
      "\n  }\n}\n");
  process_ = fork();
  if (process_ == 0) {
    // What it says before it reads its config goes with its other logs.
    freopen((folder_ + "/start.log").c_str(), "w", stderr);
    execl(kNginx, "nginx", "-p", folder_.c_str(), "-c", "nginx.conf", nullptr);
    _exit(127);
  }
  ASSERT_GT(process_, 0);
  for (int i = 0; i < 6000 && !Answers(port_); ++i) {
    if (waitpid(process_, nullptr, WNOHANG) != 0) {  // It has ended.
      process_ = -1;
      break;
    }
    usleep(10'000);
  }
  ASSERT_TRUE(Answers(port_)) << files_.Read(folder_.substr(files_.folder().size() + 1) +
                                             "/start.log");
}

void NginxServer::Stop() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void NginxServer::Serve(const std::string& path, const std::string& content) const {
  const std::string file = folder_ + "/www/" + path;
  for (size_t slash = path.find('/'); slash != path.npos; slash = path.find('/', slash + 1)) {
    mkdir((folder_ + "/www/" + path.substr(0, slash)).c_str(), 0755);
  }
  std::ofstream(file + ".new") << content;
  // nginx makes its ETags of a file's time and size, so no two may have the same.
  static std::atomic<int> age{1'000'000};
  const timespec time{::time(nullptr) - --age, 0};
  const timespec times[] = {time, time};
  ASSERT_EQ(utimensat(AT_FDCWD, (file + ".new").c_str(), times, 0), 0);
  ASSERT_EQ(rename((file + ".new").c_str(), file.c_str()), 0);
}

std::string NginxServer::origin() const { return absl::StrCat("https://localhost:", port_); }
std::string NginxServer::Url(const std::string& path) const { return origin() + "/" + path; }

std::vector<std::string> NginxServer::requests() const {
  std::stringstream text;
  text << std::ifstream(folder_ + "/access.log").rdbuf();
  std::vector<std::string> lines = absl::StrSplit(text.str(), '\n', absl::SkipEmpty());
  for (std::string& line : lines) {
    const size_t end = line.find(' ', line.find(' ') + 1);
    line = line.substr(0, end) + (line.substr(end + 1) == "-" ? "" : " bearer");
  }
  return lines;
}

}  // namespace lanyard::test
