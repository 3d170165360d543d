// SPDX-License-Identifier: Apache-2.0
#include "tests/interop/proxy.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "tests/keys/loopback_port.h"

namespace lanyard::testing {
namespace {

const char* ProgramOf(ProxyKind kind) {
  return kind == ProxyKind::kNginx ? "/usr/sbin/nginx" : "/usr/sbin/haproxy";
}

std::string NewFolder(ProxyKind kind, const TestCertificates& files) {
  static std::atomic<int> count{0};
  const std::string folder = files.Path(absl::StrCat(NameOf(kind), ++count));
  mkdir(folder.c_str(), 0755);
  return folder;
}

constexpr char kNginxConfig[] = R"(
user root root; worker_processes 1; pid nginx.pid; daemon off; master_process off;
error_log error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u;
  scgi_temp_path s;
  server {
    listen 127.0.0.1:PORT ssl http2; server_name localhost;
    ssl_certificate FILES/server.crt; ssl_certificate_key FILES/server.key;
    ssl_verify_client optional; ssl_client_certificate FILES/ca.pem;
    # Tokens are longer than other headers.
    large_client_header_buffers 4 32k;
    location / {
      grpc_pass SERVER;
      grpc_ssl_verify on; grpc_ssl_trusted_certificate FILES/ca.pem;
      grpc_ssl_name localhost; grpc_ssl_server_name on;
      DIRECTIVES
    }
  }
}
)";

constexpr char kHaproxyConfig[] = R"(
global
  maxconn 256
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
frontend clients
  bind 127.0.0.1:PORT ssl crt PAIR alpn h2 ca-file FILES/ca.pem verify optional
  DIRECTIVES
  default_backend server
backend server
  server server SERVER
)";

}  // namespace

std::string NameOf(ProxyKind kind) { return kind == ProxyKind::kNginx ? "nginx" : "HAProxy"; }

bool Proxy::IsInstalled(ProxyKind kind) { return access(ProgramOf(kind), X_OK) == 0; }

Proxy::Proxy(ProxyKind kind, const TestCertificates& files)
    : kind_(kind), files_(files), folder_(NewFolder(kind, files)), port_(test::FreePort()) {}

std::string Proxy::ConfigFor(const ProxySettings& settings) const {
  return kind_ == ProxyKind::kNginx ? NginxConfig(settings) : HaproxyConfig(settings);
}

std::string Proxy::NginxConfig(const ProxySettings& settings) const {
  std::string directives = settings.directives;
  if (!settings.certificate.empty()) {
    const std::string file = files_.Path(settings.certificate);
    absl::StrAppend(&directives, "\ngrpc_ssl_certificate ", file, ".crt;",
                    " grpc_ssl_certificate_key ", file, ".key;");
  }
  const bool local = absl::StartsWith(settings.server, "unix:");
  return absl::StrReplaceAll(kNginxConfig,
                             {{"PORT", absl::StrCat(port_)},
                              {"FILES", files_.folder()},
                              {"SERVER", (local ? "grpc://" : "grpcs://") + settings.server},
                              {"DIRECTIVES", directives}});
}

// HAProxy wants a certificate and its key in one file.
std::string Proxy::PairOf(const std::string& certificate) const {
  return files_.Write(certificate + ".pem",
                      files_.Read(certificate + ".crt") + files_.Read(certificate + ".key"));
}

std::string Proxy::HaproxyConfig(const ProxySettings& settings) const {
  absl::string_view path = settings.server;
  std::string server;
  if (absl::ConsumePrefix(&path, "unix:")) {
    server = absl::StrCat("unix@", path, " proto h2");
  } else {
    server = absl::StrCat(settings.server, " ssl alpn h2 ca-file ", files_.Path("ca.pem"),
                          " verify required verifyhost localhost sni str(localhost)");
    if (!settings.certificate.empty()) {
      absl::StrAppend(&server, " crt ", PairOf(settings.certificate));
    }
  }
  return absl::StrReplaceAll(kHaproxyConfig, {{"PORT", absl::StrCat(port_)},
                                              {"FILES", files_.folder()},
                                              {"PAIR", PairOf("server")},
                                              {"SERVER", server},
                                              {"DIRECTIVES", settings.directives}});
}

void Proxy::StartWith(const std::string& config) {
  Stop();
  std::ofstream(folder_ + "/config") << config;
  process_ = fork();
  if (process_ == 0) {
    freopen((folder_ + "/start.log").c_str(), "w", stderr);
    freopen("/dev/null", "w", stdout);
    if (kind_ == ProxyKind::kNginx) {
      execl(ProgramOf(kind_), "nginx", "-p", folder_.c_str(), "-c", "config", nullptr);
    } else {
      execl(ProgramOf(kind_), "haproxy", "-db", "-f", (folder_ + "/config").c_str(), nullptr);
    }
    _exit(127);
  }
  for (int i = 0; i < 6000 && !test::Answers(port_); ++i) usleep(10'000);
  ASSERT_TRUE(test::Answers(port_)) << log();
}

void Proxy::Stop() {
  if (process_ <= 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

std::string Proxy::log() const {
  std::stringstream text;
  for (const char* name : {"/start.log", "/error.log"}) {
    std::ifstream file(folder_ + name);
    if (file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
  }
  return text.str();
}

}  // namespace lanyard::testing
