// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/policy_html.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/rule_checks.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/weakenings.h"
#include "lanyard/tools/caller_words.h"
#include "lanyard/tools/policy_style.h"

namespace lanyard::tools {
namespace {

// Text of unknown origin in an element or in a quoted attribute. Marks that reorder a line could
// make one caller look like another, so they are shown as "?".
std::string Text(absl::string_view text) {
  return absl::StrReplaceAll(
      internal::Printable(text),
      {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string Code(absl::string_view text) { return absl::StrCat("<code>", Text(text), "</code>"); }

std::string Chip(const CallerWord& word) {
  std::string html = "<span class=\"chip\">";
  absl::StrAppend(&html, word.values.empty() ? Text(word.label)
                                             : absl::StrCat("<b>", Text(word.label), "</b>"));
  for (size_t i = 0; i < word.values.size(); ++i) {
    absl::StrAppend(&html, " ", i == 0 ? "" : absl::StrCat("<i>", Text(word.joint), "</i> "),
                    Code(word.values[i]));
  }
  return html + "</span>";
}

std::string Chips(const std::vector<CallerWord>& words, absl::string_view before = "") {
  std::string html = absl::StrCat("<div class=\"alternative\">", before);
  for (const CallerWord& word : words) absl::StrAppend(&html, Chip(word));
  return html + "</div>";
}

// What stands out about a method: a class of the style sheet, and the words.
using Badges = std::vector<std::pair<const char*, std::string>>;

std::string Html(const Badges& badges) {
  std::string html = "<div class=\"badges\">";
  for (const auto& [kind, text] : badges) {
    absl::StrAppend(&html, "<span class=\"badge ", kind, "\">", Text(text), "</span>");
  }
  return html + "</div>";
}

bool IsOpen(const MethodView& method) {
  if (method.rule == nullptr) return false;
  const auto& allows = method.rule->rule.allow();
  return std::any_of(allows.begin(), allows.end(),
                     [](const v1::Allow& allow) { return allow.anyone(); });
}
bool IsClosed(const MethodView& method) {
  return method.rule != nullptr && method.rule->rule.nobody();
}

Badges BadgesOf(const MethodView& method) {
  Badges badges;
  if (method.rule == nullptr) badges.emplace_back("quiet", "no rule");
  if (IsClosed(method)) badges.emplace_back("quiet", "closed");
  if (IsOpen(method)) badges.emplace_back("warn", "open to anyone");
  if (!method.enforcement.empty()) badges.emplace_back("warn", method.enforcement);
  if (!method.change.empty()) {
    const char* kind = absl::StartsWith(method.change, "WIDER")      ? "bad"
                       : absl::StartsWith(method.change, "NARROWER") ? "good"
                       : absl::StartsWith(method.change, "OTHER")    ? "other"
                                                                     : "quiet";
    badges.emplace_back(kind, method.change);
  }
  return badges;
}

std::string CallersOf(const MethodView& method) {
  if (method.rule == nullptr || method.rule->rule.allow().empty()) {
    return "<span class=\"nobody\">nobody</span>";
  }
  std::string html;
  for (const v1::Allow& allow : method.rule->rule.allow()) {
    absl::StrAppend(&html,
                    Chips(WordsOf(allow), html.empty() ? "" : "<span class=\"or\">or</span>"));
  }
  return html;
}

// The name of the method itself is left out of where its rule stands.
std::string SourceOf(const MethodView& method) {
  const std::string& source = method.rule->source;
  if (source == absl::StrCat("annotation of ", method.path)) return "its annotation";
  if (source == absl::StrCat("annotation of ", internal::ServiceOf(method.path))) {
    return "the default of its service";
  }
  return source;
}

std::string Row(const MethodView& method) {
  const std::string name = method.path.substr(method.path.rfind('/') + 1);
  return absl::StrCat(
      "<tr><td class=\"method\"><span class=\"name\">",
      Text(name == "*" ? "all other methods" : name), "</span>", Html(BadgesOf(method)),
      "</td>\n<td data-label=\"Who may call\">", CallersOf(method), "</td>\n",
      method.rule == nullptr ? "<td class=\"rule\">"
                             : "<td class=\"rule\" data-label=\"Where the rule stands\">",
      method.rule == nullptr ? "" : Text(SourceOf(method)), "</td></tr>\n");
}

std::string Count(size_t count, absl::string_view what) {
  return absl::StrCat("<div", count == 0 ? " class=\"zero\"" : "", "><dt>", what, "</dt><dd>",
                      count, "</dd></div>\n");
}

std::string Counted(size_t count, absl::string_view one) {
  return absl::StrCat(count, " ", one, count == 1 ? "" : "s");
}

std::string Header(const PolicyView& view) {
  const auto count = [&view](bool (*is)(const MethodView&)) {
    return static_cast<size_t>(std::count_if(view.methods.begin(), view.methods.end(), is));
  };
  return absl::StrCat(
      "<header>\n<h1>Who may call what</h1>\n<p>As it rules on ",
      absl::FormatTime("%Y-%m-%d %H:%M UTC", view.now, absl::UTCTimeZone()),
      ". What no rule opens, nobody may call.</p>\n<dl class=\"counts\">\n",
      Count(view.methods.size(), "methods"), Count(count(IsOpen), "open to anyone"),
      Count(count([](const MethodView& m) { return absl::StartsWith(m.change, "WIDER"); }),
            "wider than annotated"),
      Count(count([](const MethodView& m) { return !m.enforcement.empty(); }), "observed"),
      Count(count(IsClosed), "closed"),
      Count(count([](const MethodView& m) { return m.rule == nullptr; }), "without a rule"),
      Count(view.config.config.deny_size(), "denied callers"),
      Count(view.config.config.issuers_size(), "issuers"), "</dl>\n</header>\n");
}

std::string Services(const PolicyView& view) {
  std::map<std::string, std::vector<const MethodView*>> services;
  for (const MethodView& method : view.methods) {
    services[method.path.substr(1, method.path.rfind('/') - 1)].push_back(&method);
  }
  std::string html;
  for (const auto& [service, methods] : services) {
    absl::StrAppend(&html, "<section>\n<h2>", Text(service), "<small>",
                    Counted(methods.size(), "method"),
                    "</small></h2>\n<table>\n<thead><tr><th scope=\"col\" class=\"method\">Method"
                    "</th><th scope=\"col\">Who may call</th><th scope=\"col\" class=\"rule\">"
                    "Where the rule stands</th></tr></thead>\n<tbody>\n");
    for (const MethodView* method : methods) absl::StrAppend(&html, Row(*method));
    absl::StrAppend(&html, "</tbody>\n</table>\n</section>\n");
  }
  return html;
}

std::string Denied(const PolicyView& view) {
  if (view.config.config.deny().empty()) return "";
  std::string html = "<section>\n<h2>Denied everywhere<small>before any rule</small></h2>\n<ul>\n";
  for (const v1::Deny& deny : view.config.config.deny()) {
    absl::StrAppend(&html, "<li>", Chips(WordsOf(deny)), "</li>\n");
  }
  return html + "</ul>\n</section>\n";
}

std::vector<CallerWord> MayAssert(const v1::Issuer& issuer) {
  const v1::MayAssert& may = issuer.may_assert();
  if (may.anything()) return {{"anything", {}}};
  if (!issuer.has_may_assert()) {
    if (issuer.trust_domain().empty()) return {{"anything, as the only issuer", {}}};
    return {{"subject", {absl::StrCat("spiffe://", issuer.trust_domain(), "/*")}}};
  }
  std::vector<CallerWord> words;
  for (const auto& [label, list] :
       {std::pair("subject", &may.subjects()), std::pair("scope", &may.scopes()),
        std::pair("role", &may.roles()), std::pair("claim", &may.claims())}) {
    if (!list->empty()) words.push_back({label, {list->begin(), list->end()}});
  }
  return words;
}

std::string Issuers(const PolicyView& view) {
  std::string html =
      "<section>\n<h2>Issuers</h2>\n<table>\n<thead><tr><th scope=\"col\" class=\"method\">Name"
      "</th><th scope=\"col\">iss and audiences</th><th scope=\"col\" class=\"assert\">May assert"
      "</th></tr></thead>\n<tbody>\n";
  for (const v1::Issuer& issuer : view.config.config.issuers()) {
    Badges weakenings;
    for (const internal::Weakening& weakening : internal::WeakeningsOf(issuer)) {
      weakenings.emplace_back("warn", "weakened by " + weakening.word);
    }
    absl::StrAppend(&html, "<tr><td class=\"method\"><span class=\"name\">", Text(issuer.name()),
                    "</span>", Html(weakenings), "</td>\n<td data-label=\"iss and audiences\">",
                    Chips({{"iss", {internal::IssuerText(issuer)}},
                           {"aud", {issuer.audiences().begin(), issuer.audiences().end()}}}),
                    "</td>\n<td data-label=\"May assert\">", Chips(MayAssert(issuer)),
                    "</td></tr>\n");
  }
  return html + "</tbody>\n</table>\n</section>\n";
}

}  // namespace

std::string PolicyHtml(const PolicyView& view) {
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<title>Who may call what</title>\n<style>",
      kPolicyStyle, "</style>\n</head>\n<body>\n<main>\n", Header(view), Services(view),
      Denied(view), Issuers(view), "</main>\n</body>\n</html>\n");
}

}  // namespace lanyard::tools
