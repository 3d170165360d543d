// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json.h"
#include "tests/tools/lanyard/command_runner.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::Outcome;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::TempFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Issuer(const std::string& more) {
  return absl::StrCat(
      "issuers { name: \"sso\" audiences: \"orders\" algorithms: ES256 jwks_file: \"k.jwks\" ",
      more, " }\nrules { method: \"/shop.Orders/Get\" allow { subjects: \"svc:a\" } }\n");
}
constexpr char kIss[] = "issuer: \"https://sso.example.test\" ";

Outcome Check(const std::string& config, const std::vector<std::string>& more = {}) {
  std::vector<std::string> args = {"config", "check", TempFile("auth.textproto", config)};
  args.insert(args.end(), more.begin(), more.end());
  return RunTool(args);
}

TEST(ConfigCheckTest, SpellsOutTheDefaults) {
  const Outcome outcome = Check(Issuer(kIss));
  EXPECT_EQ(outcome.code, 0) << outcome;
  for (const char* line :
       {"issuer sso\n", "  profile       RFC9068\n", "  algorithms    ES256\n",
        "  typ           \"at+jwt\"\n", "  iss           \"https://sso.example.test\"\n",
        "  aud           \"orders\"\n", "  must have     exp, iat, jti, sub, client_id\n",
        "  leeway        30s\n", "  longest life  24h\n", "k.jwks\n", "/shop.Orders/Get  (",
        "auth.textproto:2)\n    subjects: \"svc:a\"\n"}) {
    EXPECT_THAT(outcome.out, HasSubstr(line));
  }
  EXPECT_THAT(outcome.out, AllOf(Not(HasSubstr("weakened")), Not(HasSubstr("roles")),
                                 Not(HasSubstr("other kinds"))));
}

TEST(ConfigCheckTest, PrintsEachProfileInFull) {
  const std::string iss = kIss;
  EXPECT_THAT(
      Check(Issuer(iss + "profile: KEYCLOAK roles { path: \"a\" path: \"b.c\" }")).out,
      AllOf(HasSubstr("  claims        typ is \"Bearer\"; azp is there\n"),
            HasSubstr("  typ           \"jwt\" or \"at+jwt\"\n"),
            HasSubstr("  must have     exp, iat, jti, sub\n"),
            HasSubstr("  other kinds   no nonce"), HasSubstr("  roles         a.\"b.c\"\n")));
  EXPECT_THAT(Check(Issuer(iss + "profile: KUBERNETES single_audience_only: true")).out,
              AllOf(HasSubstr("  claims        \"kubernetes.io\".namespace is there\n"),
                    HasSubstr("  typ           \"jwt\" or none\n"),
                    HasSubstr("  aud           \"orders\", and nobody else\n")));
  EXPECT_THAT(Check(Issuer("profile: JWT_SVID trust_domain: \"prod.example\"")).out,
              AllOf(HasSubstr("  key use       jwt-svid\n"), HasSubstr("  iss           absent\n"),
                    HasSubstr("  sub           a SPIFFE ID of \"prod.example\"\n"),
                    HasSubstr("  typ           \"jwt\" or \"jose\" or none\n")));
  EXPECT_THAT(Check(Issuer(iss + "profile: JWT_SVID trust_domain: \"prod.example\"")).out,
              HasSubstr("  iss           \"https://sso.example.test\" or absent\n"));
  EXPECT_THAT(
      Check(Issuer(iss + "profile: CUSTOM custom_types: \"JWT\" accept_subjectless_tokens: true "
                         "required_claims { path: \"use\" any_of: \"a\" any_of: \"b\" } "
                         "required_claims { path: \"n\" any_of_integers: 3 } "
                         "required_claims { path: \"ok\" boolean: true } "
                         "required_claims { path: \"all\" all_of: \"x\" all_of: \"y\" }"))
          .out,
      AllOf(
          HasSubstr("  claims        use is \"a\" or \"b\"; n is 3; ok is true; all has \"x\" and "
                    "\"y\"\n"),
          HasSubstr("  must have     exp\n"),
          HasSubstr("  weakened by   accept_subjectless_tokens\n")));
}

