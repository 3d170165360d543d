// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/issuer/redis_store.h"
#include "lanyard/issuer/revocation_feed.h"
#include "lanyard/issuer/token_issuer.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"
#include "tests/issuer/redis_server.h"

namespace lanyard::test {
namespace {

using ::lanyard::testing::IsOk;

constexpr char kIssuer[] = "https://tokens.example.com";

TokenFacts Session(const char* id) {
  TokenFacts facts;
  facts.issuer = kIssuer;
  facts.session_id = id;
  return facts;
}

// Each way has a behaviour: nothing is issued, and what is out is judged by what is known.
TEST(RedisOutageTest, IssuingStopsAndVerifyingGoesOn) {
  if (!RedisServer::IsInstalled()) GTEST_SKIP() << "SKIPPED: Redis is not installed";
  testing::TestCertificates files;
  RedisServer redis(files);
  redis.Start();
  RotationOptions rotation;
  rotation.algorithm = Algorithm::kEs256;
  ASSERT_THAT(RotateKeys(files.Path("keys"), rotation, absl::Now()), IsOk());
  RedisStoreOptions store_options;
  store_options.address = redis.address();
  store_options.timeout = absl::Seconds(10);
  auto opened = RedisStore::Create(store_options);
  ASSERT_THAT(opened, IsOk());
  const std::shared_ptr<IssuerStore> store = *std::move(opened);
  Accounts accounts(kIssuer, store);
  v1::Client checkout;
  checkout.set_name("checkout");
  checkout.add_certificate_names("spiffe://prod/checkout");
  checkout.add_grants()->set_audience("orders");
  ASSERT_THAT(accounts.AddClient(checkout), IsOk());
  TokenIssuerOptions options;
  options.config.set_issuer(kIssuer);
  options.config.set_key_directory(files.Path("keys"));
  options.store = store;
  const auto issuer = TokenIssuer::Create(options);
  ASSERT_THAT(issuer, IsOk());
  // Of a server that takes the tokens, and reaches the same Redis; the other would rather stop.
  RevocationFeedOptions feed_options;
  feed_options.issuer = kIssuer;
  feed_options.store = store;
  RevocationFeed patient(feed_options);
  feed_options.max_age = absl::ZeroDuration();
  RevocationFeed strict(feed_options);

  v1::IssueForServiceRequest request;
  request.mutable_client()->set_client_id("checkout");
  request.set_audience("orders");
  IssuerPeer peer;
  peer.verified_names.uris = {"spiffe://prod/checkout"};
  peer.certificate_sha256 = std::string(32, 'c');
  ASSERT_THAT((*issuer)->IssueForService(request, peer), IsOk());
  ASSERT_THAT(accounts.RevokeSession("gone"), IsOk());
  ASSERT_THAT(patient.Poll(), IsOk());

  redis.Stop();
  EXPECT_EQ((*issuer)->IssueForService(request, peer).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(accounts.RevokeSession("later").code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(patient.Poll().ok());
  EXPECT_EQ(patient.Check(Session("gone")), RevocationVerdict::kRevoked);
  EXPECT_EQ(patient.Check(Session("good")), RevocationVerdict::kGood);
  EXPECT_EQ(strict.Check(Session("good")), RevocationVerdict::kUnknown);

  redis.Restart();
  ASSERT_THAT(accounts.RevokeSession("later"), IsOk());
  ASSERT_THAT(patient.Poll(), IsOk());
  EXPECT_EQ(patient.Check(Session("gone")), RevocationVerdict::kRevoked);
  EXPECT_EQ(patient.Check(Session("later")), RevocationVerdict::kRevoked);
  EXPECT_THAT((*issuer)->IssueForService(request, peer), IsOk());
}

}  // namespace
}  // namespace lanyard::test
