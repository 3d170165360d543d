// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/temp_folder.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TempFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kIssuer[] = R"(issuers {
  name: "sso"
  issuer: "https://sso.example.test"
  audiences: "orders"
  algorithms: ES256
  jwks_file: "sso.jwks"
}
)";

constexpr char kRule[] = R"(rules {
  method: "/shop.Orders/GetOrder"
  allow { subjects: "a" }
}
)";

class ConfigTest : public ::testing::Test {
 protected:
  TempFolder folder_;
};

TEST_F(ConfigTest, ReadsAFile) {
  const std::string path = folder_.Write("auth.textproto", absl::StrCat(kIssuer, kRule));
  const auto loaded = LoadConfig({path}, "");
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->config.issuers(0).name(), "sso");
  EXPECT_EQ(loaded->config.rules(0).method(), "/shop.Orders/GetOrder");
  EXPECT_THAT(loaded->rule_locations, ElementsAre(absl::StrCat(path, ":8")));
}

TEST_F(ConfigTest, ReadsText) {
  const auto loaded = LoadConfig({}, absl::StrCat(kIssuer, kRule));
  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(loaded->rule_locations, ElementsAre("config_text:8"));
  EXPECT_EQ(loaded->config.issuers(0).jwks_file(), "sso.jwks");
}

TEST_F(ConfigTest, JoinsFilesAndText) {
  const std::string issuers = folder_.Write("issuers", kIssuer);
  const std::string rules = folder_.Write("rules", absl::StrCat("\n\n", kRule));
  const auto loaded = LoadConfig(
      {issuers, rules}, "health: ANYONE rules { method: \"/shop.Orders/B\" nobody: true }");
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->config.issuers_size(), 1);
  EXPECT_EQ(loaded->config.rules_size(), 2);
  EXPECT_EQ(loaded->config.health(), v1::ANYONE);
  EXPECT_THAT(loaded->rule_locations, ElementsAre(absl::StrCat(rules, ":3"), "config_text:1"));
}

TEST_F(ConfigTest, LaterFileWithoutAWordKeepsTheEarlierOne) {
  const std::string first = folder_.Write(
      "a", absl::StrCat(kIssuer, "health: ANYONE max_token_bytes: 1000 loopback_is_trusted: true"));
  const auto loaded = LoadConfig({first, folder_.Write("b", kRule)}, "");
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(loaded->config.health(), v1::ANYONE);
  EXPECT_EQ(loaded->config.max_token_bytes(), 1000u);
  EXPECT_TRUE(loaded->config.loopback_is_trusted());
}

TEST_F(ConfigTest, KeyFileIsRelativeToItsConfig) {
  const auto relative = LoadConfig({folder_.Write("a", kIssuer)}, "");
  EXPECT_EQ(relative->config.issuers(0).jwks_file(), folder_.Path("sso.jwks"));
  const auto absolute = LoadConfig(
      {folder_.Write("a", absl::StrReplaceAll(kIssuer, {{"sso.jwks", "/etc/sso.jwks"}}))}, "");
  EXPECT_EQ(absolute->config.issuers(0).jwks_file(), "/etc/sso.jwks");
  const auto none = LoadConfig(
      {folder_.Write("a", absl::StrReplaceAll(kIssuer, {{"jwks_file: \"sso.jwks\"", ""}}))}, "");
  EXPECT_EQ(none->config.issuers(0).jwks_file(), "");
}

TEST_F(ConfigTest, NamesTheFileThatCannotBeRead) {
  const std::string path = folder_.Path("nowhere");
  EXPECT_THAT(LoadConfig({path}, kIssuer), IsError(HasSubstr(path)));
  EXPECT_THAT(LoadConfig({folder_.path()}, kIssuer), IsError(HasSubstr("not a regular file")));
  const std::string long_file = folder_.Write("long", std::string((1 << 20) + 1, '\n'));
  EXPECT_THAT(LoadConfig({long_file}, kIssuer),
              IsError(AllOf(HasSubstr(long_file), HasSubstr("limit"))));
}

TEST_F(ConfigTest, NeedsAnIssuer) {
  const std::string path = folder_.Write("auth", kRule);
  EXPECT_THAT(LoadConfig({path}, ""), IsError(AllOf(StartsWith(path), HasSubstr("no issuers"))));
  EXPECT_THAT(LoadConfig({}, kRule), IsError(StartsWith("config_text: no issuers")));
  EXPECT_THAT(LoadConfig({}, ""), IsError(HasSubstr("no issuers")));
  EXPECT_THAT(LoadConfig({folder_.Write("auth", "")}, ""), IsError(StartsWith(path)));
}

