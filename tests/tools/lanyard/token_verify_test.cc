// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/testing/command_runner.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/test_issuer.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::FakeClock;
using ::lanyard::testing::Line;
using ::lanyard::testing::Outcome;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::TempFile;
using ::lanyard::testing::TempPath;
using ::lanyard::testing::TestIssuer;
using ::lanyard::testing::TokenBuilder;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kNow[] = "1900000000";

// A refusal by that reason: the name first on standard error, nothing on standard output.
MATCHER_P(RefusedAs, failure, std::string("refused as ") + std::string(AuthFailureName(failure))) {
  return arg.code == 1 && arg.out.empty() &&
         arg.err.find(absl::StrCat(AuthFailureName(failure), ": ")) != std::string::npos;
}

MATCHER(Accepted, "accepted") { return arg.code == 0 && !arg.out.empty(); }

class TokenVerifyTest : public ::testing::Test {
 protected:
  // Issued ten minutes ago, so that one that has just expired is well formed.
  TokenBuilder Token() const { return issuer_.Token().IssuedIn(absl::Minutes(-10)); }

  // Verifies with what every run needs, then `options`.
  Outcome Verify(const std::string& token, const std::vector<std::string>& options = {},
                 const std::string& input = "") const {
    return VerifyWith(issuer_.PublicJwks(), token, options, input);
  }

  Outcome VerifyWith(const std::string& keys, const std::string& token,
                     const std::vector<std::string>& options = {},
                     const std::string& input = "") const {
    std::vector<std::string> args = {"token",      "verify",
                                     "--jwks",     TempFile("jwks.json", keys),
                                     "--issuer",   issuer_.issuer(),
                                     "--audience", "test",
                                     "--at",       kNow};
    args.insert(args.end(), options.begin(), options.end());
    if (!token.empty()) args.insert(args.end(), {"--", token});
    return RunTool(args, input);
  }

  TestIssuer issuer_{Algorithm::kEs256, "test", std::make_shared<FakeClock>()};
};

TEST_F(TokenVerifyTest, PrintsTheClaimsOfAGoodToken) {
  const TokenBuilder token = Token().Subject("svc:a");
  const Outcome outcome = Verify(token.Sign());
  EXPECT_THAT(outcome, Accepted());
  EXPECT_EQ(Line(outcome.out), token.ClaimsJson());
  EXPECT_EQ(Line(outcome.err), "not checked: typ, lifetime, revocation");
}

TEST_F(TokenVerifyTest, PrintsClaimsOnOneLineWithEveryDigit) {
  const Outcome outcome =
      Verify(Token()
                 .RawClaims(absl::StrCat(
                     "{\n \"iss\":\"", issuer_.issuer(),
                     "\", \"aud\":\"test\",\n\"exp\":1900000300,\"n\":9007199254740993,"
                     "\"u\":18446744073709551615,\"d\":2.50 }\n"))
                 .Sign());
  EXPECT_THAT(outcome, Accepted());
  EXPECT_EQ(outcome.out,
            absl::StrCat("{\"iss\":\"", issuer_.issuer(),
                         "\",\"aud\":\"test\",\"exp\":1900000300,\"n\":9007199254740993,"
                         "\"u\":18446744073709551615,\"d\":2.50}\n"));
}

TEST_F(TokenVerifyTest, SaysWhatItDidNotCheck) {
  const std::string token = Token().Sign();
  EXPECT_EQ(Line(Verify(token, {"--typ", "at+jwt"}).err), "not checked: lifetime, revocation");
  EXPECT_EQ(Line(Verify(token, {"--max-lifetime", "24h"}).err), "not checked: typ, revocation");
  EXPECT_EQ(Line(Verify(token, {"--typ", "at+jwt", "--max-lifetime", "24h"}).err),
            "not checked: revocation");
}

