// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_JWS_H_
#define LANYARD_SDK_INTERNAL_JWS_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/keys/key.h"

namespace lanyard::internal {

// What a header says (RFC 7515 section 4), as far as it counts here.
struct JoseHeader {
  std::string algorithm_name;
  std::optional<Algorithm> algorithm;  // None for a name that is not known.
  std::optional<std::string> key_id;
  std::optional<std::string> type;
  std::string normalized_type;  // By NormalizedType(); empty without one.
};

// A JWS in compact serialization (RFC 7515 section 7.1) taken apart; nothing in it is verified.
struct UnverifiedJws {
  // The first two segments and the dot between them, as they stand: what the signature is over.
  absl::string_view signing_input;
  std::string signature;

  // Never null. The tokens of an issuer share one, so what has just been read is not read again.
  std::shared_ptr<const JoseHeader> header;

  // The decoded second segment.
  std::string payload;
};

// Splits and decodes a token, strictly; failures carry AuthFailure::kMalformedToken. `token` must
// outlive the result. Refuses headers with crit, b64, zip, enc or cty, which would change what the
// token means, and with jwk, jku, x5u or x5c, which offer a key: keys come from the config alone
// (RFC 8725 section 3.10).
absl::StatusOr<UnverifiedJws> ParseJws(absl::string_view token, size_t max_bytes);

// The same, into the memory of one that is there.
absl::Status ReadJws(absl::string_view token, size_t max_bytes, UnverifiedJws* jws);

// Signs `payload` under `header_json` as they are. Whether the two make sense is the caller's
// affair: tests make bad tokens with it.
absl::StatusOr<std::string> SignCompact(const Key& key, Algorithm algorithm,
                                        absl::string_view header_json, absl::string_view payload);

// A header type without case and "application/": "application/at+JWT" as "at+jwt" (RFC 7515 section
// 4.1.9).
std::string NormalizedType(absl::string_view type);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_JWS_H_
