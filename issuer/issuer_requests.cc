// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/issuer_requests.h"

#include <utility>

#include "lanyard/issuer/oauth_error.h"
#include "lanyard/issuer/reserved_claims.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/verification.h"

namespace lanyard::internal {

absl::StatusOr<std::string> IssuerRequests::BindingOf(const ProvenClient& client,
                                                      const IssuerPeer& peer) {
  if (!client.client.certificate_bound()) return std::string();
  if (peer.certificate_sha256.empty()) return InvalidClient();
  return peer.certificate_sha256;
}

std::map<std::string, v1::Value> IssuerRequests::Visible(
    const google::protobuf::Map<std::string, v1::Value>& claims, const v1::Client& client) {
  std::map<std::string, v1::Value> visible;
  for (const std::string& name : client.visible_claims()) {
    const auto claim = claims.find(name);
    if (claim != claims.end()) visible.insert({claim->first, claim->second});
  }
  if (const auto claim = claims.find(kMayAct); claim != claims.end()) {
    visible.insert({claim->first, claim->second});
  }
  return visible;
}

v1::TokenResponse IssuerRequests::ResponseOf(AccessToken token, const Scopes& scopes,
                                             std::string refresh_token) {
  v1::TokenResponse response;
  response.set_access_token(std::move(token.text));
  response.mutable_expires_in()->set_seconds(absl::ToInt64Seconds(token.expires_in));
  response.set_refresh_token(std::move(refresh_token));
  for (const std::string& scope : scopes) response.add_scopes(scope);
  return response;
}

absl::StatusOr<bool> IssuerRequests::IsRevoked(const Identity& token) const {
  const absl::Status status = CheckRevocation(token, revocations.get());
  if (status.ok()) return false;
  if (FailureOf(status) == AuthFailure::kRevoked) return true;
  return absl::UnavailableError("nobody can say now what is revoked");
}

}  // namespace lanyard::internal
