// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_BENCH_WORKLOAD_H_
#define LANYARD_BENCH_WORKLOAD_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "lanyard/sdk/verifier.h"
#include "lanyard/testing/test_issuer.h"

namespace lanyard::bench {

// A token as services have them: twelve claims, 600 to 1,000 bytes by algorithm, good for an hour.
// Those of different numbers differ in jti.
std::string TokenOf(const testing::TestIssuer& issuer, size_t number);
std::vector<std::string> TokensOf(const testing::TestIssuer& issuer, size_t count);

// The claims of such a token, as JSON.
std::string ClaimsOf(const testing::TestIssuer& issuer, size_t number);

// A verifier for them. Ends the program where there is none.
std::unique_ptr<Verifier> VerifierOf(const testing::TestIssuer& issuer,
                                     size_t cache_bytes = VerifierOptions().cache_bytes);

// Ends the program: a benchmark that measures the wrong thing is worth nothing.
[[noreturn]] void Die(const std::string& why);

}  // namespace lanyard::bench

#endif  // LANYARD_BENCH_WORKLOAD_H_
