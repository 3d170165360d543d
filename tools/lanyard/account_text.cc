// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/account_text.h"

#include <google/protobuf/repeated_field.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/claims_json.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/timestamp.h"
#include "lanyard/sdk/internal/utc_text.h"

namespace lanyard::tools {
namespace {

using internal::JsonObject;
using Texts = google::protobuf::RepeatedPtrField<std::string>;
using GrantList = google::protobuf::RepeatedPtrField<v1::Grant>;

std::string Row(absl::string_view what, absl::string_view text) {
  return absl::StrFormat("  %-12s  %s\n", what, internal::Printable(text, 4096));
}

std::string Rows(absl::string_view what, const Texts& texts) {
  std::string rows;
  for (const std::string& text : texts) absl::StrAppend(&rows, Row(what, text));
  return rows;
}

std::string Rows(absl::string_view what, const GrantList& grants) {
  std::string rows;
  for (const v1::Grant& grant : grants) {
    const std::string scopes =
        grant.scopes().empty() ? "no scope" : absl::StrJoin(grant.scopes(), " ");
    absl::StrAppend(&rows, Row(what, absl::StrCat(grant.audience(), ": ", scopes)));
  }
  return rows;
}

std::vector<std::string> ListOf(const Texts& texts) { return {texts.begin(), texts.end()}; }

std::string Json(const GrantList& grants) {
  std::vector<std::string> all;
  for (const v1::Grant& grant : grants) {
    all.push_back(JsonObject()
                      .Text("audience", grant.audience())
                      .Texts("scopes", ListOf(grant.scopes()))
                      .Finish());
  }
  return absl::StrCat("[", absl::StrJoin(all, ","), "]");
}

// Claims as one JSON object.
std::string Json(const google::protobuf::Map<std::string, v1::Value>& claims) {
  v1::Claims all;
  *all.mutable_private_claims() = claims;
  const auto json = internal::ClaimsToJson(all);
  return json.ok() ? *json : "{}";
}

const char* YesNo(bool value) { return value ? "yes" : "no"; }

}  // namespace

std::string UserText(const v1::User& user) {
  std::string text = absl::StrCat(
      "user ", internal::Printable(user.name()), "\n", Row("disabled", YesNo(user.disabled())),
      Row("password", user.password_hash().empty() ? "none" : "set"), Rows("grant", user.grants()));
  for (const auto& [name, value] : user.claims()) {
    google::protobuf::Map<std::string, v1::Value> one;
    one[name] = value;
    absl::StrAppend(&text, Row("claim", internal::OneLineJson(Json(one))));
  }
  if (user.has_sessions_not_before()) {
    absl::StrAppend(
        &text, Row("signed out", internal::UtcText(internal::TimeOf(user.sessions_not_before()))));
  }
  return text;
}

std::string UserJson(const v1::User& user) {
  JsonObject object;
  object.Text("name", user.name())
      .Bool("disabled", user.disabled())
      .Bool("has_password", !user.password_hash().empty())
      .Json("grants", Json(user.grants()))
      .Json("claims", internal::OneLineJson(Json(user.claims())));
  if (user.has_sessions_not_before()) {
    object.Text("signed_out", internal::UtcText(internal::TimeOf(user.sessions_not_before())));
  }
  return object.Finish();
}

std::string ClientText(const v1::Client& client) {
  std::string text = absl::StrCat("client ", internal::Printable(client.name()), "\n",
                                  Row("disabled", YesNo(client.disabled())),
                                  Rows("certificate", client.certificate_names()));
  if (!client.jwks().empty()) absl::StrAppend(&text, Row("keys", client.jwks()));
  absl::StrAppend(&text, Row("signs in", YesNo(client.signs_users_in())),
                  Rows("grant", client.grants()), Rows("sees claim", client.visible_claims()),
                  Rows("exchange", client.exchanges()));
  if (!client.exchanges().empty()) {
    absl::StrAppend(&text, client.receives().empty() ? Row("receives", client.name())
                                                     : Rows("receives", client.receives()));
  }
  absl::StrAppend(&text, Row("bound", YesNo(client.certificate_bound())));
  if (client.impersonation_without_trace()) {
    absl::StrAppend(&text, Row("weakened by",
                               "impersonation_without_trace: tokens that it exchanges look like "
                               "the caller's own"));
  }
  return text;
}

std::string ClientJson(const v1::Client& client) {
  JsonObject object;
  object.Text("name", client.name())
      .Bool("disabled", client.disabled())
      .Texts("certificate_names", ListOf(client.certificate_names()));
  if (!client.jwks().empty()) object.Json("jwks", internal::OneLineJson(client.jwks()));
  return object.Bool("signs_users_in", client.signs_users_in())
      .Json("grants", Json(client.grants()))
      .Texts("visible_claims", ListOf(client.visible_claims()))
      .Json("exchanges", Json(client.exchanges()))
      .Texts("receives", ListOf(client.receives()))
      .Bool("certificate_bound", client.certificate_bound())
      .Bool("impersonation_without_trace", client.impersonation_without_trace())
      .Finish();
}

void SayDone(const Arguments& arguments, absl::string_view kind, absl::string_view name,
             absl::string_view what, Streams& streams) {
  if (arguments.json()) {
    streams.out << JsonObject().Bool("ok", true).Text(kind, name).Finish() << "\n";
  } else {
    streams.out << kind << " " << internal::Printable(name) << " " << what << "\n";
  }
}

void SayNames(const Arguments& arguments, absl::string_view kinds,
              const std::vector<std::string>& names, Streams& streams) {
  if (arguments.json()) {
    streams.out << JsonObject().Bool("ok", true).Texts(kinds, names).Finish() << "\n";
    return;
  }
  for (const std::string& name : names) streams.out << internal::Printable(name) << "\n";
}

}  // namespace lanyard::tools
