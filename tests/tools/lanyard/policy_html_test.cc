// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/tools/lanyard/policy_files.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::DescriptorFile;
using ::lanyard::testing::IssuerText;
using ::lanyard::testing::OrdersService;
using ::lanyard::testing::Outcome;
using ::lanyard::testing::ReadTextFile;
using ::lanyard::testing::RuleText;
using ::lanyard::testing::RunPolicy;
using ::lanyard::testing::TempFile;
using ::lanyard::testing::TempPath;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kSso = IssuerText("sso");
constexpr char kGet[] = "/shop.Orders/Get";

std::string Page(const std::string& config, const std::vector<std::string>& more = {}) {
  std::vector<std::string> args = {"--html", "-"};
  args.insert(args.end(), more.begin(), more.end());
  const Outcome outcome = RunPolicy("list", config, args);
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(outcome.err, IsEmpty());
  return outcome.out;
}
std::string OrdersPage(const std::string& config) {
  return Page(config, {"--descriptors", DescriptorFile({OrdersService()})});
}

// One condition, as the page shows it.
std::string Chip(const std::string& label, const std::string& value) {
  return absl::StrCat("<span class=\"chip\"><b>", label, "</b> <code>", value, "</code></span>");
}

TEST(PolicyHtmlTest, IsOnePageThatLoadsAndRunsNothing) {
  const std::string page = OrdersPage(kSso);
  EXPECT_THAT(page, AllOf(StartsWith("<!DOCTYPE html>\n<html lang=\"en\">"),
                          HasSubstr("default-src 'none'"), HasSubstr("prefers-color-scheme: dark"),
                          HasSubstr("width=device-width")));
  for (const char* outside : {"<script", "<link", "<img", "src=", "href=", "url(", "@import"}) {
    EXPECT_THAT(page, Not(HasSubstr(outside)));
  }
}

TEST(PolicyHtmlTest, ShowsEachMethodItsCallersAndItsRule) {
  const std::string page = OrdersPage(
      kSso +
      RuleText("/shop.Orders/Purge",
               "allow { subjects: \"svc:a\" subjects: \"svc:b\" } allow { clients: \"web\" }"));
  EXPECT_THAT(page, HasSubstr("<h2>shop.Orders<small>3 methods</small></h2>"));
  for (const char* name : {"Get", "List", "Purge"}) {
    EXPECT_THAT(page, HasSubstr(absl::StrCat("<span class=\"name\">", name, "</span>")));
  }
  EXPECT_THAT(page, AllOf(HasSubstr(Chip("scope", "orders.read")), HasSubstr("its annotation"),
                          HasSubstr("<b>subject</b> <code>svc:a</code> <i>or</i> "
                                    "<code>svc:b</code></span>"),
                          HasSubstr("<span class=\"or\">or</span>" + Chip("client", "web")),
                          HasSubstr("auth.textproto:2</td>")));
}

TEST(PolicyHtmlTest, CountsWhatAReviewerLooksFor) {
  const std::string day =
      absl::FormatTime("%Y-%m-%d", absl::Now() + absl::Hours(48), absl::UTCTimeZone());
  const std::string page = OrdersPage(
      kSso + RuleText(kGet, "replaces_annotation: true allow { any_authenticated: true }") +
      "deny { subjects: \"svc:bad\" }\n" +
      "settings { method: \"/shop.Orders/Get\" enforcement: OBSERVE observe_until: \"" + day +
      "\" }\n");
  for (const char* count :
       {"<div><dt>methods</dt><dd>3</dd>", "<div><dt>open to anyone</dt><dd>1</dd>",
        "<div><dt>wider than annotated</dt><dd>1</dd>", "<div><dt>observed</dt><dd>1</dd>",
        "<div class=\"zero\"><dt>closed</dt><dd>0</dd>", "<div><dt>without a rule</dt><dd>1</dd>",
        "<div><dt>denied callers</dt><dd>1</dd>", "<div><dt>issuers</dt><dd>1</dd>"}) {
    EXPECT_THAT(page, HasSubstr(count));
  }
  for (const std::string& badge :
       {std::string("warn\">open to anyone"), std::string("bad\">WIDER than its annotation"),
        "warn\">OBSERVED until " + day, std::string("quiet\">no rule")}) {
    EXPECT_THAT(page, HasSubstr("<span class=\"badge " + badge));
  }
  EXPECT_THAT(page, HasSubstr("<li><div class=\"alternative\">" + Chip("subject", "svc:bad")));
}

TEST(PolicyHtmlTest, MarksClosedNarrowerAndOtherRules) {
  const auto page = [](const std::string& rule) {
    return OrdersPage(kSso + RuleText(kGet, "replaces_annotation: true " + rule));
  };
  EXPECT_THAT(page("nobody: true"), AllOf(HasSubstr("quiet\">closed<"), HasSubstr(">nobody<"),
                                          HasSubstr("good\">NARROWER than its annotation")));
  EXPECT_THAT(page("allow { subjects: \"a\" }"), HasSubstr("other\">OTHER than its annotation"));
}