TEST_F(ConfigTest, NamesBothPlacesOfADuplicate) {
  const std::string path = folder_.Write("auth", absl::StrCat(kIssuer, kRule, kRule));
  EXPECT_THAT(LoadConfig({path}, ""),
              IsError(AllOf(StartsWith(path + ":12"), HasSubstr("/shop.Orders/GetOrder"),
                            HasSubstr(path + ":8"))));
  const std::string other = folder_.Write("other", kRule);
  EXPECT_THAT(LoadConfig({other}, absl::StrCat(kIssuer, kRule)),
              IsError(AllOf(StartsWith("config_text:8"), HasSubstr(other + ":1"))));
}

TEST_F(ConfigTest, SaysOnceWhatIsSaidOnce) {
  for (const char* field : {"health: ANYONE", "max_token_bytes: 1000"}) {
    const std::string path = folder_.Write("auth", absl::StrCat(kIssuer, field));
    EXPECT_THAT(LoadConfig({path}, field),
                IsError(AllOf(StartsWith("config_text:1"), HasSubstr(path + ":8"))));
  }
}

TEST_F(ConfigTest, RefusesIssuersThatCannotBeToldApart) {
  const std::string path = folder_.Write("auth", kIssuer);
  const std::string same_name =
      absl::StrReplaceAll(kIssuer, {{"https://sso.example", "https://b.example"}});
  EXPECT_THAT(
      LoadConfig({path}, same_name),
      IsError(AllOf(StartsWith("config_text:1"), HasSubstr("same name"), HasSubstr(path + ":1"))));
  const std::string same_iss = absl::StrReplaceAll(kIssuer, {{"name: \"sso\"", "name: \"b\""}});
  EXPECT_THAT(
      LoadConfig({path}, same_iss),
      IsError(AllOf(StartsWith("config_text:1"), HasSubstr("same iss"), HasSubstr(path + ":1"))));
}

TEST_F(ConfigTest, RuleOfOneFileSeesTheIssuersOfAnother) {
  const std::string trusted = absl::StrReplaceAll(
      kIssuer, {{"name: \"sso\"", "name: \"sso\" may_assert { anything: true }"}});
  const std::string second = absl::StrReplaceAll(
      trusted, {{"name: \"sso\"", "name: \"b\""}, {"https://sso.", "https://b."}});
  const std::string rules = folder_.Write("rules", kRule);
  EXPECT_THAT(LoadConfig({rules}, kIssuer), IsOk());
  EXPECT_THAT(LoadConfig({rules}, absl::StrCat(trusted, second)),
              IsError(AllOf(StartsWith(rules + ":1"), HasSubstr("several issuers"))));
  folder_.Write("rules", absl::StrReplaceAll(kRule, {{"subjects", "issuers: \"b\" subjects"}}));
  EXPECT_THAT(LoadConfig({rules}, absl::StrCat(trusted, second)), IsOk());
  EXPECT_THAT(LoadConfig({rules}, kIssuer),
              IsError(AllOf(StartsWith(rules + ":1"), HasSubstr("no issuer is named \"b\""))));
}

struct Row {
  const char* name;
  std::string text;
  const char* place;
  const char* error;
};

// kIssuer with one thing changed.
std::string Changed(const std::string& from, const std::string& to) {
  return absl::StrReplaceAll(kIssuer, {{from, to}});
}

std::string With(const std::string& field) {
  return absl::StrReplaceAll(kIssuer,
                             {{"  jwks_file", absl::StrCat("  ", field, "\n  jwks_file")}});
}

// With that in place of the file of keys.
std::string Fetched(const std::string& fields) {
  return absl::StrReplaceAll(kIssuer, {{"jwks_file: \"sso.jwks\"", fields}});
}

class ConfigErrorTest : public ConfigTest, public ::testing::WithParamInterface<Row> {};

TEST_P(ConfigErrorTest, NamesFileLineAndField) {
  const std::string path = folder_.Write("auth.textproto", "\n" + GetParam().text);
  EXPECT_THAT(LoadConfig({path}, ""),
              IsError(AllOf(StartsWith(path + GetParam().place), HasSubstr(GetParam().error))));
}

