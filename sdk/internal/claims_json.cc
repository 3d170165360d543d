// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/claims_json.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iomanip>
#include <locale>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
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

absl::Status ReadString(const JsonValue& value, std::optional<std::string>* out) {
  if (!value.is(Kind::kString)) {
    return Malformed(absl::StrCat("\"", value.name(), "\" is not a string"));
  }
  *out = std::string(value.string());
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

absl::Status ReadSubject(const JsonValue& value, std::optional<std::string>* out) {
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
absl::Status ReadAudience(const JsonValue& value, std::optional<std::vector<std::string>>* out) {
  std::vector<std::string> audiences;
  auto add = [&audiences](const JsonValue& element) {
    if (!element.is(Kind::kString) || element.string().empty()) return false;
    audiences.emplace_back(element.string());
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
absl::Status ReadScope(const JsonValue& value, absl::string_view claim,
                       std::optional<std::vector<std::string>>* out) {
  if (!value.is(Kind::kString)) return Malformed(absl::StrCat("\"", claim, "\" is not a string"));
  std::vector<std::string> names;
  if (!value.string().empty()) names = absl::StrSplit(value.string(), ' ');
  if (!std::all_of(names.begin(), names.end(), IsScope)) {
    return Malformed(absl::StrCat("\"", claim, "\" must hold names with one space between each"));
  }
  *out = std::move(names);
  return absl::OkStatus();
}

// What some issuers have for scope: the same string, or an array of names.
absl::Status ReadScp(const JsonValue& value, std::optional<std::vector<std::string>>* out) {
  if (!value.is(Kind::kArray)) return ReadScope(value, "scp", out);
  std::vector<std::string> names;
  for (const JsonValue name : value) {
    if (!name.is(Kind::kString) || !IsScope(name.string())) {
      return Malformed("\"scp\" must hold names of scopes");
    }
    names.emplace_back(name.string());
  }
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
  claims->actor_subject = std::string(actor.Find("sub")->string());
  const auto issuer = actor.Find("iss");
  if (!issuer.has_value()) return absl::OkStatus();
  if (!issuer->is(Kind::kString)) return Malformed("\"iss\" of \"act\" is not a string");
  claims->actor_issuer = std::string(issuer->string());
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
  std::optional<std::vector<std::string>> scope, scp;
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
      status = ReadScope(claim, "scope", &scope);
    } else if (name == "scp") {
      status = ReadScp(claim, &scp);
    } else if (name == "cnf") {
      ReadConfirmation(claim, &claims);
    } else if (name == "act") {
      status = ReadActor(claim, &claims);
    } else if (name == "auth_time") {
      status = ReadTime(claim, &claims.authenticated_at);
    } else if (name == "acr") {
      status = ReadString(claim, &claims.authentication_class);
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
  if (scope.has_value() && scp.has_value() && *scope != *scp) {
    return Malformed("\"scope\" and \"scp\" differ");
  }
  if (scope.has_value() || scp.has_value()) claims.scopes = scope.has_value() ? *scope : *scp;
  if (claims.expires_at.has_value() &&
      ((claims.issued_at.has_value() && *claims.expires_at <= *claims.issued_at) ||
       (claims.not_before.has_value() && *claims.expires_at <= *claims.not_before))) {
    return Malformed("\"exp\" is not after \"iat\" and \"nbf\"");
  }
  return claims;
}

namespace {

void ToValue(const JsonValue& json, v1::Value* out) {
  switch (json.kind()) {
    case Kind::kNull:
      out->set_null_value(true);
      break;
    case Kind::kBool:
      out->set_bool_value(json.boolean());
      break;
    case Kind::kInteger:
      out->set_int_value(json.integer());
      break;
    case Kind::kUnsigned:
      out->set_uint_value(json.unsigned_integer());
      break;
    case Kind::kDouble:
      out->set_double_value(json.number());
      break;
    case Kind::kString:
      out->set_string_value(std::string(json.string()));
      break;
    case Kind::kArray:
      out->mutable_list_value();
      for (const JsonValue element : json)
        ToValue(element, out->mutable_list_value()->add_values());
      break;
    case Kind::kObject:
      out->mutable_object_value();
      for (const JsonValue member : json) {
        ToValue(member,
                &(*out->mutable_object_value()->mutable_members())[std::string(member.name())]);
      }
      break;
  }
}

void ToTimestamp(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  out->set_seconds(seconds);
  out->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

void ToActor(const JsonValue& json, v1::Actor* out) {
  for (const JsonValue member : json) {
    if (member.name() == "sub") out->set_subject(std::string(member.string()));
    if (member.name() == "iss" && member.is(Kind::kString)) {
      out->set_issuer(std::string(member.string()));
    }
    if (member.name() == "act") ToActor(member, out->mutable_actor());
  }
}

constexpr absl::string_view kTypedClaims[] = {"iss", "sub",       "aud", "exp",   "nbf", "iat",
                                              "jti", "client_id", "azp", "scope", "act", "cnf"};

bool IsTyped(absl::string_view name) {
  for (const absl::string_view typed : kTypedClaims) {
    if (name == typed) return true;
  }
  return false;
}

}  // namespace

v1::Claims ClaimsFromJson(absl::string_view json) {
  v1::Claims out;
  auto document = JsonDocument::ParseObject(json);
  if (!document.ok()) return out;
  auto claims = ReadClaims(document->root());
  if (!claims.ok()) return out;
  out.set_issuer(claims->issuer.value_or(""));
  out.set_subject(claims->subject.value_or(""));
  if (claims->audiences.has_value()) {
    for (const std::string& audience : *claims->audiences) out.add_audiences(audience);
  }
  if (claims->expires_at.has_value()) ToTimestamp(*claims->expires_at, out.mutable_expires_at());
  if (claims->not_before.has_value()) ToTimestamp(*claims->not_before, out.mutable_not_before());
  if (claims->issued_at.has_value()) ToTimestamp(*claims->issued_at, out.mutable_issued_at());
  out.set_token_id(claims->token_id.value_or(""));
  out.set_client_id(claims->client_id.value_or(""));
  out.set_authorized_party(claims->authorized_party.value_or(""));
  for (const std::string& scope : claims->scopes) out.add_scopes(scope);
  if (const auto actor = document->root().Find("act"); actor.has_value()) {
    ToActor(*actor, out.mutable_actor());
  }
  if (claims->confirmation_is_checkable) {
    out.mutable_confirmation()->set_certificate_sha256(claims->certificate_sha256);
  }
  for (const JsonValue claim : document->root()) {
    if (!IsTyped(claim.name())) {
      ToValue(claim, &(*out.mutable_private_claims())[std::string(claim.name())]);
    }
  }
  return out;
}

namespace {

absl::Status AppendValue(const v1::Value& value, std::string* out) {
  switch (value.kind_case()) {
    case v1::Value::kNullValue:
    case v1::Value::KIND_NOT_SET:
      out->append("null");
      break;
    case v1::Value::kBoolValue:
      out->append(value.bool_value() ? "true" : "false");
      break;
    case v1::Value::kIntValue:
      absl::StrAppend(out, value.int_value());
      break;
    case v1::Value::kUintValue:
      absl::StrAppend(out, value.uint_value());
      break;
    case v1::Value::kDoubleValue: {
      if (!std::isfinite(value.double_value())) {
        return absl::InvalidArgumentError(
            "a claim is a number that JSON cannot write (NaN or infinite)");
      }
      // Not printf: it writes the decimal point of the process's locale.
      std::ostringstream stream;
      stream.imbue(std::locale::classic());
      stream << std::setprecision(17) << value.double_value();
      const std::string text = stream.str();
      out->append(text);
      // Kept a double for whoever reads it.
      if (text.find_first_of(".e") == std::string::npos) out->append(".0");
      break;
    }
    case v1::Value::kStringValue:
      AppendJsonString(value.string_value(), out);
      break;
    case v1::Value::kListValue: {
      out->push_back('[');
      absl::string_view comma;
      for (const v1::Value& element : value.list_value().values()) {
        absl::StrAppend(out, comma);
        comma = ",";
        if (absl::Status status = AppendValue(element, out); !status.ok()) return status;
      }
      out->push_back(']');
      break;
    }
    case v1::Value::kObjectValue: {
      out->push_back('{');
      absl::string_view comma;
      for (const auto& member : value.object_value().members()) {
        absl::StrAppend(out, comma);
        comma = ",";
        AppendJsonString(member.first, out);
        out->push_back(':');
        if (absl::Status status = AppendValue(member.second, out); !status.ok()) return status;
      }
      out->push_back('}');
      break;
    }
  }
  return absl::OkStatus();
}

class ObjectWriter {
 public:
  explicit ObjectWriter(std::string* out) : out_(out) { out_->push_back('{'); }
  ~ObjectWriter() { out_->push_back('}'); }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  void Name(absl::string_view name) {
    if (!first_) out_->push_back(',');
    first_ = false;
    AppendJsonString(name, out_);
    out_->push_back(':');
  }
  void Text(absl::string_view name, absl::string_view value) {
    if (value.empty()) return;
    Name(name);
    AppendJsonString(value, out_);
  }
  void Time(absl::string_view name, bool present, const google::protobuf::Timestamp& value) {
    if (!present) return;
    Name(name);
    absl::StrAppend(out_, value.seconds());
    if (value.nanos() != 0) {
      char text[16];
      std::snprintf(text, sizeof(text), ".%09d", value.nanos());
      out_->append(text);
    }
  }

 private:
  std::string* out_;
  bool first_ = true;
};

void AppendActor(const v1::Actor& actor, std::string* out) {
  ObjectWriter object(out);
  object.Text("sub", actor.subject());
  object.Text("iss", actor.issuer());
  if (actor.has_actor()) {
    object.Name("act");
    AppendActor(actor.actor(), out);
  }
}

}  // namespace

absl::StatusOr<std::string> ClaimsToJson(const v1::Claims& claims) {
  std::string out;
  {
    ObjectWriter object(&out);
    object.Text("iss", claims.issuer());
    object.Text("sub", claims.subject());
    if (claims.audiences_size() == 1) {
      object.Text("aud", claims.audiences(0));
    } else if (claims.audiences_size() > 1) {
      object.Name("aud");
      out.push_back('[');
      absl::string_view comma;
      for (const std::string& audience : claims.audiences()) {
        absl::StrAppend(&out, comma);
        comma = ",";
        AppendJsonString(audience, &out);
      }
      out.push_back(']');
    }
    object.Time("exp", claims.has_expires_at(), claims.expires_at());
    object.Time("nbf", claims.has_not_before(), claims.not_before());
    object.Time("iat", claims.has_issued_at(), claims.issued_at());
    object.Text("jti", claims.token_id());
    object.Text("client_id", claims.client_id());
    object.Text("azp", claims.authorized_party());
    object.Text("scope", absl::StrJoin(claims.scopes(), " "));
    if (claims.has_actor()) {
      object.Name("act");
      AppendActor(claims.actor(), &out);
    }
    if (claims.has_confirmation()) {
      object.Name("cnf");
      ObjectWriter confirmation(&out);
      confirmation.Text("x5t#S256", Base64UrlEncode(claims.confirmation().certificate_sha256()));
    }
    for (const auto& claim : claims.private_claims()) {
      if (IsTyped(claim.first)) {
        return absl::InvalidArgumentError(absl::StrCat("private_claims holds \"", claim.first,
                                                       "\", which has a field of its own"));
      }
      object.Name(claim.first);
      if (absl::Status status = AppendValue(claim.second, &out); !status.ok()) return status;
    }
  }
  return out;
}

}  // namespace lanyard::internal
