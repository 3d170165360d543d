// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/verifier.h"

#include <functional>

#include "absl/strings/str_replace.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FailsWith;
using ::lanyard::testing::FakeClock;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::SwappableKeySource;
using ::lanyard::testing::TestIssuer;
using ::lanyard::testing::VerifierFixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class VerifierTest : public VerifierFixture {};

TEST_F(VerifierTest, TellsWhoCalls) {
  auto builder = issuer_.Token().Subject("svc:a").AddAudience("other").Scopes("read write");
  builder.claims().set_client_id("client");
  builder.claims().set_token_id("id-1");
  (*builder.claims().mutable_private_claims())["role"].set_string_value("admin");
  const auto caller = verifier_->Verify(builder.Sign());
  ASSERT_THAT(caller, IsOk());
  EXPECT_TRUE(caller->authenticated());
  EXPECT_TRUE(caller->Is("test", "svc:a"));
  EXPECT_EQ(caller->issuer_name(), "test");
  EXPECT_EQ(caller->issuer(), "https://test.example.test");
  EXPECT_EQ(caller->subject(), "svc:a");
  EXPECT_EQ(caller->client_id(), "client");
  EXPECT_EQ(caller->token_id(), "id-1");
  EXPECT_EQ(caller->key_id(), issuer_.key().id());
  EXPECT_THAT(caller->audiences(), ElementsAre("test", "other"));
  EXPECT_THAT(caller->scopes(), ElementsAre("read", "write"));
  EXPECT_EQ(caller->expires_at(), clock_->Now() + absl::Minutes(5));
  EXPECT_FALSE(caller->has_actor());
  EXPECT_EQ(caller->claims_json(), builder.ClaimsJson());
  EXPECT_EQ(caller->claims().private_claims().at("role").string_value(), "admin");
}

class VerifierOfEachAlgorithmTest : public ::testing::TestWithParam<Algorithm> {
 protected:
  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>();
  TestIssuer issuer_{GetParam(), "test", clock_};
  std::unique_ptr<Verifier> verifier_ = [this] {
    VerifierOptions options;
    options.issuers = {{issuer_.Config(), issuer_.Keys()}};
    options.clock = clock_;
    return *Verifier::Create(options);
  }();
};

INSTANTIATE_TEST_SUITE_P(, VerifierOfEachAlgorithmTest, ::testing::ValuesIn(kAllAlgorithms),
                         [](const auto& info) { return std::string(AlgorithmName(info.param)); });

TEST_P(VerifierOfEachAlgorithmTest, AcceptsTheIssuersTokens) {
  EXPECT_THAT(verifier_->Verify(issuer_.Token().Sign()), IsOk());
}

TEST_P(VerifierOfEachAlgorithmTest, RefusesTokensOfAnotherKeyUnderTheSameKid) {
  const Key other = *Key::Generate(GetParam())->WithId(issuer_.key().id());
  const auto builder = issuer_.Token();
  EXPECT_THAT(verifier_->Verify(*internal::SignCompact(other, GetParam(), builder.HeaderJson(),
                                                       builder.ClaimsJson())),
              FailsWith(AuthFailure::kBadSignature));
}

TEST_P(VerifierOfEachAlgorithmTest, RefusesChangedTokens) {
  const std::string token = issuer_.Token().Sign();
  const size_t first = token.find('.'), second = token.rfind('.');
  const std::string header = token.substr(0, first);
  const std::string signature = token.substr(second);
  const std::string other = issuer_.Token().Subject("svc:admin").Sign();
  const std::string other_payload = other.substr(first, other.rfind('.') - first);
  EXPECT_THAT(verifier_->Verify(header + other_payload + signature),
              FailsWith(AuthFailure::kBadSignature));
  std::string flipped = token;
  flipped[second + 1] = flipped[second + 1] == 'A' ? 'B' : 'A';
  EXPECT_THAT(verifier_->Verify(flipped), FailsWith(AuthFailure::kBadSignature));
  EXPECT_THAT(verifier_->Verify(token.substr(0, second + 1)),
              FailsWith(AuthFailure::kMalformedToken));
  EXPECT_THAT(verifier_->Verify(token.substr(0, second + 1) + "AAAA"),
              FailsWith(AuthFailure::kBadSignature));
}