INSTANTIATE_TEST_SUITE_P(
    , ConfigErrorTest,
    ::testing::Values(
        Row{"Syntax", "issuers {\n  name \"sso\"\n}", ":3:", "Expected \":\""},
        Row{"UnknownField", With("audience: \"x\""), ":7:", "audience"},
        Row{"UnknownTopField", absl::StrCat(kIssuer, "rule {}"), ":9:", "rule"},
        // The parser stands after an enum value when it complains of it.
        Row{"UnknownAlgorithm", Changed("ES256", "none"), ":7:", "none"},
        Row{"AlgorithmInSmallLetters", Changed("ES256", "es256"), ":7:", "es256"},
        Row{"UnknownProfile", With("profile: OIDC"), ":8:", "OIDC"},
        Row{"NameTwice", With("name: \"b\""), ":7:", "name"},
        Row{"Unclosed", "issuers {", ":2:", ""},
        Row{"NoName", Changed("name: \"sso\"", ""), ":2: ", "name: required"},
        Row{"NameInCapitals", Changed("\"sso\"", "\"SSO\""), ":2: ", "name:"},
        Row{"NameWithSpace", Changed("\"sso\"", "\"s o\""), ":2: ", "name:"},
        Row{"NameOf65", Changed("\"sso\"", "\"" + std::string(65, 'a') + "\""), ":2: ", "name:"},
        Row{"NoIssuer", Changed("issuer: \"https://sso.example.test\"", ""),
            ":2: ", "issuer: required"},
        Row{"NoAudience", Changed("audiences: \"orders\"", ""), ":2: ", "audiences: required"},
        Row{"EmptyAudience", Changed("\"orders\"", "\"\""), ":2: ", "audiences: an empty string"},
        Row{"EmptyAudienceBesideAnother", With("audiences: \"\""), ":2: ", "audiences:"},
        Row{"MisspeltField", Changed("audiences:", "audience:"),
            ":5:11: ", "has no field named \"audience\" (did you mean audiences?)"},
        Row{"FieldOfAnotherMessage", With("subjects: \"a\""),
            ":7:11: ", "has no field named \"subjects\"."},
        Row{"NoAlgorithm", Changed("algorithms: ES256", ""), ":2: ", "algorithms: required"},
        Row{"UnspecifiedAlgorithm", Changed("ES256", "ALGORITHM_UNSPECIFIED"),
            ":2: ", "algorithms: required"},
        Row{"UnspecifiedAlgorithmBesideAnother", With("algorithms: ALGORITHM_UNSPECIFIED"),
            ":2: ", "algorithms: required"},
        Row{"HmacBesidePublicKey", With("algorithms: HS256 every_verifier_can_mint: true"),
            ":2: ", "key confusion"},
        Row{"HmacWithoutTheWord", Changed("ES256", "HS256"),
            ":2: ", "every_verifier_can_mint: must be true"},
        Row{"TheWordWithoutHmac", With("every_verifier_can_mint: true"), ":2: ", "only for HMAC"},
        Row{"UnspecifiedProfile", With("profile: PROFILE_UNSPECIFIED"), ":2: ", "profile:"},
        Row{"CustomWithoutTypes", With("profile: CUSTOM"), ":2: ", "custom_types: required"},
        Row{"TypesWithoutCustom", With("custom_types: \"JWT\""), ":2: ", "profile: CUSTOM"},
        Row{"TypesWithKubernetes", With("profile: KUBERNETES custom_types: \"JWT\""),
            ":2: ", "profile: CUSTOM"},
        Row{"EmptyType", With("profile: CUSTOM custom_types: \"\""), ":2: ", "NO_TYP"},
        Row{"JwtWithoutRequiredClaims", With("profile: CUSTOM custom_types: \"application/jwt\""),
            ":2: ", "required_claims: required"},
        Row{"NoTypeWithoutRequiredClaims", With("profile: CUSTOM custom_types: \"NO_TYP\""),
            ":2: ", "issuer_signs_access_tokens_only: true"},
        Row{"NeedlessAccessTokensOnly", With("issuer_signs_access_tokens_only: true"),
            ":2: ", "is only for"},
        Row{"RequiredClaimWithoutPath", With("required_claims { exists: true }"),
            ":2: ", "path: required"},
        Row{"RequiredClaimWithoutValue", With("required_claims { path: \"a.b\" path: \"c\" }"),
            ":2: ", "claim \"a.b\".c: give one of"},
        Row{"RequiredClaimWithTwo",
            With("required_claims { path: \"a\" any_of: \"x\" exists: true }"),
            ":2: ", "give one of"},
        Row{"RequiredClaimEmptyText", With("required_claims { path: \"a\" any_of: \"\" }"),
            ":2: ", "an empty string matches nothing"},
        Row{"RequiredClaimEmptyName", With("required_claims { path: \"\" exists: true }"),
            ":2: ", "an empty name"},
        Row{"RequiredClaimRegistered", With("required_claims { path: \"sub\" any_of: \"a\" }"),
            ":2: ", "has a check of its own"},
        Row{"TwoSourcesOfKeys", With("jwks_url: \"https://a\""), ":2: ", "only one of them"},
        Row{"PlaintextJwksUrl", Fetched("jwks_url: \"http://a\""),
            ":2: ", "jwks_url: the URL must"},
        Row{"DiscoveryUrlWithUser", Fetched("discovery_url: \"https://u:p@a\""),
            ":2: ", "discovery_url: the URL has a user"},
        Row{"FetchWithoutUrl", With("fetch { proxy: \"http://a\" }"), ":2: ", "fetch: is only for"},
        Row{"KeyHostsWithoutDiscovery",
            Fetched("jwks_url: \"https://a\" fetch { key_hosts: \"https://b\" }"),
            ":2: ", "fetch.key_hosts: is only"},
        Row{"KeyHostWithoutScheme",
            Fetched("discovery_url: \"https://a\" fetch { key_hosts: \"b\" }"),
            ":2: ", "fetch.key_hosts: the URL must begin"},
        Row{"BearerHostsAlone",
            Fetched("jwks_url: \"https://a\" fetch { bearer_hosts: \"https://a\" }"),
            ":2: ", "each needs the other"},
        Row{"KeyHostWithPath",
            Fetched("discovery_url: \"https://a\" fetch { key_hosts: \"https://b/x\" }"),
            ":2: ", "write no path"},
        Row{"ProxyWithPassword",
            Fetched("jwks_url: \"https://a\" fetch { proxy: \"http://u:p@proxy\" }"),
            ":2: ", "fetch.proxy: the URL has a user"},
        Row{"RefreshThatLeavesNoSecondTry",
            Fetched("jwks_url: \"https://a\" fetch { refresh { seconds: 3600 } }"),
            ":2: ", "fetch.max_stale: must be at least twice"},
        Row{"RefreshTooShort", Fetched("jwks_url: \"https://a\" fetch { refresh { seconds: 59 } }"),
            ":2: ", "fetch.refresh: must be 1 min to 1 h"},
        Row{"StaleTooLong",
            Fetched("jwks_url: \"https://a\" fetch { max_stale { seconds: 86401 } }"),
            ":2: ", "fetch.max_stale"},
        Row{"StaleBelowRefresh",
            Fetched("jwks_url: \"https://a\" fetch { max_stale { seconds: 60 } }"),
            ":2: ", "fetch.max_stale"},
        Row{"HmacKeysByUrl",
            absl::StrReplaceAll(Fetched("jwks_url: \"https://a\""),
                                {{"ES256", "HS256 every_verifier_can_mint: true"}}),
            ":2: ", "HMAC secrets never come over the network"},
        Row{"NegativeLeeway", With("leeway { seconds: -1 }"), ":2: ", "leeway: must be 0"},
        Row{"LeewayTooLong", With("leeway { seconds: 300 nanos: 1 }"), ":2: ", "leeway:"},
        Row{"LifetimeZero", With("max_lifetime {}"), ":2: ", "max_lifetime: must be above 0"},
        Row{"LifetimeTooLong", With("max_lifetime { seconds: 2678400 nanos: 1 }"),
            ":2: ", "at most 31 days"},
        Row{"RevocationAgeTooShort",
            With("revocations { file: 'r' max_revocation_age { seconds: 9 } }"),
            ":2: ", "revocations.max_revocation_age: must be 10 s to 24 h"},
        Row{"RevocationAgeTooLong",
            With("revocations { file: 'r' max_revocation_age { seconds: 86401 } }"),
            ":2: ", "revocations.max_revocation_age: must be 10 s to 24 h"},
        Row{"RevocationAgeOfNoFile", With("revocations { max_revocation_age { seconds: 60 } }"),
            ":2: ", "revocations.max_revocation_age: is only for a file"},
        Row{"LifetimeNegative", With("max_lifetime { seconds: -1 }"), ":2: ", "max_lifetime:"},
        Row{"TokenBytesTooFew", absl::StrCat(kIssuer, "max_token_bytes: 255"),
            ":9: ", "256 to 65536"},
        Row{"TokenBytesTooMany", absl::StrCat(kIssuer, "max_token_bytes: 65537"),
            ":9: ", "256 to 65536"},
        Row{"TokenBytesNegative", absl::StrCat(kIssuer, "max_token_bytes: -1"),
            ":9:", "Expected integer"},
        Row{"TokenBytesZero", absl::StrCat(kIssuer, "max_token_bytes: 0"), ":9: ", "256 to 65536"},
        Row{"HealthUnspecified", absl::StrCat(kIssuer, "health: HEALTH_ACCESS_UNSPECIFIED"),
            ":9: ", "must be ANYONE"},
        Row{"ListOfRules",
            absl::StrCat(kIssuer,
                         "rules: [{ method: \"/p.S/M\" nobody: true }, "
                         "{ method: \"/p.S/N\" nobody: true }]"),
            ": ", "rules: [ … ]"},
        Row{"ListOfIssuers", "issuers: [{ name: \"a\" }, { name: \"b\" }]", ": ", "issuers: [ … ]"},
        Row{"RuleWithoutMethod", absl::StrCat(kIssuer, "rules { nobody: true }"),
            ":9: ", "/package.Service/Method"},
        Row{"RuleWithoutCaller", absl::StrCat(kIssuer, "\nrules { method: \"/p.S/M\" }"),
            ":10: ", "names no caller"},
        Row{"RuleOfUnknownIssuer",
            absl::StrCat(kIssuer,
                         "rules { method: \"/p.S/M\" allow { issuers: \"x\" subjects: \"a\" } }"),
            ":9: ", "no issuer is named \"x\""}),
    [](const auto& info) { return info.param.name; });

