// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/policy_diff.h"

#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/rule_compare.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/weakenings.h"
#include "lanyard/tools/policy_view.h"

namespace lanyard::tools {
namespace {

// What becomes of one method, or of all.
struct Change {
  std::string path;
  std::vector<std::string> gains, loses;  // In the words of the config.
};

std::vector<std::string> Texts(const std::vector<v1::Allow>& allows) {
  std::vector<std::string> texts;
  for (const v1::Allow& allow : allows) texts.push_back(internal::AllowText(allow));
  return texts;
}

v1::Rule RuleAt(const PolicyView& view, const std::string& path) {
  const internal::EffectiveRule* rule = view.policy->RuleOf(path);
  return rule == nullptr ? v1::Rule() : rule->rule;
}

// Who may say who a caller is, but for issuers: proxies, loopback.
std::set<std::string> TrustIn(const PolicyView& view) {
  std::set<std::string> words;
  for (const internal::Weakening& found : internal::WeakeningsIn(view.config)) {
    if (found.method.empty() && !absl::StartsWith(found.location, "issuer ") &&
        absl::StrContains(found.word, "trusted")) {
      words.insert(absl::StrCat(found.word, " (", found.what, ")"));
    }
  }
  return words;
}

std::vector<Change> Compare(const PolicyView& before, const PolicyView& after) {
  std::set<std::string> paths;
  for (const PolicyView* view : {&before, &after}) {
    for (const MethodView& method : view->methods) paths.insert(method.path);
  }
  std::vector<Change> changes;
  for (const std::string& path : paths) {
    const v1::Rule was = RuleAt(before, path), is = RuleAt(after, path);
    Change change{path, Texts(internal::NotCovered(is, was)), Texts(internal::NotCovered(was, is))};
    const std::string then = before.EnforcementAt(path), now = after.EnforcementAt(path);
    if (then != now && !now.empty()) change.gains.push_back("everybody: " + now);
    if (then != now && !then.empty()) {
      change.loses.push_back("everybody: " + (now.empty() ? "no longer observed" : then));
    }
    const absl::Duration age = before.policy->StreamAgePastExpiry(path);
    const absl::Duration later = after.policy->StreamAgePastExpiry(path);
    if (later != age) {
      (later > age ? change.gains : change.loses)
          .push_back(
              absl::StrCat("streams past the end of their token: ", absl::FormatDuration(later),
                           " in place of ", absl::FormatDuration(age)));
    }
    if (!change.gains.empty() || !change.loses.empty()) changes.push_back(std::move(change));
  }
  Change all{"any method", {}, {}};
  const std::set<std::string> denied(before.denied.begin(), before.denied.end());
  const std::set<std::string> still(after.denied.begin(), after.denied.end());
  for (const std::string& text : before.denied) {
    if (still.count(text) == 0) all.gains.push_back("denied so far: " + text);
  }
  for (const std::string& text : after.denied) {
    if (denied.count(text) == 0) all.loses.push_back("denied from now on: " + text);
  }
  const std::set<std::string> trusted = TrustIn(before), trusts = TrustIn(after);
  for (const std::string& text : trusts) {
    if (trusted.count(text) == 0) all.gains.push_back("trusted from now on: " + text);
  }
  for (const std::string& text : trusted) {
    if (trusts.count(text) == 0) all.loses.push_back("trusted so far: " + text);
  }
  if (!all.gains.empty() || !all.loses.empty()) changes.push_back(std::move(all));
  return changes;
}

std::string Json(const std::vector<Change>& changes) {
  std::string texts;
  for (const Change& change : changes) {
    absl::StrAppend(&texts, texts.empty() ? "" : ",",
                    internal::JsonObject()
                        .Text("method", change.path)
                        .Texts("gains", change.gains)
                        .Texts("loses", change.loses)
                        .Finish());
  }
  return internal::JsonObject()
      .Bool("ok", true)
      .Json("changes", absl::StrCat("[", texts, "]"))
      .Finish();
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const absl::Time now = absl::Now();
  const auto before = LoadPolicyView(arguments.operand(0), arguments, now);
  if (!before.ok()) return before.status();
  const auto after = LoadPolicyView(arguments.operand(1), arguments, now);
  if (!after.ok()) return after.status();
  const std::vector<Change> changes = Compare(*before, *after);
  if (arguments.json()) {
    streams.out << Json(changes) << "\n";
    return 0;
  }
  if (changes.empty()) streams.out << "nobody gains, nobody loses\n";
  for (const Change& change : changes) {
    streams.out << change.path << "\n";
    for (const std::string& text : change.gains) {
      streams.out << "  + may call now   " << internal::Printable(text, 4096) << "\n";
    }
    for (const std::string& text : change.loses) {
      streams.out << "  - may no longer  " << internal::Printable(text, 4096) << "\n";
    }
  }
  return 0;
}

}  // namespace

Command PolicyDiffCommand() {
  Command command;
  command.group = "policy";
  command.name = "diff";
  command.summary = "Says who gains and who loses by another policy";
  command.details =
      "Compares what the rules say, method by method. What is not certain to be covered by the "
      "other policy is\nshown, so a caller may stand on both sides. What issuers are trusted, and "
      "how, \"lanyard config check\" says.\n\n"
      "  lanyard policy diff old.textproto new.textproto --descriptors orders.pb\n";
  command.syntax.operand = "OLD NEW";
  command.syntax.operands = 2;
  command.syntax.operand_required = true;
  command.syntax.options = PolicyOptions();
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
