// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_CRYPTO_TLS_SERVER_H_
#define LANYARD_SDK_INTERNAL_CRYPTO_TLS_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

// A server's certificate and private key, and how it speaks TLS: 1.2 with forward secrecy and
// authenticated ciphers, or 1.3; no renegotiation, no early data, no resumption. Immutable and
// thread-safe.
class TlsServerContext {
 public:
  // `chain_pem` is the certificate with its intermediates after it. Fails, saying which of the two
  // is wrong, if they cannot be read or do not match.
  static absl::StatusOr<std::shared_ptr<const TlsServerContext>> Create(absl::string_view chain_pem,
                                                                        absl::string_view key_pem);
  virtual ~TlsServerContext() = default;
};

// The server's side of one TLS connection, without the connection: bytes go in, bytes come out.
// Not thread-safe.
class TlsServerSession {
 public:
  static std::unique_ptr<TlsServerSession> Create(std::shared_ptr<const TlsServerContext> context);
  virtual ~TlsServerSession() = default;

  // Takes what came from the network, and appends what it says to `text`. False once the peer has
  // ended the session or broken it, after which there is nothing more to receive.
  virtual bool Receive(absl::string_view from_network, std::string* text) = 0;

  // Sends a text whole, and the end of the session after it. Only once some text was received.
  virtual void SendLast(absl::string_view text) = 0;

  // What is to go to the network now: of the handshake, of a text, or an alert.
  virtual std::string TakeOutput() = 0;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_CRYPTO_TLS_SERVER_H_
