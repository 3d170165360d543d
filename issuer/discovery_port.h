// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_DISCOVERY_PORT_H_
#define LANYARD_ISSUER_DISCOVERY_PORT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lanyard/sdk/keys/key_source.h"

namespace lanyard {

struct DiscoveryPortOptions {
  // Required. As the tokens say it in iss, byte by byte: an https URL without query and fragment.
  // Its host and port must lead to this port, directly or by way of a proxy.
  std::string issuer;

  // Required. What to publish: a KeyDirectory. Private halves are never published, and an HMAC
  // secret among them stops everything from being so.
  std::shared_ptr<const KeySource> keys;

  // Required. An IP address and a port, as "0.0.0.0:8443". Port 0 picks one.
  std::string address;

  // Required, PEM: the certificate with its intermediates, and its private key, which must be its
  // owner's alone (mode 0600 or less). They are looked at every second; a new pair is used for new
  // connections once it matches, and until then the old one stays.
  std::string certificate_chain;
  std::string private_key;
};

// Where verifiers fetch an issuer's keys: a port that answers over TLS 1.2 or newer, and never
// without, to GET and HEAD of
//
//   /.well-known/jwks.json                            the keys
//   /.well-known/openid-configuration                 OpenID Connect Discovery 1.0
//   /.well-known/oauth-authorization-server           RFC 8414
//
// For an issuer with a path, https://host/PATH, the latter two are at
// /PATH/.well-known/openid-configuration and /.well-known/oauth-authorization-server/PATH, as those
// standards have it. There is nothing else: no files, no other methods, no log of requests. Answers
// may be kept for five minutes, so a new key must be published at least that long before it signs.
//
// One connection, one request, within five seconds; of more than 512 connections the oldest ends.
// So whoever opens connections and says nothing keeps nobody out.
//
// Thread-safe. Owns two threads, joined by the destructor, which closes the port.
class DiscoveryPort {
 public:
  // Fails if an option is missing or wrong, a file is missing or broken, or the address cannot be
  // listened on.
  static absl::StatusOr<std::unique_ptr<DiscoveryPort>> Create(DiscoveryPortOptions options);
  ~DiscoveryPort();

  // The one it listens on.
  int port() const;

  // Looks at the certificate and its key now. Returns what is wrong with them, if anything; the
  // last good pair stays.
  absl::Status Reload();

 private:
  struct Impl;
  explicit DiscoveryPort(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard

#endif  // LANYARD_ISSUER_DISCOVERY_PORT_H_