TEST(ConfigCheckTest, SaysWhereKeysComeFrom) {
  const auto out = [](const std::string& keys) {
    return Check(absl::StrCat("issuers { name: \"sso\" audiences: \"o\" algorithms: ES256 ", kIss,
                              keys, " }"))
        .out;
  };
  EXPECT_THAT(out("jwks_url: \"https://a.test/k\""),
              HasSubstr("  keys          at https://a.test/k, every 5m, at most 1h old\n"));
  EXPECT_THAT(out("discovery_url: \"https://a.test/d\" fetch { refresh { seconds: 600 } }"),
              HasSubstr("by the metadata at https://a.test/d, every 10m, at most 1h old\n"));
  EXPECT_THAT(out(""), HasSubstr("  keys          given by the server's code\n"));
}

TEST(ConfigCheckTest, SaysWhereRevocationsComeFrom) {
  const auto out = [](const std::string& revocations) {
    return Check(absl::StrCat("issuers { name: \"sso\" audiences: \"o\" algorithms: ES256 ", kIss,
                              revocations, " }"))
        .out;
  };
  EXPECT_THAT(out(""), Not(HasSubstr("revocations")));
  EXPECT_THAT(out("revocations {}"), HasSubstr("  revocations   given by the server's code\n"));
  EXPECT_THAT(out("revocations { file: \"/r\" max_revocation_age { seconds: 600 } }"),
              AllOf(HasSubstr("  revocations   file /r, at most 10m old\n"),
                    HasSubstr("  weakened by   revocations.max_revocation_age: 10m\n")));
}

TEST(ConfigCheckTest, SeveralFilesAreOneConfig) {
  const std::string more = TempFile("more.textproto",
                                    "rules { method: \"/shop.Orders/Close\" nobody: true }\n"
                                    "health: ANYONE loopback_is_trusted: true\n"
                                    "local_proxy_is_trusted: true\n"
                                    "trusted_proxies: \"spiffe://test/proxy\"\n");
  const Outcome outcome = Check(Issuer(kIss), {"--with", more});
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("/shop.Orders/Close"), HasSubstr("    nobody\n"),
                                 HasSubstr("weakened by health: ANYONE\n"),
                                 HasSubstr("weakened by loopback_is_trusted\n"),
                                 HasSubstr("weakened by local_proxy_is_trusted\n"),
                                 HasSubstr("weakened by trusted_proxies: spiffe://test/proxy\n")));
}

TEST(ConfigCheckTest, NamesWhatWeakensAMethod) {
  EXPECT_THAT(
      Check(Issuer(kIss) + "rules { method: \"/shop.Orders/Close\" allow { anyone: true } }\n"
                           "settings { method: \"/shop.Orders/Get\" "
                           "max_stream_age_past_expiry { seconds: 60 } }\n")
          .out,
      AllOf(HasSubstr("weakened by anyone of /shop.Orders/Close\n"),
            HasSubstr("weakened by max_stream_age_past_expiry: 1m of /shop.Orders/Get\n")));
}

TEST(ConfigCheckTest, AnswersAMachine) {
  const Outcome outcome = Check(Issuer(kIss), {"--json"});
  const auto document = internal::JsonDocument::ParseObject(outcome.out);
  ASSERT_TRUE(document.ok()) << outcome;
  const auto issuers = document->root().Find("issuers");
  ASSERT_TRUE(issuers.has_value());
  for (const internal::JsonValue issuer : *issuers) {
    EXPECT_EQ(issuer.Find("must_have")->string(), "exp, iat, jti, sub, client_id");
    EXPECT_EQ(issuer.Find("longest_life")->string(), "24h");
  }
}

TEST(ConfigCheckTest, MistakesNameFileAndLine) {
  EXPECT_THAT(Check("issuers {\n  nam: \"x\" }").err, HasSubstr("auth.textproto:2"));
  EXPECT_THAT(Check(Issuer("")).err, AllOf(HasSubstr("auth.textproto:1"), HasSubstr("issuer: ")));
  EXPECT_EQ(Check(Issuer("")).code, 1);
  EXPECT_EQ(RunTool({"config", "check"}).code, 2);
  EXPECT_EQ(RunTool({"config", "check", "/no/such/file"}).code, 1);
}

TEST(ConfigCheckTest, ActsOnNoTerminal) {
  const Outcome outcome = Check(Issuer(kIss) +
                                "rules { method: \"/shop.Orders/Close\" "
                                "allow { subjects: \"svc\u202e:b\" } }\n");
  EXPECT_THAT(outcome.out, HasSubstr("    subjects: \"svc?:b\"\n"));
}

}  // namespace
}  // namespace lanyard::tools
