// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_KEYS_NGINX_SERVER_H_
#define LANYARD_TESTS_KEYS_NGINX_SERVER_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "lanyard/testing/test_certificates.h"

namespace lanyard::test {

// A real nginx on loopback with TLS. Serves the files of its folder "www".
class NginxServer {
 public:
  // Whether this machine has one; tests skip without.
  static bool IsInstalled();

  // `certificate` is a name in `files`, which must outlive this.
  explicit NginxServer(const testing::TestCertificates& files,
                       const std::string& certificate = "server");
  ~NginxServer() { Stop(); }
  NginxServer(const NginxServer&) = delete;
  NginxServer& operator=(const NginxServer&) = delete;

  // Starts it, on the same port as before, with these directives inside "server { … }".
  void Start(const std::string& directives = "");
  // Kills it.
  void Stop();
  void Restart(const std::string& directives = "") {
    Stop();
    Start(directives);
  }

  // Puts a file there, whole.
  void Serve(const std::string& path, const std::string& content) const;

  std::string Url(const std::string& path) const;
  std::string origin() const;

  // A line a request: status, path, and "bearer" if it carried an authorization.
  std::vector<std::string> requests() const;

 private:
  const testing::TestCertificates& files_;
  const std::string certificate_, folder_;
  int port_ = 0;
  pid_t process_ = -1;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_KEYS_NGINX_SERVER_H_
