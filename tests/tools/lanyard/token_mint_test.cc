// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/internal/registered_claims.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/testing/command_runner.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::Line;
using ::lanyard::testing::Outcome;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::TempFile;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string NewKey(const std::string& algorithm) {
  return RunTool({"key", "new", "--alg", algorithm, "--kid", "k1"}).out;
}

// Mints with the key on standard input.
Outcome Mint(const std::vector<std::string>& options, const std::string& key) {
  std::vector<std::string> args = {"token",     "mint",      "--key", "-",          "--issuer",
                                   "https://i", "--subject", "svc:a", "--audience", "orders"};
  args.insert(args.end(), options.begin(), options.end());
  return RunTool(args, key);
}

// They are parts of the document that was read last.
internal::RegisteredClaims ClaimsOf(const Outcome& outcome) {
  const std::string token = Line(outcome.out);
  const auto jws = internal::ParseJws(token, 65536);
  EXPECT_TRUE(jws.ok()) << outcome.err;
  static auto* last = new absl::StatusOr<internal::JsonDocument>();
  *last = internal::JsonDocument::ParseObject(jws->payload);
  return *internal::ReadClaims((*last)->root());
}

TEST(TokenMintTest, MakesAnRfc9068AccessToken) {
  const std::string key = NewKey("ES256");
  const Outcome outcome = Mint({"--scope", "a b", "--at", "1900000000"}, key);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string token = Line(outcome.out);
  const auto jws = internal::ParseJws(token, 65536);
  ASSERT_TRUE(jws.ok());
  EXPECT_EQ(jws->header->algorithm_name, "ES256");
  EXPECT_EQ(jws->header->type, "at+jwt");
  EXPECT_EQ(jws->header->key_id, "k1");
  EXPECT_TRUE(
      Key::FromJwk(key)->material().Verify(Algorithm::kEs256, jws->signing_input, jws->signature));
  const auto claims = ClaimsOf(outcome);
  EXPECT_EQ(claims.issuer, "https://i");
  EXPECT_EQ(claims.subject, "svc:a");
  EXPECT_EQ(claims.client_id, "svc:a");
  EXPECT_THAT(*claims.audiences, ElementsAre("orders"));
  EXPECT_THAT(claims.scopes, ElementsAre("a", "b"));
  EXPECT_EQ(claims.issued_at, absl::FromUnixSeconds(1900000000));
  EXPECT_EQ(claims.expires_at, absl::FromUnixSeconds(1900000600));
  EXPECT_EQ(claims.token_id->size(), 22u);
}

TEST(TokenMintTest, GivesEveryTokenItsOwnId) {
  const std::string key = NewKey("ES256");
  EXPECT_NE(ClaimsOf(Mint({}, key)).token_id, ClaimsOf(Mint({}, key)).token_id);
}

