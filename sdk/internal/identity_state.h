// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_IDENTITY_STATE_H_
#define LANYARD_SDK_INTERNAL_IDENTITY_STATE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/registered_claims.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/v1/claims.pb.h"

namespace lanyard::internal {

// What an identity is made of. Its strings need live only while it is made.
struct IdentityFacts {
  // Required: who vouches for it, and the config that the verdict rests on.
  std::shared_ptr<const IssuerRules> issuer;

  RegisteredClaims claims;
  ClaimStrings roles;

  // The claims set as it was written; and what `claims` and `roles` are parts of, if it begins
  // with that text (JsonDocument::bytes()), so that they take no room of their own.
  absl::string_view claims_json;
  absl::string_view document;

  absl::string_view token_type;  // As NormalizedType() has it.

  // The key that the verdict rests on, one of `keys`; null where there was none to check with.
  std::shared_ptr<const KeySet> keys;
  const Key* key = nullptr;
  bool header_names_key = false;

  // The last instant by Clock::SinceBoot() at which the token is accepted, from when it was first
  // seen: it counts beside exp, so that a clock that is set back lengthens no life.
  absl::Duration ends_since_boot = absl::InfiniteDuration();
};

// What stands behind an Identity: one block of memory, counted by its owners, in which all strings
// are parts of the claims set. Immutable, but for what names() and written() make on demand.
class IdentityState {
 public:
  // The anonymous caller, who lives for ever.
  static const IdentityState* Anonymous();
  // Owned once by whoever asked; see Release().
  static const IdentityState* Make(const IdentityFacts& facts);

  // Another one that says the same, in a block of its own; owned as that of Make().
  const IdentityState* Copy() const;

  IdentityState& operator=(const IdentityState&) = delete;

  void Keep() const {
    if (authenticated_) owners_.fetch_add(1, std::memory_order_relaxed);
  }
  void Release() const {
    if (authenticated_ && owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) Destroy();
  }

  // What it takes, with what names() adds and the text that written() does.
  size_t bytes() const;

  bool authenticated() const { return authenticated_; }

  // Null for the anonymous caller.
  const std::shared_ptr<const IssuerRules>& rules() const { return rules_; }
  absl::string_view issuer_name() const;
  absl::string_view issuer() const;

  // As Identity has them.
  absl::string_view subject() const;
  bool has_subject() const { return has_subject_; }
  absl::string_view client_id() const { return Text(kClientId); }
  absl::string_view token_id() const { return Text(kTokenId); }
  absl::string_view key_id() const;
  bool has_actor() const { return has_actor_; }
  absl::string_view actor_subject() const { return Text(kActorSubject); }
  absl::string_view actor_issuer() const;
  absl::string_view claims_json() const { return {Characters(), claims_bytes_}; }

  // Empty where the token has none.
  absl::string_view session_id() const { return Text(kSessionId); }
  absl::string_view authentication_class() const { return Text(kAuthenticationClass); }
  absl::string_view token_type() const { return Text(kTokenType); }

  // Some of the strings.
  class Strings;
  Strings audiences() const;
  Strings scopes() const;
  Strings roles() const;

  // cnf: absent, or a thumbprint, or something that Lanyard cannot check.
  bool has_confirmation() const { return has_confirmation_; }
  bool confirmation_is_checkable() const { return confirmation_is_checkable_; }
  absl::string_view certificate_sha256() const { return Text(kCertificate); }

  std::optional<absl::Time> expires_at() const { return Optional(expires_at_); }
  std::optional<absl::Time> not_before() const { return Optional(not_before_); }
  std::optional<absl::Time> issued_at() const { return Optional(issued_at_); }
  std::optional<absl::Time> authenticated_at() const { return Optional(authenticated_at_); }

  // The last instant at which the token is accepted: exp plus the issuer's leeway. Infinite future
  // without exp.
  absl::Time usable_until() const;
  absl::Duration ends_since_boot() const { return ends_since_boot_; }