TEST_F(TokenVerifyTest, AnswersInJson) {
  const TokenBuilder token = Token();
  EXPECT_EQ(Line(Verify(token.Sign(), {"--json"}).out),
            absl::StrCat("{\"ok\":true,\"claims\":", token.ClaimsJson(),
                         ",\"not_checked\":[\"typ\",\"lifetime\",\"revocation\"]}"));
  const Outcome refused =
      Verify(Token().ExpiresIn(absl::Seconds(-31)).Sign(), {"--json", "--typ", "at+jwt"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(Line(refused.out),
            "{\"ok\":false,\"failure\":\"EXPIRED\",\"detail\":\"\\\"exp\\\" was 31s ago\","
            "\"not_checked\":[\"lifetime\",\"revocation\"]}");
}

TEST_F(TokenVerifyTest, RefusesWithItsReason) {
  EXPECT_THAT(Verify(Token().ExpiresIn(absl::Seconds(-31)).Sign()),
              RefusedAs(AuthFailure::kExpired));
  EXPECT_THAT(Verify(Token().NotBeforeIn(absl::Seconds(31)).Sign()),
              RefusedAs(AuthFailure::kNotYetValid));
  EXPECT_THAT(Verify(Token().Audience("other").Sign()), RefusedAs(AuthFailure::kWrongAudience));
  EXPECT_THAT(Verify(Token().Issuer("https://other").Sign()),
              RefusedAs(AuthFailure::kUnknownIssuer));
  EXPECT_THAT(Verify(Token().KeyId("other").Sign()), RefusedAs(AuthFailure::kUnknownKey));
  EXPECT_THAT(Verify("nonsense"), RefusedAs(AuthFailure::kMalformedToken));
  auto no_expiry = Token();
  no_expiry.claims().clear_expires_at();
  EXPECT_THAT(Verify(no_expiry.Sign()), RefusedAs(AuthFailure::kMissingClaim));
}

TEST_F(TokenVerifyTest, RefusesASignatureByAnotherKeyOfTheSameId) {
  const TestIssuer thief(Algorithm::kEs256, "test", std::make_shared<FakeClock>());
  EXPECT_THAT(Verify(thief.Token().KeyId(issuer_.key().id()).Sign()),
              RefusedAs(AuthFailure::kBadSignature));
}

TEST_F(TokenVerifyTest, LeewayIs30SecondsUnlessGiven) {
  const std::string expired_29s_ago = Token().ExpiresIn(absl::Seconds(-29)).Sign();
  const std::string expired_30s_ago = Token().ExpiresIn(absl::Seconds(-30)).Sign();
  EXPECT_THAT(Verify(expired_29s_ago), Accepted());
  EXPECT_THAT(Verify(expired_30s_ago), RefusedAs(AuthFailure::kExpired));
  EXPECT_THAT(Verify(expired_30s_ago, {"--leeway", "31s"}), Accepted());
  const std::string expires_now = Token().ExpiresIn(absl::ZeroDuration()).Sign();
  EXPECT_THAT(Verify(expires_now, {"--leeway", "0"}), RefusedAs(AuthFailure::kExpired));
  EXPECT_THAT(Verify(expires_now, {"--leeway", "0s"}), RefusedAs(AuthFailure::kExpired));
  EXPECT_THAT(Verify(Token().ExpiresIn(absl::Seconds(1)).Sign(), {"--leeway", "0"}), Accepted());
}

TEST_F(TokenVerifyTest, MaxLifetimeHoldsToTheSecond) {
  const std::string token = Token().IssuedIn(absl::ZeroDuration()).ExpiresIn(absl::Hours(1)).Sign();
  EXPECT_THAT(Verify(token, {"--max-lifetime", "1h"}), Accepted());
  EXPECT_THAT(Verify(token, {"--max-lifetime", "59m59s"}),
              RefusedAs(AuthFailure::kLifetimeTooLong));
}

TEST_F(TokenVerifyTest, TypIsCheckedOnlyIfGiven) {
  const std::string other = Token().Type("logout+jwt").Sign();
  EXPECT_THAT(Verify(other), Accepted());
  EXPECT_THAT(Verify(other, {"--typ", "at+jwt"}), RefusedAs(AuthFailure::kWrongType));
  EXPECT_THAT(Verify(other, {"--typ", "at+jwt,logout+jwt"}), Accepted());
  EXPECT_THAT(Verify(Token().Type("application/AT+JWT").Sign(), {"--typ", "at+jwt"}), Accepted());
  const std::string untyped = Token().Type("").Sign();
  EXPECT_THAT(Verify(untyped, {"--typ", "at+jwt"}), RefusedAs(AuthFailure::kWrongType));
  EXPECT_THAT(Verify(untyped, {"--typ", "NO_TYP"}), Accepted());
}

TEST_F(TokenVerifyTest, ClaimsOfOtherKindsAreRefusedWhereTheTypeDoesNotSettleIt) {
  auto id_token = Token().Type("JWT");
  (*id_token.claims().mutable_private_claims())["nonce"].set_string_value("n");
  EXPECT_THAT(Verify(id_token.Sign(), {"--typ", "JWT"}), RefusedAs(AuthFailure::kWrongType));
  EXPECT_THAT(Verify(id_token.Sign()), Accepted());
  EXPECT_THAT(Verify(id_token.Type("at+jwt").Sign(), {"--typ", "at+jwt"}), Accepted());
}

TEST_F(TokenVerifyTest, OptionalClaimsMayBeAbsentButNotMalformed) {
  const std::string rest =
      absl::StrCat("\"iss\":\"", issuer_.issuer(), "\",\"aud\":\"test\",\"exp\":1900000300}");
  EXPECT_THAT(Verify(Token().RawClaims("{" + rest).Sign()), Accepted());
  for (const char* claim : {"\"sub\":1", "\"iat\":\"x\"", "\"jti\":1", "\"client_id\":1"}) {
    EXPECT_THAT(Verify(Token().RawClaims(absl::StrCat("{", claim, ",", rest)).Sign()),
                RefusedAs(AuthFailure::kMalformedToken))
        << claim;
  }
}

TEST_F(TokenVerifyTest, AlgListIsHeld) {
  const std::string token = Token().Sign();
  EXPECT_THAT(Verify(token, {"--alg", "RS256,ES256"}), Accepted());
  // Before the keys, none of which fits RS256.
  EXPECT_THAT(Verify(token, {"--alg", "RS256"}), RefusedAs(AuthFailure::kUnsupportedAlgorithm));
}

TEST_F(TokenVerifyTest, WithoutAlgAKeyWithoutAlgTakesTheTokensIfItsTypeFits) {
  const TestIssuer rsa(Algorithm::kRs256, "test", std::make_shared<FakeClock>());
  const std::string keys = absl::StrReplaceAll(rsa.PublicJwks(), {{",\"alg\":\"RS256\"", ""}});
  ASSERT_THAT(keys, Not(HasSubstr("RS256")));
  const TokenBuilder token = rsa.Token();
  EXPECT_THAT(VerifyWith(keys, token.Sign()), Accepted());
  const auto pss = internal::SignCompact(
      *Key::FromJwk(
          absl::StrReplaceAll(*rsa.key().ExportPrivateJwk(), {{",\"alg\":\"RS256\"", ""}})),
      Algorithm::kPs256, absl::StrReplaceAll(token.HeaderJson(), {{"RS256", "PS256"}}),
      token.ClaimsJson());
  ASSERT_TRUE(pss.ok()) << pss.status();
  EXPECT_THAT(VerifyWith(keys, *pss), Accepted());
  // The key that says RS256 is for nothing else.
  EXPECT_THAT(VerifyWith(rsa.PublicJwks(), *pss), RefusedAs(AuthFailure::kUnsupportedAlgorithm));
  // A list with two that fit leaves open what the key is for.
  const Outcome both = VerifyWith(keys, token.Sign(), {"--alg", "RS256,PS256"});
  EXPECT_THAT(both, RefusedAs(AuthFailure::kKeysUnavailable));
  EXPECT_THAT(both.err, HasSubstr("one key is for one algorithm"));
}

TEST_F(TokenVerifyTest, RefusesHmacSignedWithThePublicKey) {
  const TestIssuer rsa(Algorithm::kRs256, "test", std::make_shared<FakeClock>());
  const std::string keys = absl::StrReplaceAll(rsa.PublicJwks(), {{",\"alg\":\"RS256\"", ""}});
  const TokenBuilder token = rsa.Token();
  const auto forged = internal::SignCompact(
      *Key::FromHmacSecret(*rsa.key().ToPublicPem()), Algorithm::kHs256,
      absl::StrReplaceAll(token.HeaderJson(), {{"RS256", "HS256"}}), token.ClaimsJson());
  ASSERT_TRUE(forged.ok());
  EXPECT_THAT(VerifyWith(keys, *forged), RefusedAs(AuthFailure::kUnsupportedAlgorithm));
}

TEST_F(TokenVerifyTest, RefusesAJwksThatMixesSecretsAndPublicKeys) {
  const std::string secret = RunTool({"key", "new", "--alg", "HS256", "--kid", "h"}).out;
  const std::string mixed =
      absl::StrCat("{\"keys\":[", *issuer_.key().ToPublicJwk(), ",", secret, "]}");
  const Outcome outcome = VerifyWith(mixed, Token().Sign());
  EXPECT_THAT(outcome, RefusedAs(AuthFailure::kKeysUnavailable));
  EXPECT_THAT(outcome.err, HasSubstr("HMAC secrets"));
}

TEST_F(TokenVerifyTest, UsesThePublicHalfOfAPrivateKeyAndWarns) {
  const std::string keys = absl::StrCat("{\"keys\":[", *issuer_.key().ExportPrivateJwk(), "]}");
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{}, std::vector<std::string>{"--alg", "ES256"}}) {
    const Outcome outcome = VerifyWith(keys, Token().Sign(), options);
    EXPECT_THAT(outcome, Accepted());
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("warning: "), HasSubstr("jwks.json"),
                                   HasSubstr("private half, which is not used")));
  }
}

