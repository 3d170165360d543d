// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/stream_facts.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "lanyard/interceptors/internal/call_metadata.h"
#include "lanyard/sdk/internal/crypto/certificate.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/identity_state.h"

namespace lanyard::internal {
namespace {

// How long somebody without a token may watch health.
constexpr absl::Duration kLongestWatch = absl::Hours(1);

// At random from 0 to 1.
double Fraction() {
  const std::string bytes = RandomBytes(4);
  uint32_t number;
  std::memcpy(&number, bytes.data(), sizeof(number));
  return number / 4294967295.0;
}

void EndsBy(absl::Time time, const ServerState& state, StreamEnd end, StreamFacts* facts) {
  if (time >= facts->ends_at) return;
  facts->ends_at = time;
  facts->ends_since_boot = state.clock->SinceBoot() + (time - facts->began);
  facts->end = std::move(end);
}

}  // namespace

StreamFacts FactsOf(const ServerState& state, absl::string_view method, const Identity& caller,
                    const grpc::AuthContext& context, PeerNames own,
                    std::optional<PeerNames> said) {
  StreamFacts facts;
  facts.method = std::string(method);
  facts.caller = caller;
  facts.is_local = IsLocal(context);
  facts.is_forwarded = said.has_value();
  (said.has_value() ? facts.proxy : facts.peer) = std::move(own);
  if (said.has_value()) facts.peer = *std::move(said);
  facts.began = state.clock->Now();
  if (caller.authenticated()) {
    const IdentityState& token = IdentityAccess::StateOf(caller);
    const absl::Duration age = state.snapshot()->policy->StreamAgePastExpiry(method);
    const absl::Time from = std::max(caller.expires_at(), facts.began);
    const absl::Duration leeway =
        std::max(token.usable_until() - from, absl::ZeroDuration()) * Fraction();
    facts.ends_at = std::min(from + leeway, token.usable_until()) + age;
    // The same instant by the clock that nobody sets.
    facts.ends_since_boot = token.ends_since_boot() - (token.usable_until() - facts.ends_at);
    facts.end = {AuthFailure::kExpired, "the token has expired"};
  } else if (method == kHealthWatch) {
    EndsBy(facts.began + kLongestWatch * (1 - Fraction() / 10), state,
           {AuthFailure::kOverloaded, "health was watched for an hour without a token"}, &facts);
  }
  const absl::string_view certificate = CertificatePemOf(context);
  if (!certificate.empty()) {
    const auto not_after = CertificateNotAfter(certificate);
    if (not_after.ok()) {
      EndsBy(*not_after, state, {AuthFailure::kNotBound, "the client's certificate has expired"},
             &facts);
    }
  }
  return facts;
}

}  // namespace lanyard::internal
