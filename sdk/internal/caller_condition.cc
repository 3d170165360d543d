// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/caller_condition.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/claim_condition.h"
#include "lanyard/sdk/internal/duration.h"
#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/internal/one_time_tokens.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

constexpr size_t kShown = 128;  // Of a name in a message.
constexpr absl::Duration kMaxLeeway = absl::Minutes(5);

absl::Status Error(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("allow: ", what));
}

bool Fail(std::string* why, absl::string_view text) {
  if (why != nullptr) *why = std::string(text);
  return false;
}

template <typename List>
bool Contains(const List& list, absl::string_view value) {
  return std::any_of(list.begin(), list.end(),
                     [value](absl::string_view element) { return element == value; });
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", Printable(text, kShown), "\"");
}

constexpr int kShownNames = 4;

std::string OneOf(const Strings& texts) {
  std::vector<std::string> shown;
  for (int i = 0; i < texts.size() && i < kShownNames; ++i) shown.push_back(Quoted(texts[i]));
  if (texts.size() > kShownNames) shown.push_back("another of the rule's");
  return absl::StrJoin(shown, " or ");
}

bool HasUnknownFields(const google::protobuf::Message& message) {
  const auto* reflection = message.GetReflection();
  if (!reflection->GetUnknownFields(message).empty()) return true;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      if (HasUnknownFields(reflection->GetMessage(message, field))) return true;
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      if (HasUnknownFields(reflection->GetRepeatedMessage(message, field, i))) return true;
    }
  }
  return false;
}

// What names callers, rather than narrowing down who was named.
bool NamesSubjects(const v1::Allow& allow) {
  return allow.subjects_size() + allow.all_scopes_size() + allow.any_scopes_size() +
             allow.any_roles_size() + allow.all_roles_size() + allow.clients_size() +
             allow.claims_size() >
         0;
}
bool NamesCallers(const v1::Allow& allow) {
  return NamesSubjects(allow) || allow.actors_size() > 0;
}

// What narrows down a caller by the token.
bool Narrows(const v1::Allow& allow) {
  return allow.issuers_size() + allow.token_types_size() + allow.any_acr_size() > 0 ||
         allow.certificate_bound() || allow.one_time() || allow.has_max_token_age() ||
         allow.has_max_authentication_age() || allow.any_actor();
}

absl::Status ValidateAge(absl::string_view field, bool present,
                         const google::protobuf::Duration& age) {
  if (!present || DurationOf(age) > absl::ZeroDuration()) return absl::OkStatus();
  return Error(absl::StrCat(field, ": must be above 0"));
}

absl::Status ValidatePatterns(absl::string_view field, const Strings& patterns,
                              absl::string_view separators) {
  for (const std::string& pattern : patterns) {
    if (absl::Status status = NamePatterns::Validate(pattern, separators); !status.ok()) {
      return Error(absl::StrCat(field, ": ", status.message()));
    }
  }
  return absl::OkStatus();
}

absl::Status ValidatePeers(const v1::Allow& allow) {
  const absl::Status status = PeerPatterns::Validate(allow.peers());
  return status.ok() ? status : Error(absl::StrCat("peers: ", status.message()));
}

}  // namespace

bool NamesWhatATokenSays(const v1::Allow& allow) {
  return NamesCallers(allow) || allow.any_acr_size() > 0;
}