TEST_F(TokenVerifyTest, TakesPemAndASingleJwkAsKeys) {
  EXPECT_THAT(VerifyWith(*issuer_.key().ToPublicJwk(), Token().Sign()), Accepted());
  EXPECT_THAT(VerifyWith(*issuer_.key().ToPublicPem(), Token().KeyId("").Sign()), Accepted());
}

TEST_F(TokenVerifyTest, KeysThatCannotBeReadAreNamed) {
  const std::string missing = TempPath("missing.json");
  const Outcome outcome = RunTool(
      {"token", "verify", "--jwks", missing, "--issuer", "i", "--audience", "a", Token().Sign()});
  EXPECT_THAT(outcome, RefusedAs(AuthFailure::kKeysUnavailable));
  EXPECT_THAT(outcome.err, HasSubstr(missing));
  EXPECT_THAT(VerifyWith("{\"keys\":[]}", Token().Sign()),
              RefusedAs(AuthFailure::kKeysUnavailable));
  EXPECT_THAT(VerifyWith("", Token().Sign()), RefusedAs(AuthFailure::kKeysUnavailable));
  EXPECT_THAT(
      VerifyWith("-----BEGIN EC PARAMETERS-----\n-----END EC PARAMETERS-----\n", Token().Sign()),
      RefusedAs(AuthFailure::kKeysUnavailable));
}

