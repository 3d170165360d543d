// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/key_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/internal/crypto/certificate.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/made_keys.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::JwkText;
using ::lanyard::testing::WithMembers;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

const Key& Ec() {
  static const auto* key = new Key(*Key::Generate(Algorithm::kEs256));
  return *key;
}
const Key& Rsa() {
  static const auto* key = new Key(*Key::Generate(Algorithm::kRs256));
  return *key;
}
const Key& Hmac() {
  static const auto* key = new Key(*Key::Generate(Algorithm::kHs256));
  return *key;
}

// The RSA key without alg, which all six RSA algorithms fit.
Key OpenRsa() { return *Key::FromPem(*Rsa().ExportPrivatePem()); }

std::string Set(const std::vector<std::string>& jwks) {
  return absl::StrCat("{\"keys\":[", absl::StrJoin(jwks, ","), "]}");
}

std::vector<std::string> IdsOf(const KeySet& set) {
  std::vector<std::string> ids;
  for (const Key& key : set.keys()) ids.push_back(key.id());
  return ids;
}

TEST(KeySetTest, ReadsEveryUsableKeyInOrder) {
  const auto set = KeySet::FromJwks(Set({*Ec().ToPublicJwk(), *Rsa().ToPublicJwk()}));
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(IdsOf(*set), ElementsAre(Ec().id(), Rsa().id()));
  EXPECT_THAT(set->warnings(), IsEmpty());
}

TEST(KeySetTest, LeavesOutUnusableKeysAndNamesThem) {
  const auto set = KeySet::FromJwks(Set(
      {"{\"kty\":\"XYZ\"}", *Ec().ToPublicJwk(), WithMembers("{\"kty\":\"EC\"}", "\"a\":1"),
       JwkText("RSA").Bytes("n", testing::OddNumber(1024)).Text("e", "AQAB").str(),
       absl::StrReplaceAll(*Rsa().ToPublicJwk(), {{"\"use\":\"sig\"", "\"use\":\"enc\""}}), "1"}));
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(IdsOf(*set), ElementsAre(Ec().id()));
  EXPECT_THAT(set->warnings(),
              ElementsAre(HasSubstr("keys[0]"), HasSubstr("keys[2]"), HasSubstr("keys[3]"),
                          HasSubstr("keys[4]"), HasSubstr("keys[5]")));
}

TEST(KeySetTest, RefusesSetsWithoutAUsableKey) {
  EXPECT_THAT(KeySet::FromJwks("{\"keys\":[]}"), IsError(HasSubstr("it is empty")));
  EXPECT_THAT(KeySet::FromJwks("{\"keys\":[{\"kty\":\"XYZ\"}]}"), IsError(HasSubstr("keys[0]")));
}

TEST(KeySetTest, RefusesWhatIsNoJwkSet) {
  EXPECT_THAT(KeySet::FromJwks("{}"), IsError(HasSubstr("\"keys\" array")));
  EXPECT_THAT(KeySet::FromJwks("{\"keys\":{}}"), IsError(HasSubstr("\"keys\" array")));
  EXPECT_THAT(KeySet::FromJwks("{\"keys\":null}"), IsError(HasSubstr("\"keys\" array")));
  EXPECT_THAT(KeySet::FromJwks("[]"), IsError(HasSubstr("strict JSON")));
  EXPECT_THAT(KeySet::FromJwks(""), IsError(HasSubstr("strict JSON")));
  EXPECT_THAT(KeySet::FromJwks("{\"keys\":[],\"keys\":[]}"), IsError(HasSubstr("duplicate")));
}

TEST(KeySetTest, HoldsAHundredKeys) {
  std::vector<std::string> jwks(KeySet::kMaxKeys, *Ec().ToPublicJwk());
  EXPECT_THAT(KeySet::FromJwks(Set(jwks)), IsOk());
  jwks.push_back(*Ec().ToPublicJwk());
  EXPECT_THAT(KeySet::FromJwks(Set(jwks)), IsError(AllOf(HasSubstr("100"), HasSubstr("101"))));
}