TEST_F(VerifierTest, RefusesTheEmptyToken) {
  EXPECT_THAT(verifier_->Verify(""), FailsWith(AuthFailure::kMissingToken));
}

TEST_F(VerifierTest, RefusesWhatHasNotThreeSegments) {
  const std::string token = issuer_.Token().Sign();
  const std::string two = token.substr(0, token.rfind('.'));
  for (const std::string& bad :
       {std::string("."), std::string(".."), std::string("opaque"), two, two + ".", token + ".",
        token + ".AAAA", "." + token, token + "." + token, ".." + two,
        token.substr(0, token.find('.')) + "." + token.substr(token.rfind('.'))}) {
    EXPECT_THAT(verifier_->Verify(bad), FailsWith(AuthFailure::kMalformedToken)) << bad;
  }
}

TEST_F(VerifierTest, RefusesEveryOtherSpellingOfAToken) {
  const std::string token = issuer_.Token().Sign();
  const size_t first = token.find('.'), second = token.rfind('.');
  for (const char* junk : {"=", "==", " ", "\n", "\t", "+", "%3D", "\xc3\xa4"}) {
    for (const size_t place : {size_t{0}, first, first + 1, second, second + 1, token.size()}) {
      std::string bad = token;
      bad.insert(place, junk);
      EXPECT_THAT(verifier_->Verify(bad), FailsWith(AuthFailure::kMalformedToken)) << bad;
    }
  }
  EXPECT_THAT(verifier_->Verify(token + std::string(1, '\0')),
              FailsWith(AuthFailure::kMalformedToken));
}

TEST_F(VerifierTest, RefusesSignaturesWithTailBits) {
  // ES256 signatures have 64 bytes, so that the last character carries four unused bits.
  std::string token = issuer_.Token().Sign();
  const char last = token.back();
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  token.back() = alphabet[alphabet.find(last) | 1];
  EXPECT_THAT(verifier_->Verify(token), FailsWith(AuthFailure::kMalformedToken));
}

TEST_F(VerifierTest, HasABoundOnTheTokensLength) {
  const std::string token = issuer_.Token().Sign();
  for (const int distance : {-1, 0, 1}) {
    VerifierOptions options;
    options.issuers = {{issuer_.Config(), issuer_.Keys()}};
    options.clock = clock_;
    options.max_token_bytes = token.size() + distance;
    const auto verifier = *Verifier::Create(options);
    ExpectVerdict(*verifier, token,
                  distance < 0 ? std::make_optional(AuthFailure::kMalformedToken) : std::nullopt);
  }
}

TEST_F(VerifierTest, RefusesClaimsThatAreNoStrictJson) {
  const std::string claims = Claims().str();
  for (const std::string& bad :
       {std::string("[]"), std::string("\"text\""), std::string("x"), claims + "x", claims + claims,
        "\xef\xbb\xbf" + claims, absl::StrReplaceAll(claims, {{"svc:test", "svc:\xff"}}),
        claims.substr(0, claims.size() - 1), claims.substr(0, claims.size() - 1) + ",}"}) {
    EXPECT_THAT(verifier_->Verify(SignClaims(bad)), FailsWith(AuthFailure::kMalformedToken)) << bad;
  }
}

TEST_F(VerifierTest, RefusesDuplicateClaims) {
  for (const char* name : {"sub", "aud", "exp", "scope", "role"}) {
    auto claims = Claims().Set("scope", "\"a\"").Set("role", "1");
    EXPECT_THAT(verifier_->Verify(SignClaims(claims.str())), IsOk());
    claims.Add(name, "\"svc:admin\"");
    EXPECT_THAT(verifier_->Verify(SignClaims(claims.str())),
                FailsWith(AuthFailure::kMalformedToken))
        << name;
  }
}

TEST_F(VerifierTest, RefusesUnknownIssuers) {
  for (const char* iss :
       {"https://other.example.test", "https://test.example.test/", "https://test.example.tes",
        "https://TEST.example.test", " https://test.example.test", "test", ""}) {
    const std::string token = SignClaims(Claims().Set("iss", absl::StrCat("\"", iss, "\"")).str());
    EXPECT_THAT(verifier_->Verify(token), FailsWith(AuthFailure::kUnknownIssuer)) << iss;
  }
  EXPECT_THAT(verifier_->Verify(SignClaims(Claims().Remove("iss").str())),
              FailsWith(AuthFailure::kUnknownIssuer));
}

