// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/verifier.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/claim_checks.h"
#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/token_cache.h"
#include "lanyard/sdk/internal/verification.h"

namespace lanyard {

struct Verifier::State final : internal::IssuerLookup {
  struct Issuer {
    std::shared_ptr<const internal::IssuerRules> rules;
    std::shared_ptr<const KeySource> keys;
    std::shared_ptr<const RevocationSource> revocations;  // May be null.
  };

  using IssuerMap = absl::flat_hash_map<std::string, const Issuer*>;

  explicit State(const VerifierOptions& options)
      : max_token_bytes(options.max_token_bytes),
        clock(options.clock),
        cache(options.cache_bytes, options.issuers.size()) {}

  internal::IssuerKeys Find(absl::string_view issuer) const override {
    return FindIn(by_issuer, issuer);
  }
  internal::IssuerKeys FindTrustDomain(absl::string_view trust_domain) const override {
    return FindIn(by_trust_domain, trust_domain);
  }

  static internal::IssuerKeys FindIn(const IssuerMap& map, absl::string_view name) {
    const auto it = map.find(name);
    if (it == map.end()) return {};
    const Issuer& issuer = *it->second;
    return {issuer.rules, issuer.keys->Current(), issuer.keys.get(), issuer.revocations.get()};
  }

  const size_t max_token_bytes;
  const std::shared_ptr<const Clock> clock;
  std::vector<std::unique_ptr<Issuer>> issuers;
  IssuerMap by_issuer, by_trust_domain;
  mutable internal::TokenCache cache;
  std::function<void()> before_insert;
};

namespace {

const internal::IdentityState& StateOf(const internal::Verdict& verdict) {
  return internal::IdentityAccess::StateOf(verdict.identity);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Verifier>> Verifier::Create(VerifierOptions options) {
  if (options.issuers.empty()) {
    return absl::InvalidArgumentError("VerifierOptions.issuers is empty: no token could verify");
  }
  if (options.max_token_bytes < 256 || options.max_token_bytes > 65536) {
    return absl::InvalidArgumentError("VerifierOptions.max_token_bytes must be 256 to 65536");
  }
  if (options.clock == nullptr) return absl::InvalidArgumentError("VerifierOptions.clock is null");
  auto state = std::make_unique<State>(options);
  absl::flat_hash_set<std::string> names, texts;
  for (TrustedIssuer& issuer : options.issuers) {
    const std::string& name = issuer.config.name();
    if (options.issuers.size() > 1) {
      if (absl::Status status = internal::CompleteMayAssert(&issuer.config); !status.ok()) {
        return absl::InvalidArgumentError(
            absl::StrCat("issuer \"", name, "\": ", status.message()));
      }
    }
    if (absl::Status status = internal::ValidateIssuer(issuer.config); !status.ok()) return status;
    if (issuer.keys == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("issuer \"", name, "\" has no key source"));
    }
    if (!names.insert(name).second) {
      return absl::InvalidArgumentError(absl::StrCat("two issuers are named \"", name, "\""));
    }
    if (!texts.insert(internal::IssuerText(issuer.config)).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          "issuer \"", name, "\" has the same iss as another: their tokens cannot be told apart"));
    }
    auto entry = std::make_unique<State::Issuer>();
    entry->rules = std::make_shared<const internal::IssuerRules>(internal::RulesOf(issuer.config));
    entry->keys = std::move(issuer.keys);
    entry->revocations = std::move(issuer.revocations);
    const internal::IssuerRules& rules = *entry->rules;
    if (!rules.issuer.empty()) state->by_issuer.emplace(rules.issuer, entry.get());
    if (!rules.trust_domain.empty() &&
        !state->by_trust_domain.emplace(rules.trust_domain, entry.get()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("issuer \"", name, "\" has the same trust_domain as another"));
    }
    state->issuers.push_back(std::move(entry));
  }
  return std::unique_ptr<Verifier>(new Verifier(std::move(state)));
}

Verifier::Verifier(std::unique_ptr<State> state) : state_(std::move(state)) {}
Verifier::~Verifier() = default;

absl::Status Verifier::StillTrusts(const Identity& caller) const {
  for (const auto& issuer : state_->issuers) {
    if (issuer->rules->name != caller.issuer_name()) continue;
    absl::Status status =
        internal::CheckStillTrusted(caller, *issuer->rules, issuer->keys->Current().get());
    if (status.ok()) status = internal::CheckRevocation(caller, issuer->revocations.get());
    return status;
  }
  return AuthFailureStatus(AuthFailure::kUnknownIssuer, "the issuer is configured no more");
}

VerifierStatus Verifier::Status() const {
  const internal::TokenCache::Usage usage = state_->cache.usage();
  return {usage.hits, usage.misses, usage.bytes};
}

void Verifier::set_before_insert_for_test(std::function<void()> hook) {
  state_->before_insert = std::move(hook);
}

absl::StatusOr<Identity> Verifier::Verify(absl::string_view token) const {
  TokenConnection connection;
  return Verify(token, connection);
}

absl::StatusOr<Identity> Verifier::Verify(absl::string_view token,
                                          TokenConnection& connection) const {
  const absl::Time now = state_->clock->Now();
  if (token.empty()) return AuthFailureStatus(AuthFailure::kMissingToken, "the token is empty");
  internal::TokenKey key{};
  std::optional<internal::Verdict> verdict;
  // What is too long is refused below, and not worth a hash.
  if (token.size() <= state_->max_token_bytes) {
    key = state_->cache.KeyOf(token);
    verdict = state_->cache.Find(key);
  }
  if (!verdict.has_value()) {
    auto fresh = internal::VerifyToken(token, state_->max_token_bytes, *state_, connection, now,
                                       state_->clock->SinceBoot());
    if (!fresh.ok()) return fresh.status();
    if (state_->before_insert) state_->before_insert();
    verdict = *std::move(fresh);
    state_->cache.Insert(key, *verdict);
  } else if (absl::Status status =
                 internal::CheckTime(verdict->identity, *StateOf(*verdict).rules(), now);
             !status.ok()) {
    return status;
  } else if (state_->clock->SinceBoot() >= StateOf(*verdict).ends_since_boot()) {
    return AuthFailureStatus(
        AuthFailure::kExpired,
        "\"exp\" has passed since the token was first seen; the wall clock was "
        "set back");
  }
  if (absl::Status status = internal::CheckBinding(verdict->identity, connection); !status.ok()) {
    return status;
  }
  absl::Status revocation = internal::CheckRevocation(verdict->identity, verdict->revocations);
  if (!revocation.ok()) return revocation;
  return std::move(verdict->identity);
}

}  // namespace lanyard
