// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/caller_words.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/claim_condition.h"
#include "lanyard/sdk/internal/duration.h"

namespace lanyard::tools {
namespace {

using Words = std::vector<CallerWord>;
using Strings = google::protobuf::RepeatedPtrField<std::string>;

void Add(const std::string& label, const Strings& values, Words* words, const char* joint = "or") {
  if (!values.empty()) words->push_back({label, {values.begin(), values.end()}, joint});
}

void AddAge(const std::string& label, const google::protobuf::Duration& age, Words* words) {
  words->push_back({label, {absl::FormatDuration(internal::DurationOf(age))}});
}

CallerWord WordOf(const v1::ClaimCondition& claim) {
  const std::string path = absl::StrCat("claim ", internal::PathText(claim));
  if (claim.exists()) return {path + " is there", {}};
  if (!claim.all_of().empty()) {
    return {path + " has", {claim.all_of().begin(), claim.all_of().end()}, "and"};
  }
  CallerWord word{path + " is", {claim.any_of().begin(), claim.any_of().end()}};
  if (claim.has_boolean()) word.values.push_back(claim.boolean() ? "true" : "false");
  for (const int64_t integer : claim.any_of_integers())
    word.values.push_back(absl::StrCat(integer));
  return word;
}

}  // namespace

Words WordsOf(const v1::Allow& allow) {
  Words words;
  if (allow.anyone()) words.push_back({"anyone", {}});
  if (allow.has_bad_token()) words.push_back({"a bad token counts as none", {}});
  if (allow.any_authenticated()) words.push_back({"any verified token", {}});
  Add("subject", allow.subjects(), &words);
  Add("client", allow.clients(), &words);
  Add("scope", allow.all_scopes(), &words, "and");
  Add("scope", allow.any_scopes(), &words);
  Add("role", allow.all_roles(), &words, "and");
  Add("role", allow.any_roles(), &words);
  for (const v1::ClaimCondition& claim : allow.claims()) words.push_back(WordOf(claim));
  Add("issuer", allow.issuers(), &words);
  Add("certificate", allow.peers(), &words);
  if (allow.without_token()) words.push_back({"no token needed", {}});
  for (const v1::ActorCondition& actor : allow.actors()) {
    Add(absl::StrCat("used by, says ", actor.issuer()), actor.subjects(), &words);
  }
  if (allow.any_actor()) words.push_back({"whoever uses the token", {}});
  Add("typ", allow.token_types(), &words);
  if (allow.certificate_bound()) words.push_back({"bound to its certificate", {}});
  if (allow.one_time()) words.push_back({"each token once", {}});
  if (allow.has_max_token_age()) AddAge("issued within", allow.max_token_age(), &words);
  if (allow.has_max_authentication_age()) {
    AddAge("signed in within", allow.max_authentication_age(), &words);
  }
  Add("acr", allow.any_acr(), &words);
  return words;
}

Words WordsOf(const v1::Deny& deny) {
  Words words;
  Add("subject", deny.subjects(), &words);
  Add("client", deny.clients(), &words);
  Add("issuer", deny.issuers(), &words);
  return words;
}

}  // namespace lanyard::tools
