// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTEROP_PROXY_H_
#define LANYARD_TESTS_INTEROP_PROXY_H_

#include <sys/types.h>

#include <string>

#include "lanyard/testing/test_certificates.h"

namespace lanyard::testing {

enum class ProxyKind { kNginx, kHaproxy };
inline constexpr ProxyKind kAllProxies[] = {ProxyKind::kNginx, ProxyKind::kHaproxy};
std::string NameOf(ProxyKind kind);

// What a proxy does between its clients, who reach it over TLS and HTTP/2 and may show a
// certificate of the same CA, and its server.
struct ProxySettings {
  // "unix:PATH", where HTTP/2 goes in plain text, or "localhost:PORT", over TLS.
  std::string server;

  // A name in the certificates: what the proxy shows to the server. None if empty.
  std::string certificate;

  // More lines in the proxy's own language: inside nginx's "location", HAProxy's "frontend".
  std::string directives;
};

// A real proxy on loopback, killed at the end.
class Proxy {
 public:
  // Whether this machine has it; tests skip without.
  static bool IsInstalled(ProxyKind kind);

  // Shows the certificate "server". `files` must outlive this.
  Proxy(ProxyKind kind, const TestCertificates& files);
  ~Proxy() { Stop(); }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  // Starts it with these settings and waits until it listens. A proxy that runs is stopped first;
  // the port stays.
  void Start(const ProxySettings& settings) { StartWith(ConfigFor(settings)); }
  // The same with a config that is complete, and listens on port().
  void StartWith(const std::string& config);
  // Kills it.
  void Stop();

  std::string ConfigFor(const ProxySettings& settings) const;

  ProxyKind kind() const { return kind_; }
  int port() const { return port_; }
  // What it has said, for messages of failures.
  std::string log() const;

 private:
  std::string NginxConfig(const ProxySettings& settings) const;
  std::string HaproxyConfig(const ProxySettings& settings) const;
  std::string PairOf(const std::string& certificate) const;

  const ProxyKind kind_;
  const TestCertificates& files_;
  const std::string folder_;
  const int port_;
  pid_t process_ = -1;
};

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_INTEROP_PROXY_H_
