// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/self_signed_token_source.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/certificate_file.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard {
namespace {

class SelfSigned final : public TokenSource {
 public:
  explicit SelfSigned(SelfSignedTokenOptions options) : options_(std::move(options)) {}

  void Fetch(const TokenRequest& request, TokenCallback done) override {
    if (request.subject_token != nullptr) return done(NoExchange());
    const absl::Time now = options_.clock->Now();
    const absl::Time expires_at = now + options_.lifetime;
    v1::Claims claims;
    claims.set_issuer(options_.issuer);
    claims.set_subject(options_.subject);
    claims.set_client_id(options_.subject);
    claims.add_audiences(request.audience);
    claims.mutable_issued_at()->set_seconds(absl::ToUnixSeconds(now));
    claims.mutable_expires_at()->set_seconds(absl::ToUnixSeconds(expires_at));
    claims.set_token_id(internal::Base64UrlEncode(internal::RandomBytes(16)));
    for (const auto* scopes : {&options_.scopes, &request.scopes}) {
      for (const std::string& scope : *scopes) claims.add_scopes(scope);
    }
    if (!options_.bind_to_certificate.empty()) {
      auto thumbprint = internal::CertificateSha256OfFile(options_.bind_to_certificate);
      if (!thumbprint.ok()) return done(thumbprint.status());
      claims.mutable_confirmation()->set_certificate_sha256(*std::move(thumbprint));
    }
    auto token = options_.signer->Sign(claims);
    if (!token.ok()) {
      done(token.status());
    } else {
      done(BearerToken(*token, expires_at));
    }
  }

 private:
  const SelfSignedTokenOptions options_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<TokenSource>> SelfSignedTokenSource(SelfSignedTokenOptions options) {
  if (options.signer == nullptr) {
    return absl::InvalidArgumentError("SelfSignedTokenOptions.signer is null");
  }
  if (options.issuer.empty() || options.subject.empty()) {
    return absl::InvalidArgumentError("SelfSignedTokenOptions.issuer and .subject are required");
  }
  if (options.lifetime < absl::Minutes(1) || options.lifetime > absl::Hours(1)) {
    return absl::InvalidArgumentError("SelfSignedTokenOptions.lifetime must be 1 min to 1 h");
  }
  for (const std::string& scope : options.scopes) {
    if (!internal::IsScopeToken(scope)) {
      return absl::InvalidArgumentError(
          "SelfSignedTokenOptions.scopes: each must be one scope (RFC 6749 section 3.3)");
    }
  }
  if (options.clock == nullptr) {
    return absl::InvalidArgumentError("SelfSignedTokenOptions.clock is null");
  }
  if (!options.bind_to_certificate.empty()) {
    const auto read = internal::CertificateSha256OfFile(options.bind_to_certificate);
    if (!read.ok()) {
      return absl::Status(
          read.status().code(),
          absl::StrCat("SelfSignedTokenOptions.bind_to_certificate: ", read.status().message()));
    }
  }
  return std::make_shared<SelfSigned>(std::move(options));
}

}  // namespace lanyard
