// SPDX-License-Identifier: Apache-2.0
#include "bench/workload.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/internal/jws.h"

namespace lanyard::bench {

using testing::TestIssuer;

void Die(const std::string& why) {
  std::fprintf(stderr, "bench: %s\n", why.c_str());
  std::exit(1);
}

std::string ClaimsOf(const TestIssuer& issuer, size_t number) {
  const int64_t now = absl::ToUnixSeconds(absl::Now());
  return absl::StrFormat(
      R"({"iss":"%s","sub":"svc:checkout","aud":"test","exp":%d,"nbf":%d,"iat":%d,)"
      R"("jti":"9b1f0c52-6a7d-4e0b-8a53-%012d","client_id":"svc:checkout",)"
      R"("scope":"orders.read orders.write payments.read","roles":["operator","auditor"],)"
      R"("tenant":"acme-europe","auth_time":%d})",
      issuer.issuer(), now + 3600, now - 1, now - 1, number, now - 60);
}

std::string TokenOf(const TestIssuer& issuer, size_t number) {
  auto token = internal::SignCompact(issuer.key(), issuer.algorithm(), issuer.Token().HeaderJson(),
                                     ClaimsOf(issuer, number));
  if (!token.ok()) Die(token.status().ToString());
  return *std::move(token);
}

std::vector<std::string> TokensOf(const TestIssuer& issuer, size_t count) {
  std::vector<std::string> tokens;
  tokens.reserve(count);
  for (size_t i = 0; i < count; ++i) tokens.push_back(TokenOf(issuer, i));
  return tokens;
}

std::unique_ptr<Verifier> VerifierOf(const TestIssuer& issuer, size_t cache_bytes) {
  VerifierOptions options;
  TrustedIssuer trusted{issuer.Config(), issuer.Keys()};
  trusted.config.add_roles()->add_path("roles");
  options.issuers = {std::move(trusted)};
  options.cache_bytes = cache_bytes;
  auto verifier = Verifier::Create(std::move(options));
  if (!verifier.ok()) Die(verifier.status().ToString());
  return *std::move(verifier);
}

}  // namespace lanyard::bench
