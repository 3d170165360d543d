// SPDX-License-Identifier: Apache-2.0
// Every word that weakens a check is marked, told, and stands in SECURITY.md.
#include "lanyard/sdk/internal/weakenings.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lanyard/sdk/policy.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/annotated_service.h"

namespace lanyard::internal {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::EnumDescriptor;
using ::google::protobuf::FieldDescriptor;
using ::lanyard::testing::AnnotatedServices;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string Issuer(const std::string& more, const std::string& keys = "algorithms: ES256") {
  return absl::StrCat("issuers { name: \"sso\" issuer: \"https://sso.example.test\" ",
                      "audiences: \"orders\" ", keys, " ", more, " }\n");
}
std::string Rule(const std::string& allow) {
  return absl::StrCat(Issuer(""), "rules { method: \"/shop.Orders/Get\" allow { ", allow, " } }\n");
}
std::string Settings(const std::string& settings) {
  return absl::StrCat(Issuer(""), "settings { method: \"*\" ", settings, " }\n");
}

std::vector<Weakening> In(const std::string& config) {
  const auto loaded = LoadConfig({}, config);
  EXPECT_THAT(loaded, testing::IsOk()) << config;
  return loaded.ok() ? WeakeningsIn(*loaded) : std::vector<Weakening>();
}

std::vector<std::string> WordsIn(const std::string& config) {
  std::vector<std::string> words;
  for (const Weakening& weakening : In(config)) words.push_back(weakening.word);
  return words;
}

// A config with each word that can stand in one.
std::map<std::string, std::string> Configs() {
  return {
      {"every_verifier_can_mint", Issuer("every_verifier_can_mint: true", "algorithms: HS256")},
      {"accept_subjectless_tokens", Issuer("accept_subjectless_tokens: true")},
      {"loopback_is_trusted", Issuer("") + "loopback_is_trusted: true"},
      {"single_replica", Issuer("") + "single_replica: true"},
      {"trusted_proxies", Issuer("") + "trusted_proxies: \"spiffe://prod/proxy\""},
      {"local_proxy_is_trusted", Issuer("") + "local_proxy_is_trusted: true"},
      {"NO_TYP", Issuer("profile: CUSTOM custom_types: \"NO_TYP\" "
                        "required_claims { path: \"use\" any_of: \"access\" }")},
      {"anyone", Rule("anyone: true")},
      {"anything", Issuer("may_assert { anything: true }")},
      {"any_actor", Rule("subjects: \"svc:a\" any_actor: true")},
      {"without_token", Rule("peers: \"spiffe://prod/web\" without_token: true")},
      {"TREAT_AS_ANONYMOUS", Rule("anyone: true bad_token: TREAT_AS_ANONYMOUS")},
      {"OBSERVE", Settings("enforcement: OBSERVE observe_until: \"2027-01-31\"")},
      {"max_stream_age_past_expiry", Settings("max_stream_age_past_expiry { seconds: 1 }")},
      {"health: ANYONE", Issuer("") + "health: ANYONE"},
      {"health: ANYONE_MAY_WATCH", Issuer("") + "health: ANYONE_MAY_WATCH"},
      {"REFLECTION_FOR_ANYONE", Issuer("") + "reflection: REFLECTION_FOR_ANYONE"},
      {"plaintext_http_is_trusted", Issuer("jwks_url: \"http://sso.example.test/jwks\" "
                                           "fetch { plaintext_http_is_trusted: true }")},
      {"issuer_signs_access_tokens_only", Issuer("profile: CUSTOM custom_types: \"JWT\" "
                                                 "issuer_signs_access_tokens_only: true")},
      {"leeway", Issuer("leeway { seconds: 31 }")},
      {"max_revocation_age", Issuer("revocations { file: \"revoked\" "
                                    "max_revocation_age { seconds: 301 } }")},
      {"max_lifetime", Issuer("max_lifetime { seconds: 86401 }")},
  };
}

// The words in backticks of SECURITY.md's list.
std::set<std::string> DocumentedWords() {
  std::stringstream text;
  text << std::ifstream("SECURITY.md").rdbuf();
  const std::string all = text.str();
  const size_t list = all.find("## Words that weaken a check");
  EXPECT_NE(list, all.npos);
  std::set<std::string> words;
  const std::vector<std::string> parts = absl::StrSplit(all.substr(list), '`');
  for (size_t i = 1; i < parts.size(); i += 2) words.insert(parts[i]);
  return words;
}

// Words of programs, and the command that lists those of a config.
const std::set<std::string>& NotInAConfig() {
  static const auto* const words = new std::set<std::string>{"AddTrustedLoopbackPort",
                                                             "AddUnprotectedLegacyPort",
                                                             "GateOnlyCredentials",
                                                             "keep_bearer_in_metadata",
                                                             "keep_callers_tokens",
                                                             "clients_may_lack_certificates",
                                                             "impersonation_without_trace",
                                                             "max_session_life",
                                                             "max_idle_time",
                                                             "forward_callers_token",
                                                             "opaque_tokens_are_trusted",
                                                             "plaintext_tcp_is_trusted",
                                                             "lanyard doctor CONFIG --weakenings"};
  return *words;
}

TEST(WeakeningsTest, FindsEveryWordThatSecurityMdLists) {
  const std::map<std::string, std::string> configs = Configs();
  for (const std::string& word : DocumentedWords()) {
    if (NotInAConfig().count(word) > 0) continue;
    ASSERT_EQ(configs.count(word), 1u) << word;
    EXPECT_THAT(WordsIn(configs.at(word)), Contains(HasSubstr(word)));
  }
}

TEST(WeakeningsTest, SaysWhatEachLetsIn) {
  for (const auto& [word, config] : Configs()) {
    for (const Weakening& weakening : In(config)) {
      EXPECT_NE(weakening.what, "more than without it") << weakening.word;
      EXPECT_THAT(weakening.location, Not(IsEmpty())) << weakening.word;
    }
  }
}

// What protoc has read, and not only what this test knows of.
void CollectMarked(const Descriptor& message, std::set<std::string>* words) {
  const auto collect = [&](const EnumDescriptor& type) {
    for (int i = 0; i < type.value_count(); ++i) {
      if (!type.value(i)->options().GetExtension(v1::value_weakens)) continue;
      words->insert(std::string(type.value(i)->name()));
    }
  };
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (field.enum_type() != nullptr) collect(*field.enum_type());
    if (!field.options().GetExtension(v1::weakens)) {
      if (field.message_type() != nullptr) CollectMarked(*field.message_type(), words);
      continue;
    }
    words->insert(field.name() == "custom_types" ? "NO_TYP" : std::string(field.name()));
  }
}