absl::Status ValidateAllow(const v1::Allow& allow) {
  if (HasUnknownFields(allow)) {
    return Error(
        "it has a condition that this version of Lanyard does not know, and would be wider "
        "without it");
  }
  const bool peers = allow.peers_size() > 0;
  if (allow.anyone() &&
      (NamesCallers(allow) || Narrows(allow) || peers || allow.any_authenticated())) {
    return Error("\"anyone\" stands beside other conditions; it would make them mean nothing");
  }
  if (allow.has_bad_token() && (!allow.anyone() || allow.bad_token() != v1::TREAT_AS_ANONYMOUS)) {
    return Error("bad_token: is only for anyone: true, and can be TREAT_AS_ANONYMOUS");
  }
  if (allow.without_token() && (!peers || NamesCallers(allow) || Narrows(allow) ||
                                allow.any_authenticated() || allow.anyone())) {
    return Error("without_token: needs peers, and nothing else may stand beside the two");
  }
  if (allow.any_authenticated() && NamesSubjects(allow)) {
    return Error("only what narrows down whose token it is may stand beside \"any_authenticated\"");
  }
  if (!allow.anyone() && !allow.any_authenticated() && !NamesCallers(allow) &&
      !allow.without_token()) {
    return Error(
        peers ? "peers: with a token, also say whose: subjects, clients, scopes, roles, claims, "
                "actors or any_authenticated: true; without one, without_token: true"
              : "it names no caller; write subjects, clients, all_scopes, any_scopes, any_roles, "
                "all_roles, claims, actors, any_authenticated: true or anyone: true");
  }
  if (allow.any_actor() && allow.actors_size() > 0) {
    return Error("\"any_actor\" stands beside actors; it would make them mean nothing");
  }
  for (const auto& [field, list] :
       {std::pair("issuers", &allow.issuers()), std::pair("all_scopes", &allow.all_scopes()),
        std::pair("any_scopes", &allow.any_scopes()), std::pair("any_roles", &allow.any_roles()),
        std::pair("all_roles", &allow.all_roles()), std::pair("clients", &allow.clients()),
        std::pair("token_types", &allow.token_types()), std::pair("any_acr", &allow.any_acr())}) {
    if (Contains(*list, "")) return Error(absl::StrCat(field, ": an empty string"));
  }
  for (const std::string& type : allow.token_types()) {
    if (NormalizedType(type).empty()) return Error("token_types: a type is missing");
  }
  if (absl::Status s = ValidatePatterns("subjects", allow.subjects(), kSubjectSeparators); !s.ok())
    return s;
  if (absl::Status s = ValidatePeers(allow); !s.ok()) return s;
  for (const v1::ActorCondition& actor : allow.actors()) {
    if (actor.issuer().empty() || actor.subjects().empty()) {
      return Error("actors: issuer and subjects are required: who uses the token, and who says so");
    }
    if (absl::Status s = ValidatePatterns("actors: subjects", actor.subjects(), kSubjectSeparators);
        !s.ok()) {
      return s;
    }
  }
  for (const v1::ClaimCondition& condition : allow.claims()) {
    if (absl::Status s = ValidateClaimCondition(condition); !s.ok()) {
      return Error(absl::StrCat("claims: ", s.message()));
    }
  }
  if (absl::Status s =
          ValidateAge("max_token_age", allow.has_max_token_age(), allow.max_token_age());
      !s.ok()) {
    return s;
  }
  return ValidateAge("max_authentication_age", allow.has_max_authentication_age(),
                     allow.max_authentication_age());
}

CallerCondition::CallerCondition(const v1::Allow& allow,
                                 const std::map<std::string, std::string>& issuers)
    : allow_(allow), subjects_(allow.subjects(), kSubjectSeparators), peers_(allow.peers()) {
  for (const v1::ActorCondition& actor : allow.actors()) {
    const auto issuer = issuers.find(actor.issuer());
    if (issuer == issuers.end()) continue;  // Refused at load.
    actors_.push_back({issuer->second, NamePatterns(actor.subjects(), kSubjectSeparators)});
  }
}

bool CallerCondition::PeerMatches(TokenConnection& connection, std::string* why) const {
  if (allow_.peers().empty()) return true;
  if (peers_.Match(connection.VerifiedPeerNames())) return true;
  return Fail(why, "the client's certificate has none of the names in peers");
}

bool CallerCondition::ActorMatches(const IdentityState& caller, std::string* why) const {
  if (!caller.has_actor()) {
    return actors_.empty() || Fail(why, "the token has no act, and the rule asks for an actor");
  }
  if (allow_.any_actor()) return true;
  const bool found = std::any_of(actors_.begin(), actors_.end(), [&](const Actor& actor) {
    return actor.issuer == caller.actor_issuer() && actor.subjects.Match(caller.actor_subject());
  });
  return found || Fail(why, actors_.empty() ? "somebody uses the token for its subject (act), and "
                                              "the rule has no actors"
                                            : "the one who uses the token (act) is none of actors");
}

