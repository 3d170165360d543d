// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/client_assertion.h"

#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/v1/claims.pb.h"

namespace lanyard::internal {
namespace {

constexpr absl::Duration kLife = absl::Minutes(1);

}  // namespace

absl::StatusOr<std::string> ClientAssertion(const PrivateKeyFile& key, const std::string& client_id,
                                            const std::string& audience, absl::Time now) {
  // The type tells it from an access token, and the reverse.
  const auto signer =
      SignerFromFile(key, "client-authentication+jwt", "private_key_file", "private_key_algorithm");
  if (!signer.ok()) return signer.status();
  v1::Claims claims;
  claims.set_issuer(client_id);
  claims.set_subject(client_id);
  claims.add_audiences(audience);
  claims.set_token_id(Base64UrlEncode(RandomBytes(16)));
  claims.mutable_issued_at()->set_seconds(absl::ToUnixSeconds(now));
  claims.mutable_expires_at()->set_seconds(absl::ToUnixSeconds(now + kLife));
  return (*signer)->Sign(claims);
}

}  // namespace lanyard::internal
