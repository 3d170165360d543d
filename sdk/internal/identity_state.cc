// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/identity_state.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <new>

#include "lanyard/sdk/internal/claims_json.h"

namespace lanyard::internal {
namespace {

// Values that no token can carry, so that they equal no name, not even the empty one.
constexpr absl::string_view kAnonymous("\0anonymous", 10);
constexpr absl::string_view kNoSubject("\0none", 5);

// What a string outside of its object takes.
size_t HeapBytes(size_t size) { return size > 15 ? size + 16 : 0; }

// Of threads that ask at once, the first one's counts.
template <typename T, typename Make>
const T& MadeOnce(std::atomic<const T*>& made, const Make& make) {
  const T* there = made.load(std::memory_order_acquire);
  if (there != nullptr) return *there;
  std::unique_ptr<const T> fresh = make();
  if (made.compare_exchange_strong(there, fresh.get(), std::memory_order_acq_rel)) {
    return *fresh.release();
  }
  return *there;
}

}  // namespace

IdentityState::IdentityState()
    : authenticated_(false),
      has_subject_(false),
      has_actor_(false),
      has_actor_issuer_(false),
      has_confirmation_(false),
      confirmation_is_checkable_(false),
      header_names_key_(false),
      part_count_(kFixedParts),
      audience_count_(0),
      scope_count_(0),
      claims_bytes_(0),
      character_count_(0),
      key_(nullptr),
      expires_at_(absl::InfinitePast()),
      not_before_(absl::InfinitePast()),
      issued_at_(absl::InfinitePast()),
      authenticated_at_(absl::InfinitePast()),
      ends_since_boot_(absl::InfiniteDuration()) {}

IdentityState::IdentityState(const IdentityFacts& facts)
    : authenticated_(true),
      has_subject_(facts.claims.subject.has_value()),
      has_actor_(facts.claims.has_actor),
      has_actor_issuer_(facts.claims.actor_issuer.has_value()),
      has_confirmation_(facts.claims.has_confirmation),
      confirmation_is_checkable_(facts.claims.confirmation_is_checkable),
      header_names_key_(facts.header_names_key),
      part_count_(static_cast<uint32_t>(
          kFixedParts + (facts.claims.audiences.has_value() ? facts.claims.audiences->size() : 0) +
          facts.claims.scopes.size() + facts.roles.size())),
      audience_count_(static_cast<uint32_t>(
          facts.claims.audiences.has_value() ? facts.claims.audiences->size() : 0)),
      scope_count_(static_cast<uint32_t>(facts.claims.scopes.size())),
      claims_bytes_(static_cast<uint32_t>(facts.claims_json.size())),
      character_count_(0),
      rules_(facts.issuer),
      keys_(facts.keys),
      key_(facts.key),
      expires_at_(facts.claims.expires_at.value_or(absl::InfinitePast())),
      not_before_(facts.claims.not_before.value_or(absl::InfinitePast())),
      issued_at_(facts.claims.issued_at.value_or(absl::InfinitePast())),
      authenticated_at_(facts.claims.authenticated_at.value_or(absl::InfinitePast())),
      ends_since_boot_(facts.ends_since_boot) {}

IdentityState::IdentityState(const IdentityState& other)
    : authenticated_(other.authenticated_),
      has_subject_(other.has_subject_),
      has_actor_(other.has_actor_),
      has_actor_issuer_(other.has_actor_issuer_),
      has_confirmation_(other.has_confirmation_),
      confirmation_is_checkable_(other.confirmation_is_checkable_),
      header_names_key_(other.header_names_key_),
      part_count_(other.part_count_),
      audience_count_(other.audience_count_),
      scope_count_(other.scope_count_),
      claims_bytes_(other.claims_bytes_),
      character_count_(other.character_count_),
      rules_(other.rules_),
      keys_(other.keys_),
      key_(other.key_),
      expires_at_(other.expires_at_),
      not_before_(other.not_before_),
      issued_at_(other.issued_at_),
      authenticated_at_(other.authenticated_at_),
      ends_since_boot_(other.ends_since_boot_) {}

IdentityState::~IdentityState() {
  delete names_.load(std::memory_order_acquire);
  delete written_.load(std::memory_order_acquire);
}

const IdentityState* IdentityState::Anonymous() {
  static const IdentityState* const anonymous = [] {
    void* block = ::operator new(sizeof(IdentityState) + kFixedParts * sizeof(Part));
    std::memset(block, 0, sizeof(IdentityState) + kFixedParts * sizeof(Part));
    return new (block) IdentityState();
  }();
  return anonymous;
}

const IdentityState* IdentityState::Make(const IdentityFacts& facts) {
  const RegisteredClaims& claims = facts.claims;
  absl::InlinedVector<absl::string_view, kFixedParts + 16> texts;  // In the order of the parts.
  const auto add = [&texts](const auto& all) {
    for (const absl::string_view text : all) texts.push_back(text);
  };
  add(std::initializer_list<absl::string_view>{
      claims.subject.value_or(""),
      claims.client_id.value_or(claims.authorized_party.value_or("")),
      claims.token_id.value_or(""),
      claims.actor_subject,
      claims.actor_issuer.value_or(""),
      claims.session_id.value_or(""),
      claims.authentication_class.value_or(""),
      facts.token_type,
      claims.certificate_sha256,
  });
  if (claims.audiences.has_value()) add(*claims.audiences);
  add(claims.scopes);
  add(facts.roles);

  // What is a part of the document stays one; the rest goes behind it.
  const absl::string_view document = facts.document.empty() ? facts.claims_json : facts.document;
  const auto is_part = [document](absl::string_view text) {
    const std::less_equal<const char*> not_after;
    return not_after(document.data(), text.data()) &&
           not_after(text.data() + text.size(), document.data() + document.size());
  };
  size_t characters = document.size();
  for (const absl::string_view text : texts) {
    if (!is_part(text)) characters += text.size();
  }
  void* block = ::operator new(sizeof(IdentityState) + texts.size() * sizeof(Part) + characters);
  auto* const state = new (block) IdentityState(facts);
  state->character_count_ = static_cast<uint32_t>(characters);
  auto* parts = reinterpret_cast<Part*>(state + 1);
  char* const begin = reinterpret_cast<char*>(parts + texts.size());
  char* end = std::copy(document.begin(), document.end(), begin);
  for (const absl::string_view text : texts) {
    size_t offset;
    if (is_part(text)) {
      offset = static_cast<size_t>(text.data() - document.data());
    } else {
      offset = static_cast<size_t>(end - begin);
      end = std::copy(text.begin(), text.end(), end);
    }
    new (parts++) Part{static_cast<uint32_t>(offset), static_cast<uint32_t>(text.size())};
  }
  return state;
}

const IdentityState* IdentityState::Copy() const {
  if (!authenticated_) return this;
  void* block = ::operator new(BlockBytes());
  auto* const copy = new (block) IdentityState(*this);
  std::memcpy(static_cast<void*>(copy + 1), this + 1, BlockBytes() - sizeof(IdentityState));
  return copy;
}

void IdentityState::Destroy() const {
  this->~IdentityState();
  ::operator delete(const_cast<IdentityState*>(this));
}

size_t IdentityState::BlockBytes() const {
  return sizeof(IdentityState) + part_count_ * sizeof(Part) + character_count_;
}

size_t IdentityState::bytes() const {
  size_t names = sizeof(Names);
  for (uint32_t i = 0; i < part_count_; ++i) {
    names += HeapBytes(Parts()[i].size) + (i < kFixedParts ? 0 : sizeof(std::string));
  }
  return BlockBytes() + names + sizeof(Written) + HeapBytes(claims_bytes_);
}

absl::string_view IdentityState::issuer_name() const {
  return authenticated_ ? absl::string_view(rules_->name) : kAnonymous;
}
absl::string_view IdentityState::issuer() const {
  return authenticated_ ? IssuerTextOf(*rules_) : kAnonymous;
}
absl::string_view IdentityState::subject() const {
  return has_subject_ ? Text(kSubject) : authenticated_ ? kNoSubject : kAnonymous;
}
absl::string_view IdentityState::key_id() const {
  return header_names_key_ ? absl::string_view(key_->id()) : absl::string_view();
}
absl::string_view IdentityState::actor_issuer() const {
  if (!has_actor_) return {};
  return has_actor_issuer_ ? Text(kActorIssuer) : issuer();
}

IdentityState::Strings IdentityState::audiences() const {
  const Part* begin = Parts() + kFixedParts;
  return {begin, begin + audience_count_, Characters()};
}
IdentityState::Strings IdentityState::scopes() const {
  const Part* begin = Parts() + kFixedParts + audience_count_;
  return {begin, begin + scope_count_, Characters()};
}
IdentityState::Strings IdentityState::roles() const {
  return {Parts() + kFixedParts + audience_count_ + scope_count_, Parts() + part_count_,
          Characters()};
}

absl::Time IdentityState::usable_until() const {
  return expires_at_ == absl::InfinitePast() ? absl::InfiniteFuture()
                                             : expires_at_ + rules_->leeway;
}

const IdentityState::Names& IdentityState::names() const {
  return MadeOnce(names_, [this] {
    auto names = std::make_unique<Names>();
    const auto copy = [](const Strings& strings, std::vector<std::string>* out) {
      out->reserve(strings.size());
      for (const absl::string_view string : strings) out->emplace_back(string);
    };
    names->issuer_name = std::string(issuer_name());
    names->issuer = std::string(issuer());
    names->subject = std::string(subject());
    names->client_id = std::string(client_id());
    names->token_id = std::string(token_id());
    names->key_id = std::string(key_id());
    names->actor_subject = std::string(actor_subject());
    names->actor_issuer = std::string(actor_issuer());
    copy(audiences(), &names->audiences);
    copy(scopes(), &names->scopes);
    copy(roles(), &names->roles);
    return names;
  });
}

const IdentityState::Written& IdentityState::written() const {
  return MadeOnce(written_, [this] {
    auto written = std::make_unique<Written>();
    written->json = std::string(claims_json());
    if (authenticated_) written->claims = ClaimsFromJson(written->json);
    return written;
  });
}

}  // namespace lanyard::internal
