// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_WORKLOAD_API_H_
#define LANYARD_INTERCEPTORS_WORKLOAD_API_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/keys/key_source.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard {

// Where a SPIFFE Workload API is, and what it is asked for.
struct WorkloadApiOptions {
  // The agent's socket (SPIFFE Workload Endpoint, section 4): "unix:///run/spire/agent.sock", or
  // "tcp://127.0.0.1:8081" with an IP address. Empty takes what SPIFFE_ENDPOINT_SOCKET says in the
  // environment.
  std::string endpoint;

  // Which of this process's identities tokens are for, as "spiffe://prod.example/checkout". Empty
  // takes the agent's default, which is its first. For tokens only.
  std::string spiffe_id;

  // How long an answer may take, 1 s to 1 min.
  absl::Duration timeout = absl::Seconds(5);

  // Allows tcp:// addresses beyond loopback. The API has no TLS: whoever is on the network may then
  // read the tokens, and sign any of them.
  bool plaintext_tcp_is_trusted = false;

  std::shared_ptr<const Clock> clock = SystemClock();
};

// JWT-SVIDs of this process from its SPIFFE agent (SPIFFE Workload API, FetchJWTSVID), one per
// audience. No secret is needed: the agent sees which process asks.
//
//   auto source = lanyard::WorkloadApiTokenSource({});  // SPIFFE_ENDPOINT_SOCKET says where.
//
// Fails for options that make no sense; the message says what would be right. Does not wait for the
// agent, which may start later.
//
// Fetch() does not block. What is under way when the source goes ends as UNAVAILABLE before it is
// gone. An agent that cannot be reached or is too
// slow is UNAVAILABLE or DEADLINE_EXCEEDED. So is one that has no identity for this process
// (PERMISSION_DENIED on the wire), because it may only not have heard of it yet. Any other refusal
// is UNAUTHENTICATED, as is an answer that cannot be used: no JWT-SVID, another subject than it is
// said to be, another audience than was asked for. Messages name the endpoint and what the agent
// said, and never hold a token.
//
// Thread-safe. Owns one thread, which the destructor ends.
absl::StatusOr<std::shared_ptr<TokenSource>> WorkloadApiTokenSource(WorkloadApiOptions options);

// The keys of a trust domain from this machine's SPIFFE agent (SPIFFE Workload API,
// FetchJWTBundles), for ServerAuthOptions.key_sources of an issuer with profile JWT_SVID. The
// domain may be the agent's own or one that it federates with.
//
//   options.key_sources["mesh"] = *lanyard::WorkloadApiKeySource(
//       {}, "prod.example", {lanyard::Algorithm::kEs256});
//
// The agent says at once when keys change. It is asked anew every 5 minutes, so that one that hangs
// is noticed, and when a token names an unknown key. While it is away the last good keys stay, for
// an hour; it is asked again after 1, 2, 4 … 30 seconds. Keys go at once when the agent's answer
// lacks the trust domain, or when it gives this process no bundles any more (PERMISSION_DENIED).
// Changes of state are logged, one line each.
//
// Fails for options, trust domains and algorithms that make no sense. Does not wait for the agent.
//
// Thread-safe. Owns one thread, which the destructor ends with the stream.
absl::StatusOr<std::shared_ptr<const KeySource>> WorkloadApiKeySource(
    WorkloadApiOptions options, const std::string& trust_domain, std::vector<Algorithm> algorithms);

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_WORKLOAD_API_H_
