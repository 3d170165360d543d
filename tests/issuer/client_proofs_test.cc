// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "lanyard/issuer/token_issuer.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/jws.h"
#include "tests/issuer/issuer_fixture.h"

// Assertions by which a client proves who it is (RFC 7523 section 3), each of them wrong in one
// place.
namespace lanyard::test {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::StartsWith;

MATCHER(IsNoProof, "is refused as no proof of a client") {
  *result_listener << "status is " << arg.status().ToString();
  return absl::IsUnauthenticated(arg.status()) &&
         ::testing::Matches(StartsWith("invalid_client: "))(std::string(arg.status().message()));
}

// An assertion in the making: the JSON of each claim, and of the header.
struct Assertion {
  std::vector<std::pair<std::string, std::string>> claims;
  std::string type = "client-authentication+jwt";

  Assertion& Set(const std::string& name, const std::string& json) {
    Drop(name);
    claims.emplace_back(name, json);
    return *this;
  }
  Assertion& Drop(const std::string& name) {
    for (size_t i = 0; i < claims.size(); ++i) {
      if (claims[i].first == name) claims.erase(claims.begin() + static_cast<long>(i));
    }
    return *this;
  }
  Assertion& Type(const std::string& other) {
    type = other;
    return *this;
  }
  std::string ClaimsJson() const {
    return absl::StrCat("{",
                        absl::StrJoin(claims, ",",
                                      [](std::string* out, const auto& claim) {
                                        absl::StrAppend(out, "\"", claim.first,
                                                        "\":", claim.second);
                                      }),
                        "}");
  }
};

class ClientProofsTest : public IssuerTest {
 protected:
  void SetUp() override {
    IssuerTest::SetUp();
    v1::Client robot;
    robot.set_name("robot");
    robot.set_jwks(JwksOf({key_}));
    Grant(robot.mutable_grants(), "orders", {"orders.read"});
    AddClient(robot);
  }
  static std::string JwksOf(const std::vector<Key>& keys) {
    return absl::StrCat("{\"keys\":[",
                        absl::StrJoin(keys, ",",
                                      [](std::string* out, const Key& key) {
                                        absl::StrAppend(out, *key.ToPublicJwk());
                                      }),
                        "]}");
  }
  static std::string Quoted(const std::string& text) { return absl::StrCat("\"", text, "\""); }
  std::string In(absl::Duration from_now) const {
    return absl::StrCat(absl::ToUnixSeconds(clock_->Now() + from_now));
  }

  // A good one.
  Assertion Good() {
    Assertion assertion;
    assertion.Set("iss", Quoted("robot")).Set("sub", Quoted("robot")).Set("aud", Quoted(kIssuer));
    assertion.Set("exp", In(absl::Minutes(5))).Set("iat", In(absl::ZeroDuration()));
    assertion.Set("jti", Quoted(absl::StrCat("id-", ++last_id_)));
    return assertion;
  }
  std::string HeaderOf(const Assertion& assertion, const std::string& alg,
                       const std::string& kid) const {
    return absl::StrCat(
        "{\"alg\":\"", alg, "\"",
        assertion.type.empty() ? "" : absl::StrCat(",\"typ\":\"", assertion.type, "\""),
        kid.empty() ? "" : absl::StrCat(",\"kid\":\"", kid, "\""), "}");
  }
  std::string Signed(const Assertion& assertion) { return SignedBy(key_, assertion); }
  std::string SignedBy(const Key& key, const Assertion& assertion) {
    return *internal::SignCompact(key, Algorithm::kEs256, HeaderOf(assertion, "ES256", key.id()),
                                  assertion.ClaimsJson());
  }

  static absl::StatusOr<v1::TokenResponse> ShowTo(TokenIssuer& issuer, const std::string& assertion,
                                                  const std::string& client_id = "",
                                                  const IssuerPeer& peer = IssuerPeer()) {
    v1::IssueForServiceRequest request;
    request.mutable_client()->set_assertion(assertion);
    request.mutable_client()->set_client_id(client_id);
    request.set_audience("orders");
    return issuer.IssueForService(request, peer);
  }
  absl::StatusOr<v1::TokenResponse> Show(const std::string& assertion,
                                         const std::string& client_id = "") {
    return ShowTo(*issuer_, assertion, client_id);
  }

