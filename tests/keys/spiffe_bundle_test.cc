// SPDX-License-Identifier: Apache-2.0
//
// SPIFFE bundles as a config names them: a file for one trust domain, a URL for another.
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/keys/issuer_keys.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/keys/remote_keys.h"

namespace lanyard::test {
namespace {

using testing::FailsWith;
using testing::IsOk;
using testing::TestIssuer;

constexpr char kAudience[] = "spiffe://prod.example/ns/shop/sa/orders";

constexpr char kGuide[] = R"(
issuers {
  name: "mesh"
  profile: JWT_SVID
  trust_domain: "prod.example"
  audiences: "spiffe://prod.example/ns/shop/sa/orders"
  algorithms: ES256
  jwks_url: "https://spire.example:8443/bundle"  # Or jwks_file: the bundle as a file.
}
)";

class SpiffeBundleTest : public RemoteKeysTest {
 protected:
  static std::string Jwk(const TestIssuer& authority, const std::string& use) {
    return absl::StrReplaceAll(*authority.key().ToPublicJwk(),
                               {{"\"use\":\"sig\"", "\"use\":\"" + use + "\""}});
  }
  // As SPIRE publishes it: a key for certificates stands first.
  std::string Bundle(const TestIssuer& authority, int hint) const {
    return absl::StrCat("{\"keys\":[", Jwk(certificates_, "x509-svid"), ",",
                        Jwk(authority, "jwt-svid"),
                        "],\"spiffe_sequence\":1,\"spiffe_refresh_hint\":", hint, "}");
  }
  static std::string Svid(const TestIssuer& authority, const std::string& subject) {
    const int64_t now = absl::ToUnixSeconds(absl::Now());
    return authority.Token()
        .Type("JWT")
        .RawClaims(absl::StrCat("{\"sub\":\"", subject, "\",\"aud\":[\"", kAudience,
                                "\"],\"exp\":", now + 300, "}"))
        .Sign();
  }
  const TestIssuer certificates_, other_;
};

TEST_F(SpiffeBundleTest, TwoDomainsByFileAndByUrl) {
  nginx_.Serve("bundle", Bundle(issuer_, 300));
  nginx_.Start();
  files_.Write("other.bundle", Bundle(other_, 300));
  const std::string fetch = "\" fetch { ca_file: \"" + files_.Client().root_certificates + "\" } #";
  const auto loaded = LoadConfig(
      {},
      absl::StrCat(
          absl::StrReplaceAll(
              kGuide, {{"https://spire.example:8443/bundle\"", nginx_.Url("bundle") + fetch}}),
          "issuers { name: \"other\" trust_domain: \"other.example\" profile: JWT_SVID "
          "audiences: \"",
          kAudience, "\" algorithms: ES256 jwks_file: \"", files_.Path("other.bundle"), "\" }"));
  ASSERT_THAT(loaded, IsOk());
  VerifierOptions options;
  for (const v1::Issuer& issuer : loaded->config.issuers()) {
    auto keys = KeysOf(issuer, Https(), SystemClock());
    ASSERT_THAT(keys, IsOk());
    ASSERT_TRUE(Soon([&keys] { return (*keys)->Current() != nullptr; })) << (*keys)->Health();
    options.issuers.push_back({issuer, *keys});
  }
  const auto verifier = Verifier::Create(std::move(options));
  ASSERT_THAT(verifier, IsOk());
  const std::string mine = "spiffe://prod.example/web", theirs = "spiffe://other.example/web";
  EXPECT_TRUE((*verifier)->Verify(Svid(issuer_, mine))->Is("mesh", mine));
  EXPECT_TRUE((*verifier)->Verify(Svid(other_, theirs))->Is("other", theirs));
  EXPECT_THAT((*verifier)->Verify(Svid(issuer_, theirs)), FailsWith(AuthFailure::kUnknownKey));
  // A fetch might bring the key; only the one who asks too often is told that it will not.
  const auto forged = (*verifier)->Verify(Svid(other_, mine));
  EXPECT_THAT(forged, ::testing::AnyOf(FailsWith(AuthFailure::kUnknownKey),
                                       FailsWith(AuthFailure::kKeysUnavailable)));
  EXPECT_THAT((*verifier)->Verify(Svid(certificates_, mine)), ::testing::Not(IsOk()));
}

TEST_F(SpiffeBundleTest, HintBringsTheNextFetchForward) {
  auto clock = std::make_shared<testing::FakeClock>();
  nginx_.Serve("bundle", Bundle(issuer_, 300));
  nginx_.Start();
  RemoteKeySourceOptions options = Options();
  options.jwks_url = nginx_.Url("bundle");
  options.use = KeyUse::kJwtSvid;
  options.refresh = absl::Minutes(30);
  options.clock = clock;
  MakeWithKeys(options);
  ASSERT_EQ(source_->fetches(), 1);
  nginx_.Serve("bundle", Bundle(next_, 300));
  clock->Advance(absl::Seconds(301));
  EXPECT_TRUE(Soon([&] {
    // For another try where one fails; far less than `refresh` in all.
    clock->Advance(absl::Milliseconds(10));
    return Ids() == std::vector<std::string>{next_.key().id()};
  }));
}

}  // namespace
}  // namespace lanyard::test
