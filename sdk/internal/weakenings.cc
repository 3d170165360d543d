// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/weakenings.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/duration.h"
#include "lanyard/sdk/internal/issuer_rules.h"

namespace lanyard::internal {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// What each word lets in. Words that are new here get a sentence that says less.
std::string What(absl::string_view word) {
  static constexpr std::pair<absl::string_view, absl::string_view> kSentences[] = {
      {"ANYONE", "health checks without a token; the names of the services become public"},
      {"ANYONE_MAY_WATCH",
       "health checks and watches without a token; the names of the services become public"},
      {"NO_TYP", "tokens whose header does not say of what type they are"},
      {"OBSERVE", "every call that the rules would refuse, until observe_until"},
      {"REFLECTION_FOR_ANYONE", "everybody may list all services and methods"},
      {"TREAT_AS_ANONYMOUS", "calls whose token does not verify, as the anonymous caller"},
      {"accept_subjectless_tokens", "tokens that name no subject"},
      {"any_actor", "whoever uses a token for its subject"},
      {"anyone", "every caller, with or without a token"},
      {"anything", "whatever this issuer's tokens assert: any subject, scope, role and claim"},
      {"every_verifier_can_mint", "whoever can verify this issuer's tokens can also make them"},
      {"forward_callers_token", "the target can do what the program's callers can"},
      {"issuer_signs_access_tokens_only",
       "tokens of a type that ID tokens have as well, without a claim that tells them apart"},
      {"leeway", "tokens that expired, or begin, further from now than the default of 30 s"},
      {"local_proxy_is_trusted",
       "every local process may say of a client which certificate it has"},
      {"loopback_is_trusted",
       "tokens cross loopback TCP in clear, where every local process can read them"},
      {"max_lifetime", "tokens that live longer than the default of 24 h"},
      {"max_revocation_age",
       "tokens that were revoked longer ago than the default of 5 min, where the news is late"},
      {"max_stream_age_past_expiry", "streams go on after their token has expired"},
      {"plaintext_http_is_trusted",
       "whoever is on the network may replace the keys, and so sign any token"},
      {"single_replica", "where there are several servers after all, a token once on each"},
      {"trusted_proxies", "that proxy may say of any client which certificate it has"},
      {"without_token", "callers without a token, by their certificate alone"},
  };
  for (const auto& [known, sentence] : kSentences) {
    if (known == word) return std::string(sentence);
  }
  return "more than without it";
}

// Up to which a duration weakens nothing.
absl::Duration DefaultOf(absl::string_view field) {
  if (field == "leeway") return IssuerRules().leeway;
  if (field == "max_lifetime") return IssuerRules().max_lifetime;
  if (field == "max_revocation_age") return MaxRevocationAge(v1::Revocations());
  return absl::ZeroDuration();
}

// The values of marked fields of strings that weaken, where not every value does.
bool Weakens(absl::string_view field, absl::string_view value) {
  return field != "custom_types" || value == "NO_TYP";
}

template <typename Function>
void ForEach(const Message& message, const FieldDescriptor& field, const Function& function) {
  if (!field.is_repeated()) return function(-1);
  const int count = message.GetReflection()->FieldSize(message, &field);
  for (int i = 0; i < count; ++i) function(i);
}

void Find(const Message& message, const std::string& prefix, std::vector<Weakening>* found);

void FindIn(const Message& message, const FieldDescriptor& field, int index,
            const std::string& prefix, std::vector<Weakening>* found) {
  const auto* reflection = message.GetReflection();
  const std::string name(field.name());
  const bool marked = field.options().GetExtension(v1::weakens);
  const auto add = [&](absl::string_view word, absl::string_view value) {
    Weakening weakening;
    weakening.word = absl::StrCat(prefix, name, value.empty() ? "" : ": ", value);
    weakening.what = What(word);
    found->push_back(std::move(weakening));
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      if (marked && (index < 0 ? reflection->GetBool(message, &field)
                               : reflection->GetRepeatedBool(message, &field, index))) {
        add(name, "");
      }
      return;
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string value = index < 0 ? reflection->GetString(message, &field)
                                          : reflection->GetRepeatedString(message, &field, index);
      if (marked && Weakens(name, value)) add(name == "custom_types" ? value : name, value);
      return;
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* value = index < 0 ? reflection->GetEnum(message, &field)
                                    : reflection->GetRepeatedEnum(message, &field, index);
      if (value->options().GetExtension(v1::value_weakens)) {
        add(std::string(value->name()), std::string(value->name()));
      }
      return;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Message& part = index < 0 ? reflection->GetMessage(message, &field)
                                      : reflection->GetRepeatedMessage(message, &field, index);
      if (!marked) return Find(part, absl::StrCat(prefix, name, "."), found);
      const auto* duration =
          google::protobuf::DynamicCastToGenerated<google::protobuf::Duration>(&part);
      const absl::Duration value =
          duration == nullptr ? absl::InfiniteDuration() : DurationOf(*duration);
      if (value > DefaultOf(name)) {
        add(name, duration == nullptr ? "" : absl::FormatDuration(value));
      }
      return;
    }
    default:
      if (marked) add(name, "");
  }
}

void Find(const Message& message, const std::string& prefix, std::vector<Weakening>* found) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    ForEach(message, *field, [&](int index) { FindIn(message, *field, index, prefix, found); });
  }
}

// Of one part of a config that has a place of its own. Alternatives of one rule may say the same.
void Add(const Message& part, const std::string& location, const std::string& method,
         std::vector<Weakening>* all) {
  const size_t first = all->size();
  for (Weakening& found : WeakeningsOf(part)) {
    found.location = location;
    found.method = method;
    found.word = std::string(absl::StripPrefix(found.word, "allow."));
    const bool known = std::any_of(all->begin() + static_cast<std::ptrdiff_t>(first), all->end(),
                                   [&](const Weakening& w) { return w.word == found.word; });
    if (!known) all->push_back(std::move(found));
  }
}

}  // namespace

std::vector<Weakening> WeakeningsOf(const Message& message) {
  std::vector<Weakening> found;
  Find(message, "", &found);
  return found;
}

std::vector<Weakening> WeakeningsIn(const LoadedConfig& loaded) {
  std::vector<Weakening> all;
  for (const v1::Issuer& issuer : loaded.config.issuers()) {
    Add(issuer, absl::StrCat("issuer ", issuer.name()), "", &all);
  }
  for (int i = 0; i < loaded.config.rules_size(); ++i) {
    const v1::Rule& rule = loaded.config.rules(i);
    Add(rule, loaded.rule_locations[i], rule.method(), &all);
  }
  for (int i = 0; i < loaded.config.settings_size(); ++i) {
    const v1::MethodSettings& settings = loaded.config.settings(i);
    Add(settings, loaded.settings_locations[i], settings.method(), &all);
  }
  v1::ServerConfig rest = loaded.config;
  rest.clear_issuers();
  rest.clear_rules();
  rest.clear_settings();
  for (Weakening& found : WeakeningsOf(rest)) {
    found.location = found.word.substr(0, found.word.find(':'));
    all.push_back(std::move(found));
  }
  return all;
}

std::vector<Weakening> WeakeningsOfAnnotations(const std::vector<EffectiveRule>& rules) {
  std::vector<Weakening> all;
  for (const EffectiveRule& rule : rules) {
    // The rest stands in the config.
    if (!absl::StartsWith(rule.source, "annotation of ")) continue;
    Add(rule.rule, rule.source, rule.rule.method(), &all);
  }
  return all;
}

}  // namespace lanyard::internal
