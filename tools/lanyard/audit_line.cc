// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/audit_line.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/rule_checks.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/token_connection.h"
#include "lanyard/tools/input.h"

namespace lanyard::tools {
namespace {

constexpr size_t kMaxLineBytes = 256 * 1024;

// The members of a line that are texts, and those that are lists of texts.
struct Line {
  std::map<std::string, std::string, std::less<>> texts;
  std::map<std::string, std::vector<std::string>, std::less<>> lists;

  std::string Text(absl::string_view name) const {
    const auto found = texts.find(name);
    return found == texts.end() ? "" : found->second;
  }
  std::vector<std::string> List(absl::string_view name) const {
    const auto found = lists.find(name);
    return found == lists.end() ? std::vector<std::string>() : found->second;
  }
};

absl::StatusOr<Line> ReadLine(const Arguments& arguments, Streams& streams) {
  const auto input = ReadInput(arguments.Value("--audit-line"), kMaxLineBytes, streams.in);
  if (!input.ok()) return input.status();
  const absl::string_view text = absl::StripAsciiWhitespace(input->text.view());
  const auto error = [&arguments](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat(InputName(arguments.Value("--audit-line")), ": ", what));
  };
  if (text.empty()) return error("no audit event, which is one line of JSON");
  if (absl::StrContains(text, '\n')) return error("more than one line; give the one to explain");
  const auto document = internal::JsonDocument::ParseObject(text);
  if (!document.ok()) return error(document.status().message());
  Line line;
  for (const internal::JsonValue member : document->root()) {
    const std::string name(member.name());
    if (member.is(internal::JsonValue::Kind::kString)) {
      line.texts[name] = std::string(member.string());
    } else if (member.is(internal::JsonValue::Kind::kArray)) {
      for (const internal::JsonValue each : member) {
        if (each.is(internal::JsonValue::Kind::kString)) {
          line.lists[name].emplace_back(each.string());
        }
      }
    }
  }
  if (line.Text("decision") == "sampled") {
    return error("it counts refusals that were not written one by one; there is none to explain");
  }
  if (line.Text("decision").empty() || !internal::IsMethodPath(line.Text("method"))) {
    return error("not an audit event of Lanyard: it needs \"decision\" and \"method\"");
  }
  return line;
}

// The caller as far as the line tells.
Identity CallerOf(const Line& line, const v1::ServerConfig& config) {
  if (line.Text("issuer").empty()) return Identity();
  auto rules = std::make_shared<internal::IssuerRules>();
  rules->name = line.Text("issuer");
  for (const v1::Issuer& issuer : config.issuers()) {
    if (issuer.name() == rules->name) rules->issuer = internal::IssuerText(issuer);
  }
  const std::string subject = line.Text("subject"), client = line.Text("client"),
                    actor = line.Text("actor");
  const std::vector<std::string> scopes = line.List("scopes"), roles = line.List("roles");
  internal::IdentityFacts facts;
  facts.issuer = std::move(rules);
  if (!subject.empty()) facts.claims.subject = subject;
  facts.claims.client_id = client;
  facts.claims.has_actor = !actor.empty();
  facts.claims.actor_subject = actor;
  facts.claims.scopes.assign(scopes.begin(), scopes.end());
  facts.roles.assign(roles.begin(), roles.end());
  return internal::IdentityAccess::Make(facts);
}

class LinePeer final : public TokenConnection {
 public:
  explicit LinePeer(const std::string& name) {
    if (!name.empty()) (absl::StrContains(name, ':') ? names_.uris : names_.dns).push_back(name);
  }
  PeerNames VerifiedPeerNames() override { return names_; }

