// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/policy_explain.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/certificate_file.h"
#include "lanyard/sdk/internal/claim_checks.h"
#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/rule_checks.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/utc_text.h"
#include "lanyard/sdk/internal/verification.h"
#include "lanyard/sdk/keys/issuer_keys.h"
#include "lanyard/tools/audit_line.h"
#include "lanyard/tools/input.h"
#include "lanyard/tools/key_file.h"
#include "lanyard/tools/option_values.h"
#include "lanyard/tools/policy_view.h"
#include "lanyard/tools/token_input.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

// The caller that a person describes.
struct Caller {
  Identity identity;                // Anonymous where there is none, or where it does not verify.
  std::optional<absl::Status> bad;  // Why the token does not verify.
  bool from_claims = false;
};

// The issuers of a config with their keys, as far as they stand in files.
class ConfiguredIssuers final : public internal::IssuerLookup {
 public:
  // `keys`, if not null, are those of every issuer.
  ConfiguredIssuers(const v1::ServerConfig& config, std::shared_ptr<const KeySet> keys) {
    for (const v1::Issuer& issuer : config.issuers()) {
      Entry entry{std::make_shared<const internal::IssuerRules>(internal::RulesOf(issuer)),
                  nullptr};
      if (keys != nullptr) {
        if (auto bound = keys->BindTo(entry.rules->algorithms, entry.rules->key_use); bound.ok()) {
          entry.keys = std::make_shared<const KeySet>(*std::move(bound));
        }
      }
      if (keys == nullptr && issuer.jwks_url().empty() && issuer.discovery_url().empty()) {
        // A file that is not here leaves the issuer without keys, which is said.
        if (auto source = KeysOf(issuer, nullptr, SystemClock()); source.ok()) {
          entry.keys = (*source)->Current();
        }
      }
      entries_.push_back(std::move(entry));
    }
  }
  internal::IssuerKeys Find(absl::string_view issuer) const override {
    for (const Entry& entry : entries_) {
      if (!issuer.empty() && entry.rules->issuer == issuer) return {entry.rules, entry.keys};
    }
    return {};
  }
  internal::IssuerKeys FindTrustDomain(absl::string_view trust_domain) const override {
    for (const Entry& entry : entries_) {
      if (!trust_domain.empty() && entry.rules->trust_domain == trust_domain) {
        return {entry.rules, entry.keys};
      }
    }
    return {};
  }

 private:
  struct Entry {
    std::shared_ptr<const internal::IssuerRules> rules;
    std::shared_ptr<const KeySet> keys;
  };
  std::vector<Entry> entries_;
};

absl::StatusOr<Caller> CallerOfToken(const PolicyView& view, const Arguments& arguments,
                                     absl::Time now, Streams& streams) {
  const std::string path = arguments.Value("--token-file");
  const auto token = ReadInput(path, kMaxTokenBytes + 1, streams.in);
  if (!token.ok()) return token.status();
  std::shared_ptr<const KeySet> keys;
  if (arguments.Has("--jwks")) {
    auto read = ReadPublicKeys(arguments.Value("--jwks"), streams);
    if (!read.ok()) return read.status();
    keys = std::make_shared<const KeySet>(*std::move(read));
  }
  absl::string_view text = token->text.view();
  while (!text.empty() && absl::ascii_isspace(text.back())) text.remove_suffix(1);
  const ConfiguredIssuers issuers(view.config.config, std::move(keys));
  TokenConnection connection;
  auto verdict = internal::VerifyToken(text, kMaxTokenBytes, issuers, connection, now);
  Caller caller;
  if (verdict.ok()) {
    caller.identity = std::move(verdict->identity);
    return caller;
  }
  if (FailureOf(verdict.status()) == AuthFailure::kKeysUnavailable) {
    return absl::FailedPreconditionError(
        "the keys of the token's issuer are not here, so its signature cannot be checked: give "
        "--jwks FILE, or what it claims with --claims");
  }
  caller.bad = verdict.status();
  return caller;
}

absl::StatusOr<Caller> CallerOfClaims(const PolicyView& view, const Arguments& arguments,
                                      absl::Time now, Streams& streams) {
  const auto json = ReadInput(arguments.Value("--claims"), kMaxTokenBytes, streams.in);
  if (!json.ok()) return json.status();
  const auto document = internal::JsonDocument::ParseObject(json->text.view());
  if (!document.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--claims: ", document.status().message()));
  }
  const ConfiguredIssuers issuers(view.config.config, nullptr);
  const auto issuer = internal::FindIssuer(document->root(), issuers);
  Caller caller;
  caller.from_claims = true;
  if (!issuer.ok()) {
    caller.bad = issuer.status();
    return caller;
  }
  auto facts = internal::BelieveClaims(*document, issuer->rules, now);
  if (!facts.ok()) {
    caller.bad = facts.status();
    return caller;
  }
  const std::string type =
      arguments.Has("--typ") ? internal::NormalizedType(arguments.Value("--typ")) : "";
  facts->token_type = type;
  caller.identity = internal::IdentityAccess::Make(*facts);
  return caller;
}

