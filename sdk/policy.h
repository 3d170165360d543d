// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_POLICY_H_
#define LANYARD_SDK_POLICY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/caller_condition.h"
#include "lanyard/sdk/internal/effective_rules.h"
#include "lanyard/sdk/token_connection.h"

namespace lanyard {

// Decides who may call which method. A method without a rule is denied.
//
// Per method the first that exists rules: the operator's rule for it in the config, the operator's
// for its service, the annotation beside the method in its .proto, the default of its service
// there. Callers whom the config denies are denied before all. Immutable, thread-safe.
class Policy {
 public:
  // Compiles the rules of a config and the annotations of `services`, at `now`. Fails for an
  // annotation that could not stand in a config either, for a rule that replaces one without saying
  // so, and for observation that would last longer than 90 days; the error names the method.
  static absl::StatusOr<std::shared_ptr<const Policy>> Create(const LoadedConfig& config,
                                                              const internal::Services& services,
                                                              absl::Time now);

  enum class Verdict {
    kAllowed,
    kNoRule,   // No rule covers the method.
    kDenied,   // The config denies the caller everywhere.
    kNoMatch,  // The rule is for others.
  };

  struct Decision {
    Verdict verdict = Verdict::kNoRule;
    bool allowed() const { return verdict == Verdict::kAllowed; }
    // Where the rule stands ("FILE:LINE", or "annotation of METHOD"); empty if there is none. Lives
    // as long as the policy.
    absl::string_view rule;
    // Whether only such alternatives let the caller in for which a token is good for one use: the
    // gate must take it.
    bool one_time = false;
    // Whether the rule names that very method, rather than its service.
    bool names_method = false;
  };

  // `path` is the HTTP/2 :path, "/package.Service/Method", compared byte by byte. The anonymous
  // caller stands for a call without a token.
  Decision Decide(absl::string_view path, const Identity& caller, TokenConnection& connection,
                  absl::Time now) const;

  // The same for a connection without a client certificate, at a time that no age passes.
  Decision Decide(absl::string_view path, const Identity& caller) const;

  // Why the decision is what it is, in words for operators: what each allow of the rule misses.
  std::string Explain(absl::string_view path, const Identity& caller, TokenConnection& connection,
                      absl::Time now) const;

  // Whether a token that does not verify counts as none there.
  bool TreatsBadTokenAsAnonymous(absl::string_view path) const;

  // Whether calls of the method that would be refused go through at `now`; and until when.
  bool Observes(absl::string_view path, absl::Time now) const {
    return now < SettingsOf(path).observe_until;
  }
  absl::Time ObserveUntil(absl::string_view path) const { return SettingsOf(path).observe_until; }

  // The first instant after `now` from which fewer methods are observed.
  absl::Time NextObservationEnd(absl::Time now) const;

  // How long streams of the method may go on after their token has expired.
  absl::Duration StreamAgePastExpiry(absl::string_view path) const {
    return SettingsOf(path).stream_age_past_expiry;
  }

  // Names what this was made from, config and annotations: twelve hex digits. Files that differ in
  // comments, order of fields and folders alone have the same.
  const std::string& hash() const { return hash_; }

  // What rules, by method; for reports.
  const std::vector<internal::EffectiveRule>& rules() const { return effective_; }

  // The rule of a method, or of "/package.Service/*"; null if there is none.
  const internal::EffectiveRule* RuleOf(absl::string_view path) const;

 private:
  struct MethodRule {
    const internal::EffectiveRule* source;  // In effective_.
    std::vector<internal::CallerCondition> alternatives;
    bool bad_token_as_anonymous = false;
  };
  struct Denied {
    std::vector<std::string> issuers, clients;
    std::vector<std::string> issuer_texts;  // The iss of each of `issuers`.
    internal::NamePatterns subjects;
    bool Matches(const Identity& caller) const;
  };
  struct Settings {
    absl::Time observe_until = absl::InfinitePast();
    absl::Duration stream_age_past_expiry;
  };
  template <typename T>
  using ByPath = absl::flat_hash_map<std::string, T>;

  Policy() = default;
  absl::Status AddSettings(const LoadedConfig& config, absl::Time now);
  const MethodRule* Find(absl::string_view path) const;
  Settings SettingsOf(absl::string_view path) const;

  std::string hash_;
  std::vector<internal::EffectiveRule> effective_;
  std::vector<Denied> denied_;
  // By "/package.Service/Method", and by "/package.Service/".
  ByPath<MethodRule> methods_, services_;
  // By "/package.Service/Method", "/package.Service/*" and "*", each with what the wider ones set.
  ByPath<Settings> settings_;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_POLICY_H_