 private:
  PeerNames names_;
};

std::string WhoText(const Line& line) {
  if (line.Text("issuer").empty()) return "nobody whose token verified";
  const auto part = [](absl::string_view what, const std::string& text) {
    return text.empty() ? "" : absl::StrCat(", ", what, " ", text);
  };
  return absl::StrCat(line.Text("issuer"), " / ",
                      line.Text("subject").empty() ? "(no subject)" : line.Text("subject"),
                      part("client", line.Text("client")), part("used by", line.Text("actor")),
                      part("scopes", absl::StrJoin(line.List("scopes"), " ")),
                      part("roles", absl::StrJoin(line.List("roles"), " ")),
                      part("from", line.Text("peer")));
}

// Whether a name stands in the line as it stood in the token: neither behind a key
// (JsonLinesAuditOptions.hash_subjects_with) nor cut off.
bool IsWhole(const std::string& name) {
  const bool is_hashed = absl::StartsWith(name, "hmac:") && name.size() == 37;
  return !is_hashed && !absl::EndsWith(name, "...");
}

bool HasWholeCaller(const Line& line) {
  for (const char* name : {"subject", "client", "actor", "peer"}) {
    if (!IsWhole(line.Text(name))) return false;
  }
  for (const char* list : {"scopes", "roles"}) {
    const auto names = line.List(list);
    if (!std::all_of(names.begin(), names.end(), IsWhole)) return false;
  }
  return true;
}

// What the policy says today.
struct Today {
  bool allowed = false;
  std::string text;
};

Today Judge(const PolicyView& view, const Line& line, absl::Time now) {
  const std::string method = line.Text("method");
  const std::string reason = line.Text("reason");
  if (!reason.empty() && line.Text("issuer").empty() &&
      reason != AuthFailureName(AuthFailure::kMissingToken)) {
    return {false, "only the token tells: lanyard policy explain --token-file"};
  }
  if (!HasWholeCaller(line)) {
    return {false,
            "names in the line are hashed or cut off, and rules need them whole: lanyard policy "
            "explain --claims"};
  }
  LinePeer peer(line.Text("peer"));
  const Identity caller = CallerOf(line, view.config.config);
  const Policy::Decision decision = view.policy->Decide(method, caller, peer, now);
  const std::string rule = decision.rule.empty() ? "no rule" : std::string(decision.rule);
  std::string why = view.policy->Explain(method, caller, peer, now);
  if (!decision.allowed()) {
    absl::StrAppend(&why,
                    "; claims, the header's type and certificates do not stand in the line "
                    "and count as missing");
  }
  return {decision.allowed(),
          absl::StrCat(decision.allowed() ? "ALLOWED" : "DENIED", " by ", rule, ": ", why)};
}

}  // namespace

absl::StatusOr<int> ExplainAuditLine(const PolicyView& view, const Arguments& arguments,
                                     absl::Time now, Streams& streams) {
  const auto read = ReadLine(arguments, streams);
  if (!read.ok()) return read.status();
  const Line& line = *read;
  const Today today = Judge(view, line, now);
  const std::string hash = line.Text("policy");
  const std::string policy =
      hash == view.policy->hash()
          ? absl::StrCat(hash, ", as this config")
          : absl::StrCat(hash.empty() ? "not told" : hash, "; this config is ", view.policy->hash(),
                         view.descriptors->services().empty() ? ", without annotations" : "");
  if (arguments.json()) {
    internal::JsonObject object;
    object.Bool("ok", true).Text("decision", line.Text("decision"));
    object.Text("reason", line.Text("reason")).Text("why", line.Text("detail"));
    object.Text("hint", line.Text("hint")).Text("method", line.Text("method"));
    object.Text("rule", line.Text("rule")).Text("caller", WhoText(line));
    object.Bool("same_policy", hash == view.policy->hash());
    object.Bool("allowed_today", today.allowed).Text("today", today.text);
    streams.out << object.Finish() << "\n";
    return today.allowed ? 0 : 1;
  }
  const auto print = [&streams](absl::string_view what, absl::string_view text) {
    if (text.empty()) return;
    streams.out << what << std::string(8 - what.size(), ' ') << internal::Printable(text, 4096)
                << "\n";
  };
  streams.out << absl::AsciiStrToUpper(internal::Printable(line.Text("decision"), 64)) << "  "
              << internal::Printable(line.Text("reason"), 64) << "\n";
  print("id", line.Text("id"));
  print("when", line.Text("time"));
  print("method", line.Text("method"));
  print("rule", line.Text("rule").empty() ? "none" : line.Text("rule"));
  print("caller", WhoText(line));
  print("why", line.Text("detail"));
  print("do", line.Text("hint"));
  print("policy", policy);
  print("today", today.text);
  return today.allowed ? 0 : 1;
}

}  // namespace lanyard::tools
