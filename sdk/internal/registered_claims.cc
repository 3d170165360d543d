// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/registered_claims.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/base64url.h"

namespace lanyard::internal {
namespace {

using Kind = JsonValue::Kind;

constexpr double kMaxSeconds = 253402300799.0;  // The last second of the year 9999.
constexpr size_t kMaxSubjectBytes = 255;
constexpr int kMaxActors = 4;

absl::Status Malformed(absl::string_view what) {
  return AuthFailureStatus(AuthFailure::kMalformedToken, what);
}

absl::Status ReadString(const JsonValue& value, std::optional<absl::string_view>* out) {
  if (!value.is(Kind::kString)) {
    return Malformed(absl::StrCat("\"", value.name(), "\" is not a string"));
  }
  *out = value.string();
  return absl::OkStatus();
}

absl::Status ReadTime(const JsonValue& value, std::optional<absl::Time>* out) {
  double seconds = -1;
  if (value.is(Kind::kInteger)) {
    seconds = static_cast<double>(value.integer());
  } else if (value.is(Kind::kDouble)) {
    seconds = value.number();
  } else if (!value.is(Kind::kUnsigned)) {
    return Malformed(absl::StrCat("\"", value.name(), "\" is not a number"));
  }
  if (!(seconds >= 0 && seconds <= kMaxSeconds)) {
    return Malformed(absl::StrCat("\"", value.name(), "\" is not a time before the year 10000"));
  }
  *out = value.is(Kind::kInteger) ? absl::FromUnixSeconds(value.integer())
                                  : absl::UnixEpoch() + absl::Seconds(seconds);
  return absl::OkStatus();
}

absl::Status ReadSubject(const JsonValue& value, std::optional<absl::string_view>* out) {
  if (absl::Status status = ReadString(value, out); !status.ok()) return status;
  bool control = false;
  for (const char c : **out) {
    control = control || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  }
  if ((*out)->empty() || (*out)->size() > kMaxSubjectBytes || control) {
    return Malformed("\"sub\" must have 1 to 255 bytes and no control characters");
  }
  return absl::OkStatus();
}

// RFC 7519 section 4.1.3: a string or an array of strings, none of them empty here.
absl::Status ReadAudience(const JsonValue& value, std::optional<ClaimStrings>* out) {
  ClaimStrings audiences;
  auto add = [&audiences](const JsonValue& element) {
    if (!element.is(Kind::kString) || element.string().empty()) return false;
    audiences.push_back(element.string());
    return true;
  };
  bool good = true;
  if (value.is(Kind::kArray)) {
    for (const JsonValue element : value) good = good && add(element);
  } else {
    good = add(value);
  }
  if (!good) return Malformed("\"aud\" must be a string or an array of strings, none empty");
  *out = std::move(audiences);
  return absl::OkStatus();
}

// RFC 6749 section 3.3: printable characters.
bool IsScope(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
  });
}

// Names with one space between each.
absl::Status ReadScope(const JsonValue& value, absl::string_view claim, ClaimStrings* out) {
  if (!value.is(Kind::kString)) return Malformed(absl::StrCat("\"", claim, "\" is not a string"));
  absl::string_view rest = value.string();
  for (bool more = !rest.empty(); more;) {
    const size_t space = rest.find(' ');
    const absl::string_view name = rest.substr(0, space);
    if (!IsScope(name)) {
      return Malformed(absl::StrCat("\"", claim, "\" must hold names with one space between each"));
    }
    out->push_back(name);
    more = space != rest.npos;
    if (more) rest.remove_prefix(space + 1);
  }
  return absl::OkStatus();
}

// What some issuers have for scope: the same string, or an array of names.
absl::Status ReadScp(const JsonValue& value, ClaimStrings* out) {
  if (!value.is(Kind::kArray)) return ReadScope(value, "scp", out);
  for (const JsonValue name : value) {
    if (!name.is(Kind::kString) || !IsScope(name.string())) {
      return Malformed("\"scp\" must hold names of scopes");
    }
    out->push_back(name.string());
  }
  return absl::OkStatus();
}

// Of whichever there is.
absl::Status ReadScopes(const std::optional<JsonValue>& scope, const std::optional<JsonValue>& scp,
                        ClaimStrings* out) {
  if (scope.has_value()) {
    if (absl::Status status = ReadScope(*scope, "scope", out); !status.ok()) return status;
  }
  if (!scp.has_value()) return absl::OkStatus();
  ClaimStrings names;
  if (absl::Status status = ReadScp(*scp, &names); !status.ok()) return status;
  if (scope.has_value() && names != *out) return Malformed("\"scope\" and \"scp\" differ");
  *out = std::move(names);
  return absl::OkStatus();
}

