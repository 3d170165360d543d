// SPDX-License-Identifier: Apache-2.0
// What the tool prints about tokens and keys holds nothing secret and nothing that acts on a
// terminal, but for the commands whose answer is a token or a key.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "lanyard/testing/command_runner.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/interceptors/output_search.h"

namespace lanyard::tools {
namespace {

using ::lanyard::test::Haystack;
using ::lanyard::test::Secrets;
using ::lanyard::testing::FakeClock;
using ::lanyard::testing::Outcome;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::TempFile;
using ::lanyard::testing::TempPath;
using ::lanyard::testing::TestIssuer;
using ::lanyard::testing::TokenBuilder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Args = std::vector<std::string>;

class LogSearchTest : public ::testing::Test {
 protected:
  LogSearchTest() {
    AddKey("the issuer's key", ec_.key());
    AddKey("the HMAC secret", hmac_.key());
  }

  void TearDown() override {
    EXPECT_EQ(absl::StrJoin(secrets_.FoundIn(haystack_), "\n"), "");
    EXPECT_THAT(haystack_.Unsafe(), IsEmpty());
    for (const Haystack::Text& text : haystack_.texts()) {
      EXPECT_THAT("\n" + text.text, Not(HasSubstr("\nFORGED"))) << text.where;
    }
    std::printf("%d runs, %d failed; searched %zu bytes for %zu tokens\n", runs_, failed_,
                haystack_.bytes(), secrets_.tokens());
  }

  void AddKey(const std::string& name, const Key& key) {
    secrets_.AddJwk(name, key.ExportPrivateJwk().value());
    if (!key.is_hmac()) secrets_.AddPem(name, key.ExportPrivatePem().value());
  }
  std::string Secret(const std::string& token) {
    secrets_.AddToken(token);
    return token;
  }

  // Standard error is one short line each time; standard output may be long.
  Outcome Run(const Args& args, const std::string& input = "") {
    const Outcome outcome = Quiet(args, input);
    haystack_.Add(Name(args) + ", standard output", outcome.out, Haystack::Kind::kOutput);
    return outcome;
  }
  // For commands whose answer is a token or a key.
  Outcome Quiet(const Args& args, const std::string& input = "") {
    const Outcome outcome = RunTool(args, input);
    haystack_.Add(Name(args) + ", standard error", outcome.err, Haystack::Kind::kOutput);
    for (const absl::string_view line : absl::StrSplit(outcome.err, '\n')) {
      haystack_.Add(Name(args) + ", a line of standard error", line);
    }
    ++runs_;
    if (outcome.code != 0) ++failed_;
    return outcome;
  }
  // The command and its options, without their values.
  static std::string Name(const Args& args) {
    std::string name = args[0];
    if (args[1].size() < 12) name += " " + args[1];
    for (const std::string& arg : args) {
      const std::string option = arg.substr(0, arg.find('='));
      if (absl::StartsWith(option, "--") && option.size() < 20) name += " " + option;
    }
    return name;
  }

  // Verifies and inspects, for people and for machines, each way a token can be given.
  void Try(const std::string& token, const std::string& keys) {
    const std::string jwks = TempFile("jwks.json", keys);
    const Args verify = {"token",      "verify",     "--jwks", jwks,   "--issuer",
                         ec_.issuer(), "--audience", "test",   "--at", "1900000000"};
    for (Args args : {verify, Args{"token", "inspect", "--at", "1900000000"}}) {
      for (const bool json : {false, true}) {
        if (json) args.push_back("--json");
        Args with = args;
        with.push_back("-");
        Run(with, token);
        with.back() = "--token-file";
        with.push_back(TempFile("token", token));
        Run(with);
        if (token.find('\0') != token.npos) continue;
        with = args;
        with.insert(with.end(), {"--", token});
        Run(with);
      }
    }
  }

