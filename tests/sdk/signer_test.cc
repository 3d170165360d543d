// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/signer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/testing/matchers.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;

v1::Claims SomeClaims() {
  v1::Claims claims;
  claims.set_issuer("https://issuer.example.test");
  claims.set_subject("svc:a");
  claims.mutable_expires_at()->set_seconds(1900000000);
  return claims;
}

class SignerOfEachAlgorithmTest : public ::testing::TestWithParam<Algorithm> {};

INSTANTIATE_TEST_SUITE_P(, SignerOfEachAlgorithmTest, ::testing::ValuesIn(kAllAlgorithms),
                         [](const auto& info) { return std::string(AlgorithmName(info.param)); });

TEST_P(SignerOfEachAlgorithmTest, SignsWhatTheKeyVerifies) {
  SignerOptions options;
  options.key = *Key::Generate(GetParam());
  const auto signer = Signer::Create(options);
  ASSERT_THAT(signer, IsOk());
  const auto token = (*signer)->Sign(SomeClaims());
  ASSERT_THAT(token, IsOk());
  const auto jws = internal::ParseJws(*token, 65536);
  ASSERT_THAT(jws, IsOk());
  EXPECT_EQ(jws->header->algorithm_name, AlgorithmName(GetParam()));
  EXPECT_THAT(jws->header->type, Optional(std::string("at+jwt")));
  EXPECT_THAT(jws->header->key_id, Optional(options.key->id()));
  EXPECT_EQ(jws->payload,
            R"({"iss":"https://issuer.example.test","sub":"svc:a","exp":1900000000})");
  EXPECT_TRUE(options.key->material().Verify(GetParam(), jws->signing_input, jws->signature));
}

TEST(SignerTest, NeedsAPrivateKey) {
  EXPECT_THAT(Signer::Create({}), IsError(HasSubstr("key")));
  SignerOptions options;
  options.key = *Key::Generate(Algorithm::kEs256)->PublicHalf();
  EXPECT_THAT(Signer::Create(options), IsError(HasSubstr("private")));
}

TEST(SignerTest, NeedsAnAlgorithmWhereTheKeyLeavesItOpen) {
  SignerOptions options;
  options.key = *Key::FromPem(*Key::Generate(Algorithm::kRs256)->ExportPrivatePem());
  EXPECT_THAT(Signer::Create(options), IsError(HasSubstr("algorithm is required")));
  options.algorithm = Algorithm::kPs384;
  const auto signer = Signer::Create(options);
  ASSERT_THAT(signer, IsOk());
  const std::string token = *(*signer)->Sign(SomeClaims());
  const auto jws = internal::ParseJws(token, 65536);
  EXPECT_EQ(jws->header->algorithm_name, "PS384");
  EXPECT_TRUE(
      options.key->material().Verify(Algorithm::kPs384, jws->signing_input, jws->signature));
}

TEST(SignerTest, TakesTheOneAlgorithmThatFits) {
  SignerOptions options;
  options.key = *Key::FromPem(*Key::Generate(Algorithm::kEs384)->ExportPrivatePem());
  ASSERT_EQ(options.key->algorithm(), std::nullopt);
  const auto signer = Signer::Create(options);
  ASSERT_THAT(signer, IsOk());
  EXPECT_EQ(internal::ParseJws(*(*signer)->Sign(SomeClaims()), 65536)->header->algorithm_name,
            "ES384");
}

TEST(SignerTest, RefusesAnAlgorithmThatTheKeyIsNotFor) {
  SignerOptions options;
  options.key = *Key::Generate(Algorithm::kRs256);  // Says its algorithm.
  options.algorithm = Algorithm::kPs256;
  EXPECT_THAT(Signer::Create(options), IsError(HasSubstr("PS256")));
  options.algorithm = Algorithm::kEs256;
  EXPECT_THAT(Signer::Create(options), IsError(HasSubstr("ES256")));
  options.key = *Key::FromHmacSecret(std::string(63, '\x01'));
  options.algorithm = Algorithm::kHs512;
  EXPECT_THAT(Signer::Create(options), IsError(HasSubstr("HS512")));
}

TEST(SignerTest, WritesTypeAndKeyIdAsTold) {
  SignerOptions options;
  options.key = *Key::Generate(Algorithm::kEs256)->WithId("key \"one\"\n");
  options.type = "JWT";
  auto jws = internal::ParseJws(*(*Signer::Create(options))->Sign(SomeClaims()), 65536);
  ASSERT_THAT(jws, IsOk());
  EXPECT_THAT(jws->header->type, Optional(std::string("JWT")));
  EXPECT_THAT(jws->header->key_id, Optional(std::string("key \"one\"\n")));
  options.type = "";
  jws = internal::ParseJws(*(*Signer::Create(options))->Sign(SomeClaims()), 65536);
  ASSERT_THAT(jws, IsOk());
  EXPECT_EQ(jws->header->type, std::nullopt);
}

TEST(SignerTest, AddsNothingToTheClaims) {
  SignerOptions options;
  options.key = *Key::Generate(Algorithm::kEs256);
  EXPECT_EQ(internal::ParseJws(*(*Signer::Create(options))->Sign(v1::Claims()), 65536)->payload,
            "{}");
}

class SignerRefusalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    SignerOptions options;
    options.key = *Key::Generate(Algorithm::kEs256);
    signer_ = *Signer::Create(options);
  }
  std::unique_ptr<Signer> signer_;
  v1::Claims claims_ = SomeClaims();
};

TEST_F(SignerRefusalTest, RefusesAPrivateClaimThatHasAField) {
  for (const char* name : {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "azp",
                           "scope", "act", "cnf"}) {
    v1::Claims claims = claims_;
    (*claims.mutable_private_claims())[name].set_string_value("x");
    EXPECT_THAT(signer_->Sign(claims), IsError(HasSubstr(absl::StrCat("\"", name, "\""))));
  }
}

TEST_F(SignerRefusalTest, RefusesNumbersThatJsonCannotWrite) {
  for (const double number : {NAN, INFINITY, -INFINITY}) {
    (*claims_.mutable_private_claims())["n"].set_double_value(number);
    EXPECT_THAT(signer_->Sign(claims_), IsError(HasSubstr("number")));
    v1::Value list;
    list.mutable_list_value()->add_values()->set_double_value(number);
    (*claims_.mutable_private_claims())["n"] = list;
    EXPECT_THAT(signer_->Sign(claims_), IsError(HasSubstr("number")));
  }
}

TEST_F(SignerRefusalTest, RefusesTextThatIsNotUtf8) {
  // Such a token would be malformed wherever it is read.
  claims_.set_subject("svc:\xff");
  EXPECT_THAT(signer_->Sign(claims_), Not(IsOk()));
}

TEST_F(SignerRefusalTest, RefusesNestingThatNobodyReads) {
  v1::Value* value = &(*claims_.mutable_private_claims())["deep"];
  for (int i = 0; i < 40; ++i) value = value->mutable_list_value()->add_values();
  EXPECT_THAT(signer_->Sign(claims_), Not(IsOk()));
}

}  // namespace
}  // namespace lanyard
