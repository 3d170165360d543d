// SPDX-License-Identifier: Apache-2.0
//
// Which key a token's kid, or the absence of one, picks.
#include "absl/strings/str_cat.h"
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FailsWith;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::VerifierFixture;

constexpr auto kGood = std::nullopt;
using Verdict = std::optional<AuthFailure>;

struct KidRow {
  const char* name;
  // JSON; empty leaves it out.
  std::string kid;
  // For sets of: the key alone, the key and another, others alone.
  Verdict alone, beside, missing;
};

constexpr auto kUnknown = AuthFailure::kUnknownKey;
constexpr auto kMalformed = AuthFailure::kMalformedToken;

class VerifierKidTest : public VerifierFixture, public ::testing::WithParamInterface<KidRow> {
 protected:
  // A key of the set is called "key-1", others "key-2".
  const Key key_ = *issuer_.key().WithId("key-1");
  const Key other_ = *Key::Generate(Algorithm::kEs256)->WithId("key-2");

  std::unique_ptr<Verifier> MakeWith(std::vector<Key> keys) const {
    return Make({{issuer_.Config(), std::make_shared<StaticKeySource>(KeySet(std::move(keys)))}});
  }
};

TEST_P(VerifierKidTest, PicksTheKeyOrNone) {
  const std::string token =
      SignHeader(absl::StrCat("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"",
                              GetParam().kid.empty() ? "" : ",\"kid\":", GetParam().kid, "}"));
  ExpectVerdict(*MakeWith({key_}), token, GetParam().alone);
  ExpectVerdict(*MakeWith({key_, other_}), token, GetParam().beside);
  ExpectVerdict(*MakeWith({other_, key_}), token, GetParam().beside);
  ExpectVerdict(*MakeWith({other_}), token, GetParam().missing);
  EXPECT_THAT(MakeWith({})->Verify(token),
              FailsWith(GetParam().missing == Verdict(kMalformed) ? kMalformed : kUnknown));
}

INSTANTIATE_TEST_SUITE_P(
    , VerifierKidTest,
    ::testing::Values(
        KidRow{"Known", "\"key-1\"", kGood, kGood, kUnknown},
        KidRow{"KnownEscaped", "\"\\u006bey-1\"", kGood, kGood, kUnknown},
        // No kid: the set's only fitting key, which others cannot be told apart from.
        KidRow{"Absent", "", kGood, kUnknown, AuthFailure::kBadSignature},
        KidRow{"OfTheOtherKey", "\"key-2\"", kUnknown, AuthFailure::kBadSignature,
               AuthFailure::kBadSignature},
        // Unknown is never absent: no fallback to the only key.
        KidRow{"Unknown", "\"key-3\"", kUnknown, kUnknown, kUnknown},
        KidRow{"Prefix", "\"key-\"", kUnknown, kUnknown, kUnknown},
        KidRow{"Longer", "\"key-11\"", kUnknown, kUnknown, kUnknown},
        KidRow{"OtherCase", "\"KEY-1\"", kUnknown, kUnknown, kUnknown},
        KidRow{"SpaceAfter", "\"key-1 \"", kUnknown, kUnknown, kUnknown},
        KidRow{"NulAfter", "\"key-1\\u0000\"", kUnknown, kUnknown, kUnknown},
        KidRow{"Path", "\"../key-1\"", kUnknown, kUnknown, kUnknown},
        KidRow{"DeviceFile", "\"/dev/null\"", kUnknown, kUnknown, kUnknown},
        KidRow{"Sql", "\"x' UNION SELECT 'key\"", kUnknown, kUnknown, kUnknown},
        KidRow{"Wildcard", "\"*\"", kUnknown, kUnknown, kUnknown},
        KidRow{"Empty", "\"\"", kMalformed, kMalformed, kMalformed},
        KidRow{"Bytes256", "\"" + std::string(256, 'k') + "\"", kUnknown, kUnknown, kUnknown},
        KidRow{"Bytes257", "\"" + std::string(257, 'k') + "\"", kMalformed, kMalformed, kMalformed},
        KidRow{"Number", "1", kMalformed, kMalformed, kMalformed},
        KidRow{"Null", "null", kMalformed, kMalformed, kMalformed},
        KidRow{"Array", "[\"key-1\"]", kMalformed, kMalformed, kMalformed}),
    [](const auto& info) { return info.param.name; });