TEST(PolicyHtmlTest, SaysEveryConditionInWords) {
  const std::string page = Page(
      IssuerText("sso", "roles { path: \"r\" }") +
      RuleText(
          kGet,
          "allow { issuers: \"sso\" all_scopes: [\"a\", \"b\"] any_scopes: [\"c\"] "
          "all_roles: \"d\" any_roles: \"e\" claims { path: \"k\" path: \"l.m\" exists: true } "
          "claims { path: \"n\" boolean: false } claims { path: \"o\" any_of_integers: 7 } "
          "claims { path: \"p\" all_of: [\"q\", \"s\"] } token_types: \"at+jwt\" "
          "certificate_bound: true peers: \"a.test\" actors { issuer: \"sso\" subjects: "
          "\"t\" } max_token_age { seconds: 60 } max_authentication_age { seconds: 90 } "
          "any_acr: \"2\" }") +
      RuleText("/shop.Orders/List",
               "allow { any_authenticated: true any_actor: true } "
               "allow { peers: \"spiffe://d/*\" without_token: true }"));
  for (const char* words :
       {"<b>scope</b> <code>a</code> <i>and</i> <code>b</code>", "<b>scope</b> <code>c</code>",
        "<b>role</b> <code>d</code>", "<b>role</b> <code>e</code>",
        "claim k.&quot;l.m&quot; is there", "<b>claim n is</b> <code>false</code>",
        "<b>claim o is</b> <code>7</code>",
        "<b>claim p has</b> <code>q</code> <i>and</i> <code>s</code>",
        "<b>typ</b> <code>at+jwt</code>", ">bound to its certificate<",
        "<b>certificate</b> <code>a.test</code>", "<b>used by, says sso</b> <code>t</code>",
        "<b>issued within</b> <code>1m</code>", "<b>signed in within</b> <code>1m30s</code>",
        "<b>acr</b> <code>2</code>", ">any verified token<", ">whoever uses the token<",
        ">no token needed<"}) {
    EXPECT_THAT(page, HasSubstr(words));
  }
}

TEST(PolicyHtmlTest, ShowsWhatIssuersAreBelievedAbout) {
  const std::string page =
      Page(IssuerText("a",
                      "may_assert { subjects: \"svc:*\" scopes: \"s.*\" roles: \"r\" "
                      "claims: \"c\" }") +
           IssuerText("b", "may_assert { anything: true }"));
  EXPECT_THAT(page,
              AllOf(HasSubstr(Chip("iss", "https://a.example.test") + Chip("aud", "orders")),
                    HasSubstr(Chip("subject", "svc:*") + Chip("scope", "s.*") + Chip("role", "r") +
                              Chip("claim", "c")),
                    HasSubstr(">anything<"), HasSubstr("warn\">weakened by may_assert.anything")));
  EXPECT_THAT(Page(kSso), HasSubstr(">anything, as the only issuer<"));
  EXPECT_THAT(
      Page("issuers { name: \"m\" trust_domain: \"prod\" profile: JWT_SVID audiences: \"o\" "
           "algorithms: ES256 }\n"),
      HasSubstr(Chip("subject", "spiffe://prod/*")));
}

// Whoever writes a subject, a scope or an audience writes no markup.
TEST(PolicyHtmlTest, EscapesAllThatStandsInTheConfig) {
  const std::string evil = "<script>alert('1')</script>\\\"&amp;<b x=y>";
  const std::string quoted = "\"" + evil + "\" ";
  const std::string page =
      Page("issuers { name: \"sso\" issuer: " + quoted + "audiences: " + quoted +
           "algorithms: ES256 roles { path: \"r\" } may_assert { subjects: " + quoted +
           "scopes: " + quoted + "roles: " + quoted + "claims: " + quoted + "} }\n" +
           RuleText(kGet, "allow { subjects: " + quoted + "all_scopes: " + quoted + "any_roles: " +
                              quoted + "clients: " + quoted + "claims { path: " + quoted +
                              " any_of: " + quoted + " } peers: " + quoted +
                              "token_types: " + quoted + "any_acr: " + quoted + " }") +
           "deny { subjects: " + quoted + "clients: " + quoted + " }\n");
  EXPECT_THAT(page, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("<b x")),
                          Not(HasSubstr("alert('")), Not(HasSubstr("\"&amp;<"))));
  const std::string safe =
      "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;amp;&lt;b x=y&gt;";
  for (const char* label :
       {"subject", "scope", "role", "client", "certificate", "typ", "acr", "iss", "aud", "claim"}) {
    EXPECT_THAT(page, HasSubstr(Chip(label, safe))) << label;
  }
}

TEST(PolicyHtmlTest, MakesNoCallerLookLikeAnother) {
  const std::string page =
      Page(kSso + RuleText(kGet, "allow { subjects: \"svc\\u202ea\\u200b\\n\" }"));
  EXPECT_THAT(page, HasSubstr(Chip("subject", "svc?a??")));
}

TEST(PolicyHtmlTest, WritesAFileAndReplacesIt) {
  const std::string file = TempFile("policy.html", "an old one, and longer than none");
  const Outcome outcome = RunPolicy("list", kSso, {"--html", file});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(ReadTextFile(file), AllOf(StartsWith("<!DOCTYPE"), Not(HasSubstr("an old one"))));
  EXPECT_THAT(RunPolicy("list", kSso, {"--html", file, "--json"}).out,
              StartsWith("{\"ok\":true,\"methods\":[]"));
}

TEST(PolicyHtmlTest, SaysWhereItCannotWrite) {
  const Outcome outcome = RunPolicy("list", kSso, {"--html", TempPath("none/policy.html")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("none/policy.html: cannot be written"));
  EXPECT_EQ(RunPolicy("list", kSso, {"--html", "-", "--json"}).code, 2);
}

}  // namespace
}  // namespace lanyard::tools
