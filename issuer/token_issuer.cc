// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/token_issuer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/issuer/access_tokens.h"
#include "lanyard/issuer/client_errors.h"
#include "lanyard/issuer/client_proofs.h"
#include "lanyard/issuer/issuer_requests.h"
#include "lanyard/issuer/issuer_settings.h"
#include "lanyard/issuer/password_hash.h"
#include "lanyard/issuer/refresh_token.h"
#include "lanyard/issuer/sessions.h"
#include "lanyard/issuer/sign_in_attempts.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/signer.h"

namespace lanyard {

struct TokenIssuer::State : internal::IssuerRequests {
  std::shared_ptr<const KeyDirectory> keys;
  internal::ClientErrors errors;
  int parallel_derivations = 0;
};

TokenIssuer::TokenIssuer(std::unique_ptr<State> state) : state_(std::move(state)) {}
TokenIssuer::~TokenIssuer() = default;

absl::StatusOr<std::unique_ptr<TokenIssuer>> TokenIssuer::Create(TokenIssuerOptions options) {
  const v1::IssuerConfig& config = options.config;
  if (absl::Status status = internal::CheckIssuerSettings(config); !status.ok()) return status;
  if (options.store == nullptr) return absl::InvalidArgumentError("store: required");
  auto keys = KeyDirectory::Create({config.key_directory(), absl::Seconds(1), options.clock});
  if (!keys.ok()) {
    return absl::Status(keys.status().code(),
                        absl::StrCat("key_directory: ", keys.status().message()));
  }
  auto state = std::make_unique<State>();
  state->store = options.store;
  state->clock = options.clock;
  state->keys = *std::move(keys);
  SignerOptions signer_options;
  signer_options.key_directory = state->keys;
  auto signer = Signer::Create(std::move(signer_options));
  if (!signer.ok()) return signer.status();
  state->tokens = std::make_unique<internal::AccessTokens>(
      config.issuer(), state->keys, *std::move(signer), internal::AccessTokenLifetime(config),
      options.clock);
  state->proofs =
      std::make_unique<internal::ClientProofs>(config.issuer(), options.store, options.clock);
  RevocationFeedOptions feed;
  feed.issuer = config.issuer();
  feed.store = options.store;
  feed.clock = options.clock;
  state->revocations = std::make_shared<RevocationFeed>(std::move(feed));
  if (config.has_sign_in()) {
    state->parallel_derivations = static_cast<int>(config.sign_in().parallel_derivations());
    auto secret = internal::ReadPrivateFile(config.sign_in().session_secret_file(), 64 * 1024);
    if (!secret.ok()) {
      return absl::Status(secret.status().code(),
                          absl::StrCat("sign_in.session_secret_file: ", secret.status().message()));
    }
    auto tokens = internal::RefreshTokens::Create(*std::move(secret));
    if (!tokens.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "sign_in.session_secret_file: ", config.sign_in().session_secret_file(),
          ": needs at least 32 random bytes, as `head -c 32 /dev/urandom` gives them"));
    }
    state->sessions =
        std::make_unique<internal::Sessions>(internal::SessionOptions(config), options.store,
                                             state->revocations, *std::move(tokens), options.clock);
    state->attempts = std::make_unique<internal::SignInAttempts>(options.store, options.clock);
    internal::PasswordHashesOptions hashes;
    if (options.cheaper_passwords_for_tests > 0) {
      hashes.cost.log2_n = options.cheaper_passwords_for_tests;
    }
    auto passwords = internal::PasswordHashes::Create(hashes);
    if (!passwords.ok()) return passwords.status();
    state->passwords = *std::move(passwords);
  }
  return std::unique_ptr<TokenIssuer>(new TokenIssuer(std::move(state)));
}

absl::StatusOr<v1::TokenResponse> TokenIssuer::SignIn(const v1::SignInRequest& request,
                                                      const IssuerPeer& peer) {
  return state_->errors.ForClient(state_->SignIn(request, peer, &state_->errors));
}
absl::StatusOr<v1::TokenResponse> TokenIssuer::IssueForService(
    const v1::IssueForServiceRequest& request, const IssuerPeer& peer) {
  return state_->errors.ForClient(state_->IssueForService(request, peer));
}
absl::StatusOr<v1::TokenResponse> TokenIssuer::Refresh(const v1::RefreshRequest& request,
                                                       const IssuerPeer& peer) {
  return state_->errors.ForClient(state_->Refresh(request, peer));
}
absl::StatusOr<v1::TokenResponse> TokenIssuer::Exchange(const v1::ExchangeRequest& request,
                                                        const IssuerPeer& peer) {
  return state_->errors.ForClient(state_->Exchange(request, peer));
}
absl::Status TokenIssuer::Revoke(const v1::RevokeRequest& request, const IssuerPeer& peer) {
  return state_->errors.ForClient(state_->Revoke(request, peer));
}
absl::StatusOr<v1::IntrospectResponse> TokenIssuer::Introspect(
    const v1::IntrospectRequest& request) {
  return state_->errors.ForClient(state_->Introspect(request));
}

absl::StatusOr<std::string> TokenIssuer::Jwks() const {
  return state_->keys->Current()->ToPublicJwks();
}
std::shared_ptr<const KeySource> TokenIssuer::keys() const { return state_->keys; }
std::shared_ptr<RevocationFeed> TokenIssuer::revocations() const { return state_->revocations; }
int TokenIssuer::parallel_derivations() const { return state_->parallel_derivations; }
uint64_t TokenIssuer::password_work() const {
  return state_->passwords == nullptr ? 0 : state_->passwords->work().cost;
}
const std::string& TokenIssuer::issuer() const { return state_->tokens->issuer(); }
const std::shared_ptr<IssuerStore>& TokenIssuer::store() const { return state_->store; }
absl::Status TokenIssuer::RemoveExpired() { return state_->store->RemoveExpired(); }

}  // namespace lanyard