TEST_F(TokenVerifyTest, StrictRefusesToRunUnlessEverythingIsGiven) {
  const std::vector<std::string> all[] = {
      {"--alg", "ES256"}, {"--typ", "at+jwt"}, {"--max-lifetime", "24h"}};
  std::vector<std::string> options = {"--strict"};
  for (const auto& option : all) {
    const Outcome outcome = Verify(Token().Sign(), options);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr(absl::StrCat("missing ", option[0])));
    EXPECT_THAT(outcome.out, IsEmpty());
    options.insert(options.end(), option.begin(), option.end());
  }
  EXPECT_THAT(Verify(Token().Sign(), options), Accepted());
}

TEST_F(TokenVerifyTest, ABoundTokenIsNotCalledGoodInSilence) {
  const std::string token = Token().BoundTo(std::string(32, 'x')).Sign();
  const Outcome outcome = Verify(token);
  EXPECT_THAT(outcome, Accepted());
  EXPECT_THAT(outcome.err, HasSubstr("not checked: typ, lifetime, revocation, binding"));
  EXPECT_THAT(
      Verify(token, {"--strict", "--alg", "ES256", "--typ", "at+jwt", "--max-lifetime", "24h"}),
      RefusedAs(AuthFailure::kNotBound));
}

TEST_F(TokenVerifyTest, ReadsStandardInputAndFilesAndTrimsWhiteSpace) {
  const std::string token = Token().Sign();
  EXPECT_THAT(Verify("-", {}, " \t\r\n" + token + "\r\n"), Accepted());
  EXPECT_THAT(Verify("", {"--token-file", TempFile("token", "\n" + token + "\n")}), Accepted());
  EXPECT_THAT(Verify("  " + token + "\n"), Accepted());
  // Space inside is no token.
  EXPECT_THAT(Verify("-", {}, token.substr(0, 9) + "\n" + token.substr(9)),
              RefusedAs(AuthFailure::kMalformedToken));
  EXPECT_THAT(Verify("-", {}, ""), RefusedAs(AuthFailure::kMalformedToken));
}

TEST_F(TokenVerifyTest, ReadsKeysFromStandardInput) {
  EXPECT_THAT(RunTool({"token", "verify", "--jwks", "-", "--issuer", issuer_.issuer(), "--audience",
                       "test", "--at", kNow, Token().Sign()},
                      issuer_.PublicJwks()),
              Accepted());
  EXPECT_EQ(
      RunTool({"token", "verify", "--jwks", "-", "--issuer", "i", "--audience", "a", "-"}).code, 2);
}

