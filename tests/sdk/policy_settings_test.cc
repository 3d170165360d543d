// SPDX-License-Identifier: Apache-2.0
//
// What a policy says beside its rules: deny, settings, and why.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/rule_checks.h"
#include "lanyard/sdk/policy.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/made_caller.h"

namespace lanyard {
namespace {

using internal::ObserveUntil;
using internal::ValidateDeny;
using internal::ValidateSettings;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::MadeCaller;
using ::lanyard::testing::PeerConnection;
using ::testing::AllOf;
using ::testing::HasSubstr;

absl::Time At(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return time;
}

const absl::Time kNow = absl::FromUnixSeconds(1800000000);  // 2027-01-15T08:00:00Z.
constexpr char kPath[] = "/shop.Orders/GetOrder";
constexpr char kAnyone[] = "rules { method: \"/shop.Orders/GetOrder\" allow { anyone: true } } ";

template <typename T>
T Read(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

absl::StatusOr<std::shared_ptr<const Policy>> Create(const std::string& text) {
  LoadedConfig loaded;
  loaded.config = Read<v1::ServerConfig>(text);
  for (const char* name : {"a", "b"}) {
    v1::Issuer* issuer = loaded.config.add_issuers();
    issuer->set_name(name);
    issuer->set_issuer(absl::StrCat("https://", name, ".test"));
  }
  for (int i = 0; i < loaded.config.rules_size(); ++i) {
    loaded.rule_locations.push_back(absl::StrCat("file:", i + 1));
  }
  for (int i = 0; i < loaded.config.settings_size(); ++i) {
    loaded.settings_locations.push_back(absl::StrCat("file:", i + 101));
  }
  return Policy::Create(loaded, {}, kNow);
}

std::shared_ptr<const Policy> Make(const std::string& text) {
  auto policy = Create(text);
  EXPECT_THAT(policy, IsOk());
  return *policy;
}

Identity Caller(const std::string& issuer, const std::string& subject,
                const std::string& more = "") {
  return MadeCaller(issuer, absl::StrCat("{\"iss\":\"https://", issuer, ".test\"",
                                         subject.empty() ? "" : ",\"sub\":\"" + subject + "\"",
                                         more.empty() ? "" : ",", more, "}"));
}

struct DenyRow {
  const char* name;
  const char* deny;
  Identity caller;
  bool denied;
};

class DenyTest : public ::testing::TestWithParam<DenyRow> {};

TEST_P(DenyTest, BeatsEveryRule) {
  const auto policy = Make(absl::StrCat(kAnyone, "deny { ", GetParam().deny, " }"));
  const auto decision = policy->Decide(kPath, GetParam().caller);
  EXPECT_EQ(decision.verdict,
            GetParam().denied ? Policy::Verdict::kDenied : Policy::Verdict::kAllowed);
  EXPECT_EQ(decision.rule, "file:1");
  const auto unruled = policy->Decide("/shop.Orders/Other", GetParam().caller);
  EXPECT_EQ(unruled.verdict,
            GetParam().denied ? Policy::Verdict::kDenied : Policy::Verdict::kNoRule);
}

constexpr char kActedByX[] = R"("act":{"sub":"svc:x"})";

INSTANTIATE_TEST_SUITE_P(
    , DenyTest,
    ::testing::Values(
        DenyRow{"Issuer", "issuers: \"a\"", Caller("a", "svc:x"), true},
        DenyRow{"OtherIssuer", "issuers: \"a\"", Caller("b", "svc:x"), false},
        DenyRow{"SecondIssuer", "issuers: \"b\" issuers: \"a\"", Caller("a", "svc:x"), true},
        DenyRow{"Subject", "subjects: \"svc:x\"", Caller("a", "svc:x"), true},
        DenyRow{"SubjectOfAnyIssuer", "subjects: \"svc:x\"", Caller("b", "svc:x"), true},
        DenyRow{"OtherSubject", "subjects: \"svc:x\"", Caller("a", "svc:y"), false},
        DenyRow{"SubjectLonger", "subjects: \"svc:x\"", Caller("a", "svc:xy"), false},
        DenyRow{"SubjectAbsent", "subjects: \"svc:x\"", Caller("a", ""), false},
        DenyRow{"Prefix", "subjects: \"svc:*\"", Caller("a", "svc:x"), true},
        DenyRow{"PrefixStem", "subjects: \"svc:*\"", Caller("a", "svc"), false},
        DenyRow{"IssuerAndSubject", "issuers: \"a\" subjects: \"svc:x\"", Caller("a", "svc:x"),
                true},
        DenyRow{"IssuerButNotSubject", "issuers: \"a\" subjects: \"svc:x\"", Caller("a", "svc:y"),
                false},
        DenyRow{"SubjectButNotIssuer", "issuers: \"a\" subjects: \"svc:x\"", Caller("b", "svc:x"),
                false},
        DenyRow{"Actor", "subjects: \"svc:x\"", Caller("a", "svc:y", kActedByX), true},
        DenyRow{"ActorByPrefix", "subjects: \"svc:*\"", Caller("a", "user:y", kActedByX), true},
        DenyRow{"SubjectOfAnActor", "subjects: \"svc:y\"", Caller("a", "svc:y", kActedByX), true},
        DenyRow{"OtherActor", "subjects: \"svc:z\"", Caller("a", "svc:y", kActedByX), false},
        DenyRow{"ActorAndIssuer", "issuers: \"a\" subjects: \"svc:x\"",
                Caller("a", "svc:y", kActedByX), true},
        DenyRow{"Client", "clients: \"web\"", Caller("a", "u", R"("client_id":"web")"), true},
        DenyRow{"ClientByAzp", "clients: \"web\"", Caller("a", "u", R"("azp":"web")"), true},
        DenyRow{"OtherClient", "clients: \"web\"", Caller("a", "u", R"("azp":"app")"), false},
        DenyRow{"ClientAbsent", "clients: \"web\"", Caller("a", "web"), false},
        DenyRow{"ClientIsExact", "clients: \"web:*\"", Caller("a", "u", R"("azp":"web:x")"), false},
        DenyRow{"ClientAndSubject", "clients: \"web\" subjects: \"v\"",
                Caller("a", "u", R"("azp":"web")"), false},
        DenyRow{"SecondDeny", "issuers: \"b\" } deny { subjects: \"svc:x\"", Caller("a", "svc:x"),
                true},
        DenyRow{"Anonymous", "issuers: \"a\" } deny { subjects: \"svc:*\"", Identity(), false}),
    [](const auto& info) { return info.param.name; });

// Whoever is the pair (issuer, subject), be it as the actor of a token of another issuer.
TEST(PolicySettingsTest, ActorOfADeniedIssuerIsDenied) {
  const auto policy = Make(absl::StrCat(kAnyone, "deny { issuers: \"a\" subjects: \"svc:x\" }"));
  const Identity caller = Caller("b", "svc:y", R"("act":{"sub":"svc:x","iss":"https://a.test"})");
  EXPECT_EQ(policy->Decide(kPath, caller).verdict, Policy::Verdict::kDenied);
}

TEST(PolicySettingsTest, BadDenyIsRefused) {
  const struct {
    const char* deny;
    const char* error;
  } rows[] = {{"", "it names nobody"},
              {"issuers: \"\"", "an empty string"},
              {"clients: [\"web\", \"\"]", "an empty string"},
              {"subjects: \"\"", "subjects: an empty string"},
              {"subjects: \"*\"", "a * stands only at the end"}};
  for (const auto& row : rows) {
    EXPECT_THAT(ValidateDeny(Read<v1::Deny>(row.deny)),
                IsError(AllOf(HasSubstr("deny: "), HasSubstr(row.error))))
        << row.deny;
  }
}

constexpr char kObserve[] = "enforcement: OBSERVE observe_until: ";

std::string Settings(const std::string& method, const std::string& fields) {
  return absl::StrCat("settings { method: \"", method, "\" ", fields, " } ");
}

TEST(PolicySettingsTest, MostExactScopeWinsFieldByField) {
  const auto policy =
      Make(absl::StrCat(Settings(kPath, "max_stream_age_past_expiry { seconds: 10 }"),
                        Settings("/shop.Orders/*", "enforcement: ENFORCE"),
                        Settings("*", absl::StrCat(kObserve,
                                                   "\"2027-01-31\" max_stream_age_past_expiry { "
                                                   "seconds: 20 }")),
                        Settings("/shop.Stock/Get", absl::StrCat(kObserve, "\"2027-02-28\"")),
                        Settings("/shop.Stock/*", "max_stream_age_past_expiry {}")));
  const struct {
    const char* path;
    bool observes;
    int seconds;
  } rows[] = {
      {kPath, false, 10},           {"/shop.Orders/Other", false, 20}, {"/shop.Stock/Get", true, 0},
      {"/shop.Stock/Put", true, 0}, {"/shop.stock/Put", true, 20},     {"/x.Y/Z", true, 20}};
  for (const auto& row : rows) {
    EXPECT_EQ(policy->Observes(row.path, kNow), row.observes) << row.path;
    EXPECT_EQ(policy->StreamAgePastExpiry(row.path), absl::Seconds(row.seconds)) << row.path;
  }
  EXPECT_EQ(policy->ObserveUntil("/shop.Stock/Get"), At("2027-02-28T00:00:00Z"));
  EXPECT_EQ(policy->ObserveUntil("/shop.Stock/Put"), At("2027-01-31T00:00:00Z"));
}

TEST(PolicySettingsTest, WithoutSettingsAllIsEnforced) {
  for (const char* text : {"", kAnyone}) {
    const auto policy = Make(text);
    EXPECT_FALSE(policy->Observes(kPath, kNow));
    EXPECT_FALSE(policy->Observes(kPath, absl::InfinitePast()));
    EXPECT_EQ(policy->StreamAgePastExpiry(kPath), absl::ZeroDuration());
  }
}

TEST(PolicySettingsTest, OrderInTheConfigDoesNotCount) {
  const std::string wide = Settings("*", absl::StrCat(kObserve, "\"2027-01-31\""));
  const std::string narrow = Settings(kPath, "enforcement: ENFORCE");
  for (const std::string& text : {wide + narrow, narrow + wide}) {
    EXPECT_FALSE(Make(text)->Observes(kPath, kNow));
    EXPECT_TRUE(Make(text)->Observes("/shop.Orders/Other", kNow));
  }
}

TEST(PolicySettingsTest, ObservationEndsAtItsTime) {
  const struct {
    const char* text;
    const char* end;
  } rows[] = {{"2027-01-31", "2027-01-31T00:00:00Z"},
              {"2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"},
              {"2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00Z"},
              {"2027-01-31T12:00:00.5Z", "2027-01-31T12:00:00.5Z"}};
  for (const auto& row : rows) {
    const auto policy = Make(Settings("*", absl::StrCat(kObserve, "\"", row.text, "\"")));
    const absl::Time end = At(row.end);
    EXPECT_EQ(policy->ObserveUntil(kPath), end) << row.text;
    EXPECT_TRUE(policy->Observes(kPath, end - absl::Nanoseconds(1))) << row.text;
    EXPECT_FALSE(policy->Observes(kPath, end)) << row.text;
  }
}

TEST(PolicySettingsTest, ObservesAtMost90Days) {
  const auto until = [](absl::Duration ahead) {
    return Settings(
        kPath, absl::StrCat(kObserve, "\"",
                            absl::FormatTime(absl::RFC3339_full, kNow + ahead, absl::UTCTimeZone()),
                            "\""));
  };
  const absl::Duration longest = absl::Hours(24 * 90);
  EXPECT_THAT(Create(until(longest - absl::Seconds(1))), IsOk());
  EXPECT_THAT(Create(until(longest)), IsOk());
  EXPECT_THAT(Create(until(longest + absl::Seconds(1))),
              IsError(AllOf(HasSubstr("file:101: "), HasSubstr(kPath),
                            HasSubstr("at most 90 days ahead"))));
  EXPECT_THAT(Create(until(-absl::Hours(1))), IsOk()) << "over already";
}

struct BadSettings {
  const char* name;
  const char* settings;
  const char* error;
};

class BadSettingsTest : public ::testing::TestWithParam<BadSettings> {};

TEST_P(BadSettingsTest, IsRefused) {
  EXPECT_THAT(ValidateSettings(Read<v1::MethodSettings>(GetParam().settings)),
              IsError(AllOf(HasSubstr("settings"), HasSubstr(GetParam().error))));
}

#define ALL "method: \"*\" "
#define OBSERVE_UNTIL ALL "enforcement: OBSERVE observe_until: "
constexpr char kNoTime[] = "is neither a day";

INSTANTIATE_TEST_SUITE_P(
    , BadSettingsTest,
    ::testing::Values(
        BadSettings{"NoMethod", "enforcement: ENFORCE", "is not of the form"},
        BadSettings{"EveryService", "method: \"/*\" enforcement: ENFORCE", "is not of the form"},
        BadSettings{"PartOfAService", "method: \"/shop.*\" enforcement: ENFORCE",
                    "is not of the form"},
        BadSettings{"Nothing", ALL, "it sets nothing"},
        BadSettings{"Unspecified", ALL "enforcement: ENFORCEMENT_UNSPECIFIED",
                    "must be ENFORCE or OBSERVE"},
        BadSettings{"ObserveForEver", ALL "enforcement: OBSERVE", "observe_until: required"},
        BadSettings{"UntilWithoutObserve", ALL "observe_until: \"2027-01-31\"",
                    "observe_until: needs enforcement: OBSERVE"},
        BadSettings{"UntilWithEnforce", ALL "enforcement: ENFORCE observe_until: \"2027-01-31\"",
                    "observe_until: needs enforcement: OBSERVE"},
        BadSettings{"UntilSomeDay", OBSERVE_UNTIL "\"soon\"", kNoTime},
        BadSettings{"UntilADayThatIsNot", OBSERVE_UNTIL "\"2027-02-30\"", kNoTime},
        BadSettings{"UntilAMonth", OBSERVE_UNTIL "\"2027-02\"", kNoTime},
        BadSettings{"UntilWithoutZone", OBSERVE_UNTIL "\"2027-01-31T12:00:00\"", kNoTime},
        BadSettings{"UntilWithMore", OBSERVE_UNTIL "\"2027-01-31 or so\"", kNoTime},
        BadSettings{"StreamAgeNegative", ALL "max_stream_age_past_expiry { seconds: -1 }",
                    "must be 0 to 24 h"},
        BadSettings{"StreamAgeTooLong",
                    ALL "max_stream_age_past_expiry { seconds: 86400 nanos: 1 }",
                    "must be 0 to 24 h"}),
    [](const auto& info) { return info.param.name; });

TEST(PolicySettingsTest, AcceptsTheBounds) {
  for (const char* text :
       {ALL "max_stream_age_past_expiry {}", ALL "max_stream_age_past_expiry { seconds: 86400 }",
        "method: \"/p.S/*\" enforcement: ENFORCE",
        "method: \"/p.S/M\" enforcement: OBSERVE observe_until: \"2027-01-31\""}) {
    EXPECT_THAT(ValidateSettings(Read<v1::MethodSettings>(text)), IsOk()) << text;
  }
}

// The words that absl knows for times are no days.
TEST(PolicySettingsTest, InfiniteTimesAreNoDays) {
  for (const char* text : {"infinite-past", "infinite-future"}) {
    v1::MethodSettings settings;
    settings.set_observe_until(text);
    EXPECT_THAT(ObserveUntil(settings), IsError(HasSubstr(kNoTime))) << text;
  }
}

std::string Explain(const std::string& config, const Identity& caller) {
  PeerConnection connection;
  return Make(config)->Explain(kPath, caller, connection, kNow);
}

TEST(PolicySettingsTest, ExplainsTheVerdict) {
  const auto rule = [](const std::string& who) {
    return absl::StrCat("rules { method: \"", kPath, "\" ", who, " } ");
  };
  const Identity x = Caller("a", "svc:x");
  EXPECT_EQ(Explain("", x), "no rule covers that method");
  EXPECT_EQ(Explain(rule("nobody: true"), x), "nobody may call that method");
  EXPECT_EQ(Explain(kAnyone, x), "it matches");
  EXPECT_EQ(Explain(absl::StrCat(kAnyone, "deny { issuers: \"a\" }"), x),
            "the config denies the caller everywhere (deny)");
  EXPECT_EQ(Explain("deny { issuers: \"a\" }", x),
            "the config denies the caller everywhere (deny)");
  EXPECT_EQ(Explain(rule("allow { subjects: \"svc:y\" }"), x), "the subject is not \"svc:y\"");
  EXPECT_EQ(Explain(rule("allow { subjects: \"svc:y\" }"), Identity()), "it needs a token");
  EXPECT_EQ(
      Explain(rule("allow { subjects: \"svc:y\" } allow { subjects: \"svc:x\" all_scopes: \"r\" }"),
              x),
      "allow 1: the subject is not \"svc:y\"; allow 2: the token lacks the scope \"r\"");
  EXPECT_EQ(Explain(rule("allow { subjects: \"svc:y\" } allow { subjects: \"svc:x\" }"), x),
            "allow 1: the subject is not \"svc:y\"; allow 2: it matches");
}

TEST(PolicySettingsTest, WithoutATimeNoAgePasses) {
  const auto policy = Make(absl::StrCat("rules { method: \"", kPath,
                                        "\" allow { any_authenticated: true max_token_age { "
                                        "seconds: 315576000000 } } }"));
  const Identity caller = Caller("a", "svc:x", "\"iat\":1800000000");
  PeerConnection connection;
  EXPECT_TRUE(policy->Decide(kPath, caller, connection, kNow).allowed());
  EXPECT_EQ(policy->Decide(kPath, caller).verdict, Policy::Verdict::kNoMatch);
}

TEST(PolicyHashTest, NamesWhatTheConfigSaysHoweverItsPathIsWritten) {
  const auto hash = [](const std::string& jwks_file, const std::string& more) {
    LoadedConfig loaded;
    loaded.config = Read<v1::ServerConfig>(more);
    v1::Issuer* issuer = loaded.config.add_issuers();
    issuer->set_name("a");
    issuer->set_issuer("https://a.test");
    issuer->set_jwks_file(jwks_file);
    auto policy = Policy::Create(loaded, {}, kNow);
    EXPECT_THAT(policy, IsOk());
    return policy.ok() ? (*policy)->hash() : "";
  };
  const std::string first = hash("/etc/orders/sso.jwks", "");
  EXPECT_EQ(first.size(), 12u);
  EXPECT_EQ(hash("./sso.jwks", ""), first);
  EXPECT_EQ(hash("sso.jwks", ""), first);
  EXPECT_NE(hash("other.jwks", ""), first);
  EXPECT_NE(hash("sso.jwks", "deny { subjects: \"b\" }"), first);
}

}  // namespace
}  // namespace lanyard
