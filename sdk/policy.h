// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_POLICY_H_
#define LANYARD_SDK_POLICY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/identity.h"

namespace google::protobuf {
class ServiceDescriptor;
}

namespace lanyard {

// Decides who may call which method. A method without a rule is denied.
//
// Per method the first that exists rules: the operator's rule in the config, then the annotation
// beside the method in its .proto. Immutable, thread-safe, one hash lookup a decision.
class Policy {
 public:
  // Compiles the rules of a config and the annotations of `services`. Fails for an annotation that
  // could not stand in a config either; the error names the method.
  static absl::StatusOr<std::shared_ptr<const Policy>> Create(
      const LoadedConfig& config,
      const std::vector<const google::protobuf::ServiceDescriptor*>& services);

  struct Decision {
    bool allowed = false;
    // Where the rule stands ("FILE:LINE", or "annotation of METHOD"); empty if there is none.
    std::string rule;
  };

  // `path` is the HTTP/2 :path, "/package.Service/Method", compared byte by byte.
  Decision Decide(absl::string_view path, const Identity& caller) const;

  // Whether callers without a token may call.
  bool AllowsAnyone(absl::string_view path) const;

  // Whether a token that does not verify counts as none there; only the health service has that.
  bool TreatsBadTokenAsAnonymous(absl::string_view path) const;

  bool HasRule(absl::string_view path) const { return Find(path) != nullptr; }

 private:
  struct Condition {
    bool anyone = false;
    std::vector<std::string> issuers, subjects, subject_prefixes, all_scopes, any_scopes, any_roles,
        all_roles, clients;
    bool names_subjects = false;
    bool Matches(const Identity& caller) const;
  };
  struct MethodRule {
    std::vector<Condition> alternatives;
    std::string source;
    bool anyone = false;
    bool bad_token_as_anonymous = false;
  };

  Policy() = default;
  const MethodRule* Find(absl::string_view path) const;
  static MethodRule Compile(const google::protobuf::RepeatedPtrField<v1::Allow>& allow,
                            std::string source);

  absl::flat_hash_map<std::string, MethodRule> rules_;  // By path.
};

// Checks one rule of a config by itself; the error says what would be right.
absl::Status ValidateRule(const v1::Rule& rule);

// Checks that a rule names only issuers of the config, that the ones whose roles it names say where
// roles stand, and that, where there are several, a rule that names subjects, scopes or roles says
// whose: the same subject of another issuer is another caller.
absl::Status CheckRuleIssuers(const v1::Rule& rule, const v1::ServerConfig& config);

}  // namespace lanyard

#endif  // LANYARD_SDK_POLICY_H_
