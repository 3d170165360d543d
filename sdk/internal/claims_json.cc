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
#include "absl/time/time.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/registered_claims.h"

namespace lanyard::internal {
namespace {

using Kind = JsonValue::Kind;

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
  const auto text = [](const std::optional<absl::string_view>& claim) {
    return std::string(claim.value_or(""));
  };
  out.set_issuer(text(claims->issuer));
  out.set_subject(text(claims->subject));
  if (claims->audiences.has_value()) {
    for (const absl::string_view each : *claims->audiences) out.add_audiences(std::string(each));
  }
  if (claims->expires_at.has_value()) ToTimestamp(*claims->expires_at, out.mutable_expires_at());
  if (claims->not_before.has_value()) ToTimestamp(*claims->not_before, out.mutable_not_before());
  if (claims->issued_at.has_value()) ToTimestamp(*claims->issued_at, out.mutable_issued_at());
  out.set_token_id(text(claims->token_id));
  out.set_client_id(text(claims->client_id));
  out.set_authorized_party(text(claims->authorized_party));
  for (const absl::string_view scope : claims->scopes) out.add_scopes(std::string(scope));
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
