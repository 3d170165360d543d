// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TESTING_TEST_ISSUER_H_
#define LANYARD_TESTS_TESTING_TEST_ISSUER_H_

#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/sdk/keys/key_source.h"
#include "lanyard/v1/claims.pb.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard::testing {

// A token in the making; every setter replaces what the issuer would have put there.
//
//   std::string token = issuer.Token().Subject("svc:a").ExpiresIn(absl::Seconds(-1)).Sign();
class TokenBuilder {
 public:
  TokenBuilder& Subject(absl::string_view subject);
  TokenBuilder& Issuer(absl::string_view issuer);
  TokenBuilder& Audience(absl::string_view audience);     // The only one.
  TokenBuilder& AddAudience(absl::string_view audience);  // One more.
  TokenBuilder& Scopes(absl::string_view space_separated);
  TokenBuilder& ExpiresIn(absl::Duration from_now);
  TokenBuilder& NotBeforeIn(absl::Duration from_now);
  TokenBuilder& IssuedIn(absl::Duration from_now);
  TokenBuilder& Type(absl::string_view type);  // Empty leaves typ out.
  TokenBuilder& KeyId(absl::string_view kid);  // Empty leaves kid out.
  TokenBuilder& BoundTo(absl::string_view certificate_sha256);

  // The message itself, for everything else. Clear a field to leave the claim out.
  v1::Claims& claims() { return claims_; }

  // The claims as this JSON text, whatever was set; for tokens that no issuer should make.
  TokenBuilder& RawClaims(absl::string_view json);
  // The header as this JSON text.
  TokenBuilder& RawHeader(absl::string_view json);

  // What Sign() would put there.
  std::string ClaimsJson() const;
  std::string HeaderJson() const;

  std::string Sign() const;

 private:
  friend class TestIssuer;
  TokenBuilder(Key key, Algorithm algorithm, absl::Time now)
      : key_(std::move(key)), algorithm_(algorithm), now_(now), key_id_(key_.id()) {}

  Key key_;
  Algorithm algorithm_;
  absl::Time now_;
  std::string key_id_;
  std::string type_ = "at+jwt";
  v1::Claims claims_;
  std::string raw_claims_, raw_header_;
};

// An issuer with one key, for tests. Its tokens are RFC 9068 access tokens of "svc:test" for the
// audience "test", good for five minutes. Thread-safe.
class TestIssuer {
 public:
  explicit TestIssuer(Algorithm algorithm = Algorithm::kEs256, absl::string_view name = "test",
                      std::shared_ptr<const Clock> clock = SystemClock());

  TokenBuilder Token() const;

  // For a server's config: trusts this issuer's tokens for the audience "test".
  v1::Issuer Config() const;
  // The same as text format, "issuers { … }", with `jwks_file` where it is not empty.
  std::string ConfigText(absl::string_view jwks_file = "") const;

  std::string PublicJwks() const;
  std::shared_ptr<const KeySource> Keys() const;

  const Key& key() const { return key_; }
  Algorithm algorithm() const { return algorithm_; }
  const std::string& issuer() const { return issuer_; }
  const std::string& name() const { return name_; }

 private:
  Algorithm algorithm_;
  Key key_;
  std::string name_, issuer_;
  std::shared_ptr<const Clock> clock_;
};

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TESTING_TEST_ISSUER_H_
