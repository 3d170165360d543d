// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/file_token_source.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard {
namespace {

constexpr size_t kMaxFileBytes = 64 * 1024;

// How long a token is used whose expiry cannot be read.
constexpr absl::Duration kOpaqueLife = absl::Minutes(5);

class File final : public TokenSource {
 public:
  File(std::string path, std::shared_ptr<const Clock> clock)
      : path_(std::move(path)), clock_(std::move(clock)) {}

  void Fetch(const TokenRequest& request, TokenCallback done) override {
    done(request.subject_token == nullptr ? Read() : NoExchange());
  }

 private:
  absl::StatusOr<BearerToken> Read() const {
    auto content = internal::ReadFile(path_, kMaxFileBytes);
    if (!content.ok()) {
      return absl::UnavailableError(
          absl::StrCat("the token file cannot be read: ", content.status().message()));
    }
    const absl::string_view token = absl::StripAsciiWhitespace(content->view());
    if (token.empty()) {
      return absl::UnauthenticatedError(absl::StrCat(path_, ": the token file is empty"));
    }
    if (!internal::IsBearerToken(token)) {
      return absl::UnauthenticatedError(
          absl::StrCat(path_, ": the token file holds something else than one token"));
    }
    // The server would refuse it, and the token before it may still be good.
    if (internal::IsCutShort(token)) {
      return absl::UnavailableError(
          absl::StrCat(path_, ": the token file holds a JWT that is cut short"));
    }
    const auto expiry = internal::UnverifiedExpiry(token);
    return BearerToken(token, expiry.value_or(clock_->Now() + kOpaqueLife));
  }

  const std::string path_;
  const std::shared_ptr<const Clock> clock_;
};

}  // namespace

std::shared_ptr<TokenSource> FileTokenSource(std::string path, std::shared_ptr<const Clock> clock) {
  return std::make_shared<File>(std::move(path), std::move(clock));
}

}  // namespace lanyard