// A connection with a certificate that has those names.
class NamedPeer final : public TokenConnection {
 public:
  explicit NamedPeer(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      // DNS names have no colon.
      (absl::StrContains(name, ':') ? names_.uris : names_.dns).push_back(name);
    }
  }
  PeerNames VerifiedPeerNames() override { return names_; }
  std::string CertificateSha256() override { return sha256_; }
  void set_sha256(std::string sha256) { sha256_ = std::move(sha256); }

 private:
  PeerNames names_;
  std::string sha256_;
};

std::string WhoText(const Identity& caller) {
  if (!caller.authenticated()) return "anonymous: no token";
  std::vector<std::string> parts = {absl::StrCat(
      caller.issuer_name(), " / ", caller.has_subject() ? caller.subject() : "(no subject)")};
  if (!caller.client_id().empty()) parts.push_back("client " + caller.client_id());
  if (!caller.scopes().empty()) parts.push_back("scopes " + absl::StrJoin(caller.scopes(), " "));
  if (!caller.roles().empty()) parts.push_back("roles " + absl::StrJoin(caller.roles(), " "));
  if (caller.has_actor()) parts.push_back("used by " + caller.actor_subject());
  return absl::StrJoin(parts, ", ");
}

// What the server would do with the call.
struct Answer {
  bool allowed = false;
  std::string failure;  // The name of an AuthFailure; empty if allowed.
  std::string rule, why, note;
};

