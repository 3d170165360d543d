// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_IDENTITY_H_
#define LANYARD_SDK_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/v1/claims.pb.h"

namespace google::protobuf {
class Message;
}

namespace lanyard {

namespace internal {
class IdentityState;
struct IdentityAccess;
}  // namespace internal

// Who calls: what a verified token said. Only a Verifier makes one (tests have
// lanyard::testing::FakeCaller), so a function that takes an Identity takes a verified caller.
//
// An immutable handle, cheap to copy; it outlives the call. Thread-safe.
class Identity {
 public:
  // The anonymous caller: authenticated() is false, Is() is never true, and subject() and issuer()
  // hold a NUL byte, so that they equal no name, not even the empty one. What was moved from is
  // anonymous too.
  Identity();
  Identity(const Identity& other);
  Identity(Identity&& other) noexcept;
  Identity& operator=(const Identity& other);
  Identity& operator=(Identity&& other) noexcept;
  ~Identity();

  bool authenticated() const;

  // Whether the caller is that subject of that issuer, by the issuer's name in the config. A
  // subject is unique only within its issuer (RFC 7519 section 4.1.2): compare pairs. False for
  // empty arguments and for the anonymous caller.
  bool Is(absl::string_view issuer_name, absl::string_view subject) const;

  // The issuer's name in the config, and its iss; of a trust domain that is configured without one,
  // "spiffe://domain".
  const std::string& issuer_name() const;
  const std::string& issuer() const;

  // sub. Where the config accepts tokens without one and this is such a token, has_subject() is
  // false and subject() holds a NUL byte, so that it equals no name.
  const std::string& subject() const;
  bool has_subject() const;

  // client_id, else azp, else empty.
  const std::string& client_id() const;

  // In the token's order.
  const std::vector<std::string>& scopes() const;
  bool HasScope(absl::string_view scope) const;

  // From the claims that the issuer's config names as `roles`, in their order.
  const std::vector<std::string>& roles() const;
  bool HasRole(absl::string_view role) const;

  const std::vector<std::string>& audiences() const;

  // jti and kid, or empty.
  const std::string& token_id() const;
  const std::string& key_id() const;

  // exp, without leeway. Infinite future for the anonymous caller.
  absl::Time expires_at() const;

  // Whether somebody acts for the subject (act, RFC 8693 section 4.1).
  bool has_actor() const;

  // Who, by the outermost act, and the iss of the issuer that knows the actor: act.iss, else the
  // token's. Empty without an actor. To check only when a rule let actors in at all.
  const std::string& actor_subject() const;
  const std::string& actor_issuer() const;

  // All the claims. Made when first asked for, then kept.
  const v1::Claims& claims() const;

  // The claims set as the issuer wrote it; empty for the anonymous caller.
  const std::string& claims_json() const;

  // The claims as a message of the user's own: fields by their JSON names, claims without a field
  // left out. Fails if a claim does not fit its field.
  template <typename T>
  absl::StatusOr<T> ClaimsAs() const {
    T message;
    if (absl::Status status = ReadClaimsInto(&message); !status.ok()) return status;
    return message;
  }

 private:
  friend struct internal::IdentityAccess;
  explicit Identity(const internal::IdentityState* state) : state_(state) {}
  absl::Status ReadClaimsInto(google::protobuf::Message* message) const;

  const internal::IdentityState* state_;  // Never null; owned together with all copies.
};

}  // namespace lanyard

#endif  // LANYARD_SDK_IDENTITY_H_