  const Key key_ = *Key::Generate(Algorithm::kEs256);
  int last_id_ = 0;
};

TEST_F(ClientProofsTest, AnAssertionProvesWhoAClientIs) {
  const auto token = Show(Signed(Good()));
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(ClaimsOf(token->access_token()).subject(), "svc:robot");
  EXPECT_THAT(Show(Signed(Good()), "robot"), IsOk());
}

TEST_F(ClientProofsTest, TheRequestNamesTheSameClientOrNone) {
  for (const char* name : {"checkout", "Robot", "svc:robot"}) {
    EXPECT_THAT(Show(Signed(Good()), name), IsNoProof());
  }
}

TEST_F(ClientProofsTest, IsForTheIssuerAlone) {
  const std::string issuer = Quoted(kIssuer);
  for (const auto& [audience, is_good] : std::vector<std::pair<std::string, bool>>{
           {issuer, true},
           {absl::StrCat("[", issuer, "]"), true},
           {absl::StrCat("[", issuer, ",\"https://other.example.com\"]"), false},
           {absl::StrCat("[", issuer, ",", issuer, "]"), false},
           {Quoted("https://other.example.com"), false},
           {Quoted(absl::StrCat(kIssuer, "/")), false},
           {Quoted(absl::StrCat(kIssuer, "/token")), false},
           {Quoted("orders"), false},
           {"\"\"", false},
           {"[]", false},
           {"7", false}}) {
    EXPECT_EQ(Show(Signed(Good().Set("aud", audience))).ok(), is_good) << audience;
  }
  EXPECT_THAT(Show(Signed(Good().Drop("aud"))), IsNoProof());
}

TEST_F(ClientProofsTest, IssuerAndSubjectAreTheClient) {
  v1::Client other;
  other.set_name("other");
  other.set_jwks(JwksOf({*Key::Generate(Algorithm::kEs256)}));
  AddClient(other);
  for (const auto& [iss, sub] :
       std::vector<std::pair<std::string, std::string>>{{"robot", "other"},
                                                        {"other", "robot"},
                                                        {"other", "other"},
                                                        {kIssuer, "robot"},
                                                        {"robot", "svc:robot"},
                                                        {"robot", "nobody"},
                                                        {"", "robot"},
                                                        {"robot", ""}}) {
    EXPECT_THAT(Show(Signed(Good().Set("iss", Quoted(iss)).Set("sub", Quoted(sub)))), IsNoProof())
        << iss << " " << sub;
  }
  for (const char* claim : {"iss", "sub"}) {
    EXPECT_THAT(Show(Signed(Good().Drop(claim))), IsNoProof()) << claim;
    EXPECT_THAT(Show(Signed(Good().Set(claim, "7"))), IsNoProof()) << claim;
  }
}

TEST_F(ClientProofsTest, IsSignedByAKeyOfTheClient) {
  const Key other = *Key::Generate(Algorithm::kEs256);
  v1::Client client;
  client.set_name("other");
  client.set_jwks(JwksOf({other}));
  AddClient(client);
  EXPECT_THAT(Show(SignedBy(other, Good())), IsNoProof());
  EXPECT_THAT(Show(SignedBy(*other.WithId(key_.id()), Good())), IsNoProof());
  EXPECT_THAT(Show(SignedBy(*key_.WithId("unknown"), Good())), IsNoProof());
  // The issuer's own key is none either.
  EXPECT_THAT(Show(Sign(
                  [] {
                    v1::Claims claims;
                    claims.set_issuer("robot");
                    claims.set_subject("robot");
                    claims.add_audiences(kIssuer);
                    claims.set_token_id("id");
                    claims.mutable_expires_at()->set_seconds(1900000060);
                    return claims;
                  }(),
                  "client-authentication+jwt")),
              IsNoProof());
}

TEST_F(ClientProofsTest, SaysThatItIsAnAssertion) {
  for (const char* type : {"client-authentication+jwt", "application/client-authentication+jwt",
                           "Client-Authentication+JWT"}) {
    EXPECT_THAT(Show(Signed(Good().Type(type))), IsOk()) << type;
  }
  for (const char* type : {"at+jwt", "JWT", "", "jwt", "client-authentication", "logout+jwt"}) {
    EXPECT_THAT(Show(Signed(Good().Type(type))), IsNoProof()) << type;
  }
}

TEST_F(ClientProofsTest, HasAnId) {
  EXPECT_THAT(Show(Signed(Good().Drop("jti"))), IsNoProof());
  EXPECT_THAT(Show(Signed(Good().Set("jti", "\"\""))), IsNoProof());
  EXPECT_THAT(Show(Signed(Good().Set("jti", "7"))), IsNoProof());
  EXPECT_THAT(Show(Signed(Good().Set("jti", Quoted(std::string(4000, 'j'))))), IsOk());
}

TEST_F(ClientProofsTest, IsTakenOnceByAllReplicas) {
  auto other = NewIssuer();
  const std::string assertion = Signed(Good());
  EXPECT_THAT(Show(assertion), IsOk());
  EXPECT_THAT(Show(assertion), IsNoProof());
  EXPECT_THAT(ShowTo(*other, assertion), IsNoProof());
  // The id counts, not the text: another signature over it is the same assertion.
  const Assertion same = Good();
  EXPECT_THAT(Show(Signed(same)), IsOk());
  EXPECT_THAT(Show(Signed(same)), IsNoProof());
}

TEST_F(ClientProofsTest, AnIdIsOneClientsAlone) {
  const Key other = *Key::Generate(Algorithm::kEs256);
  v1::Client client;
  client.set_name("other");
  client.set_jwks(JwksOf({other}));
  Grant(client.mutable_grants(), "orders", {});
  AddClient(client);
  EXPECT_THAT(Show(Signed(Good().Set("jti", Quoted("same")))), IsOk());
  EXPECT_THAT(Show(SignedBy(other, Good()
                                       .Set("iss", Quoted("other"))
                                       .Set("sub", Quoted("other"))
                                       .Set("jti", Quoted("same")))),
              IsOk());
}

TEST_F(ClientProofsTest, OfThirtyTwoThreadsOneIsTaken) {
  auto other = NewIssuer();
  const std::string assertion = Signed(Good());
  std::atomic<int> taken{0};
  std::vector<std::thread> racers;
  for (int i = 0; i < 32; ++i) {
    racers.emplace_back([&, i] {
      if (ShowTo(i % 2 == 0 ? *issuer_ : *other, assertion).ok()) ++taken;
    });
  }
  for (std::thread& racer : racers) racer.join();
  EXPECT_EQ(taken, 1);
}

TEST_F(ClientProofsTest, IsNotForgottenWhileItCouldBeTaken) {
  const std::string assertion = Signed(Good());
  EXPECT_THAT(Show(assertion), IsOk());
  clock_->Advance(absl::Minutes(5) + absl::Seconds(29));
  ASSERT_THAT(issuer_->RemoveExpired(), IsOk());
  EXPECT_THAT(Show(assertion), IsNoProof());
  // Nor by a replica whose clock is behind that of the one that cleans up.
  clock_->Advance(absl::Seconds(1));
  ASSERT_THAT(issuer_->RemoveExpired(), IsOk());
  clock_->Set(clock_->Now() - absl::Seconds(30));
  EXPECT_THAT(Show(assertion), IsNoProof());
}

TEST_F(ClientProofsTest, LeavesTheStoreWhenItsTimeIsOver) {
  const size_t before = store_->stored();
  EXPECT_THAT(Show(Signed(Good())), IsOk());
  EXPECT_EQ(store_->stored(), before + 1);
  clock_->Advance(absl::Minutes(7));
  ASSERT_THAT(issuer_->RemoveExpired(), IsOk());
  EXPECT_EQ(store_->stored(), before);
}

TEST_F(ClientProofsTest, BadOnesTakeNoRoomInTheStore) {
  const size_t before = store_->stored();
  EXPECT_THAT(Show(SignedBy(*Key::Generate(Algorithm::kEs256), Good())), IsNoProof());
  EXPECT_THAT(Show(Signed(Good().Type("JWT"))), IsNoProof());
  EXPECT_EQ(store_->stored(), before);
}

TEST_F(ClientProofsTest, LivesFiveMinutesAtMost) {
  const auto with = [&](absl::Duration life, bool has_iat) {
    Assertion assertion = Good().Set("exp", In(life));
    if (!has_iat) assertion.Drop("iat");
    return Show(Signed(assertion));
  };
  EXPECT_THAT(with(absl::Seconds(299), true), IsOk());
  EXPECT_THAT(with(absl::Seconds(300), true), IsOk());
  EXPECT_THAT(with(absl::Seconds(301), true), IsNoProof());
  // Without iat the clocks may be apart by the leeway.
  EXPECT_THAT(with(absl::Seconds(330), false), IsOk());
  EXPECT_THAT(with(absl::Seconds(331), false), IsNoProof());
  EXPECT_THAT(with(absl::Hours(24 * 3650), false), IsNoProof());
  // And iat in the future does not make room.
  EXPECT_THAT(
      Show(Signed(
          Good().Set("iat", In(absl::Hours(1))).Set("exp", In(absl::Hours(1) + absl::Minutes(1))))),
      IsNoProof());
}

TEST_F(ClientProofsTest, EndsThirtySecondsAfterItsTime) {
  const auto ended = [&](absl::Duration ago) {
    return Show(Signed(Good().Set("iat", In(-absl::Minutes(5))).Set("exp", In(-ago))));
  };
  EXPECT_THAT(ended(absl::Seconds(29)), IsOk());
  EXPECT_THAT(ended(absl::Seconds(30)), IsNoProof());
  EXPECT_THAT(ended(absl::Seconds(31)), IsNoProof());
  EXPECT_THAT(Show(Signed(Good().Drop("exp"))), IsNoProof());
  EXPECT_THAT(Show(Signed(Good().Set("exp", Quoted(In(absl::Minutes(1)))))), IsNoProof());
  EXPECT_THAT(Show(Signed(Good().Set("exp", "1e30"))), IsNoProof());
  EXPECT_THAT(Show(Signed(Good().Set("nbf", In(absl::Seconds(31))))), IsNoProof());
}

TEST_F(ClientProofsTest, RefusesAlgNone) {
  const Assertion good = Good();
  const std::string unsigned_text =
      absl::StrCat(internal::Base64UrlEncode(HeaderOf(good, "none", "")), ".",
                   internal::Base64UrlEncode(good.ClaimsJson()), ".");
  EXPECT_THAT(Show(unsigned_text), IsNoProof());
  EXPECT_THAT(Show(unsigned_text + "AA"), IsNoProof());
  const std::string text = Signed(good);
  EXPECT_THAT(Show(text.substr(0, text.rfind('.') + 1)), IsNoProof());
}

TEST_F(ClientProofsTest, RefusesHmacSignedWithThePublicKey) {
  const Assertion good = Good();
  for (const std::string& secret : {*key_.ToPublicPem(), *key_.ToPublicJwk(), JwksOf({key_})}) {
    const Key hmac = *Key::FromHmacSecret(secret);
    EXPECT_THAT(Show(*internal::SignCompact(hmac, Algorithm::kHs256,
                                            HeaderOf(good, "HS256", key_.id()), good.ClaimsJson())),
                IsNoProof());
  }
}

TEST_F(ClientProofsTest, RefusesOneThatIsBound) {
  EXPECT_THAT(Show(Signed(Good().Set("cnf", "{\"jkt\":\"x\"}"))), IsNoProof());
  EXPECT_THAT(Show(Signed(Good().Set("cnf", "{}"))), IsNoProof());
}

TEST_F(ClientProofsTest, RefusesWhatIsNoJwtAndWhatIsTooLong) {
  for (const std::string& text :
       {std::string("x"), std::string("a.b.c"), std::string("..."), std::string(9 * 1024, 'A'),
        Signed(Good().Set("x", Quoted(std::string(9 * 1024, 'x')))), Signed(Good()) + "A"}) {
    EXPECT_THAT(Show(text), IsNoProof());
  }
}

TEST_F(ClientProofsTest, ASelfSignedAccessTokenIsNoAssertion) {
  EXPECT_THAT(Show(Signed(Good()
                              .Type("at+jwt")
                              .Set("client_id", Quoted("robot"))
                              .Set("scope", Quoted("orders.read")))),
              IsNoProof());
  // Nor is a token of the issuer's.
  const auto token = Show(Signed(Good()));
  ASSERT_THAT(token, IsOk());
  EXPECT_THAT(Show(token->access_token()), IsNoProof());
}

TEST_F(ClientProofsTest, AnAssertionIsNoAccessToken) {
  const std::string assertion = Signed(Good());
  EXPECT_FALSE(IsActive(assertion));
  EXPECT_THAT(Exchange(assertion), IsError(StartsWith("invalid_grant: ")));
  // And nothing has taken it.
  EXPECT_THAT(Show(assertion), IsOk());
}

TEST_F(ClientProofsTest, AKeyIsNamedWhereThereAreTwo) {
  const Key second = *Key::Generate(Algorithm::kEs256);
  const Assertion without_kid = Good();
  EXPECT_THAT(
      Show(*internal::SignCompact(key_, Algorithm::kEs256, HeaderOf(without_kid, "ES256", ""),
                                  without_kid.ClaimsJson())),
      IsOk());
  ChangeClient("robot", [&](v1::Client* client) { client->set_jwks(JwksOf({key_, second})); });
  const Assertion again = Good();
  EXPECT_THAT(Show(*internal::SignCompact(key_, Algorithm::kEs256, HeaderOf(again, "ES256", ""),
                                          again.ClaimsJson())),
              IsNoProof());
  EXPECT_THAT(Show(Signed(Good())), IsOk());
  EXPECT_THAT(Show(SignedBy(second, Good())), IsOk());
}

TEST_F(ClientProofsTest, AKeyThatIsReplacedProvesNothingMore) {
  const Key next = *Key::Generate(Algorithm::kEs256);
  EXPECT_THAT(Show(SignedBy(next, Good())), IsNoProof());
  ChangeClient("robot", [&](v1::Client* client) { client->set_jwks(JwksOf({key_, next})); });
  EXPECT_THAT(Show(Signed(Good())), IsOk());
  EXPECT_THAT(Show(SignedBy(next, Good())), IsOk());
  ChangeClient("robot", [&](v1::Client* client) { client->set_jwks(JwksOf({next})); });
  EXPECT_THAT(Show(Signed(Good())), IsNoProof());
  EXPECT_THAT(Show(SignedBy(next, Good())), IsOk());
}

TEST_F(ClientProofsTest, ADisabledClientProvesNothing) {
  ChangeClient("robot", [](v1::Client* client) { client->set_disabled(true); });
  EXPECT_THAT(Show(Signed(Good())), IsNoProof());
}

TEST_F(ClientProofsTest, AClientWithKeysProvesItselfWithThem) {
  // Not by its name alone, and not by somebody's certificate.
  EXPECT_THAT(Show("", "robot"), IsNoProof());
  EXPECT_THAT(ShowTo(*issuer_, "", "robot", PeerWith("spiffe://prod/robot")), IsNoProof());
  // And one without keys has nothing to sign with.
  EXPECT_THAT(Show(Signed(Good().Set("iss", Quoted("checkout")).Set("sub", Quoted("checkout")))),
              IsNoProof());
  EXPECT_THAT(Show("", ""), IsNoProof());
}

TEST_F(ClientProofsTest, BoundTokensNeedTheCertificateEvenWithAnAssertion) {
  ChangeClient("robot", [](v1::Client* client) {
    client->add_certificate_names("spiffe://prod/robot");
    client->set_certificate_bound(true);
  });
  EXPECT_THAT(Show(Signed(Good())), IsNoProof());
  const IssuerPeer peer = PeerWith("spiffe://prod/robot");
  const auto token = ShowTo(*issuer_, Signed(Good()), "", peer);
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(ClaimsOf(token->access_token()).confirmation().certificate_sha256(),
            peer.certificate_sha256);
}

TEST_F(ClientProofsTest, ABadAssertionIsNotSavedByAGoodCertificate) {
  EXPECT_THAT(ShowTo(*issuer_, "x", "checkout", PeerWith("spiffe://prod/checkout")), IsNoProof());
}

TEST_F(ClientProofsTest, AStoreThatIsDownTakesNoAssertion) {
  const std::string assertion = Signed(Good());
  wrapped_->Fail(absl::UnavailableError("down"));
  EXPECT_TRUE(absl::IsUnavailable(Show(assertion).status()));
  wrapped_->Fail(absl::OkStatus());
  EXPECT_THAT(Show(assertion), IsOk());
}

TEST_F(ClientProofsTest, TheGraceOfASpentRefreshTokenIsForTheKeyThatSpentIt) {
  const Key second = *Key::Generate(Algorithm::kEs256);
  ChangeClient("robot", [&](v1::Client* client) {
    client->set_jwks(JwksOf({key_, second}));
    client->set_signs_users_in(true);
  });
  const auto refresh = [&](const std::string& token, const Key& key) {
    v1::RefreshRequest request;
    request.set_refresh_token(token);
    request.mutable_client()->set_assertion(SignedBy(key, Good()));
    return issuer_->Refresh(request, IssuerPeer());
  };
  v1::SignInRequest request = SignInOf("ada");
  request.mutable_client()->clear_client_id();
  request.mutable_client()->set_assertion(Signed(Good()));
  const auto first = issuer_->SignIn(request, IssuerPeer());
  ASSERT_THAT(first, IsOk());
  const auto next = refresh(first->refresh_token(), key_);
  ASSERT_THAT(next, IsOk());
  const auto repeated = refresh(first->refresh_token(), key_);
  ASSERT_THAT(repeated, IsOk());
  EXPECT_EQ(repeated->refresh_token(), next->refresh_token());
  EXPECT_THAT(refresh(first->refresh_token(), second), IsError(StartsWith("invalid_grant: ")));
  EXPECT_THAT(refresh(next->refresh_token(), key_), IsError(StartsWith("invalid_grant: ")));
}

TEST_F(ClientProofsTest, RefusesKeysThatCanProveNothing) {
  const Key other = *Key::Generate(Algorithm::kEs256);
  const std::vector<std::pair<std::string, std::string>> sets = {
      {"not JSON", "{"},
      {"no keys", "{\"keys\":[]}"},
      {"no set", *key_.ToPublicJwk()},
      {"a private half", absl::StrCat("{\"keys\":[", *key_.ExportPrivateJwk(), "]}")},
      {"an HMAC secret", absl::StrCat("{\"keys\":[{\"kty\":\"oct\",\"k\":\"",
                                      internal::Base64UrlEncode(std::string(32, '\x81')), "\"}]}")},
      {"two keys of one id", JwksOf({*key_.WithId("same"), *other.WithId("same")})},
      {"for encryption", absl::StrCat(
                             "{\"keys\":[",
                             [this] {
                               std::string jwk = *key_.ToPublicJwk();
                               jwk.insert(1, "\"use\":\"enc\",");
                               return jwk;
                             }(),
                             "]}")},
  };
  for (const auto& [what, jwks] : sets) {
    v1::Client client;
    client.set_name("other");
    client.set_jwks(jwks);
    EXPECT_THAT(accounts_->AddClient(client), IsError(StartsWith("jwks: "))) << what;
    EXPECT_THAT(accounts_->AddClient(client), ::testing::Not(IsError(HasSubstr("\"d\"")))) << what;
  }
}

TEST_F(ClientProofsTest, AnErrorRepeatsNoPrivateKey) {
  v1::Client client;
  client.set_name("other");
  const std::string jwk = *key_.ExportPrivateJwk();
  client.set_jwks(absl::StrCat("{\"keys\":[", jwk, "]}"));
  const std::string message(accounts_->AddClient(client).message());
  const size_t d = jwk.find("\"d\":\"") + 5;
  EXPECT_THAT(message, ::testing::Not(HasSubstr(jwk.substr(d, 12))));
}

}  // namespace
}  // namespace lanyard::test
