// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/checked_token_source.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/token_text.h"
#include "lanyard/sdk/tokens/exchanged_token.h"

namespace lanyard::internal {
namespace {

class CheckedSource final : public TokenSource {
 public:
  CheckedSource(std::shared_ptr<TokenSource> source, TokenChecks checks)
      : source_(std::move(source)), checks_(checks) {}

  void Fetch(const TokenRequest& request, TokenCallback done) override {
    source_->Fetch(request, [request, done = std::move(done),
                             checks = checks_](absl::StatusOr<BearerToken> token) {
      if (!token.ok()) return done(std::move(token));
      if (absl::Status status = CheckToken(token->text(), request, checks); !status.ok()) {
        return done(std::move(status));
      }
      if (request.subject_token != nullptr &&
          request.subject_token->expires_at() < token->expires_at()) {
        token = BearerToken(token->text(), request.subject_token->expires_at());
      }
      done(std::move(token));
    });
  }

 private:
  const std::shared_ptr<TokenSource> source_;
  const TokenChecks checks_;
};

}  // namespace

absl::Status CheckToken(absl::string_view token, const TokenRequest& request,
                        const TokenChecks& checks) {
  if (!IsBearerToken(token)) {
    return absl::UnauthenticatedError(
        "the token source gave something that cannot stand in a header (RFC 6750 section 2.1)");
  }
  if (token.size() > checks.max_token_bytes) {
    return absl::UnauthenticatedError(
        absl::StrCat("the token has ", token.size(), " bytes, more than max_token_bytes (",
                     checks.max_token_bytes,
                     "); servers refuse headers that long unless they are told "
                     "otherwise"));
  }
  const auto audiences = UnverifiedAudiences(token);
  if (!audiences.has_value() && !checks.opaque_tokens_are_trusted) {
    return absl::UnauthenticatedError(
        "the token is no JWT, so nobody can tell whom it is for; opaque_tokens_are_trusted sends "
        "such tokens all the same");
  }
  if (audiences.has_value() &&
      std::find(audiences->begin(), audiences->end(), request.audience) == audiences->end()) {
    return absl::UnauthenticatedError(absl::StrCat("the token is not for \"", request.audience,
                                                   "\": aud_seen ", PrintableNames(*audiences)));
  }
  return request.subject_token == nullptr ? absl::OkStatus() : CheckExchanged(token, request);
}

std::shared_ptr<TokenSource> CheckedTokenSource(std::shared_ptr<TokenSource> source,
                                                TokenChecks checks) {
  return std::make_shared<CheckedSource>(std::move(source), checks);
}

}  // namespace lanyard::internal
