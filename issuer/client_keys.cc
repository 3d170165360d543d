// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/client_keys.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lanyard::internal {

std::vector<Algorithm> AssertionAlgorithms() {
  std::vector<Algorithm> algorithms;
  for (const Algorithm algorithm : kAllAlgorithms) {
    if (!IsHmac(algorithm)) algorithms.push_back(algorithm);
  }
  return algorithms;
}

absl::StatusOr<KeySet> ReadClientKeys(absl::string_view jwks) {
  auto read = KeySet::FromJwks(jwks);
  if (!read.ok()) return read.status();
  std::vector<Key> keys;
  for (const Key& key : read->keys()) {
    if (key.is_hmac()) {
      return absl::InvalidArgumentError("an HMAC secret (\"oct\") cannot prove who a client is");
    }
    if (key.has_private()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the private half of key ", key.PrintableId(),
          " stands there: `lanyard key public` gives the half to register; make a new key"));
    }
    if (key.algorithm().has_value()) {
      keys.push_back(key);
      continue;
    }
    for (const Algorithm algorithm : {Algorithm::kEs256, Algorithm::kEs384, Algorithm::kEs512,
                                      Algorithm::kEdDsa, Algorithm::kRs256}) {
      if (!key.Fits(algorithm)) continue;
      auto bound = key.WithAlgorithm(algorithm);
      if (!bound.ok()) return bound.status();
      keys.push_back(*std::move(bound));
      break;
    }
  }
  return KeySet(std::move(keys)).BindTo(AssertionAlgorithms());
}

}  // namespace lanyard::internal