class VerifierKidsTest : public VerifierFixture {};

TEST_F(VerifierKidsTest, RefusesWhenTwoKeysHaveTheKid) {
  // No loader makes such a set; a source of the user's own might.
  const Key other = *Key::Generate(Algorithm::kEs256)->WithId(issuer_.key().id());
  for (const auto& keys : {std::vector<Key>{issuer_.key(), other},
                           {other, issuer_.key()},
                           {issuer_.key(), issuer_.key()}}) {
    const auto verifier =
        Make({{issuer_.Config(), std::make_shared<StaticKeySource>(KeySet(keys))}});
    EXPECT_THAT(verifier->Verify(issuer_.Token().Sign()), FailsWith(kUnknown));
  }
}

TEST_F(VerifierKidsTest, AnUnknownKidIsToldWithTheKeysThatThereAre) {
  const auto detail = [this](const KeySet& keys) {
    const auto verifier = Make({{issuer_.Config(), std::make_shared<StaticKeySource>(keys)}});
    return AuthFailureDetail(verifier->Verify(issuer_.Token().KeyId("other").Sign()).status());
  };
  EXPECT_EQ(detail(KeySet({issuer_.key()})),
            absl::StrCat("no key of this issuer has the header's kid: issuer test has [\"",
                         issuer_.key().id(), "\"]"));
  EXPECT_EQ(detail(KeySet(std::vector<Key>())),
            "no key of this issuer has the header's kid: issuer test publishes no usable key");
}

TEST_F(VerifierKidsTest, KidOfLongestLengthIsFound) {
  const std::string kid(256, 'k');
  const auto verifier =
      Make({{issuer_.Config(),
             std::make_shared<StaticKeySource>(KeySet({*issuer_.key().WithId(kid)}))}});
  EXPECT_THAT(verifier->Verify(issuer_.Token().KeyId(kid).Sign()), IsOk());
}

TEST_F(VerifierKidsTest, KidIsLookedForAmongKeysOfTheAlgorithmAlone) {
  const Key rsa = *Key::Generate(Algorithm::kRs256)->WithId("rsa");
  v1::Issuer config = issuer_.Config();
  config.add_algorithms(v1::RS256);
  const auto verifier =
      Make({{config, std::make_shared<StaticKeySource>(KeySet({issuer_.key(), rsa}))}});
  // Without kid the key of the other type is no candidate.
  EXPECT_THAT(verifier->Verify(issuer_.Token().KeyId("").Sign()), IsOk());
  EXPECT_THAT(verifier->Verify(issuer_.Token().Sign()), IsOk());
  // The kid of a key of another type.
  EXPECT_THAT(verifier->Verify(issuer_.Token().KeyId("rsa").Sign()), FailsWith(kUnknown));
}

TEST_F(VerifierKidsTest, OneKidForTwoTypesPicksByAlgorithm) {
  const Key rsa = *Key::Generate(Algorithm::kRs256)->WithId(issuer_.key().id());
  v1::Issuer config = issuer_.Config();
  config.add_algorithms(v1::RS256);
  const auto verifier =
      Make({{config, std::make_shared<StaticKeySource>(KeySet({rsa, issuer_.key()}))}});
  EXPECT_THAT(verifier->Verify(issuer_.Token().Sign()), IsOk());
}

TEST_F(VerifierKidsTest, KeyWithoutKidGoesByItsThumbprint) {
  const auto set = KeySet::FromText(*issuer_.key().ToPublicPem());
  const auto keys = std::make_shared<StaticKeySource>(*set->BindTo({Algorithm::kEs256}));
  const auto verifier = Make({{issuer_.Config(), keys}});
  EXPECT_THAT(verifier->Verify(issuer_.Token().KeyId(issuer_.key().Thumbprint()).Sign()), IsOk());
  EXPECT_THAT(verifier->Verify(issuer_.Token().KeyId("").Sign()), IsOk());
  EXPECT_THAT(verifier->Verify(issuer_.Token().KeyId("other").Sign()), FailsWith(kUnknown));
}

}  // namespace
}  // namespace lanyard