TEST_F(TokenVerifyTest, TooLongATokenIsMalformedHoweverItComes) {
  const std::string whole = Token().Sign();
  for (const std::string& token :
       {std::string(10000, '.'), std::string(1 << 20, '.'), std::string(65537, 'a'),
        whole.substr(0, whole.rfind('.') + 1) + std::string(1 << 20, 'A')}) {
    EXPECT_THAT(Verify(token), RefusedAs(AuthFailure::kMalformedToken));
    EXPECT_THAT(Verify("-", {}, token), RefusedAs(AuthFailure::kMalformedToken));
    EXPECT_THAT(Verify("", {"--token-file", TempFile("token", token)}),
                RefusedAs(AuthFailure::kMalformedToken));
  }
  EXPECT_THAT(Verify("-", {}, std::string(1 << 20, ' ') + whole),
              RefusedAs(AuthFailure::kMalformedToken));
}

TEST_F(TokenVerifyTest, TakesATokenJustBelowTheLimit) {
  auto token = Token();
  (*token.claims().mutable_private_claims())["pad"].set_string_value(std::string(48000, 'x'));
  EXPECT_LT(token.Sign().size(), 65536u);
  EXPECT_THAT(Verify(token.Sign()), Accepted());
}

TEST_F(TokenVerifyTest, TheSystemsTimeIsUsedUnlessGiven) {
  const TestIssuer now;
  EXPECT_THAT(RunTool({"token", "verify", "--jwks", TempFile("jwks", now.PublicJwks()), "--issuer",
                       now.issuer(), "--audience", "test", now.Token().Sign()}),
              Accepted());
}

TEST_F(TokenVerifyTest, AtTakesDecimals) {
  const std::string token = Token().ExpiresIn(absl::ZeroDuration()).Sign();
  const std::vector<std::string> rest = {"token",      "verify",
                                         "--jwks",     TempFile("jwks", issuer_.PublicJwks()),
                                         "--issuer",   issuer_.issuer(),
                                         "--audience", "test",
                                         "--leeway",   "0",
                                         token,        "--at"};
  auto at = [&](const char* time) {
    auto args = rest;
    args.push_back(time);
    return RunTool(args);
  };
  EXPECT_THAT(at("1899999999.999"), Accepted());
  EXPECT_THAT(at("1900000000"), RefusedAs(AuthFailure::kExpired));
  EXPECT_THAT(at("1900000000.0"), RefusedAs(AuthFailure::kExpired));
}

TEST_F(TokenVerifyTest, WrongUsageIsCode2AndNamesTheOption) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--leeway", "30"}, "--leeway"},
      {{"--leeway", "-1s"}, "--leeway"},
      {{"--leeway", "6m"}, "--leeway"},
      {{"--max-lifetime", "0"}, "--max-lifetime"},
      {{"--alg", "none"}, "--alg"},
      {{"--alg", "HS256,RS256"}, "--alg"},
      {{"--typ", ","}, "--typ"},
      {{"--audience", ""}, "--audience"},
      {{"--at", "1"}, "--at is given twice"},
      {{"--isuer", "x"}, "did you mean --issuer?"},
  };
  for (const auto& [options, message] : cases) {
    const Outcome outcome = Verify(Token().Sign(), options);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(message));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
  EXPECT_THAT(RunTool({"token", "verify"}).err, HasSubstr("missing --jwks FILE"));
  EXPECT_EQ(RunTool({"token", "verify"}).code, 2);
  EXPECT_THAT(Verify("").err, HasSubstr("missing TOKEN"));
  EXPECT_EQ(Verify("").code, 2);
}

TEST_F(TokenVerifyTest, NoRefusalRepeatsTheTokenOrTheKeys) {
  const std::string secret = RunTool({"key", "new", "--alg", "HS256", "--kid", "h"}).out;
  const std::string token = Token().Sign();
  const Outcome outcome = VerifyWith(secret.substr(0, secret.size() / 2), token, {"--json"});
  EXPECT_EQ(outcome.code, 1);
  for (const std::string& part : {token, secret.substr(secret.find("\"k\":\"") + 5, 8)}) {
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr(part)));
  }
  EXPECT_TRUE(internal::JsonDocument::ParseObject(outcome.out).ok());
}

}  // namespace
}  // namespace lanyard::tools
