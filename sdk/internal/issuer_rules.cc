// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/issuer_rules.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/claim_condition.h"

namespace lanyard::internal {
namespace {

constexpr absl::string_view kNoType = "NO_TYP";
constexpr absl::Duration kMaxLeeway = absl::Minutes(5);
constexpr absl::Duration kLongestLifetime = absl::Hours(24 * 31);

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

// That the claim is there, or is that text.
v1::ClaimCondition ConditionOf(const std::vector<std::string>& path, const char* text = nullptr) {
  v1::ClaimCondition condition;
  for (const std::string& name : path) condition.add_path(name);
  if (text == nullptr) {
    condition.set_exists(true);
  } else {
    condition.add_any_of(text);
  }
  return condition;
}

}  // namespace

std::vector<Algorithm> AlgorithmsOf(const v1::Issuer& issuer) {
  std::vector<Algorithm> algorithms;
  for (const int value : issuer.algorithms()) {
    const auto algorithm = AlgorithmFromName(v1::Algorithm_Name(static_cast<v1::Algorithm>(value)));
    if (algorithm.has_value()) algorithms.push_back(*algorithm);
  }
  return algorithms;
}

IssuerRules RulesOf(const v1::Issuer& issuer) {
  IssuerRules rules;
  rules.name = issuer.name();
  rules.issuer = issuer.issuer();
  rules.audiences.assign(issuer.audiences().begin(), issuer.audiences().end());
  rules.algorithms = AlgorithmsOf(issuer);
  rules.require_subject = !issuer.accept_subjectless_tokens();
  rules.single_audience_only = issuer.single_audience_only();
  if (issuer.has_leeway()) rules.leeway = FromProto(issuer.leeway());
  if (issuer.has_max_lifetime()) rules.max_lifetime = FromProto(issuer.max_lifetime());
  rules.required_claims.assign(issuer.required_claims().begin(), issuer.required_claims().end());
  switch (issuer.has_profile() ? issuer.profile() : v1::RFC9068) {
    case v1::KUBERNETES:
      rules.types = {"jwt"};
      rules.accept_no_type = true;
      rules.require_issued_at = true;
      rules.required_claims.push_back(ConditionOf({"kubernetes.io", "namespace"}));
      break;
    case v1::KEYCLOAK:
      rules.types = {"jwt", "at+jwt"};
      rules.require_issued_at = true;
      rules.require_token_id = true;
      rules.required_claims.push_back(ConditionOf({"typ"}, "Bearer"));
      rules.required_claims.push_back(ConditionOf({"azp"}));
      break;
    case v1::CUSTOM:
      for (const std::string& type : issuer.custom_types()) {
        if (type == kNoType) {
          rules.accept_no_type = true;
        } else {
          rules.types.push_back(NormalizedType(type));
        }
      }
      break;
    default:
      rules.types = {"at+jwt"};
      rules.require_issued_at = true;
      rules.require_token_id = true;
      rules.require_client_id = true;
      rules.refuse_other_kinds = false;
      break;
  }
  return rules;
}

absl::Status ValidateIssuer(const v1::Issuer& issuer) {
  auto error = [](absl::string_view field, absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": ", what));
  };
  const std::string& name = issuer.name();
  if (name.empty() || name.size() > 64 ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789._-") != std::string::npos) {
    return error("name", "required, 1 to 64 characters of a-z 0-9 . _ -");
  }
  if (issuer.issuer().empty()) return error("issuer", "required: the exact iss of its tokens");
  if (issuer.audiences().empty()) {
    return error("audiences", "required: what aud must name for a token to be meant for us");
  }
  for (const std::string& audience : issuer.audiences()) {
    if (audience.empty()) return error("audiences", "an empty string matches nothing");
  }
  const std::vector<Algorithm> algorithms = AlgorithmsOf(issuer);
  if (algorithms.empty() || static_cast<int>(algorithms.size()) != issuer.algorithms_size()) {
    return error("algorithms", "required, there is no default: for example ES256");
  }
  for (const Algorithm algorithm : algorithms) {
    if (std::count(algorithms.begin(), algorithms.end(), algorithm) > 1) {
      return error("algorithms", absl::StrCat(AlgorithmName(algorithm), " is listed twice"));
    }
  }
  const auto hmacs = std::count_if(algorithms.begin(), algorithms.end(), IsHmac);
  if (hmacs != 0 && static_cast<size_t>(hmacs) != algorithms.size()) {
    return error("algorithms",
                 "HMAC and public-key algorithms in one list invite key confusion (RFC 8725 "
                 "section 3.1); make two issuers");
  }
  if ((hmacs != 0) != issuer.every_verifier_can_mint()) {
    return error("every_verifier_can_mint",
                 hmacs != 0 ? "must be true with HMAC algorithms: whoever can verify such a token "
                              "can also make one"
                            : "is only for HMAC algorithms");
  }
  if (issuer.has_profile() && issuer.profile() == v1::PROFILE_UNSPECIFIED) {
    return error("profile", "must be RFC9068, KUBERNETES, KEYCLOAK or CUSTOM");
  }
  const bool custom = issuer.has_profile() && issuer.profile() == v1::CUSTOM;
  if (custom == issuer.custom_types().empty()) {
    return error("custom_types", custom ? "required with profile CUSTOM; \"NO_TYP\" stands for none"
                                        : "needs profile: CUSTOM");
  }
  for (const std::string& type : issuer.custom_types()) {
    if (NormalizedType(type).empty())
      return error("custom_types", "an empty string; \"NO_TYP\" stands for none");
  }
  for (const v1::ClaimCondition& condition : issuer.required_claims()) {
    if (absl::Status status = ValidateClaimCondition(condition); !status.ok()) {
      return error("required_claims", status.message());
    }
  }
  const bool shared_type = std::any_of(
      issuer.custom_types().begin(), issuer.custom_types().end(),
      [](const std::string& type) { return type == kNoType || NormalizedType(type) == "jwt"; });
  if (issuer.issuer_signs_access_tokens_only() && !shared_type) {
    return error("issuer_signs_access_tokens_only",
                 "is only for custom_types \"JWT\" and \"NO_TYP\"");
  }
  if (shared_type && issuer.required_claims().empty() &&
      !issuer.issuer_signs_access_tokens_only()) {
    return error("required_claims",
                 "required, because ID tokens have typ \"JWT\" or none as well: name a claim that "
                 "only access tokens have, for example { path: \"scope\" exists: true }; or say "
                 "issuer_signs_access_tokens_only: true");
  }
  if (issuer.has_leeway() && (FromProto(issuer.leeway()) < absl::ZeroDuration() ||
                              FromProto(issuer.leeway()) > kMaxLeeway)) {
    return error("leeway", "must be 0 to 5 minutes");
  }
  if (issuer.has_max_lifetime() && (FromProto(issuer.max_lifetime()) <= absl::ZeroDuration() ||
                                    FromProto(issuer.max_lifetime()) > kLongestLifetime)) {
    return error("max_lifetime", "must be above 0 and at most 31 days");
  }
  return absl::OkStatus();
}

}  // namespace lanyard::internal
