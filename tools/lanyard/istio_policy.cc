// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/istio_policy.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/rule_checks.h"
#include "lanyard/sdk/internal/rule_compare.h"
#include "lanyard/tools/istio_denials.h"
#include "lanyard/tools/istio_rules.h"
#include "lanyard/tools/yaml_text.h"

namespace lanyard::tools {
namespace {

using Texts = std::vector<std::string>;

// Writes one AuthorizationPolicy, rule by rule.
class PolicyWriter {
 public:
  PolicyWriter(const IstioTarget& target, const std::string& name, absl::string_view action) {
    absl::StrAppend(&yaml_,
                    "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n",
                    "  name: ", YamlString(name), "\n  namespace: ", YamlString(target.space),
                    "\nspec:\n  selector:\n    matchLabels:\n");
    for (const auto& [key, value] : target.selector) {
      absl::StrAppend(&yaml_, "      ", YamlString(key), ": ", YamlString(value), "\n");
    }
    absl::StrAppend(&yaml_, "  action: ", action, "\n");
  }

  void Comment(const std::string& text) { absl::StrAppend(&rules_, "  ", YamlComment(text), "\n"); }

  // For calls of `paths`, but none of `not_paths`; no paths are all.
  void Rule(const IstioCallers& callers, const Texts& paths, const Texts& not_paths) {
    any_ = true;
    const char* item = "  - ";
    const auto part = [&](absl::string_view text) {
      absl::StrAppend(&rules_, item, text, "\n");
      item = "    ";
    };
    if (!callers.principals.empty() || !callers.request_principals.empty()) {
      part("from:");
      absl::StrAppend(&rules_, "    - source:\n");
      List("        principals: ", callers.principals);
      List("        requestPrincipals: ", callers.request_principals);
    }
    if (!paths.empty()) {
      part("to:");
      absl::StrAppend(&rules_, "    - operation:\n        methods: [\"POST\"]\n");
      List("        paths: ", paths);
      List("        notPaths: ", not_paths);
    }
    if (!callers.when.empty()) part("when:");
    for (const IstioCondition& condition : callers.when) {
      absl::StrAppend(&rules_, "    - key: ", YamlString(condition.key), "\n");
      List("      values: ", condition.values);
      List("      notValues: ", condition.not_values);
    }
  }

  // Without a rule, ALLOW lets in nobody and DENY turns away nobody.
  std::string Finish() const {
    return absl::StrCat(yaml_, any_ ? "  rules:\n" : "  rules: []\n", rules_);
  }

 private:
  void List(absl::string_view name, const Texts& texts) {
    if (!texts.empty()) absl::StrAppend(&rules_, name, YamlList(texts), "\n");
  }

  std::string yaml_, rules_;
  bool any_ = false;
};

// The methods of the service of `rule` that have a rule of their own, which a rule for the whole
// service leaves alone.
Texts OwnRules(const std::string& service, const PolicyView& view) {
  Texts paths;
  for (const internal::EffectiveRule& rule : view.policy->rules()) {
    const std::string& method = rule.rule.method();
    if (method != service && internal::ServiceOf(method) == service) paths.push_back(method);
  }
  return paths;
}

void WriteRule(const internal::EffectiveRule& effective, const PolicyView& view,
               PolicyWriter* writer, Texts* warnings) {
  const v1::Rule& rule = effective.rule;
  const std::string& method = rule.method();
  writer->Comment(absl::StrCat(method, ", by ", effective.source));
  if (rule.nobody()) writer->Comment("  nobody");
  const auto warn = [&](const std::string& text) {
    writer->Comment("  " + text);
    warnings->push_back(absl::StrCat(method, ": ", text));
  };
  if (const std::string observed = view.EnforcementAt(method); !observed.empty()) {
    warn(absl::StrCat("enforced by Istio, though ", observed));
  }
  const Texts not_paths = method == internal::ServiceOf(method) ? OwnRules(method, view) : Texts();
  for (const v1::Allow& allow : rule.allow()) {
    Texts left_out;
    const auto callers = CallersOf(allow, view.config.config, &left_out);
    for (const std::string& what : left_out) {
      warn(absl::StrCat("left out of \"", internal::AllowText(allow), "\": ", what));
    }
    for (const IstioCallers& each : callers) writer->Rule(each, {method}, not_paths);
  }
}

// What must be so beside the two policies.
std::string Header(const PolicyView& view, const Texts& not_told) {
  Texts lines = {
      "Who may call what, made by \"lanyard policy export\" from Lanyard's config. Change that",
      "and export it anew; do not edit this.",
      "",
      "Istio checks less of a token than Lanyard. What it needs beside these policies:",
      "- A port that Istio knows to be gRPC (appProtocol: grpc), and mutual TLS (STRICT) where",
      "  principals are named.",
      "- A RequestAuthentication for the same workloads with one jwtRule an issuer:"};
  for (const v1::Issuer& issuer : view.config.config.issuers()) {
    const internal::IssuerRules rules = internal::RulesOf(issuer);
    if (const std::string why = UnsayableIssuer(issuer); !why.empty()) {
      lines.push_back(absl::StrCat("    none for issuer ", issuer.name(), ": ", why));
    } else {
      lines.push_back(absl::StrCat("    issuer: ", YamlString(rules.issuer),
                                   "  audiences: ", YamlList(rules.audiences)));
    }
  }
  for (const char* line :
       {"  and with their keys. Without it nobody is let in by a token.",
        "- Issuers that sign nothing for these audiences but access tokens, with the algorithms",
        "  and in the lifetimes that the config names: Istio does not look at alg, typ and iat,",
        "  nor at claims that are objects (events), nor at tokens that are too long.",
        "- Scopes in the claim scope; scp is not looked at."}) {
    lines.emplace_back(line);
  }
  for (const std::string& what : not_told) lines.push_back("- Nothing refuses " + what + ".");
  std::string header;
  for (const std::string& line : lines) {
    absl::StrAppend(&header, line.empty() ? "#" : YamlComment(line), "\n");
  }
  return header;
}

}  // namespace

IstioText IstioPolicies(const PolicyView& view, const IstioTarget& target) {
  IstioText text;
  Texts not_told;
  const std::vector<IstioDenial> denials = DenialsOf(view.config.config, &not_told);
  PolicyWriter deny(target, target.name + "-deny", "DENY");
  for (const IstioDenial& denial : denials) {
    deny.Comment(denial.reason);
    for (const IstioCallers& callers : denial.callers) deny.Rule(callers, {}, {});
  }
  PolicyWriter allow(target, target.name, "ALLOW");
  for (const internal::EffectiveRule& rule : view.policy->rules()) {
    WriteRule(rule, view, &allow, &text.warnings);
  }
  for (const std::string& what : not_told) {
    text.warnings.push_back("Istio does not refuse " + what);
  }
  text.yaml = absl::StrCat(Header(view, not_told), deny.Finish(), "---\n", allow.Finish());
  return text;
}

}  // namespace lanyard::tools
