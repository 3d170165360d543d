// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/account_options.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lanyard/sdk/internal/claims_json.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

constexpr size_t kShownBytes = 80;

std::string Quoted(absl::string_view text) {
  return absl::StrCat("\"", internal::Printable(text, kShownBytes), "\"");
}

// The place in `all` of the grant for an audience, or its end.
Grants::iterator GrantFor(absl::string_view audience, Grants* all) {
  return std::find_if(all->begin(), all->end(),
                      [&](const v1::Grant& grant) { return grant.audience() == audience; });
}

// One JSON value. It stands in an object, since that is what the reader reads, so what closes the
// object early must be seen.
absl::StatusOr<v1::Value> ReadValue(absl::string_view json) {
  constexpr char kName[] = "claim";
  const std::string text = absl::StrCat("{\"", kName, "\":", json, "\n}");
  const auto document = internal::JsonDocument::ParseObject(text);
  if (!document.ok()) return document.status();
  if (document->root().size() != 1) return absl::InvalidArgumentError("more than one value");
  v1::Claims claims = internal::ClaimsFromJson(text);
  return std::move((*claims.mutable_private_claims())[kName]);
}

}  // namespace

absl::StatusOr<std::vector<v1::Grant>> GrantsOption(const Arguments& arguments,
                                                    absl::string_view name) {
  std::vector<v1::Grant> grants;
  for (const std::string& value : arguments.Values(name)) {
    const size_t equals = value.rfind('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError(absl::StrCat(name, ": ", Quoted(value),
                                     " is not AUDIENCE=SCOPE,SCOPE; \"AUDIENCE=\" is the audience "
                                     "without any scope"));
    }
    v1::Grant grant;
    grant.set_audience(value.substr(0, equals));
    for (const absl::string_view scope :
         absl::StrSplit(value.substr(equals + 1), ',', absl::SkipEmpty())) {
      grant.add_scopes(std::string(scope));
    }
    for (const v1::Grant& other : grants) {
      if (other.audience() != grant.audience()) continue;
      return UsageError(absl::StrCat(name, ": ", Quoted(grant.audience()),
                                     " stands there twice; its scopes are one list"));
    }
    grants.push_back(std::move(grant));
  }
  return grants;
}

absl::StatusOr<std::map<std::string, v1::Value>> ClaimsOption(const Arguments& arguments,
                                                              absl::string_view name) {
  std::map<std::string, v1::Value> claims;
  for (const std::string& value : arguments.Values(name)) {
    const size_t equals = value.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError(absl::StrCat(name, ": ", Quoted(value), " is not NAME=JSON"));
    }
    const std::string claim = value.substr(0, equals);
    auto json = ReadValue(value.substr(equals + 1));
    if (!json.ok()) {
      return UsageError(absl::StrCat(name, ": what follows ", Quoted(claim + "="),
                                     " is no JSON value (", json.status().message(),
                                     "); a text stands in quotes of its own: ", name,
                                     " 'team=\"sales\"'"));
    }
    if (!claims.emplace(claim, *std::move(json)).second) {
      return UsageError(absl::StrCat(name, ": ", Quoted(claim), " stands there twice"));
    }
  }
  return claims;
}

void ReplaceGrants(const std::vector<v1::Grant>& grants, Grants* all) {
  for (const v1::Grant& grant : grants) {
    const auto found = GrantFor(grant.audience(), all);
    *(found == all->end() ? all->Add() : &*found) = grant;
  }
}

absl::Status RemoveGrants(absl::string_view option, const std::vector<std::string>& audiences,
                          Grants* all) {
  for (const std::string& audience : audiences) {
    const auto found = GrantFor(audience, all);
    if (found == all->end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(option, ": there is nothing for the audience ", Quoted(audience)));
    }
    all->erase(found);
  }
  return absl::OkStatus();
}

}  // namespace lanyard::tools