TEST(TokenMintTest, TakesTheRest) {
  const Outcome outcome = Mint({"--audience", "b", "--client-id", "c", "--lifetime", "1h", "--typ",
                                "JWT", "--kid", "other", "--at", "1900000000.5"},
                               NewKey("ES256"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto claims = ClaimsOf(outcome);
  EXPECT_THAT(*claims.audiences, ElementsAre("orders", "b"));
  EXPECT_EQ(claims.client_id, "c");
  EXPECT_EQ(*claims.expires_at - *claims.issued_at, absl::Hours(1));
  EXPECT_EQ(claims.issued_at, absl::FromUnixMillis(1900000000500));
  const std::string token = Line(outcome.out);
  EXPECT_EQ(internal::ParseJws(token, 65536)->header->type, "JWT");
  EXPECT_EQ(internal::ParseJws(token, 65536)->header->key_id, "other");
  const std::string untyped = Line(Mint({"--typ", "NO_TYP"}, NewKey("ES256")).out);
  EXPECT_FALSE(internal::ParseJws(untyped, 65536)->header->type.has_value());
}

TEST(TokenMintTest, KeepsClaimsAsTheyAreGiven) {
  const Outcome outcome =
      Mint({"--claim", "big=18446744073709551615", "--claim", "half=0.1", "--claim",
            "o={\"b\":[1, 2],\"a\":null}", "--claim", "team=\"bl\\u00fce\"", "--json"},
           NewKey("ES256"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(internal::JsonDocument::ParseObject(outcome.out).ok());
  EXPECT_THAT(outcome.out,
              HasSubstr("\"big\":18446744073709551615,\"half\":0.1,\"o\":{\"b\":[1,2],\"a\":null},"
                        "\"team\":\"bl\\u00fce\""));
}

TEST(TokenMintTest, TakesRegisteredClaimsThatHaveNoOption) {
  const auto claims =
      ClaimsOf(Mint({"--claim", "nbf=1900000001", "--claim", "jti=\"me\"", "--at", "1900000000"},
                    NewKey("ES256")));
  EXPECT_EQ(claims.not_before, absl::FromUnixSeconds(1900000001));
  EXPECT_EQ(claims.token_id, "me");
}

TEST(TokenMintTest, RefusesClaimsThatAVerifierWouldRefuse) {
  const std::string key = NewKey("ES256");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"iss=\"x\"", "--claim iss: use --issuer"},
      {"exp=1", "--claim exp: use --lifetime"},
      {"scope=\"x\"", "--claim scope: use --scope"},
      {"x", "NAME=JSON"},
      {"=1", "NAME=JSON"},
      {"x=blue", "--claim x: the value is not JSON"},
      {"x=", "--claim x: the value is not JSON"},
      {"x=1,\"y\":2", "--claim x: the value is not JSON"},
      {"x=1}", "--claim x: the value is not JSON"},
      {"x={\"a\":1,\"a\":2}", "--claim x: the value is not JSON"},
      {"nbf=\"soon\"", "\"nbf\" is not a number"},
      {"act={}", "\"act\""},
  };
  for (const auto& [claim, message] : cases) {
    const Outcome outcome = Mint({"--claim", claim}, key);
    EXPECT_EQ(outcome.code, 2) << claim;
    EXPECT_THAT(outcome.err, HasSubstr(message)) << claim;
    EXPECT_THAT(outcome.out, IsEmpty());
  }
  EXPECT_THAT(Mint({"--claim", "x=1", "--claim", "x=2"}, key).err, HasSubstr("duplicate"));
}

TEST(TokenMintTest, NeverRepeatsTheValueOfAClaim) {
  EXPECT_THAT(Mint({"--claim", "password=s3cret"}, NewKey("ES256")).err,
              AllOf(HasSubstr("password"), Not(HasSubstr("s3cret"))));
}

TEST(TokenMintTest, NeedsAnAlgorithmWhereTheKeyLeavesItOpen) {
  const std::string pem = RunTool({"key", "new", "--alg", "RS256", "--format", "pem"}).out;
  const Outcome open = Mint({}, pem);
  EXPECT_EQ(open.code, 2);
  EXPECT_THAT(open.err, HasSubstr("missing --alg"));
  const std::string token = Line(Mint({"--alg", "PS256"}, pem).out);
  EXPECT_EQ(internal::ParseJws(token, 65536)->header->algorithm_name, "PS256");
  EXPECT_EQ(Mint({}, RunTool({"key", "new", "--alg", "EdDSA", "--format", "pem"}).out).code, 0);
}

TEST(TokenMintTest, RefusesKeysThatCannotSign) {
  const std::string path =
      TempFile("key.jwk", RunTool({"key", "public", "-"}, NewKey("ES256")).out);
  const Outcome outcome = RunTool(
      {"token", "mint", "--key", path, "--issuer", "i", "--subject", "s", "--audience", "a"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(path), HasSubstr("public key")));
  EXPECT_THAT(Mint({"--alg", "RS256"}, NewKey("ES256")).err, HasSubstr("cannot sign RS256"));
  EXPECT_EQ(Mint({"--alg", "ES384"}, NewKey("ES256")).code, 1);
}

TEST(TokenMintTest, PicksTheKeyOfASetByItsId) {
  const std::string set =
      absl::StrCat("{\"keys\":[", RunTool({"key", "new", "--alg=ES256", "--kid=a"}).out, ",",
                   RunTool({"key", "new", "--alg=EdDSA", "--kid=b"}).out, "]}");
  const std::string token = Line(Mint({"--kid", "b"}, set).out);
  EXPECT_EQ(internal::ParseJws(token, 65536)->header->algorithm_name, "EdDSA");
  EXPECT_THAT(Mint({}, set).err, HasSubstr("2 keys; --kid"));
  EXPECT_EQ(Mint({"--kid", "c"}, set).code, 1);
}

TEST(TokenMintTest, RefusesALifetimeThatIsNone) {
  for (const char* lifetime : {"0", "-1h", "10", "inf"}) {
    const Outcome outcome = Mint({"--lifetime", lifetime}, NewKey("ES256"));
    EXPECT_EQ(outcome.code, 2) << lifetime;
    EXPECT_THAT(outcome.err, HasSubstr("--lifetime"));
  }
  EXPECT_THAT(Mint({"--lifetime", "25h"}, NewKey("ES256")).err, HasSubstr("warning"));
}

TEST(TokenMintTest, NamesTheOptionThatIsMissing) {
  EXPECT_THAT(RunTool({"token", "mint"}).err, HasSubstr("missing --key FILE"));
  EXPECT_THAT(RunTool({"token", "mint", "--key", "-", "--issuer", "i", "--subject", "s"}).err,
              HasSubstr("missing --audience AUD"));
}

}  // namespace
}  // namespace lanyard::tools