// RFC 8693 section 4.1: each actor has a subject; the chain is bounded.
absl::Status CheckActor(JsonValue actor) {
  for (int depth = 1;; ++depth) {
    if (depth > kMaxActors) return Malformed("\"act\" is nested more than four deep");
    const auto subject = actor.Find("sub");
    if (!actor.is(Kind::kObject) || !subject.has_value() || !subject->is(Kind::kString) ||
        subject->string().empty()) {
      return Malformed("\"act\" must be an object with a \"sub\" string");
    }
    const auto next = actor.Find("act");
    if (!next.has_value()) return absl::OkStatus();
    actor = *next;
  }
}

absl::Status ReadActor(const JsonValue& actor, RegisteredClaims* claims) {
  if (absl::Status status = CheckActor(actor); !status.ok()) return status;
  claims->has_actor = true;
  claims->actor_subject = actor.Find("sub")->string();
  const auto issuer = actor.Find("iss");
  if (!issuer.has_value()) return absl::OkStatus();
  if (!issuer->is(Kind::kString)) return Malformed("\"iss\" of \"act\" is not a string");
  claims->actor_issuer = issuer->string();
  return absl::OkStatus();
}

void ReadConfirmation(const JsonValue& value, RegisteredClaims* claims) {
  claims->has_confirmation = true;
  // Every member must be one that is checked; an empty cnf proves nothing.
  if (!value.is(Kind::kObject) || value.size() != 1) return;
  const auto thumbprint = value.Find("x5t#S256");
  claims->confirmation_is_checkable =
      thumbprint.has_value() && thumbprint->is(Kind::kString) &&
      Base64UrlDecode(thumbprint->string(), &claims->certificate_sha256) &&
      claims->certificate_sha256.size() == 32;
}

}  // namespace

absl::StatusOr<RegisteredClaims> ReadClaims(const JsonValue& root) {
  RegisteredClaims claims;
  std::optional<JsonValue> scope, scp;
  for (const JsonValue claim : root) {
    const absl::string_view name = claim.name();
    absl::Status status;
    if (name == "iss") {
      status = ReadString(claim, &claims.issuer);
    } else if (name == "sub") {
      status = ReadSubject(claim, &claims.subject);
    } else if (name == "aud") {
      status = ReadAudience(claim, &claims.audiences);
    } else if (name == "exp") {
      status = ReadTime(claim, &claims.expires_at);
    } else if (name == "nbf") {
      status = ReadTime(claim, &claims.not_before);
    } else if (name == "iat") {
      status = ReadTime(claim, &claims.issued_at);
    } else if (name == "jti") {
      status = ReadString(claim, &claims.token_id);
    } else if (name == "client_id") {
      status = ReadString(claim, &claims.client_id);
    } else if (name == "azp") {
      status = ReadString(claim, &claims.authorized_party);
    } else if (name == "scope") {
      scope = claim;
    } else if (name == "scp") {
      scp = claim;
    } else if (name == "cnf") {
      ReadConfirmation(claim, &claims);
    } else if (name == "act") {
      status = ReadActor(claim, &claims);
    } else if (name == "auth_time") {
      status = ReadTime(claim, &claims.authenticated_at);
    } else if (name == "acr") {
      status = ReadString(claim, &claims.authentication_class);
    } else if (name == "sid") {
      status = ReadString(claim, &claims.session_id);
    } else if (name == "nonce" || name == "at_hash" || name == "c_hash" || name == "s_hash" ||
               name == "events") {
      claims.has_other_kinds_claim = true;
    }
    if (!status.ok()) return status;
  }
  if (claims.client_id.has_value() && claims.authorized_party.has_value() &&
      *claims.client_id != *claims.authorized_party) {
    return Malformed("\"client_id\" and \"azp\" name two clients");
  }
  if (absl::Status status = ReadScopes(scope, scp, &claims.scopes); !status.ok()) return status;
  if (claims.expires_at.has_value() &&
      ((claims.issued_at.has_value() && *claims.expires_at <= *claims.issued_at) ||
       (claims.not_before.has_value() && *claims.expires_at <= *claims.not_before))) {
    return Malformed("\"exp\" is not after \"iat\" and \"nbf\"");
  }
  return claims;
}

}  // namespace lanyard::internal