bool CallerCondition::TokenMatches(const IdentityState& caller, std::string* why) const {
  if (!allow_.issuers().empty() && !Contains(allow_.issuers(), caller.issuer_name())) {
    return Fail(why, absl::StrCat("the issuer is not ", OneOf(allow_.issuers())));
  }
  if (!subjects_.empty() && !subjects_.Match(caller.subject())) {
    return Fail(why, absl::StrCat("the subject is not ", OneOf(allow_.subjects())));
  }
  if (!allow_.clients().empty() && !Contains(allow_.clients(), caller.client_id())) {
    return Fail(why, absl::StrCat("the client is not ", OneOf(allow_.clients())));
  }
  for (const std::string& scope : allow_.all_scopes()) {
    if (!caller.scopes().Contains(scope)) {
      return Fail(why, absl::StrCat("the token lacks the scope ", Quoted(scope)));
    }
  }
  if (!allow_.any_scopes().empty() &&
      std::none_of(allow_.any_scopes().begin(), allow_.any_scopes().end(),
                   [&](const std::string& scope) { return caller.scopes().Contains(scope); })) {
    return Fail(why, absl::StrCat("the token lacks the scope ", OneOf(allow_.any_scopes())));
  }
  for (const std::string& role : allow_.all_roles()) {
    if (!caller.roles().Contains(role)) {
      return Fail(why, absl::StrCat("the caller lacks the role ", Quoted(role)));
    }
  }
  if (!allow_.any_roles().empty() &&
      std::none_of(allow_.any_roles().begin(), allow_.any_roles().end(),
                   [&](const std::string& role) { return caller.roles().Contains(role); })) {
    return Fail(why, absl::StrCat("the caller lacks the role ", OneOf(allow_.any_roles())));
  }
  if (!allow_.token_types().empty() &&
      std::none_of(
          allow_.token_types().begin(), allow_.token_types().end(), [&](const std::string& type) {
            return !caller.token_type().empty() && NormalizedType(type) == caller.token_type();
          })) {
    return Fail(why, absl::StrCat("typ is not ", OneOf(allow_.token_types())));
  }
  if (allow_.certificate_bound() && !caller.has_confirmation()) {
    return Fail(why, "the token is not bound to a client certificate (cnf)");
  }
  return true;
}

bool CallerCondition::AgesMatch(const Identity& caller, absl::Time now, std::string* why) const {
  const IdentityState& token = IdentityAccess::StateOf(caller);
  const absl::Duration leeway = std::min(token.usable_until() - caller.expires_at(), kMaxLeeway);
  const auto young = [now, leeway](const std::optional<absl::Time>& from,
                                   const google::protobuf::Duration& age) {
    return from.has_value() && now - *from <= DurationOf(age) && *from - now <= leeway;
  };
  if (allow_.one_time() && !CanBeOneTime(caller, now)) {
    return Fail(why,
                "the token has no jti, or lives longer than 5 min, and the rule is for tokens that "
                "are used once");
  }
  if (allow_.has_max_token_age() && !young(token.issued_at(), allow_.max_token_age())) {
    return Fail(why, "the token has no iat, or is older than max_token_age");
  }
  if (allow_.has_max_authentication_age() &&
      !young(token.authenticated_at(), allow_.max_authentication_age())) {
    return Fail(why,
                "the token has no auth_time, or the user's sign-in is older than "
                "max_authentication_age");
  }
  if (!allow_.any_acr().empty() && !Contains(allow_.any_acr(), token.authentication_class())) {
    return Fail(why, absl::StrCat("acr is not ", OneOf(allow_.any_acr())));
  }
  return true;
}

bool CallerCondition::ClaimsMatch(const Identity& caller, std::string* why) const {
  if (allow_.claims().empty()) return true;
  const auto document = JsonDocument::ParseObject(IdentityAccess::StateOf(caller).claims_json());
  if (!document.ok()) return Fail(why, "the claims cannot be read");
  for (const v1::ClaimCondition& condition : allow_.claims()) {
    if (!Meets(document->root(), condition)) {
      return Fail(why, absl::StrCat("the claim ", PathText(condition),
                                    " is absent, or not what the rule asks for"));
    }
  }
  return true;
}

bool CallerCondition::Matches(const Identity& caller, TokenConnection& connection, absl::Time now,
                              std::string* why) const {
  if (allow_.anyone()) return true;
  if (allow_.without_token()) return PeerMatches(connection, why);
  if (!caller.authenticated()) return Fail(why, "it needs a token");
  const IdentityState& state = IdentityAccess::StateOf(caller);
  return ActorMatches(state, why) && TokenMatches(state, why) && AgesMatch(caller, now, why) &&
         PeerMatches(connection, why) && ClaimsMatch(caller, why);
}

}  // namespace lanyard::internal
