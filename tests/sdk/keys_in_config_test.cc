// SPDX-License-Identifier: Apache-2.0
//
// Keys that stand in the config itself.
#include <functional>

#include "lanyard/sdk/config.h"
#include "lanyard/sdk/keys/issuer_keys.h"
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TestIssuer;
using ::lanyard::testing::VerifierFixture;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class KeysInConfigTest : public VerifierFixture {
 protected:
  v1::Issuer With(const std::string& jwks) const {
    v1::Issuer config = issuer_.Config();
    config.set_jwks(jwks);
    return config;
  }
  static absl::StatusOr<std::shared_ptr<const KeySource>> Keys(const v1::Issuer& config) {
    return KeysOf(config, nullptr, SystemClock());
  }
};

TEST_F(KeysInConfigTest, VerifyTokens) {
  for (const std::string& text :
       {issuer_.PublicJwks(), *issuer_.key().ToPublicJwk(), *issuer_.key().ToPublicPem()}) {
    const auto keys = Keys(With(text));
    ASSERT_THAT(keys, IsOk());
    const std::string token = issuer_.Token().KeyId("").Sign();
    EXPECT_THAT(Make({{issuer_.Config(), *keys}})->Verify(token), IsOk());
  }
}

TEST_F(KeysInConfigTest, AreReadFromTextFormat) {
  const auto loaded = LoadConfig(
      {}, absl::StrCat("issuers { name: \"test\" issuer: \"https://a.test\" audiences: \"test\" "
                       "algorithms: ES256 jwks: '",
                       issuer_.PublicJwks(), "' }"));
  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT(Keys(loaded->config.issuers(0)), IsOk());
}

TEST_F(KeysInConfigTest, ArePublicAndUsable) {
  const std::string secret = *issuer_.key().ExportPrivateJwk();
  EXPECT_THAT(Keys(With(secret)), IsError(AllOf(HasSubstr("jwks: "), HasSubstr("private"),
                                                Not(HasSubstr(secret.substr(20, 12))))));
  EXPECT_THAT(Keys(With(*Key::Generate(Algorithm::kHs256)->ExportPrivateJwk())),
              IsError(HasSubstr("secret")));
  EXPECT_THAT(Keys(With(*Key::Generate(Algorithm::kEs384)->ToPublicJwk())),
              IsError(HasSubstr("no key fits")));
  EXPECT_THAT(Keys(With("{}")), IsError(HasSubstr("jwks: ")));
  EXPECT_THAT(Keys(With("jwks.json")), IsError(HasSubstr("jwks: ")));
}

TEST_F(KeysInConfigTest, AreTheOnlySource) {
  const auto error_of = [this](const std::function<void(v1::Issuer*)>& change) {
    v1::Issuer config = With(issuer_.PublicJwks());
    change(&config);
    VerifierOptions options;
    options.issuers = {{config, issuer_.Keys()}};
    return Verifier::Create(std::move(options)).status();
  };
  EXPECT_THAT(error_of([](v1::Issuer* c) { c->set_jwks_file("x"); }),
              IsError(HasSubstr("only one")));
  EXPECT_THAT(error_of([](v1::Issuer* c) { c->set_jwks_url("https://a.test/k"); }),
              IsError(HasSubstr("only one")));
  EXPECT_THAT(error_of([](v1::Issuer* c) { c->set_discovery_url("https://a.test/k"); }),
              IsError(HasSubstr("only one")));
  EXPECT_THAT(error_of([](v1::Issuer* c) {
                c->clear_algorithms();
                c->add_algorithms(v1::HS256);
                c->set_every_verifier_can_mint(true);
              }),
              IsError(HasSubstr("HMAC")));
}

}  // namespace
}  // namespace lanyard
