// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_HTTPS_SERVER_H_
#define LANYARD_ISSUER_HTTPS_SERVER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/issuer/http_request.h"
#include "lanyard/sdk/internal/crypto/tls_server.h"
#include "lanyard/sdk/internal/listen_address.h"

namespace lanyard::internal {

struct HttpsServerOptions {
  // Required.
  ListenAddress address;
  std::shared_ptr<const TlsServerContext> tls;

  // Required. The whole answer to a request, head and body, after which the connection ends. Must
  // not block.
  std::function<std::string(const ReceivedRequest&)> answer;

  // How many connections there are at most: one more ends the oldest one. So silent connections
  // never keep others out.
  size_t max_connections = 512;

  // How long a connection may take in all, from its first byte to its last.
  absl::Duration timeout = absl::Seconds(5);
};

// Answers one small request a connection, over TLS alone. One thread waits for all connections, so
// a slow one costs some memory and nothing else.
//
// Thread-safe. The destructor ends all connections at once.
class HttpsServer {
 public:
  // UNAVAILABLE, with the system's words, if the address cannot be listened on.
  static absl::StatusOr<std::unique_ptr<HttpsServer>> Create(HttpsServerOptions options);
  ~HttpsServer();

  // The certificate of connections that begin from now on.
  void SetTls(std::shared_ptr<const TlsServerContext> tls);

  // The one it listens on.
  int port() const;

 private:
  class Loop;
  explicit HttpsServer(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_HTTPS_SERVER_H_