TEST(WeakeningsTest, EveryMarkedWordStandsInSecurityMd) {
  std::set<std::string> marked;
  CollectMarked(*v1::ServerConfig::descriptor(), &marked);
  EXPECT_GE(marked.size(), 18u);
  const std::set<std::string> documented = DocumentedWords();
  for (const std::string& word : marked) {
    const bool stands = documented.count(word) > 0 || documented.count("health: " + word) > 0;
    EXPECT_TRUE(stands) << word << " is marked in a .proto, and SECURITY.md does not list it";
  }
}

// A new switch must say which way it turns.
TEST(WeakeningsTest, EverySwitchIsMarkedOrKnownToStrengthen) {
  const std::set<std::string> others = {"single_audience_only",
                                        "replaces",
                                        "replaces_annotation",
                                        "nobody",
                                        "any_authenticated",
                                        "certificate_bound",
                                        "one_time",
                                        "boolean",
                                        "exists"};
  const std::function<void(const Descriptor&)> check = [&](const Descriptor& message) {
    for (int i = 0; i < message.field_count(); ++i) {
      const FieldDescriptor& field = *message.field(i);
      if (field.message_type() != nullptr) check(*field.message_type());
      if (field.cpp_type() != FieldDescriptor::CPPTYPE_BOOL) continue;
      EXPECT_NE(field.options().GetExtension(v1::weakens),
                others.count(std::string(field.name())) > 0)
          << field.full_name();
    }
  };
  check(*v1::ServerConfig::descriptor());
}

TEST(WeakeningsTest, DefaultsAndWhatIsStricterWeakenNothing) {
  EXPECT_THAT(
      WordsIn(Issuer("leeway { seconds: 30 } max_lifetime { seconds: 86400 } "
                     "revocations { file: \"revoked\" max_revocation_age { seconds: 300 } } "
                     "profile: CUSTOM custom_types: \"at+jwt\"") +
              "settings { method: \"*\" enforcement: ENFORCE "
              "max_stream_age_past_expiry { } } reflection: ANY_AUTHENTICATED"),
      IsEmpty());
}

TEST(WeakeningsTest, SaysWhereEachStands) {
  const std::vector<Weakening> found =
      In(Issuer("may_assert { anything: true } leeway { seconds: 60 }") +
         "rules { method: \"/shop.Orders/Get\"\n  allow { anyone: true } }\n"
         "settings { method: \"*\" max_stream_age_past_expiry { seconds: 1 } }\n"
         "health: ANYONE");
  const auto is = [](const char* location, const char* method, const char* word) {
    return AllOf(Field(&Weakening::location, location), Field(&Weakening::method, method),
                 Field(&Weakening::word, word));
  };
  EXPECT_THAT(found, ElementsAre(is("issuer sso", "", "leeway: 1m"),
                                 is("issuer sso", "", "may_assert.anything"),
                                 is("config_text:2", "/shop.Orders/Get", "anyone"),
                                 is("config_text:4", "*", "max_stream_age_past_expiry: 1s"),
                                 is("health", "", "health: ANYONE")));
}

TEST(WeakeningsTest, TellsAWordOnceForEachRule) {
  EXPECT_THAT(WordsIn(Issuer("") + "rules { method: \"/shop.Orders/Get\" "
                                   "allow { subjects: \"a\" any_actor: true } "
                                   "allow { subjects: \"b\" any_actor: true } }"),
              ElementsAre("any_actor"));
}

TEST(WeakeningsTest, AnnotationsCountUnlessAnOperatorsRuleHasTakenTheirPlace) {
  AnnotatedServices services;
  const auto* orders = services.Add({"Orders",
                                     {{"Get", "[lanyard.v1.allow] { anyone: true }"},
                                      {"List", "[lanyard.v1.allow] { anyone: true }"},
                                      {"Put", "[lanyard.v1.allow] { all_scopes: \"w\" }"}}});
  const auto loaded = LoadConfig({}, Issuer("") +
                                         "rules { method: \"/shop.Orders/List\" nobody: true "
                                         "replaces_annotation: true } health: ANYONE");
  ASSERT_THAT(loaded, testing::IsOk());
  const auto policy = Policy::Create(*loaded, {orders}, absl::UnixEpoch());
  ASSERT_THAT(policy, testing::IsOk());
  EXPECT_THAT(WeakeningsOfAnnotations((*policy)->rules()),
              ElementsAre(AllOf(Field(&Weakening::location, "annotation of /shop.Orders/Get"),
                                Field(&Weakening::method, "/shop.Orders/Get"),
                                Field(&Weakening::word, "anyone"))));
}

}  // namespace
}  // namespace lanyard::internal
