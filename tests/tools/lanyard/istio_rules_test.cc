// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/istio_rules.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/tools/istio_denials.h"
#include "tests/sdk/random_rules.h"
#include "tests/tools/lanyard/simple_istio.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::istio::Means;
using ::lanyard::testing::simple::ClaimsOf;
using ::lanyard::testing::simple::Facts;
using ::lanyard::testing::simple::IssOf;
using ::lanyard::testing::simple::kIssuers;
using ::lanyard::testing::simple::List;
using ::lanyard::testing::simple::MakeAllow;
using ::lanyard::testing::simple::MakeFacts;
using ::lanyard::testing::simple::Matches;
using ::lanyard::testing::simple::Random;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

template <typename T>
T Read(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

v1::ServerConfig Config() {
  v1::ServerConfig config;
  for (const std::string& name : kIssuers) {
    v1::Issuer* issuer = config.add_issuers();
    issuer->set_name(name);
    issuer->set_issuer(IssOf(name));
    issuer->add_audiences("aud");
    issuer->add_roles()->add_path("roles");
  }
  return config;
}

// A caller as both sides see it.
struct Seen {
  Facts facts;
  std::optional<internal::JsonDocument> claims;
};

std::string WithRoles(const Facts& facts) {
  std::string json = ClaimsOf(facts);
  if (facts.roles.empty()) return json;
  return absl::StrCat(json.substr(0, json.size() - 1), ",\"roles\":[\"",
                      absl::StrJoin(facts.roles, "\",\""), "\"]}");
}

bool IstioLetsIn(const std::vector<IstioCallers>& rules, const Seen& seen) {
  std::optional<internal::JsonValue> claims;
  if (seen.claims.has_value()) claims = seen.claims->root();
  return std::any_of(rules.begin(), rules.end(), [&](const IstioCallers& rule) {
    return Means(rule, claims, seen.facts.peers.uris);
  });
}

TEST(IstioRulesTest, NobodyIsLetInWhomTheRuleDoesNotAllow) {
  constexpr int kAlternatives = 20000, kCallersOfEach = 100;
  Random random;
  const v1::ServerConfig config = Config();
  std::vector<Seen> callers;
  while (callers.size() < 4000) {
    Seen& seen = callers.emplace_back();
    seen.facts = MakeFacts(&random);
    if (!seen.facts.token) continue;
    auto document = internal::JsonDocument::ParseObject(WithRoles(seen.facts));
    ASSERT_TRUE(document.ok()) << WithRoles(seen.facts);
    seen.claims = *std::move(document);
  }
  int both = 0, lanyard_only = 0;
  for (int i = 0; i < kAlternatives; ++i) {
    const v1::Allow allow = MakeAllow(&random, /*may_be_anyone=*/true);
    std::vector<std::string> left_out;
    const std::vector<IstioCallers> rules = CallersOf(allow, config, &left_out);
    for (int j = 0; j < kCallersOfEach; ++j) {
      const Seen& caller = callers[random.Below(callers.size())];
      const bool allowed = Matches(allow, caller.facts);
      const bool let_in = IstioLetsIn(rules, caller);
      ASSERT_TRUE(allowed || !let_in) << allow.ShortDebugString() << "\n"
                                      << WithRoles(caller.facts);
      both += let_in;
      lanyard_only += allowed && !let_in;
      // What is refused all the same has been said, but for what Istio does not count as a text,
      // and tokens without a subject.
      if (allowed && !let_in && left_out.empty()) {
        EXPECT_TRUE(!caller.facts.subject.has_value() || allow.claims_size() > 0)
            << allow.ShortDebugString() << "\n"
            << WithRoles(caller.facts);
      }
    }
  }
  // What lets in nobody would pass as well.
  EXPECT_GT(both, 2 * lanyard_only);
  EXPECT_GT(both, kAlternatives);
}

TEST(IstioRulesTest, WhomTheConfigDeniesIsTurnedAway) {
  Random random;
  int denied = 0;
  for (int i = 0; i < 20000; ++i) {
    v1::ServerConfig config = Config();
    v1::Deny* deny = config.add_deny();
    if (random.Chance(60)) deny->add_issuers(random.Of(kIssuers));
    if (random.Chance(60)) {
      deny->add_subjects(random.Of(lanyard::testing::simple::kSubjectPatterns));
    }
    if (random.Chance(40) || deny->issuers_size() + deny->subjects_size() == 0) {
      deny->add_clients(random.Of({"web", "app"}));
    }
    const Facts facts = MakeFacts(&random);
    if (!facts.token || lanyard::testing::simple::Evaluate(config, {}, "/s.S/M", facts) !=
                            Policy::Verdict::kDenied) {
      continue;
    }
    ++denied;
    std::vector<std::string> not_told;
    const std::vector<IstioDenial> denials = DenialsOf(config, &not_told);
    auto claims = internal::JsonDocument::ParseObject(ClaimsOf(facts));
    ASSERT_TRUE(claims.ok());
    ASSERT_TRUE(IstioLetsIn(denials.front().callers, {facts, *std::move(claims)}))
        << denials.front().reason << "\n"
        << ClaimsOf(facts);
  }
  EXPECT_GT(denied, 1000);
}

std::string LeftOut(const std::string& allow, const v1::ServerConfig& config = Config()) {
  std::vector<std::string> left_out;
  EXPECT_THAT(CallersOf(Read<v1::Allow>(allow), config, &left_out), IsEmpty()) << allow;
  return absl::StrJoin(left_out, "\n");
}

TEST(IstioRulesTest, LeavesOutWhatIstioCannotSay) {
  const std::string any = "any_authenticated: true ";
  for (const auto& [text, word] : std::vector<std::pair<std::string, std::string>>{
           {"actors { issuer: \"a\" subjects: \"x\" }", "actors"},
           {any + "max_token_age { seconds: 60 }", "max_token_age"},
           {any + "max_authentication_age { seconds: 60 }", "max_authentication_age"},
           {any + "any_acr: \"1\"", "any_acr"},
           {any + "certificate_bound: true", "certificate_bound"},
           {any + "one_time: true", "one_time"},
           {any + "token_types: \"jwt\"", "token_types"},
           {any + "peers: \"a.test\"", "SPIFFE IDs only"},
           {"peers: \"https://a.test/x\" without_token: true", "SPIFFE IDs only"},
           {"claims { path: \"n\" any_of_integers: 1 }", "the claim n like that"},
           {"claims { path: \"b\" boolean: true }", "the claim b like that"},
           {"claims { path: \"a]b\" exists: true }", "the claim a]b like that"},
           {"claims { path: \"permission\" any_of: \"x\" }", "the claim permission like that"}}) {
    EXPECT_THAT(LeftOut(text), HasSubstr(word));
  }
}

// To Istio they would be patterns.
TEST(IstioRulesTest, LeavesOutValuesWithAStarAtAnEnd) {
  for (const char* field : {"all_scopes", "any_scopes", "any_roles", "all_roles", "clients"}) {
    for (const char* value : {"*", "*x", "x*"}) {
      EXPECT_THAT(LeftOut(absl::StrCat(field, ": \"", value, "\"")),
                  HasSubstr(absl::StrCat(field, " with a star at an end")));
    }
  }
  EXPECT_THAT(LeftOut("claims { path: \"c\" any_of: \"x*\" }"), HasSubstr("the claim c"));
  EXPECT_THAT(LeftOut("claims { path: \"c\" all_of: \"*\" }"), HasSubstr("the claim c"));
  v1::ServerConfig config = Config();
  config.mutable_issuers()->DeleteSubrange(1, 1);
  config.mutable_issuers(0)->set_audiences(0, "*");
  EXPECT_THAT(LeftOut("any_authenticated: true", config), HasSubstr("star in iss or aud"));
}

TEST(IstioRulesTest, LeavesOutIssuersOfWhichIstioCannotAskEnough) {
  v1::ServerConfig config = Config();
  config.mutable_issuers()->DeleteSubrange(1, 1);
  auto* issuer = config.mutable_issuers(0);
  *issuer->add_required_claims() = Read<v1::ClaimCondition>("path: \"n\" any_of_integers: 1");
  EXPECT_THAT(LeftOut("any_authenticated: true", config), HasSubstr("that required_claims has"));
  issuer->clear_required_claims();
  issuer->set_profile(v1::JWT_SVID);
  issuer->set_trust_domain("prod");
  EXPECT_THAT(LeftOut("any_authenticated: true", config), HasSubstr("JWT-SVIDs"));
}

TEST(IstioRulesTest, LeavesOutWhatAnIssuerMayNotAssert) {
  v1::ServerConfig config = Config();
  config.mutable_issuers()->DeleteSubrange(1, 1);
  *config.mutable_issuers(0)->mutable_may_assert() =
      Read<v1::MayAssert>("subjects: \"t:*\" scopes: \"s.*\" roles: \"r\"");
  EXPECT_THAT(LeftOut("all_scopes: [\"s.a\", \"x\"]", config), HasSubstr("may not assert"));
  EXPECT_THAT(LeftOut("any_scopes: \"x\"", config), HasSubstr("may not assert"));
  EXPECT_THAT(LeftOut("any_roles: \"x\"", config), HasSubstr("may not assert"));
  std::vector<std::string> left_out;
  const auto callers =
      CallersOf(Read<v1::Allow>("any_scopes: [\"s.a\", \"x\"]"), config, &left_out);
  ASSERT_THAT(callers, SizeIs(1));
  EXPECT_THAT(callers[0].when.back().values, ElementsAre("s.a"));
}

TEST(IstioRulesTest, ATokenThatNamesTwoClientsIsOfNone) {
  std::vector<std::string> left_out;
  const auto rules = CallersOf(Read<v1::Allow>("clients: [\"web\", \"app\"]"), Config(), &left_out);
  const auto let_in = [&](const std::string& more) {
    auto document = internal::JsonDocument::ParseObject(
        absl::StrCat("{\"iss\":\"https://a.test\",\"sub\":\"s\"", more, "}"));
    return IstioLetsIn(rules, {Facts(), *std::move(document)});
  };
  EXPECT_TRUE(let_in(",\"client_id\":\"web\""));
  EXPECT_TRUE(let_in(",\"azp\":\"app\""));
  EXPECT_TRUE(let_in(",\"client_id\":\"web\",\"azp\":\"web\""));
  EXPECT_FALSE(let_in(",\"client_id\":\"web\",\"azp\":\"app\""));
  EXPECT_FALSE(let_in(",\"client_id\":\"other\",\"azp\":\"app\""));
  EXPECT_FALSE(let_in(""));
}

// "https://a.test" with the subject "x/y" is not "https://a.test/x" with the subject "y".
TEST(IstioRulesTest, KeepsIssuerAndSubjectApart) {
  std::vector<std::string> left_out;
  const auto rules =
      CallersOf(Read<v1::Allow>("issuers: \"a\" subjects: \"x/y\""), Config(), &left_out);
  const auto let_in = [&](const std::string& json) {
    return IstioLetsIn(rules, {Facts(), *internal::JsonDocument::ParseObject(json)});
  };
  EXPECT_TRUE(let_in("{\"iss\":\"https://a.test\",\"sub\":\"x/y\"}"));
  EXPECT_FALSE(let_in("{\"iss\":\"https://a.test/x\",\"sub\":\"y\"}"));
}

bool IsDenied(const std::string& issuer, const std::string& more) {
  v1::ServerConfig config;
  *config.add_issuers() = Read<v1::Issuer>(
      absl::StrCat("name: \"a\" issuer: \"https://a.test\" audiences: \"aud\" ", issuer));
  std::vector<std::string> not_told;
  auto claims = internal::JsonDocument::ParseObject(absl::StrCat(
      "{\"iss\":\"https://a.test\",\"aud\":\"aud\",\"sub\":\"t:s\",\"jti\":\"1\"", more, "}"));
  EXPECT_TRUE(claims.ok()) << more;
  for (const IstioDenial& denial : DenialsOf(config, &not_told)) {
    for (const IstioCallers& rule : denial.callers) {
      // Of audiences simple_istio.h knows nothing.
      if (rule.when.back().key == "request.auth.audiences") continue;
      if (Means(rule, claims->root(), {})) return true;
    }
  }
  return false;
}

TEST(IstioRulesTest, TurnsAwayTokensThatAreNotWhatTheConfigAsksFor) {
  const std::string client = ",\"client_id\":\"c\"";
  EXPECT_FALSE(IsDenied("", client));
  EXPECT_TRUE(IsDenied("", ""));
  EXPECT_TRUE(IsDenied("", client + ",\"cnf\":{\"x5t#S256\":\"A\"}"));
  EXPECT_TRUE(IsDenied("", client + ",\"cnf\":{\"jkt\":\"A\"}"));

  const std::string keycloak = "profile: KEYCLOAK";
  const std::string good = ",\"typ\":\"Bearer\",\"azp\":\"c\"";
  EXPECT_FALSE(IsDenied(keycloak, good));
  EXPECT_TRUE(IsDenied(keycloak, ",\"typ\":\"ID\",\"azp\":\"c\""));
  EXPECT_TRUE(IsDenied(keycloak, ",\"typ\":\"Bearer\""));
  EXPECT_TRUE(IsDenied(keycloak, good + ",\"nonce\":\"n\""));

  const std::string kubernetes = "profile: KUBERNETES";
  EXPECT_FALSE(IsDenied(kubernetes, ",\"kubernetes.io\":{\"namespace\":\"n\"}"));
  EXPECT_TRUE(IsDenied(kubernetes, ""));
  EXPECT_TRUE(IsDenied(kubernetes, ",\"kubernetes.io\":{\"namespace\":\"n\"},\"typ\":\"ID\""));

  const std::string required =
      "required_claims { path: \"k\" any_of: [\"x\", \"y\"] } "
      "required_claims { path: \"l\" all_of: [\"x\", \"y\"] }";
  EXPECT_FALSE(IsDenied(required, client + ",\"k\":\"y\",\"l\":[\"x\",\"y\"]"));
  EXPECT_TRUE(IsDenied(required, client + ",\"k\":\"z\",\"l\":[\"x\",\"y\"]"));
  EXPECT_TRUE(IsDenied(required, client + ",\"k\":\"y\",\"l\":[\"x\"]"));
}

TEST(IstioRulesTest, TurnsAwayWhatAnIssuerMayNotAssert) {
  const std::string client = ",\"client_id\":\"c\"";
  EXPECT_FALSE(IsDenied("may_assert { subjects: \"t:*\" }", client));
  EXPECT_TRUE(IsDenied("may_assert { subjects: \"t:s:*\" }", client));
  EXPECT_TRUE(IsDenied("may_assert { subjects: \"t:*\" }", client + ",\"scope\":\"r\""));
  EXPECT_TRUE(IsDenied("may_assert { subjects: \"t:*\" }", client + ",\"scp\":[\"r\"]"));
  EXPECT_FALSE(IsDenied("may_assert { anything: true }", client + ",\"scope\":\"r\""));
  EXPECT_FALSE(IsDenied("may_assert { subjects: \"t:*\" }", client + ",\"act\":{\"sub\":\"t:a\"}"));
  EXPECT_TRUE(IsDenied("may_assert { subjects: \"t:*\" }", client + ",\"act\":{\"sub\":\"u\"}"));
  EXPECT_TRUE(IsDenied("may_assert { subjects: \"t:*\" }",
                       client + ",\"act\":{\"sub\":\"t:a\",\"iss\":\"https://b.test\"}"));
  EXPECT_TRUE(IsDenied("roles { path: \"r\" } may_assert { subjects: \"t:*\" }",
                       client + ",\"r\":\"admin\""));
}

TEST(IstioRulesTest, SaysWhatItCannotTurnAway) {
  v1::ServerConfig config;
  *config.add_issuers() = Read<v1::Issuer>(
      "name: \"a\" issuer: \"https://a.test\" audiences: \"aud\" single_audience_only: true "
      "roles { path: \"r\" } may_assert { subjects: \"t:*\" scopes: \"s\" roles: \"r\" }");
  std::vector<std::string> not_told;
  DenialsOf(config, &not_told);
  EXPECT_THAT(absl::StrJoin(not_told, "\n"),
              AllOf(HasSubstr("issuer a with scopes beside"), HasSubstr("issuer a with roles"),
                    HasSubstr("single_audience_only"), Not(HasSubstr("subject"))));
}

}  // namespace
}  // namespace lanyard::tools