TEST_F(VerifierTest, RefusesIssuersThatAreNoString) {
  for (const char* iss : {"1", "null", "true", "[\"https://test.example.test\"]",
                          "{\"https://test.example.test\":1}"}) {
    EXPECT_THAT(verifier_->Verify(SignClaims(Claims().Set("iss", iss).str())),
                FailsWith(AuthFailure::kMalformedToken))
        << iss;
  }
}

TEST_F(VerifierTest, IsUnavailableWhileThereAreNoKeys) {
  auto keys = std::make_shared<SwappableKeySource>(nullptr);
  const auto verifier = Make({{issuer_.Config(), keys}});
  const std::string token = issuer_.Token().Sign();
  const auto refused = verifier->Verify(token);
  EXPECT_THAT(refused, FailsWith(AuthFailure::kKeysUnavailable));
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  // What could not be good with any key is not worth a retry.
  EXPECT_THAT(verifier->Verify(issuer_.Token().Type("JWT").Sign()),
              FailsWith(AuthFailure::kWrongType));
  keys->Set(issuer_.Keys()->Current());
  EXPECT_THAT(verifier->Verify(token), IsOk());
}

// Each token has two faults; the earlier check names the reason.
struct Order {
  const char* name;
  std::function<std::string(const TestIssuer&)> token;
  AuthFailure failure;
};

class VerifierOrderTest : public VerifierFixture, public ::testing::WithParamInterface<Order> {};

TEST_P(VerifierOrderTest, FirstFailedCheckIsTheReason) {
  EXPECT_THAT(verifier_->Verify(GetParam().token(issuer_)), FailsWith(GetParam().failure));
}

std::string Spoilt(std::string token) {
  const size_t at = token.rfind('.') + 1;
  token[at] = token[at] == 'A' ? 'B' : 'A';
  return token;
}

INSTANTIATE_TEST_SUITE_P(
    , VerifierOrderTest,
    ::testing::Values(
        Order{"HeaderBeforeIssuer",
              [](const TestIssuer& issuer) {
                return issuer.Token().Issuer("x").RawHeader("{\"crit\":[\"a\"]}").Sign();
              },
              AuthFailure::kMalformedToken},
        Order{"IssuerBeforeType",
              [](const TestIssuer& issuer) { return issuer.Token().Issuer("x").Type("x").Sign(); },
              AuthFailure::kUnknownIssuer},
        Order{"TypeBeforeAlgorithm",
              [](const TestIssuer& issuer) {
                return issuer.Token().RawHeader("{\"typ\":\"JWT\",\"alg\":\"none\"}").Sign();
              },
              AuthFailure::kWrongType},
        Order{"AlgorithmBeforeKey",
              [](const TestIssuer& issuer) {
                return issuer.Token()
                    .RawHeader("{\"typ\":\"at+jwt\",\"alg\":\"RS256\",\"kid\":\"x\"}")
                    .Sign();
              },
              AuthFailure::kUnsupportedAlgorithm},
        Order{"KeyBeforeSignature",
              [](const TestIssuer& issuer) { return Spoilt(issuer.Token().KeyId("x").Sign()); },
              AuthFailure::kUnknownKey},
        // No claim but iss is believed, or complained of, before the signature.
        Order{"SignatureBeforeExpiry",
              [](const TestIssuer& issuer) {
                return Spoilt(
                    issuer.Token().IssuedIn(-absl::Hours(2)).ExpiresIn(-absl::Hours(1)).Sign());
              },
              AuthFailure::kBadSignature},
        Order{"SignatureBeforeAudience",
              [](const TestIssuer& issuer) { return Spoilt(issuer.Token().Audience("x").Sign()); },
              AuthFailure::kBadSignature},
        Order{"SignatureBeforeClaimTypes",
              [](const TestIssuer& issuer) {
                return Spoilt(issuer.Token()
                                  .RawClaims("{\"iss\":\"https://test.example.test\",\"exp\":\"\"}")
                                  .Sign());
              },
              AuthFailure::kBadSignature},
        Order{"ClaimTypesBeforeExpiry",
              [](const TestIssuer& issuer) {
                return issuer.Token()
                    .RawClaims("{\"iss\":\"https://test.example.test\",\"exp\":1,\"aud\":1}")
                    .Sign();
              },
              AuthFailure::kMalformedToken},
        Order{"PresenceBeforeExpiry",
              [](const TestIssuer& issuer) {
                auto builder = issuer.Token().IssuedIn(-absl::Hours(2)).ExpiresIn(-absl::Hours(1));
                builder.claims().clear_token_id();
                return builder.Sign();
              },
              AuthFailure::kMissingClaim},
        Order{"ExpiryBeforeAudience",
              [](const TestIssuer& issuer) {
                return issuer.Token()
                    .IssuedIn(-absl::Hours(2))
                    .ExpiresIn(-absl::Hours(1))
                    .Audience("x")
                    .Sign();
              },
              AuthFailure::kExpired},
        Order{"AudienceBeforeBinding",
              [](const TestIssuer& issuer) {
                return issuer.Token().Audience("x").BoundTo(std::string(32, 'h')).Sign();
              },
              AuthFailure::kWrongAudience}),
    [](const auto& info) { return info.param.name; });