struct GoodRow {
  const char* name;
  std::string text;
};

class ConfigBoundTest : public ::testing::TestWithParam<GoodRow> {};

TEST_P(ConfigBoundTest, IsAccepted) { EXPECT_THAT(LoadConfig({}, GetParam().text), IsOk()); }

INSTANTIATE_TEST_SUITE_P(
    , ConfigBoundTest,
    ::testing::Values(
        GoodRow{"NameOf64", Changed("\"sso\"", "\"" + std::string(64, 'a') + "\"")},
        GoodRow{"NameOfOne", Changed("\"sso\"", "\"a\"")},
        GoodRow{"NameWithAllCharacters", Changed("\"sso\"", "\"a-z_0.9\"")},
        GoodRow{"LeewayZero", With("leeway {}")},
        GoodRow{"LeewayLongest", With("leeway { seconds: 300 }")},
        GoodRow{"RevocationsOfTheCode", With("revocations {}")},
        GoodRow{"RevocationsOfAFile",
                With("revocations { file: 'r' max_revocation_age { seconds: 86400 } }")},
        GoodRow{"LifetimeLongest", With("max_lifetime { seconds: 2678400 }")},
        GoodRow{"LifetimeShortest", With("max_lifetime { nanos: 1 }")},
        GoodRow{"TokenBytesFewest", absl::StrCat(kIssuer, "max_token_bytes: 256")},
        GoodRow{"TokenBytesMost", absl::StrCat(kIssuer, "max_token_bytes: 65536")},
        GoodRow{"SeveralAlgorithms", With("algorithms: RS256 algorithms: EdDSA")},
        GoodRow{"Hmac",
                absl::StrReplaceAll(kIssuer, {{"ES256", "HS256 every_verifier_can_mint: true"}})},
        GoodRow{"Kubernetes", With("profile: KUBERNETES")},
        GoodRow{"JwksUrl",
                Fetched("jwks_url: \"https://a/jwks\" fetch { refresh { seconds: 60 } }")},
        GoodRow{"DiscoveryUrl",
                Fetched("discovery_url: \"https://a/x\" fetch { key_hosts: \"https://b:8443\" "
                        "bearer_token_file: \"t\" bearer_hosts: \"https://b:8443\" }")},
        GoodRow{"PlaintextByTheLongerWord",
                Fetched("jwks_url: \"http://a/\" fetch { plaintext_http_is_trusted: true }")},
        GoodRow{"Keycloak", With("profile: KEYCLOAK")},
        GoodRow{"AccessTokensOnly", With("profile: CUSTOM custom_types: \"NO_TYP\" "
                                         "issuer_signs_access_tokens_only: true")},
        GoodRow{"Custom",
                With("profile: CUSTOM custom_types: [\"NO_TYP\", \"JWT\"] required_claims { path: "
                     "\"scope\" exists: true }")}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lanyard
