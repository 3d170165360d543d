// SPDX-License-Identifier: Apache-2.0
// The code of docs/guides/revocation.md, as it stands there, built and run.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/revocation_stream.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"

namespace {

using lanyard::testing::IsError;
using lanyard::testing::IsOk;
using ::testing::HasSubstr;

constexpr char kConfig[] = R"(
issuers {
  name: "shop"
  issuer: "https://tokens.example.com"
  audiences: "orders"
  algorithms: ES256
  jwks_file: "shop.jwks"
  revocations { file: "revoked.textproto" }
}
)";

constexpr char kRevoked[] = R"(
revocations {  # One token.
  issuer: "https://tokens.example.com"  token_id: "cWJ6aGVzdA"
  expires_at { seconds: 4102444800 }
}
revocations {  # All that alice got until then.
  issuer: "https://tokens.example.com"  subject: "user:alice"
  not_before { seconds: 1798761600 }  expires_at { seconds: 4102444800 }
}
)";

constexpr char kOnce[] = R"(
rules {
  method: "/shop.Orders/Pay"
  allow { issuers: "shop" all_scopes: "orders.pay" one_time: true }
}
single_replica: true
)";

absl::Status Fail(const absl::Status& status) { return status; }

class RevocationGuideTest : public ::testing::Test {
 protected:
  RevocationGuideTest() { files_.Write("shop.jwks", issuer_.PublicJwks()); }

  lanyard::testing::TestCertificates files_;
  const lanyard::testing::TestIssuer issuer_;
};

TEST_F(RevocationGuideTest, FromAFile) {
  files_.Write("revoked.textproto", kRevoked);
  lanyard::ServerAuthOptions options;
  options.config_files = {files_.Write("auth.textproto", std::string(kConfig) + kOnce)};
  const auto auth = lanyard::ServerAuth::Create(options);
  ASSERT_THAT(auth, IsOk());
  EXPECT_EQ((*auth)->Revocations().at("shop").entries, 2u);
  EXPECT_THAT((*auth)->Ready(), IsOk());
}

absl::Status Stream(lanyard::ServerAuthOptions options, const lanyard::TlsFiles& tls,
                    const std::shared_ptr<lanyard::TokenSource>& tokens,
                    const std::string& token_service) {
  // [stream]
  lanyard::ClientAuthOptions client;
  client.audience = "tokens";
  client.token_source = tokens;  // With the scope "tokens.revocations".
  client.tls = tls;
  auto channel = lanyard::CreateChannel(token_service, client);
  if (!channel.ok()) return Fail(channel.status());
  lanyard::RevocationStreamOptions stream;
  stream.channel = *channel;
  stream.issuer = "https://tokens.example.com";
  auto revocations = lanyard::StreamRevocations(stream);
  if (!revocations.ok()) return Fail(revocations.status());
  options.revocation_sources["shop"] = *revocations;
  auto auth = lanyard::ServerAuth::Create(options);
  // [end]
  return auth.ok() ? (*auth)->Ready() : auth.status();
}

TEST_F(RevocationGuideTest, FromTheTokenServiceWhichMayStartLater) {
  std::string config = kConfig;
  const std::string file = "revocations { file: \"revoked.textproto\" }";
  config.replace(config.find(file), file.size(), "revocations {}");
  lanyard::ServerAuthOptions options;
  options.config_files = {files_.Write("auth.textproto", config)};
  EXPECT_THAT(Stream(options, files_.Client(), lanyard::StaticTokenSource("a.b.c"),
                     "unix:" + files_.Path("nobody.sock")),
              IsError(HasSubstr("its revocations have not been heard yet")));
}

}  // namespace
