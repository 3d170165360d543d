// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/static_token_source.h"

namespace lanyard {
namespace {

class Static final : public TokenSource {
 public:
  explicit Static(absl::string_view token) : token_(token, absl::InfiniteFuture()) {}
  void Fetch(const TokenRequest& request, TokenCallback done) override {
    if (request.subject_token != nullptr) return done(NoExchange());
    done(token_);
  }

 private:
  const BearerToken token_;
};

}  // namespace

std::shared_ptr<TokenSource> StaticTokenSource(absl::string_view token) {
  return std::make_shared<Static>(token);
}

}  // namespace lanyard
