// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/token_credentials.h"

#include <grpcpp/security/auth_context.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lanyard/interceptors/internal/call_metadata.h"
#include "lanyard/sdk/internal/open_methods.h"

namespace lanyard::internal {
namespace {

using Metadata = std::multimap<grpc::string, grpc::string>;

constexpr char kDebugString[] = "lanyard::TokenPlugin";

grpc::Status RefusedLocally(CallFailures& failures, const std::string& audience) {
  failures.Count(audience, CallFailure::kRefusedLocally);
  return grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                      "lanyard: this channel is local and not encrypted; the token was not "
                      "sent. Use a \"unix:\" target, or set loopback_is_trusted");
}

void Put(const BearerToken& token, Metadata* metadata) {
  metadata->emplace("authorization", absl::StrCat("Bearer ", token.text()));
}

class CachedPlugin final : public grpc::MetadataCredentialsPlugin {
 public:
  CachedPlugin(TokenCache tokens, TokenRequest request, std::shared_ptr<CallFailures> failures,
               LocalTransport local)
      : tokens_(std::move(tokens)),
        request_(std::move(request)),
        failures_(std::move(failures)),
        local_(local) {}

  bool IsBlocking() const override { return false; }
  const char* GetType() const override { return "lanyard"; }
  grpc::string DebugString() override { return kDebugString; }

  grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref, const grpc::AuthContext& channel,
                           Metadata* metadata) override {
    if (local_ == LocalTransport::kRefused && IsLocal(channel)) {
      return RefusedLocally(*failures_, request_.audience);
    }
    const CachingTokenSource::TokenPtr token = tokens_->CachedForSending(request_);
    if (token == nullptr) {
      failures_->Count(request_.audience, CallFailure::kNoToken);
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "lanyard: no valid token at hand");
    }
    Put(*token, metadata);
    return grpc::Status::OK;
  }

 private:
  const TokenCache tokens_;
  const TokenRequest request_;
  const std::shared_ptr<CallFailures> failures_;
  const LocalTransport local_;
};

class ForwardedPlugin final : public grpc::MetadataCredentialsPlugin {
 public:
  ForwardedPlugin(std::shared_ptr<const BearerToken> token, std::string audience,
                  std::shared_ptr<const Clock> clock, std::shared_ptr<CallFailures> failures)
      : token_(std::move(token)),
        audience_(std::move(audience)),
        clock_(std::move(clock)),
        failures_(std::move(failures)) {}

  bool IsBlocking() const override { return false; }
  const char* GetType() const override { return "lanyard"; }
  grpc::string DebugString() override { return kDebugString; }

  grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref, const grpc::AuthContext& channel,
                           Metadata* metadata) override {
    if (IsLocal(channel)) {
      failures_->Count(audience_, CallFailure::kRefusedLocally);
      return grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                          "lanyard: a caller's own token is forwarded over TLS only");
    }
    if (clock_->Now() >= token_->expires_at()) {
      failures_->Count(audience_, CallFailure::kNoToken);
      return grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                          "lanyard: the caller's token has expired");
    }
    Put(*token_, metadata);
    return grpc::Status::OK;
  }

 private:
  const std::shared_ptr<const BearerToken> token_;
  const std::string audience_;
  const std::shared_ptr<const Clock> clock_;
  const std::shared_ptr<CallFailures> failures_;
};

class PlainPlugin final : public grpc::MetadataCredentialsPlugin {
 public:
  explicit PlainPlugin(PlainCredentials options) : options_(std::move(options)) {}

  // A blocking one would hold the few threads that gRPC has for such things in the whole process.
  bool IsBlocking() const override { return false; }
  const char* GetType() const override { return "lanyard"; }
  grpc::string DebugString() override { return kDebugString; }

  grpc::Status GetMetadata(grpc::string_ref service_url, grpc::string_ref method,
                           const grpc::AuthContext& channel, Metadata* metadata) override {
    absl::string_view rest(service_url.data(), service_url.size());
    absl::ConsumePrefix(&rest, "https://");
    const std::string authority(rest.substr(0, rest.find('/')));
    rest.remove_prefix(authority.size());
    const std::string path =
        absl::StrCat(rest, "/", absl::string_view(method.data(), method.size()));
    if (!options_.authenticate_open_methods && IsOpenByAnnotation(path)) return grpc::Status::OK;
    const auto table = options_.table->Get();
    const TargetTokens* target = table->Find(authority);
    if (target == nullptr) return Failed("", table->NoTarget(authority));
    TokenChoice choice = ChoiceFor(*target, authority, path);
    if (!options_.audience.empty()) choice.request.audience = options_.audience;
    if (!options_.scopes.empty()) choice.request.scopes = options_.scopes;
    std::sort(choice.request.scopes.begin(), choice.request.scopes.end());
    if (options_.local == LocalTransport::kRefused && IsLocal(channel)) {
      return RefusedLocally(*options_.failures, choice.request.audience);
    }
    const auto token = choice.tokens->CachedOrError(choice.request);
    if (!token.ok()) return Failed(choice.request.audience, token.status());
    Put(**token, metadata);
    return grpc::Status::OK;
  }

 private:
  grpc::Status Failed(const std::string& audience, const absl::Status& status) const {
    options_.failures->Count(audience, CallFailure::kNoToken);
    return grpc::Status(IsTransientTokenFailure(status) ? grpc::StatusCode::UNAVAILABLE
                                                        : grpc::StatusCode::UNAUTHENTICATED,
                        absl::StrCat("lanyard: no token: ", status.message()));
  }

  const PlainCredentials options_;
};

class FailingPlugin final : public grpc::MetadataCredentialsPlugin {
 public:
  explicit FailingPlugin(std::string why) : why_(std::move(why)) {}

  bool IsBlocking() const override { return false; }
  const char* GetType() const override { return "lanyard"; }
  grpc::string DebugString() override { return kDebugString; }

  grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
                           Metadata*) override {
    return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, why_);
  }

 private:
  const std::string why_;
};

}  // namespace

std::shared_ptr<grpc::CallCredentials> CachedTokenCredentials(
    TokenCache tokens, TokenRequest request, std::shared_ptr<CallFailures> failures,
    LocalTransport local) {
  return grpc::MetadataCredentialsFromPlugin(std::make_unique<CachedPlugin>(
      std::move(tokens), std::move(request), std::move(failures), local));
}

std::shared_ptr<grpc::CallCredentials> ForwardedTokenCredentials(
    std::shared_ptr<const BearerToken> token, std::string audience,
    std::shared_ptr<const Clock> clock, std::shared_ptr<CallFailures> failures) {
  return grpc::MetadataCredentialsFromPlugin(std::make_unique<ForwardedPlugin>(
      std::move(token), std::move(audience), std::move(clock), std::move(failures)));
}

std::shared_ptr<grpc::CallCredentials> PlainTokenCredentials(PlainCredentials options) {
  return grpc::MetadataCredentialsFromPlugin(std::make_unique<PlainPlugin>(std::move(options)));
}

std::shared_ptr<grpc::CallCredentials> FailingCredentials(std::string why) {
  return grpc::MetadataCredentialsFromPlugin(std::make_unique<FailingPlugin>(std::move(why)));
}

}  // namespace lanyard::internal