class VerifierCreateTest : public VerifierFixture {
 protected:
  VerifierCreateTest() {
    options_.issuers = {{issuer_.Config(), issuer_.Keys()}};
    options_.clock = clock_;
  }
  VerifierOptions options_;
};

TEST_F(VerifierCreateTest, TakesOneIssuer) { EXPECT_THAT(Verifier::Create(options_), IsOk()); }

TEST_F(VerifierCreateTest, NeedsAnIssuer) {
  EXPECT_THAT(Verifier::Create({}), IsError(HasSubstr("issuers")));
}

TEST_F(VerifierCreateTest, NeedsKeys) {
  options_.issuers[0].keys = nullptr;
  EXPECT_THAT(Verifier::Create(options_), IsError(HasSubstr("\"test\" has no key source")));
}

TEST_F(VerifierCreateTest, NeedsAClock) {
  options_.clock = nullptr;
  EXPECT_THAT(Verifier::Create(options_), IsError(HasSubstr("clock")));
}

TEST_F(VerifierCreateTest, BoundsTheTokensLength) {
  for (const auto& [bytes, good] :
       {std::pair(0, false), std::pair(255, false), std::pair(256, true), std::pair(65536, true),
        std::pair(65537, false)}) {
    options_.max_token_bytes = bytes;
    EXPECT_EQ(Verifier::Create(options_).ok(), good) << bytes;
  }
}

TEST_F(VerifierCreateTest, RefusesTwoIssuersOfOneName) {
  v1::Issuer other = issuer_.Config();
  other.set_issuer("https://other.example.test");
  options_.issuers.push_back({other, issuer_.Keys()});
  EXPECT_THAT(Verifier::Create(options_), IsError(HasSubstr("two issuers are named \"test\"")));
}

TEST_F(VerifierCreateTest, RefusesTwoIssuersOfOneIss) {
  v1::Issuer other = issuer_.Config();
  other.set_name("other");
  options_.issuers.push_back({other, issuer_.Keys()});
  EXPECT_THAT(Verifier::Create(options_), IsError(HasSubstr("cannot be told apart")));
}

TEST_F(VerifierCreateTest, RefusesConfigsThatLeaveACheckUndefined) {
  for (const auto& [field, clear] :
       {std::pair<const char*, void (*)(v1::Issuer*)>(
            "audiences", [](v1::Issuer* config) { config->clear_audiences(); }),
        std::pair<const char*, void (*)(v1::Issuer*)>(
            "algorithms", [](v1::Issuer* config) { config->clear_algorithms(); }),
        std::pair<const char*, void (*)(v1::Issuer*)>(
            "issuer", [](v1::Issuer* config) { config->clear_issuer(); }),
        std::pair<const char*, void (*)(v1::Issuer*)>(
            "name", [](v1::Issuer* config) { config->clear_name(); })}) {
    VerifierOptions options = options_;
    clear(&options.issuers[0].config);
    EXPECT_THAT(Verifier::Create(options), IsError(HasSubstr(absl::StrCat(field, ": required"))));
  }
}

}  // namespace
}  // namespace lanyard
