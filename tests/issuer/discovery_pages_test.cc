// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/discovery_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/interceptors/switchable_keys.h"

namespace lanyard::internal {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::Not;

constexpr char kJwks[] = "/.well-known/jwks.json";

std::shared_ptr<const KeySet> SetOf(std::vector<Key> keys) {
  return std::make_shared<const KeySet>(std::move(keys));
}

class DiscoveryPagesTest : public ::testing::Test {
 protected:
  DiscoveryPages For(const std::string& issuer) const {
    auto pages = DiscoveryPages::Create(issuer, keys_);
    EXPECT_THAT(pages, IsOk());
    return *std::move(pages);
  }
  // The body at a path, or why there is none.
  static std::string At(const DiscoveryPages& pages, const std::string& path) {
    const auto page = pages.At(path);
    if (!page.has_value()) return "no page";
    return page->ok() ? (*page)->body : page->status().ToString();
  }

  const testing::TestIssuer es256_, es384_{Algorithm::kEs384};
  const std::shared_ptr<test::SwitchableKeys> keys_ =
      std::make_shared<test::SwitchableKeys>(SetOf({es256_.key()}));
};

TEST_F(DiscoveryPagesTest, SayWhereTheKeysAreAndNoMoreThanIsTrue) {
  const DiscoveryPages pages = For("https://tokens.example.test");
  const std::string document =
      "{\"issuer\":\"https://tokens.example.test\","
      "\"jwks_uri\":\"https://tokens.example.test/.well-known/jwks.json\","
      "\"response_types_supported\":[],\"grant_types_supported\":[],"
      "\"subject_types_supported\":[\"public\"],"
      "\"id_token_signing_alg_values_supported\":[\"ES256\"]}";
  EXPECT_EQ(At(pages, "/.well-known/openid-configuration"), document);
  EXPECT_EQ(At(pages, "/.well-known/oauth-authorization-server"), document);
  EXPECT_THAT(document, Not(HasSubstr("password")));
}

TEST_F(DiscoveryPagesTest, HaveThePublicHalvesOfTheKeysAlone) {
  ASSERT_TRUE(es256_.key().has_private());
  EXPECT_EQ(At(For("https://tokens.example.test"), kJwks),
            absl::StrCat("{\"keys\":[", *es256_.key().ToPublicJwk(), "]}"));
}

TEST_F(DiscoveryPagesTest, NameTheAlgorithmsOfAllKeysOnce) {
  keys_->Set(SetOf({es384_.key(), es256_.key(), testing::TestIssuer().key()}));
  EXPECT_THAT(At(For("https://tokens.example.test"), "/.well-known/openid-configuration"),
              HasSubstr("\"id_token_signing_alg_values_supported\":[\"ES256\",\"ES384\"]"));
}

TEST_F(DiscoveryPagesTest, AnIssuerWithAPathHasItsDocumentsWhereTheStandardsPutThem) {
  for (const char* issuer : {"https://example.test/tenants/a", "https://example.test/tenants/a/"}) {
    const DiscoveryPages pages = For(issuer);
    for (const char* path : {"/tenants/a/.well-known/openid-configuration",
                             "/.well-known/oauth-authorization-server/tenants/a"}) {
      EXPECT_THAT(At(pages, path), HasSubstr(absl::StrCat("{\"issuer\":\"", issuer, "\",")));
      EXPECT_THAT(At(pages, path),
                  HasSubstr("\"jwks_uri\":\"https://example.test/.well-known/jwks.json\""));
    }
    for (const char* path :
         {"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server",
          "/.well-known/openid-configuration/tenants/a",
          "/tenants/a/.well-known/oauth-authorization-server", "/tenants/a",
          "/tenants/a/.well-known/jwks.json"}) {
      EXPECT_EQ(At(pages, path), "no page") << path;
    }
  }
  const DiscoveryPages root = For("https://EXAMPLE.test:8443/");
  EXPECT_THAT(At(root, "/.well-known/openid-configuration"),
              HasSubstr("{\"issuer\":\"https://EXAMPLE.test:8443/\","
                        "\"jwks_uri\":\"https://EXAMPLE.test:8443/.well-known/jwks.json\""));
}

TEST_F(DiscoveryPagesTest, HaveNothingElse) {
  const DiscoveryPages pages = For("https://example.test");
  for (const char* path :
       {"", "/", "*", "/.well-known", "/.well-known/", "/.well-known/jwks", "/jwks.json",
        "/.well-known/jwks.json/", "//.well-known/jwks.json", "/.WELL-KNOWN/jwks.json",
        "/%2ewell-known/jwks.json", "/x/../.well-known/jwks.json", "/etc/passwd", "/../etc/passwd",
        "/.well-known/jwks.json?x"}) {
    EXPECT_EQ(At(pages, path), "no page") << path;
  }
}

TEST_F(DiscoveryPagesTest, AreUnavailableWithoutKeys) {
  keys_->Set(nullptr);
  const DiscoveryPages pages = For("https://example.test");
  EXPECT_EQ(At(pages, kJwks), "UNAVAILABLE: there are no keys yet");
  EXPECT_EQ(At(pages, "/.well-known/openid-configuration"), "UNAVAILABLE: there are no keys yet");
  EXPECT_EQ(At(pages, "/other"), "no page");
}

TEST_F(DiscoveryPagesTest, NeverPublishAnHmacSecret) {
  const testing::TestIssuer hs256(Algorithm::kHs256);
  keys_->Set(SetOf({hs256.key()}));
  const DiscoveryPages pages = For("https://example.test");
  EXPECT_THAT(At(pages, kJwks), ::testing::StartsWith("UNAVAILABLE: "));
  EXPECT_THAT(At(pages, "/.well-known/openid-configuration"),
              ::testing::StartsWith("UNAVAILABLE: "));
}

TEST_F(DiscoveryPagesTest, TheTagChangesWithTheKeysAlone) {
  const DiscoveryPages pages = For("https://example.test");
  const std::string before = (*pages.At(kJwks))->etag;
  EXPECT_EQ((*pages.At(kJwks))->etag, before);
  EXPECT_EQ((*For("https://example.test").At(kJwks))->etag, before) << "in every replica";
  keys_->Set(SetOf({es256_.key(), es384_.key()}));
  EXPECT_NE((*pages.At(kJwks))->etag, before);
}

TEST_F(DiscoveryPagesTest, TheIssuerIsAnHttpsUrlAsTokensSayIt) {
  const auto error = [this](const std::string& issuer) {
    return DiscoveryPages::Create(issuer, keys_).status();
  };
  EXPECT_THAT(error("http://example.test"), IsError("issuer: the URL must begin with https://"));
  EXPECT_THAT(error("HTTPS://example.test"), IsError(HasSubstr("lower case")));
  EXPECT_THAT(error("https://example.test?a=b"), IsError("issuer: the URL has a query"));
  EXPECT_THAT(error("https://example.test/a?"), IsError("issuer: the URL has a query"));
  EXPECT_THAT(error("https://example.test#a"), IsError("issuer: the URL has a fragment"));
  EXPECT_THAT(error("https://user@example.test"), IsError(HasSubstr("user or password")));
  EXPECT_THAT(error("https://"), IsError(HasSubstr("no host")));
  EXPECT_THAT(error("https://example.test/a b"), IsError(HasSubstr("percent-encoded")));
  EXPECT_THAT(error("example.test"), IsError(HasSubstr("https://")));
  for (const char* path : {"//", "/a//b", "/a//", "/./a", "/a/..", "/../a/"}) {
    EXPECT_THAT(error(absl::StrCat("https://example.test", path)), IsError(HasSubstr("segment")))
        << path;
  }
}

TEST(MatchesEtagTest, FindsATagAmongOthers) {
  EXPECT_TRUE(MatchesEtag("\"a\"", "\"a\""));
  EXPECT_TRUE(MatchesEtag("W/\"a\"", "\"a\""));
  EXPECT_TRUE(MatchesEtag("\"b\", \"a\" ,\"c\"", "\"a\""));
  EXPECT_TRUE(MatchesEtag("*", "\"a\""));
  EXPECT_FALSE(MatchesEtag("", "\"a\""));
  EXPECT_FALSE(MatchesEtag("a", "\"a\""));
  EXPECT_FALSE(MatchesEtag("\"A\"", "\"a\""));
  EXPECT_FALSE(MatchesEtag("\"b\",", "\"a\""));
}

}  // namespace
}  // namespace lanyard::internal
