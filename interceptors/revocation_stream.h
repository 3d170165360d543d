// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_REVOCATION_STREAM_H_
#define LANYARD_INTERCEPTORS_REVOCATION_STREAM_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/revocations/revocation_source.h"

namespace grpc {
class Channel;
}

namespace lanyard {

struct RevocationStreamOptions {
  // Required: to a token service (lanyard/v1/token_service.proto), by lanyard::CreateChannel(),
  // with tokens that have the scope "tokens.revocations".
  std::shared_ptr<grpc::Channel> channel;

  // Required: iss of the tokens. What comes of other issuers' counts for nothing.
  std::string issuer;

  // How long it goes on when nothing is heard, 10 s to 24 h. Then no token can be judged. Longer
  // than the default is a weakening.
  absl::Duration max_revocation_age = absl::Minutes(5);

  // How many are remembered at most. Where there are more, no token can be judged until they have
  // expired.
  size_t max_entries = 1'000'000;

  std::shared_ptr<const Clock> clock = SystemClock();
};

// What an issuer revokes, as it does so: TokenService.WatchRevocations, for
// ServerAuthOptions.revocation_sources.
//
//   options.revocation_sources["shop"] = *lanyard::StreamRevocations(stream);
//
// The issuer sends all there is, then every change, and a sign of life each five seconds. When
// nothing comes for 15 s, an update was missed, or the issuer's store has lost something, it is
// asked for all of it again, after pauses that grow to 30 s; what had been revoked stays so. Until
// it has been heard for the first time no token can be judged. Changes of state are logged, one
// line each.
//
// Fails for options that make no sense. Does not wait for the token service, which may start later.
//
// Thread-safe. Owns one thread, which the destructor ends with the stream.
absl::StatusOr<std::shared_ptr<const RevocationSource>> StreamRevocations(
    RevocationStreamOptions options);

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_REVOCATION_STREAM_H_
