// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_KEYS_KEY_FETCHER_H_
#define LANYARD_SDK_KEYS_KEY_FETCHER_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/sdk/keys/remote_key_source.h"

namespace lanyard::internal {

// Fetches an issuer's keys once, when it is asked to: what RemoteKeySource does again and again, in
// steps. Errors name the host and what is wrong; CANCELLED soon after `stop` became true.
// Immutable, thread-safe. All but Create() and KeysIn() block.
class KeyFetcher {
 public:
  // Fails for options that are missing or make no sense; the message names the field.
  static absl::StatusOr<std::unique_ptr<const KeyFetcher>> Create(RemoteKeySourceOptions options);

  // The URL of the JWK Set: jwks_url, or what the metadata document says.
  absl::StatusOr<std::string> Locate(const std::atomic<bool>& stop) const;

  // What is at that URL, with the bearer token where its host is to have it.
  absl::StatusOr<HttpResponse> Get(const std::string& url, const std::string& etag,
                                   const std::atomic<bool>& stop) const;

  // The keys in the answer; they may be none, see KeySet::FromRemote().
  absl::StatusOr<KeySet> KeysIn(const std::string& url, const HttpResponse& response) const;

  const RemoteKeySourceOptions& options() const { return options_; }

 private:
  KeyFetcher() = default;
  std::string OriginOf(const std::string& url) const;
  absl::Status NotFound(const std::string& url, int status) const;

  RemoteKeySourceOptions options_;
  std::vector<std::string> key_origins_, bearer_origins_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_KEYS_KEY_FETCHER_H_