TEST(KeySetTest, RefusesTextsThatAreTooLong) {
  std::string text = Set({*Ec().ToPublicJwk()});
  text.resize(KeySet::kMaxBytes, ' ');
  EXPECT_THAT(KeySet::FromJwks(text), IsOk());
  EXPECT_THAT(KeySet::FromText(text), IsOk());
  text.push_back(' ');
  EXPECT_THAT(KeySet::FromJwks(text), IsError(HasSubstr("at most")));
  EXPECT_THAT(KeySet::FromText(text), IsError(HasSubstr("at most")));
}

TEST(KeySetTest, RefusesHmacSecretsBesidePublicKeys) {
  const std::string secret = *Hmac().ExportPrivateJwk(), ec = *Ec().ToPublicJwk();
  EXPECT_THAT(KeySet::FromJwks(Set({secret, ec})), IsError(HasSubstr("HMAC")));
  EXPECT_THAT(KeySet::FromJwks(Set({ec, secret})), IsError(HasSubstr("HMAC")));
  EXPECT_THAT(KeySet::FromJwks(Set({secret, secret})), IsOk());
  // One that is no good is still the sign of a set that mixes.
  EXPECT_THAT(KeySet::FromJwks(Set({ec, "{\"kty\":\"oct\",\"k\":\"AAAA\"}"})),
              IsError(HasSubstr("HMAC")));
}

