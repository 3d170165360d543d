// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/client_state.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/token_text.h"
#include "lanyard/sdk/tokens/exchanged_token.h"

namespace lanyard::internal {
namespace {

// Generic clients may ask for any method.
constexpr size_t kMaxMethods = 1024;

// A token for a caller counts as expired so long before the caller's own ends.
constexpr absl::Duration kLeastOfCallersLife = absl::Seconds(5);

}  // namespace

ClientState::ClientState(ClientSettings the_settings, std::string target, std::string authority,
                         LocalTransport local)
    : settings(std::move(the_settings)),
      target_(std::move(target)),
      authority_(std::move(authority)),
      local_(local) {}

absl::StatusOr<std::shared_ptr<const CallTokens>> ClientState::TokensFor(absl::string_view method,
                                                                         const CallWish* wish) {
  std::shared_ptr<const TokenTable> table = settings.table->Get();
  if (wish == nullptr) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (table_ != table) by_method_.clear();
    table_ = table;
    const auto it = by_method_.find(method);
    if (it != by_method_.end()) return it->second;
  }
  const TargetTokens* target = table->Find(target_);
  if (target == nullptr) return table->NoTarget(target_);
  if (target->audience.empty() && authority_.empty()) {
    return absl::InvalidArgumentError(
        "audience_from_service_url needs the target: InterceptorFactory(target)");
  }
  TokenChoice choice = ChoiceFor(*target, authority_, method);
  if (wish != nullptr) {
    if (!wish->audience.empty()) choice.request.audience = wish->audience;
    if (!wish->scopes.empty()) choice.request.scopes = wish->scopes;
    std::sort(choice.request.scopes.begin(), choice.request.scopes.end());
    if (wish->caller != CallWish::Caller::kNone) {
      return ForCaller(*target, std::move(choice), *wish);
    }
    return Make(std::move(choice));
  }
  auto made = Make(std::move(choice));
  std::lock_guard<std::mutex> lock(mutex_);
  if (table_ == table && by_method_.size() < kMaxMethods) {
    by_method_.emplace(std::string(method), made);
  }
  return made;
}

std::shared_ptr<const CallTokens> ClientState::Make(TokenChoice choice) const {
  auto made = std::make_shared<CallTokens>();
  made->tokens = std::move(choice.tokens);
  made->request = std::move(choice.request);
  made->credentials =
      CachedTokenCredentials(made->tokens, made->request, settings.failures, local_);
  return made;
}

absl::StatusOr<std::shared_ptr<const CallTokens>> ClientState::ForCaller(
    const TargetTokens& target, TokenChoice choice, const CallWish& wish) const {
  if (!wish.caller_status.ok()) return wish.caller_status;
  const auto refused = [](absl::string_view why) {
    return absl::UnauthenticatedError(absl::StrCat("not sent on behalf of the caller: ", why));
  };
  if (wish.caller_token == nullptr) return refused("there is no caller's token");
  // With less to go nothing could be had for it.
  if (settings.clock->Now() >= wish.caller_token->expires_at() - kLeastOfCallersLife) {
    return refused("the caller's token has expired, or will in a moment");
  }
  if (wish.caller != CallWish::Caller::kForward) {
    if (target.exchange == nullptr) return refused("the target has no exchange_source");
    choice.tokens = target.exchange;
    choice.request.subject_token = wish.caller_token;
    choice.request.with_actor = wish.caller == CallWish::Caller::kDelegation;
    return Make(std::move(choice));
  }
  if (!target.forward_callers_token) return refused("the target lacks forward_callers_token");
  const absl::string_view token = wish.caller_token->text();
  const absl::Status status = CheckToken(token, choice.request, settings.checks);
  if (!status.ok()) return refused(status.message());
  const auto audiences = UnverifiedAudiences(token);
  if (!audiences.has_value() || audiences->size() != 1) {
    return refused("the caller's token is for others beside the target");
  }
  if (IsBoundToken(token)) {
    return refused("the caller's token is bound to the caller's own key or certificate");
  }
  auto made = std::make_shared<CallTokens>();
  made->request = std::move(choice.request);
  made->callers_own = wish.caller_token;
  made->credentials = ForwardedTokenCredentials(wish.caller_token, made->request.audience,
                                                settings.clock, settings.failures);
  return made;
}

}  // namespace lanyard::internal
