// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/client_state.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard::internal {
namespace {

class TokenPlugin final : public grpc::MetadataCredentialsPlugin {
 public:
  TokenPlugin(std::string audience, std::shared_ptr<CachingTokenSource> tokens,
              std::shared_ptr<CallFailures> failures, LocalTransport local)
      : audience_(std::move(audience)),
        tokens_(std::move(tokens)),
        failures_(std::move(failures)),
        local_(local) {}

  bool IsBlocking() const override { return false; }
  const char* GetType() const override { return "lanyard"; }
  grpc::string DebugString() override { return "lanyard::TokenPlugin"; }

  grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref,
                           const grpc::AuthContext& channel_auth_context,
                           std::multimap<grpc::string, grpc::string>* metadata) override {
    if (local_ == LocalTransport::kRefused) {
      for (const grpc::string_ref& type :
           channel_auth_context.FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME)) {
        if (type == "local") {
          failures_->Count(CallFailure::kRefusedLocally);
          return grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                              "lanyard: this channel is local and not encrypted; the token was not "
                              "sent. Use a \"unix:\" target, or set loopback_is_trusted");
        }
      }
    }
    const CachingTokenSource::TokenPtr token = tokens_->Cached(audience_);
    if (token == nullptr) {
      failures_->Count(CallFailure::kNoToken);
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "lanyard: no valid token at hand");
    }
    metadata->emplace("authorization", absl::StrCat("Bearer ", token->text()));
    return grpc::Status::OK;
  }

 private:
  const std::string audience_;
  const std::shared_ptr<CachingTokenSource> tokens_;
  const std::shared_ptr<CallFailures> failures_;
  const LocalTransport local_;
};

class CheckedSource final : public TokenSource {
 public:
  CheckedSource(std::shared_ptr<TokenSource> source, size_t max_token_bytes)
      : source_(std::move(source)), max_token_bytes_(max_token_bytes) {}

  void Fetch(const TokenRequest& request, TokenCallback done) override {
    source_->Fetch(request, [request, done = std::move(done),
                             max_bytes = max_token_bytes_](absl::StatusOr<BearerToken> token) {
      if (token.ok()) {
        if (absl::Status status = Check(token->text(), request.audience, max_bytes); !status.ok()) {
          token = std::move(status);
        }
      }
      done(std::move(token));
    });
  }

 private:
  static absl::Status Check(absl::string_view token, const std::string& audience,
                            size_t max_bytes) {
    if (!IsBearerToken(token)) {
      return absl::UnauthenticatedError(
          "the token source gave something that cannot stand in a header (RFC 6750 section 2.1)");
    }
    if (token.size() > max_bytes) {
      return absl::UnauthenticatedError(absl::StrCat(
          "the token has ", token.size(), " bytes, more than max_token_bytes (", max_bytes,
          "); servers refuse headers that long unless they are told otherwise"));
    }
    const auto audiences = UnverifiedAudiences(token);
    if (audiences.has_value() &&
        std::find(audiences->begin(), audiences->end(), audience) == audiences->end()) {
      return absl::UnauthenticatedError(absl::StrCat("the token is not for \"", audience,
                                                     "\": aud_seen ", PrintableNames(*audiences)));
    }
    return absl::OkStatus();
  }

  const std::shared_ptr<TokenSource> source_;
  const size_t max_token_bytes_;
};

}  // namespace

absl::string_view CallFailureName(CallFailure failure) {
  switch (failure) {
    case CallFailure::kNoToken:
      return "no_token";
    case CallFailure::kTimeout:
      return "timeout";
    case CallFailure::kCancelled:
      return "cancelled";
    case CallFailure::kConflict:
      return "conflict";
    case CallFailure::kRefusedLocally:
      return "refused_locally";
  }
  return "";
}

std::shared_ptr<grpc::CallCredentials> MakeTokenCredentials(
    std::string audience, std::shared_ptr<CachingTokenSource> tokens,
    std::shared_ptr<CallFailures> failures, LocalTransport local) {
  return grpc::MetadataCredentialsFromPlugin(std::make_unique<TokenPlugin>(
      std::move(audience), std::move(tokens), std::move(failures), local));
}

std::shared_ptr<TokenSource> MakeCheckedSource(std::shared_ptr<TokenSource> source,
                                               size_t max_token_bytes) {
  return std::make_shared<CheckedSource>(std::move(source), max_token_bytes);
}

}  // namespace lanyard::internal
