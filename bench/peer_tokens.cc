// SPDX-License-Identifier: Apache-2.0
//
// Tokens of equal claims and the keys that verify them, made anew, for programs that measure what
// others need to check them (bench/peers). One line for each algorithm:
//
//   ALGORITHM ISSUER AUDIENCE KEY TOKEN
//
// where KEY is the HMAC secret, or the public key as PEM, in base64. The tokens are good for a day,
// about 570 (HS256), 610 (ES256, EdDSA) and 870 bytes (RS256) long.
// Their typ is "JWT", because libjwt and cpp-jwt refuse "at+jwt".
//
//   ./bazelw run -c opt //bench:peer_tokens >tokens
#include <google/protobuf/util/time_util.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/sdk/signer.h"

namespace lanyard {
namespace {

constexpr char kIssuer[] = "https://sso.example.com";
constexpr char kAudience[] = "https://orders.example.com";

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "peer_tokens: %s\n", value.status().ToString().c_str());
  std::exit(1);
}

// Twelve of them, as an access token of RFC 9068 has.
v1::Claims Claims() {
  using google::protobuf::util::TimeUtil;
  const int64_t now = absl::ToUnixSeconds(absl::Now());
  v1::Claims claims;
  claims.set_issuer(kIssuer);
  claims.set_subject("svc:checkout");
  claims.add_audiences(kAudience);
  *claims.mutable_issued_at() = TimeUtil::SecondsToTimestamp(now);
  *claims.mutable_not_before() = TimeUtil::SecondsToTimestamp(now);
  *claims.mutable_expires_at() = TimeUtil::SecondsToTimestamp(now + 24 * 60 * 60);
  claims.set_token_id("6f1c1c52-6d0e-4b7c-a3a8-0d5b8a1f9c7e");
  claims.set_client_id("checkout-7d4b9c");
  for (const char* scope : {"orders.read", "orders.write", "stock.read"}) claims.add_scopes(scope);
  auto& more = *claims.mutable_private_claims();
  for (const char* role : {"buyer", "support"}) {
    more["roles"].mutable_list_value()->add_values()->set_string_value(role);
  }
  more["sid"].set_string_value("0b6e0f0e-5b1c-4d57-9a4e-6f7f2a1d3c58");
  more["tenant"].set_string_value("acme");
  return claims;
}

void Print(Algorithm algorithm) {
  const bool is_hmac = IsHmac(algorithm);
  const std::string secret = is_hmac ? internal::RandomBytes(32) : "";
  const Key key = is_hmac ? OrDie(Key::FromHmacSecret(secret)) : OrDie(Key::Generate(algorithm));
  SignerOptions options;
  // A secret's own id is its thumbprint.
  options.key = OrDie(key.WithId("2026-01"));
  options.algorithm = algorithm;
  options.type = "JWT";
  const std::string token = OrDie(OrDie(Signer::Create(options))->Sign(Claims()));
  const std::string verifying = is_hmac ? secret : OrDie(key.ToPublicPem());
  std::printf("%s %s %s %s %s\n", std::string(AlgorithmName(algorithm)).c_str(), kIssuer, kAudience,
              absl::Base64Escape(verifying).c_str(), token.c_str());
}

}  // namespace
}  // namespace lanyard

int main() {
  using lanyard::Algorithm;
  for (const Algorithm algorithm :
       {Algorithm::kHs256, Algorithm::kRs256, Algorithm::kEs256, Algorithm::kEdDsa}) {
    lanyard::Print(algorithm);
  }
}