  // What the verdict rests on; null where it rests on no key.
  const std::shared_ptr<const KeySet>& keys() const { return keys_; }
  const Key* key() const { return key_; }

  // What the accessors of Identity refer to, made when one is first asked for.
  struct Names {
    std::string issuer_name, issuer, subject, client_id, token_id, key_id, actor_subject,
        actor_issuer;
    std::vector<std::string> audiences, scopes, roles;
  };
  const Names& names() const;
  struct Written {
    std::string json;
    v1::Claims claims;
  };
  const Written& written() const;

 private:
  struct Part {
    uint32_t offset, size;
  };
  // The parts that every state has; those of the lists follow.
  enum : uint32_t {
    kSubject,
    kClientId,
    kTokenId,
    kActorSubject,
    kActorIssuer,
    kSessionId,
    kAuthenticationClass,
    kTokenType,
    kCertificate,
    kFixedParts
  };

  explicit IdentityState(const IdentityFacts& facts);
  IdentityState();  // Of the anonymous caller.
  IdentityState(const IdentityState& other);
  ~IdentityState();
  void Destroy() const;
  size_t BlockBytes() const;

  static std::optional<absl::Time> Optional(absl::Time time) {
    if (time == absl::InfinitePast()) return std::nullopt;
    return time;
  }
  // Both follow this in its block.
  const Part* Parts() const { return reinterpret_cast<const Part*>(this + 1); }
  const char* Characters() const { return reinterpret_cast<const char*>(Parts() + part_count_); }
  absl::string_view Text(uint32_t part) const {
    return {Characters() + Parts()[part].offset, Parts()[part].size};
  }

  mutable std::atomic<uint32_t> owners_{1};
  const bool authenticated_ : 1;
  const bool has_subject_ : 1;
  const bool has_actor_ : 1;
  const bool has_actor_issuer_ : 1;
  const bool has_confirmation_ : 1;
  const bool confirmation_is_checkable_ : 1;
  const bool header_names_key_ : 1;
  const uint32_t part_count_, audience_count_, scope_count_;
  uint32_t claims_bytes_, character_count_;
  const std::shared_ptr<const IssuerRules> rules_;
  const std::shared_ptr<const KeySet> keys_;
  const Key* const key_;
  const absl::Time expires_at_, not_before_, issued_at_, authenticated_at_;
  const absl::Duration ends_since_boot_;
  mutable std::atomic<const Names*> names_{nullptr};
  mutable std::atomic<const Written*> written_{nullptr};
};

// A list of a state, as long as that lives.
class IdentityState::Strings {
 public:
  class Iterator {
   public:
    absl::string_view operator*() const { return {characters_ + part_->offset, part_->size}; }
    Iterator& operator++() {
      ++part_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return part_ != other.part_; }

   private:
    friend class Strings;
    Iterator(const Part* part, const char* characters) : part_(part), characters_(characters) {}
    const Part* part_;
    const char* characters_;
  };
  Iterator begin() const { return {begin_, characters_}; }
  Iterator end() const { return {end_, characters_}; }
  size_t size() const { return static_cast<size_t>(end_ - begin_); }
  bool Contains(absl::string_view string) const {
    for (const absl::string_view each : *this) {
      if (each == string) return true;
    }
    return false;
  }

 private:
  friend class IdentityState;
  Strings(const Part* begin, const Part* end, const char* characters)
      : begin_(begin), end_(end), characters_(characters) {}
  const Part* begin_;
  const Part* end_;
  const char* characters_;
};

// The one way to make an Identity: the Verifier's, and the test kit's.
struct IdentityAccess {
  static Identity Make(const IdentityFacts& facts) { return Identity(IdentityState::Make(facts)); }
  static Identity Copy(const Identity& identity) { return Identity(identity.state_->Copy()); }
  static const IdentityState& StateOf(const Identity& identity) { return *identity.state_; }
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_IDENTITY_STATE_H_
