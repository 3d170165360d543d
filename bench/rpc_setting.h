// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_BENCH_RPC_SETTING_H_
#define LANYARD_BENCH_RPC_SETTING_H_

#include <string>

#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"

namespace lanyard::bench {

// How calls are authenticated; all go over TLS. kCarried only carries a token and compares it with
// the one that is expected: what gRPC takes for that is the floor that every check stands on.
enum class Mode { kNone, kCarried, kLanyard, kHandwritten };

inline constexpr Mode kModes[] = {Mode::kNone, Mode::kCarried, Mode::kLanyard, Mode::kHandwritten};

inline const char* NameOf(Mode mode) {
  switch (mode) {
    case Mode::kNone:
      return "none";
    case Mode::kCarried:
      return "carried";
    case Mode::kLanyard:
      return "lanyard";
    case Mode::kHandwritten:
      break;
  }
  return "handwritten";
}

inline constexpr char kSubject[] = "svc:checkout";
inline constexpr char kAudience[] = "test";  // Of a TestIssuer.
inline constexpr char kScope[] = "echo.call";

// A token such as the issuers of companies make: about 600 bytes, 12 claims.
inline testing::TokenBuilder TokenFor(const testing::TestIssuer& issuer) {
  testing::TokenBuilder token = issuer.Token();
  token.Subject(kSubject).Audience(kAudience).ExpiresIn(absl::Hours(2));
  token.NotBeforeIn(absl::ZeroDuration());
  for (auto* time : {token.claims().mutable_expires_at(), token.claims().mutable_not_before(),
                     token.claims().mutable_issued_at()}) {
    time->set_nanos(0);  // Issuers count in whole seconds.
  }
  token.Scopes("echo.call orders.read orders.write");
  token.claims().set_client_id("checkout");
  token.claims().set_authorized_party("checkout");
  auto& claims = *token.claims().mutable_private_claims();
  claims["tenant"].set_string_value("shop-europe");
  claims["environment"].set_string_value("production");
  for (const char* role : {"operator", "auditor"}) {
    claims["roles"].mutable_list_value()->add_values()->set_string_value(role);
  }
  return token;
}

// What servers and clients have in common.
struct Setting {
  testing::TestCertificates files;
  testing::TestIssuer issuer{Algorithm::kEs256, "bench"};
  // That is carried and compared.
  std::string token = TokenFor(issuer).Sign();
};

}  // namespace lanyard::bench

#endif  // LANYARD_BENCH_RPC_SETTING_H_