TEST(KeySetTest, ReadsFilesOfEveryForm) {
  const std::string jwk = *Ec().ToPublicJwk();
  const std::string pem = *Ec().ToPublicPem();
  const auto ca = internal::ThrowAwayCa::Create("test");
  ASSERT_THAT(ca, IsOk());
  struct {
    const char* name;
    std::string text;
    size_t keys;
  } const forms[] = {
      {"set", Set({jwk, *Rsa().ToPublicJwk()}), 2},
      {"one JWK", jwk, 1},
      {"PEM", pem, 1},
      {"several PEM blocks", pem + *Rsa().ToPublicPem() + *Ec().ExportPrivatePem(), 3},
      {"PEM with text between", "first\n" + pem + "second\n" + pem, 2},
      {"PEM with EC parameters",
       "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + pem, 1},
      {"certificate", ca->certificate_pem(), 1},
      {"white space around", absl::StrCat("\n\t ", jwk, "\n\n"), 1},
  };
  for (const auto& form : forms) {
    const auto set = KeySet::FromText(form.text);
    ASSERT_THAT(set, IsOk()) << form.name;
    EXPECT_THAT(set->keys(), SizeIs(form.keys)) << form.name;
  }
}

TEST(KeySetTest, RefusesFilesWithoutKeys) {
  EXPECT_THAT(KeySet::FromText(""), IsError(HasSubstr("empty")));
  EXPECT_THAT(KeySet::FromText(" \n\t"), IsError(HasSubstr("empty")));
  EXPECT_THAT(KeySet::FromText("ssh-rsa AAAA"), IsError(HasSubstr("JWK Set")));
  EXPECT_THAT(KeySet::FromText("{\"kty\":\"XYZ\"}"), IsError(HasSubstr("kty")));
  EXPECT_THAT(KeySet::FromText("{"), IsError(HasSubstr("strict JSON")));
  EXPECT_THAT(KeySet::FromText(
                  "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"),
              Not(IsOk()));
}

TEST(KeySetTest, NamesThePemBlockThatIsBroken) {
  const std::string good = *Ec().ToPublicPem();
  const std::string broken = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
  EXPECT_THAT(KeySet::FromText(good + broken + good), IsError(HasSubstr("PEM block 2")));
}

TEST(KeySetTest, BindsAKeyToTheOneAlgorithmThatFits) {
  const auto bound = KeySet({OpenRsa()}).BindTo({Algorithm::kEs256, Algorithm::kPs256});
  ASSERT_THAT(bound, IsOk());
  ASSERT_THAT(bound->keys(), SizeIs(1));
  EXPECT_EQ(bound->keys()[0].algorithm(), Algorithm::kPs256);
  EXPECT_FALSE(bound->keys()[0].Fits(Algorithm::kRs256));
}

TEST(KeySetTest, RefusesAKeyThatFitsTwoAlgorithms) {
  // RFC 8725 section 3.1: the token must not choose.
  EXPECT_THAT(KeySet({OpenRsa()}).BindTo({Algorithm::kRs256, Algorithm::kPs256}),
              IsError(AllOf(HasSubstr("RS256"), HasSubstr("PS256"))));
}

TEST(KeySetTest, KeyThatSaysItsAlgorithmKeepsIt) {
  const auto bound = KeySet({Rsa()}).BindTo({Algorithm::kPs256, Algorithm::kRs256});
  ASSERT_THAT(bound, IsOk());
  ASSERT_THAT(bound->keys(), SizeIs(1));
  EXPECT_EQ(bound->keys()[0].algorithm(), Algorithm::kRs256);
}

TEST(KeySetTest, LeavesOutKeysThatFitNoAlgorithm) {
  const auto bound = KeySet({Ec(), Rsa()}).BindTo({Algorithm::kEs256});
  ASSERT_THAT(bound, IsOk());
  EXPECT_THAT(IdsOf(*bound), ElementsAre(Ec().id()));
  EXPECT_THAT(bound->warnings(), Contains(HasSubstr("key of type RSA left out")));
  EXPECT_THAT(KeySet({Rsa()}).BindTo({Algorithm::kPs256}), IsError(HasSubstr("no key fits")));
  EXPECT_THAT(KeySet({Hmac()}).BindTo({Algorithm::kRs256}), IsError(HasSubstr("no key fits")));
  EXPECT_THAT(KeySet().BindTo({Algorithm::kEs256}), IsError(HasSubstr("no key fits")));
  EXPECT_THAT(KeySet({Ec()}).BindTo({}), IsError(HasSubstr("no key fits")));
}

TEST(KeySetTest, ShortHmacSecretDoesNotFitALongerHash) {
  EXPECT_THAT(KeySet({*Key::FromHmacSecret(std::string(48, '\x01'))}).BindTo({Algorithm::kHs512}),
              IsError(HasSubstr("no key fits")));
  EXPECT_THAT(KeySet({*Key::FromHmacSecret(std::string(64, '\x01'))}).BindTo({Algorithm::kHs512}),
              IsOk());
}

TEST(KeySetTest, RefusesOneKidForTwoKeysOfOneAlgorithm) {
  const Key other = *Key::Generate(Algorithm::kEs256);
  const KeySet set({*Ec().WithId("k"), *other.WithId("k")});
  EXPECT_THAT(set.BindTo({Algorithm::kEs256}), IsError(HasSubstr("same id")));
  // The same key twice, too.
  EXPECT_THAT(KeySet({Ec(), Ec()}).BindTo({Algorithm::kEs256}), IsError(HasSubstr("same id")));
}

TEST(KeySetTest, AllowsOneKidForKeysOfDifferentAlgorithms) {
  // RFC 7517 section 4.5: alternatives of different types may share a kid.
  const KeySet set({*Ec().WithId("k"), *Rsa().WithId("k")});
  EXPECT_THAT(set.BindTo({Algorithm::kEs256, Algorithm::kRs256}), IsOk());
}

TEST(KeySetTest, DropsPrivateHalvesAndWarns) {
  const auto read = KeySet::FromText(*Ec().ExportPrivateJwk());
  ASSERT_THAT(read, IsOk());
  ASSERT_TRUE(read->keys()[0].has_private());
  const auto bound = read->BindTo({Algorithm::kEs256});
  ASSERT_THAT(bound, IsOk());
  EXPECT_FALSE(bound->keys()[0].has_private());
  EXPECT_EQ(bound->keys()[0].id(), Ec().id());
  EXPECT_THAT(bound->warnings(), ElementsAre(HasSubstr("private half")));
}

TEST(KeySetTest, KeepsTheWarningsOfReading) {
  const auto set = KeySet::FromJwks(Set({"{\"kty\":\"XYZ\"}", *Ec().ToPublicJwk()}));
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->BindTo({Algorithm::kEs256})->warnings(), ElementsAre(HasSubstr("keys[0]")));
}