Answer Judge(const PolicyView& view, const std::string& method, const Caller& caller,
             TokenConnection& connection, absl::Time now) {
  const Policy& policy = *view.policy;
  Answer answer;
  const bool anonymous = caller.bad.has_value() && policy.TreatsBadTokenAsAnonymous(method);
  const Policy::Decision decision = policy.Decide(method, caller.identity, connection, now);
  answer.rule = std::string(decision.rule);
  answer.allowed = decision.allowed() && (!caller.bad.has_value() || anonymous);
  if (caller.bad.has_value()) {
    answer.why = std::string(caller.bad->message());
    if (!answer.allowed) {
      answer.failure = std::string(
          AuthFailureName(FailureOf(*caller.bad).value_or(AuthFailure::kMalformedToken)));
    }
  } else if (!answer.allowed) {
    answer.failure =
        std::string(AuthFailureName(caller.identity.authenticated() ? AuthFailure::kDeniedByPolicy
                                                                    : AuthFailure::kMissingToken));
    answer.why = policy.Explain(method, caller.identity, connection, now);
  } else {
    answer.why = policy.Explain(method, caller.identity, connection, now);
  }
  if (!answer.allowed && decision.verdict != Policy::Verdict::kDenied &&
      policy.Observes(method, now)) {
    answer.note =
        absl::StrCat("OBSERVE: it goes through until ",
                     internal::UtcText(policy.ObserveUntil(method)), ", and would be refused then");
  }
  if (answer.allowed && decision.one_time) {
    answer.note = "one_time: unless the token has been used, or is from before the server started";
  }
  return answer;
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  if (arguments.Has("--token-file") && arguments.Has("--claims")) {
    return UsageError("--token-file and --claims: one of them, or none for a call without a token");
  }
  if (arguments.Has("--typ") && !arguments.Has("--claims")) {
    return UsageError("--typ: only with --claims; a token has its own");
  }
  if (arguments.Has("--jwks") && !arguments.Has("--token-file")) {
    return UsageError("--jwks: only with --token-file, whose signature it checks");
  }
  if (arguments.Has("--audit-line")) {
    for (const char* other :
         {"--method", "--token-file", "--claims", "--peer", "--client-certificate"}) {
      if (arguments.Has(other)) {
        return UsageError(absl::StrCat(other, ": not with --audit-line, which tells all"));
      }
    }
    const auto at = TimeOption(arguments, "--at");
    if (!at.ok()) return at.status();
    const auto policy = LoadPolicyView(arguments.operand(), arguments, *at);
    if (!policy.ok()) return policy.status();
    return ExplainAuditLine(*policy, arguments, *at, streams);
  }
  const std::string method = arguments.Value("--method");
  if (!arguments.Has("--method")) {
    return UsageError("--method is required, but with --audit-line");
  }
  if (!internal::IsMethodPath(method)) {
    return UsageError("--method: must be of the form /package.Service/Method");
  }
  const auto now = TimeOption(arguments, "--at");
  if (!now.ok()) return now.status();
  const auto view = LoadPolicyView(arguments.operand(), arguments, *now);
  if (!view.ok()) return view.status();
  absl::StatusOr<Caller> caller = Caller();
  if (arguments.Has("--token-file")) caller = CallerOfToken(*view, arguments, *now, streams);
  if (arguments.Has("--claims")) caller = CallerOfClaims(*view, arguments, *now, streams);
  if (!caller.ok()) return caller.status();
  NamedPeer peer(arguments.Values("--peer"));
  if (arguments.Has("--client-certificate")) {
    auto sha256 = internal::CertificateSha256OfFile(arguments.Value("--client-certificate"));
    if (!sha256.ok()) return sha256.status();
    peer.set_sha256(*std::move(sha256));
  }
  if (caller->identity.authenticated()) {
    // A server compares it whatever the rule says.
    const absl::Status bound = internal::CheckBinding(caller->identity, peer);
    if (!bound.ok()) *caller = Caller{Identity(), bound, caller->from_claims};
  }
  const Answer answer = Judge(*view, method, *caller, peer, *now);
  const int code = answer.allowed ? 0 : 1;
  const std::string who =
      caller->bad.has_value() ? "unknown: the token does not verify" : WhoText(caller->identity);
  if (arguments.json()) {
    internal::JsonObject object;
    object.Bool("ok", true).Bool("allowed", answer.allowed);
    if (!answer.failure.empty()) object.Text("failure", answer.failure);
    object.Text("method", method).Text("rule", answer.rule).Text("caller", who);
    object.Text("why", answer.why);
    if (!answer.note.empty()) object.Text("note", answer.note);
    object.Bool("signature_checked", caller->identity.authenticated() && !caller->from_claims);
    streams.out << object.Finish() << "\n";
    return code;
  }
  const auto line = [&streams](absl::string_view what, absl::string_view text) {
    if (text.empty()) return;
    streams.out << what << std::string(8 - what.size(), ' ') << internal::Printable(text, 4096)
                << "\n";
  };
  streams.out << (answer.allowed ? "ALLOWED" : absl::StrCat("DENIED  ", answer.failure)) << "\n";
  line("method", method);
  line("rule", answer.rule.empty() ? "none" : answer.rule);
  line("caller", who);
  line("why", answer.why);
  line("note", answer.note);
  if (caller->from_claims)
    streams.err << "the claims are taken as given: no signature was checked\n";
  return code;
}

}  // namespace

Command PolicyExplainCommand() {
  Command command;
  command.group = "policy";
  command.name = "explain";
  command.summary = "Says whether a caller may call a method, by which rule, and why";
  command.details =
      "Exit code 0 if the call is allowed, 1 if it is denied. Without --token-file and --claims it "
      "is a call\nwithout a token. The keys come from the files that the config names, or from "
      "--jwks.\n\n"
      "  lanyard policy explain auth.textproto --method /shop.Orders/Cancel --token-file - < "
      "token\n"
      "  lanyard policy explain auth.textproto --method /shop.Orders/Cancel --claims claims.json\n"
      "  grep 7f3a9c21 audit.jsonl | lanyard policy explain auth.textproto --audit-line -\n";
  command.syntax.operand = "CONFIG";
  command.syntax.operand_required = true;
  command.syntax.options = {
      {"--method", "PATH", "\"/package.Service/Method\""},
      {"--token-file", "FILE", "the caller's token; \"-\" is standard input"},
      {"--claims", "FILE", "its claims as JSON, in place of a token; \"-\" is standard input"},
      {"--typ", "TYPE", "with --claims: typ of the header"},
      {"--jwks", "FILE", "keys of the token's issuer"},
      {"--peer", "NAME", "a URI or DNS name in the client's certificate", false, true},
      {"--client-certificate", "FILE", "the client's certificate in PEM, for tokens bound to it"},
      {"--audit-line", "FILE", "one audit event, in place of all these; \"-\" is standard input"},
      {"--at", "SECONDS", "the time, since 1970 (default: now)"},
  };
  for (Option& option : PolicyOptions()) command.syntax.options.push_back(std::move(option));
  command.exit_1 = "the caller may not call";
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
