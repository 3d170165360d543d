// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_ALGORITHM_H_
#define LANYARD_SDK_ALGORITHM_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace lanyard {

// A JWS signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1). There is no "none".
enum class Algorithm : uint8_t {
  kHs256,
  kHs384,
  kHs512,
  kRs256,
  kRs384,
  kRs512,
  kPs256,
  kPs384,
  kPs512,
  kEs256,
  kEs384,
  kEs512,
  kEdDsa,  // Ed25519 only.
};

inline constexpr Algorithm kAllAlgorithms[] = {
    Algorithm::kHs256, Algorithm::kHs384, Algorithm::kHs512, Algorithm::kRs256, Algorithm::kRs384,
    Algorithm::kRs512, Algorithm::kPs256, Algorithm::kPs384, Algorithm::kPs512, Algorithm::kEs256,
    Algorithm::kEs384, Algorithm::kEs512, Algorithm::kEdDsa,
};

// "HS256", …, "EdDSA": the value of the alg header parameter.
absl::string_view AlgorithmName(Algorithm algorithm);

// The algorithm of that exact name (case-sensitive, RFC 7515 section 4.1.1).
std::optional<Algorithm> AlgorithmFromName(absl::string_view name);

// True for HS256, HS384 and HS512, where whoever can verify can also sign.
bool IsHmac(Algorithm algorithm);

}  // namespace lanyard

#endif  // LANYARD_SDK_ALGORITHM_H_
