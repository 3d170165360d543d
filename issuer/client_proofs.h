// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_CLIENT_PROOFS_H_
#define LANYARD_ISSUER_CLIENT_PROOFS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "lanyard/issuer/issuer_peer.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/v1/accounts.pb.h"
#include "lanyard/v1/token_service.pb.h"

namespace lanyard::internal {

// A client, and what it has proved itself with: "certificate:…", "key:…", or nothing for a public
// client, which is whoever says so.
struct ProvenClient {
  v1::Client client;
  std::string proof;
};

// Finds out which client asks: by the certificate of its connection (RFC 8705 section 2.1.2), or by
// an assertion (RFC 7523 section 3). Thread-safe; blocks on the store.
class ClientProofs {
 public:
  ClientProofs(std::string issuer, std::shared_ptr<IssuerStore> store,
               std::shared_ptr<const Clock> clock)
      : issuer_(std::move(issuer)), store_(std::move(store)), clock_(std::move(clock)) {}

  // invalid_client for all that is wrong: unknown, disabled, a proof missing or bad.
  absl::StatusOr<ProvenClient> Check(const v1::ClientProof& proof, const IssuerPeer& peer) const;

 private:
  absl::StatusOr<ProvenClient> CheckAssertion(const v1::ClientProof& proof) const;
  absl::StatusOr<v1::Client> Find(const std::string& name) const;

  const std::string issuer_;
  const std::shared_ptr<IssuerStore> store_;
  const std::shared_ptr<const Clock> clock_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_CLIENT_PROOFS_H_