  Secrets secrets_;
  Haystack haystack_;
  int runs_ = 0, failed_ = 0;
  const std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  const TestIssuer ec_{Algorithm::kEs256, "test", clock_}, hmac_{Algorithm::kHs256, "mac", clock_};
};

std::string PrivateJwks(const Key& key) {
  return absl::StrCat("{\"keys\":[", key.ExportPrivateJwk().value(), "]}");
}

TEST_F(LogSearchTest, TokensOfEveryFailure) {
  const TestIssuer stranger(Algorithm::kEs256, "test", clock_);
  TokenBuilder endless = ec_.Token(), heavy = ec_.Token();
  endless.claims().clear_expires_at();
  (*heavy.claims().mutable_private_claims())["pad"].set_string_value(std::string(40000, 'y'));
  const std::string good = ec_.Token().Sign();
  for (const std::string& token : {good,
                                   good + "=",
                                   good + "!",
                                   good + "." + good,
                                   good.substr(0, good.rfind('.')),
                                   good.substr(0, good.rfind('.') + 1),
                                   "\n" + good + " " + good,
                                   good + std::string(1, '\0'),
                                   good + std::string(100000, 'A'),
                                   ec_.Token().RawHeader("{\"alg\":\"none\"}").Sign(),
                                   ec_.Token().Issuer("https://other.test").Sign(),
                                   ec_.Token().KeyId("nobody").Sign(),
                                   stranger.Token().KeyId(ec_.key().id()).Sign(),
                                   hmac_.Token().Issuer(ec_.issuer()).Sign(),
                                   ec_.Token().ExpiresIn(-absl::Hours(1)).Sign(),
                                   ec_.Token().NotBeforeIn(absl::Minutes(4)).Sign(),
                                   ec_.Token().Audience("other").Sign(),
                                   ec_.Token().BoundTo(std::string(32, 'x')).Sign(),
                                   ec_.Token().RawHeader("not JSON").Sign(),
                                   ec_.Token().RawClaims("{\"iss\":5}").Sign(),
                                   ec_.Token().RawClaims("[1,").Sign(),
                                   endless.Sign(),
                                   heavy.Sign()}) {
    Try(Secret(token), ec_.PublicJwks());
  }
  EXPECT_GT(failed_, 100);
}

TEST_F(LogSearchTest, HostileTokens) {
  for (const std::string text :
       {"\\nFORGED line", "\\r\\nFORGED: line", "\\u001b[31mFORGED", "\\u0000FORGED",
        "\\ud800FORGED", "\\\"FORGED\\\"", "\\u202eFORGED", "\\u009b31mFORGED", "\\u2028FORGED",
        "\\u007fFORGED",
        "\xc2\x9b"
        "FORGED",
        "\xe2\x80\xae"
        "FORGED"}) {
    for (const std::string& header :
         {"\"alg\":\"ES256\",\"kid\":\"" + text + "\"", "\"alg\":\"" + text + "\"",
          "\"alg\":\"ES256\",\"typ\":\"" + text + "\"", "\"alg\":\"ES256\",\"" + text + "\":1",
          "\"alg\":\"ES256\",\"crit\":[\"" + text + "\"]"}) {
      Try(Secret(ec_.Token().RawHeader("{" + header + "}").Sign()), ec_.PublicJwks());
    }
    const std::string good = ec_.Token().ClaimsJson();
    for (const std::string name : {"iss", "sub", "aud", "jti", "exp", "scope", "cnf", "other"}) {
      const std::string json = "{\"" + name + "\":\"" + text + "\",\"" + text + "\":[\"" + text +
                               "\"]," +
                               absl::StrReplaceAll(good.substr(1), {{"\"" + name + "\"", "\"x\""}});
      Try(Secret(ec_.Token().RawClaims(json).Sign()), ec_.PublicJwks());
    }
    // The whole of it as bytes, outside of base64url.
    Try("a" + text + ".b\x1b[31m.c\nFORGED", ec_.PublicJwks());
  }
}

TEST_F(LogSearchTest, BrokenKeysBesidePrivateMembers) {
  const std::string token = Secret(ec_.Token().Sign());
  const Key rsa = Key::Generate(Algorithm::kRs256).value();
  AddKey("the RSA key", rsa);
  for (const Key& key : {ec_.key(), rsa, hmac_.key()}) {
    const std::string jwk = key.ExportPrivateJwk().value(), jwks = PrivateJwks(key);
    Args texts = {jwk, jwks, jwks + "}", jwk.substr(0, jwk.size() - 2)};
    for (const auto& [from, to] :
         {std::pair("\"kty\":\"", "\"kty\":\"x"), std::pair("\"alg\":\"", "\"alg\":\"x"),
          std::pair("\"use\":\"", "\"use\":\"x"), std::pair("\"d\":\"", "\"d\":\"!"),
          std::pair("\"d\":\"", "\"d\":\"AAAA"), std::pair("\"k\":\"", "\"k\":[\""),
          std::pair("\"k\":\"", "\"k\":\"="), std::pair("\"x\":\"", "\"x\":\"AAAA"),
          std::pair("\"kid\":\"", "\"kid\":\"\\u001b[31m\\nFORGED\\u202e"),
          std::pair("\"kty\":", "\"a\":\"\\nFORGED\",\"a\":\"\\nFORGED\",\"kty\":")}) {
      texts.push_back(absl::StrReplaceAll(jwks, {{from, to}}));
    }
    if (!key.is_hmac()) {
      const std::string pem = key.ExportPrivatePem().value();
      for (const std::string& bad : {pem, absl::StrReplaceAll(pem, {{"A", "B"}}), pem.substr(30),
                                     pem.substr(0, pem.size() / 2), pem + pem.substr(0, 100)}) {
        texts.push_back(bad);
      }
    }
    for (const std::string& text : texts) {
      const std::string file = TempFile("keys", text);
      Try(token, text);
      for (const bool json : {false, true}) {
        for (Args args :
             {Args{"key", "public", file, "--format", "jwks"},
              Args{"key", "convert", file, "--format", "jwks"}, Args{"key", "thumbprint", file}}) {
          if (json) args.push_back("--json");
          Run(args);
        }
        for (Args args : {Args{"key", "convert", file, "--format", "jwks", "--private"},
                          Args{"token", "mint", "--key", file, "--issuer", "i", "--subject", "s",
                               "--audience", "a"}}) {
          if (json) args.push_back("--json");
          Quiet(args);
        }
      }
    }
  }
}

TEST_F(LogSearchTest, CommandsThatPrintASecretPrintItOnce) {
  const std::string file = TempFile("key", ec_.key().ExportPrivateJwk().value());
  const Outcome minted =
      Quiet({"token", "mint", "--key", file, "--issuer", "i", "--subject", "s", "--audience", "a"});
  EXPECT_NE(secrets_.FoundIn(Quiet({"key", "convert", file, "--format", "pem", "--private"}).out),
            "");
  EXPECT_THAT(minted.out, HasSubstr("."));
  EXPECT_EQ(minted.err, "");
  const std::string out = TempPath("out.pem");
  for (const bool force : {false, false, true}) {
    Args args = {"key", "convert", file, "--format", "pem", "--private", "--out", out};
    if (force) args.push_back("--force");
    Run(args);
    args.push_back("--json");
    Run(args);
  }
  Run({"key", "new", "--alg", "ES256", "--out", TempPath("new.jwk")});
}

// A secret in the wrong place on the command line.
TEST_F(LogSearchTest, SecretsInPlaceOfOtherArguments) {
  const std::string jwk = ec_.key().ExportPrivateJwk().value();
  const std::string pem = ec_.key().ExportPrivatePem().value();
  const std::string file = TempFile("jwks.json", ec_.PublicJwks());
  const std::string k = hmac_.key().ExportPrivateJwk().value().substr(6, 43);
  for (const std::string& secret :
       {k, Secret(ec_.Token().Sign()), Secret(ec_.Token().RawHeader("{\"alg\":\"none\"}").Sign()),
        jwk, pem, PrivateJwks(hmac_.key())}) {
    const Args verify = {"token", "verify", "--issuer", "i", "--audience", "a", "--jwks"};
    for (const char* option : {"--alg", "--typ", "--leeway", "--max-lifetime", "--at", "--issuer",
                               "--audience", "--token-file", "--nonsense"}) {
      Args args = verify;
      args.insert(args.end(), {file, option, secret, "-"});
      Run(args, "x");
      args = verify;
      args.insert(args.end(), {file, absl::StrCat(option, "=", secret), "-", "--json"});
      Run(args, "x");
    }
    for (const Args& args : std::vector<Args>{
             {"token", "verify", "--issuer", "i", "--audience", "a", "--jwks", secret, "-"},
             {"token", "inspect", "--token-file", secret},
             {"token", "verify", secret},
             {"token", secret},
             {"key", "public", secret},
             {"key", "thumbprint", secret},
             {"key", "convert", secret, "--format", "pem"},
             {"key", "convert", file, "--format", secret},
             {"key", "new", "--alg", secret},
             {"key", secret},
             {"token", "mint", "--key", secret, "--issuer", "i", "--subject", "s", "--audience",
              "a"},
             {"token", "mint", "--key", file, "--issuer", "i", "--subject", "s", "--audience", "a",
              "--claim", secret},
             {"token", "mint", "--key", file, "--issuer", "i", "--subject", "s", "--audience", "a",
              "--claim", "sub=" + secret}}) {
      Run(args);
      Args json = args;
      json.push_back("--json");
      Run(json);
    }
  }
}

// The search itself must be able to fail.
TEST(ControlTest, APlantedTokenIsFound) {
  const std::string token = TestIssuer().Token().Sign();
  Secrets secrets;
  secrets.AddToken(token);
  const Outcome outcome = RunTool({"token", "inspect", "--nonsense", token.substr(0, 5)});
  EXPECT_EQ(secrets.FoundIn(outcome.err), "");
  EXPECT_NE(secrets.FoundIn(outcome.err + token.substr(token.size() - 12)), "");
}

}  // namespace
}  // namespace lanyard::tools