TEST(KeySetTest, WritesPublicHalvesOnly) {
  const auto text = KeySet({Ec(), Rsa()}).ToPublicJwks();
  ASSERT_THAT(text, IsOk());
  EXPECT_THAT(*text, Not(HasSubstr("\"d\":")));
  const auto again = KeySet::FromJwks(*text);
  ASSERT_THAT(again, IsOk());
  EXPECT_THAT(IdsOf(*again), ElementsAre(Ec().id(), Rsa().id()));
  for (const Key& key : again->keys()) EXPECT_FALSE(key.has_private());
}

TEST(KeySetTest, NeverPublishesHmacSecrets) {
  EXPECT_THAT(KeySet({Hmac()}).ToPublicJwks(), IsError(HasSubstr("no public half")));
}

// What an issuer's server gives.

absl::StatusOr<KeySet> Remote(const std::vector<std::string>& jwks) {
  return KeySet::FromRemote(Set(jwks), {Algorithm::kEs256});
}

std::string Renamed(const std::string& jwk, const std::string& from, const std::string& to) {
  return absl::StrReplaceAll(jwk, {{from, to}});
}

TEST(RemoteKeySetTest, TakesWhatItCanUseAndSaysWhatNot) {
  const Key other = *Key::Generate(Algorithm::kEs256);
  const auto set = Remote(
      {*Ec().ToPublicJwk(), "{\"kty\":\"XYZ\"}", *Rsa().ToPublicJwk(), *other.ExportPrivateJwk(),
       absl::StrCat("{\"kty\":\"oct\",\"k\":\"", std::string(43, 'A'), "\"}"), "1",
       WithMembers(*Key::Generate(Algorithm::kEs256)->ToPublicJwk(), "\"key_ops\":[\"sign\"]")});
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(IdsOf(*set), ElementsAre(Ec().id()));
  EXPECT_EQ(set->keys()[0].algorithm(), Algorithm::kEs256);
  EXPECT_EQ(set->warnings().size(), 6u);
}

TEST(RemoteKeySetTest, MayBeEmpty) {
  for (const auto& set : {Remote({}), Remote({"{\"kty\":\"XYZ\"}"})}) {
    ASSERT_THAT(set, IsOk());
    EXPECT_THAT(set->keys(), ::testing::IsEmpty());
  }
}

TEST(RemoteKeySetTest, APublishedPrivateHalfSpoilsItsTwins) {
  const std::string pair = *Ec().ExportPrivateJwk();
  const std::string twin = *Ec().ToPublicJwk();
  for (const std::vector<std::string>& jwks : {std::vector<std::string>{twin, pair},
                                               {pair, twin},
                                               {Renamed(twin, Ec().id(), "other"), pair}}) {
    const auto set = Remote(jwks);
    ASSERT_THAT(set, IsOk());
    EXPECT_THAT(set->keys(), ::testing::IsEmpty());
    EXPECT_THAT(set->warnings(), ::testing::Each(HasSubstr("ALARM")));
  }
}

TEST(RemoteKeySetTest, TwoKeysOfOneIdAreBothLeftOut) {
  const Key other = *Key::Generate(Algorithm::kEs256);
  const auto set =
      Remote({*Ec().ToPublicJwk(), Renamed(*other.ToPublicJwk(), other.id(), Ec().id())});
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(set->keys(), ::testing::IsEmpty());
}

TEST(RemoteKeySetTest, AKeyThatFitsTwoAlgorithmsIsLeftOut) {
  const std::string open = Set({*OpenRsa().ToPublicJwk(), *Ec().ToPublicJwk()});
  const auto set =
      KeySet::FromRemote(open, {Algorithm::kRs256, Algorithm::kPs256, Algorithm::kEs256});
  ASSERT_THAT(set, IsOk());
  EXPECT_THAT(IdsOf(*set), ElementsAre(Ec().id()));
}

TEST(RemoteKeySetTest, WhatIsNoSetIsAnError) {
  for (const char* text :
       {"", "[]", "{}", "{\"keys\":{}}", "<html>", "{\"keys\":[],\"keys\":[]}"}) {
    EXPECT_THAT(KeySet::FromRemote(text, {Algorithm::kEs256}), ::testing::Not(IsOk())) << text;
  }
  EXPECT_THAT(Remote(std::vector<std::string>(101, "{}")), IsError(HasSubstr("at most 100 keys")));
}

}  // namespace
}  // namespace lanyard
