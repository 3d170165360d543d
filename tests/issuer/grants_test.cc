// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lanyard/issuer/token_issuer.h"
#include "tests/issuer/issuer_fixture.h"

// Who may have what: never more than was given to them.
namespace lanyard::test {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

using Names = std::vector<std::string>;

// What a client asks for: for itself, or for ada who signs in with it.
struct Wish {
  const char* name;
  enum { kSignIn, kService } what;
  const char* client;
  const char* audience;
  Names scopes;
  // The error's code, or nothing, and then what is had.
  const char* error;
  Names had;
};

class GrantsTest : public IssuerTest {
 protected:
  absl::StatusOr<v1::TokenResponse> IssueForService(const std::string& client,
                                                    const std::string& audience,
                                                    const Names& scopes, const IssuerPeer& peer) {
    v1::IssueForServiceRequest request;
    request.mutable_client()->set_client_id(client);
    request.set_audience(audience);
    for (const std::string& scope : scopes) request.add_scopes(scope);
    return issuer_->IssueForService(request, peer);
  }
  absl::StatusOr<v1::TokenResponse> SignInFor(const std::string& client,
                                              const std::string& audience, const Names& scopes) {
    v1::SignInRequest request = SignInOf("ada");
    request.mutable_client()->set_client_id(client);
    request.set_audience(audience);
    for (const std::string& scope : scopes) request.add_scopes(scope);
    return issuer_->SignIn(request, PeerWith(absl::StrCat("spiffe://prod/", client)));
  }
  static v1::User UserNamed(const std::string& name) {
    v1::User user;
    user.set_name(name);
    return user;
  }
  static v1::Client ServiceNamed(const std::string& name) {
    v1::Client client;
    client.set_name(name);
    client.add_certificate_names("spiffe://prod/service");
    return client;
  }
};

class WishTest : public GrantsTest, public ::testing::WithParamInterface<Wish> {};

// ada has orders.read; web has orders.read and orders.write, phone orders.read, checkout both, for
// the audience "orders". Beside these: ada has "billing", and web has "mail".
TEST_P(WishTest, IsGrantedInWholeOrNotAtAll) {
  ChangeUser("ada", [](v1::User* user) { Grant(user->mutable_grants(), "billing", {"pay"}); });
  ChangeClient("web",
               [](v1::Client* client) { Grant(client->mutable_grants(), "mail", {"send"}); });
  const Wish& wish = GetParam();
  const auto response =
      wish.what == Wish::kSignIn
          ? SignInFor(wish.client, wish.audience, wish.scopes)
          : IssueForService(wish.client, wish.audience, wish.scopes,
                            PeerWith(absl::StrCat("spiffe://prod/", wish.client)));
  if (*wish.error != '\0') {
    EXPECT_THAT(response, IsError(StartsWith(absl::StrCat(wish.error, ": "))));
    const auto code = std::string(wish.error) == "invalid_request"
                          ? absl::StatusCode::kInvalidArgument
                          : absl::StatusCode::kPermissionDenied;
    EXPECT_EQ(response.status().code(), code);
    return;
  }
  ASSERT_THAT(response, IsOk());
  EXPECT_THAT(response->scopes(), ElementsAreArray(wish.had));
  const v1::Claims claims = ClaimsOf(response->access_token());
  EXPECT_THAT(claims.scopes(), ElementsAreArray(wish.had));
  EXPECT_THAT(claims.audiences(), ElementsAreArray({wish.audience}));
  EXPECT_EQ(claims.client_id(), wish.client);
}

constexpr auto kSignIn = Wish::kSignIn;
constexpr auto kService = Wish::kService;
INSTANTIATE_TEST_SUITE_P(
    All, WishTest,
    ::testing::Values(
        Wish{"UserAll", kSignIn, "web", "orders", {}, "", {"orders.read"}},
        Wish{"UserSome", kSignIn, "web", "orders", {"orders.read"}, "", {"orders.read"}},
        Wish{"UserTwice",
             kSignIn,
             "web",
             "orders",
             {"orders.read", "orders.read"},
             "",
             {"orders.read"}},
        Wish{"UserScopeOfTheClientAlone",
             kSignIn,
             "web",
             "orders",
             {"orders.write"},
             "invalid_scope",
             {}},
        Wish{"UserOneGoodAndOneNot",
             kSignIn,
             "web",
             "orders",
             {"orders.read", "orders.write"},
             "invalid_scope",
             {}},
        Wish{"UserUnknownScope", kSignIn, "web", "orders", {"root"}, "invalid_scope", {}},
        Wish{"UserScopesInOne",
             kSignIn,
             "web",
             "orders",
             {"orders.read orders.write"},
             "invalid_scope",
             {}},
        Wish{
            "UserScopeInOtherCase", kSignIn, "web", "orders", {"Orders.Read"}, "invalid_scope", {}},
        Wish{"UserEmptyScope", kSignIn, "web", "orders", {""}, "invalid_scope", {}},
        Wish{"UserAudienceOfTheUserAlone", kSignIn, "web", "billing", {}, "invalid_target", {}},
        Wish{"UserAudienceOfTheClientAlone", kSignIn, "web", "mail", {}, "invalid_target", {}},
        Wish{"UserUnknownAudience", kSignIn, "web", "payments", {}, "invalid_target", {}},
        Wish{"UserAudienceOfTheIssuer", kSignIn, "web", kIssuer, {}, "invalid_target", {}},
        Wish{"UserNoAudience", kSignIn, "web", "", {}, "invalid_request", {}},
        Wish{"UserWithAService", kSignIn, "checkout", "orders", {}, "unauthorized_client", {}},
        Wish{"ServiceAll", kService, "checkout", "orders", {}, "", {"orders.read", "orders.write"}},
        Wish{"ServiceSome", kService, "checkout", "orders", {"orders.write"}, "", {"orders.write"}},
        Wish{"ServiceUnknownScope", kService, "checkout", "orders", {"root"}, "invalid_scope", {}},
        Wish{"ServiceUnknownAudience", kService, "checkout", "mail", {}, "invalid_target", {}},
        Wish{"ServiceItsOwnName", kService, "checkout", "checkout", {}, "invalid_target", {}},
        Wish{"ServiceNoAudience", kService, "checkout", "", {}, "invalid_request", {}},
        // It may exchange for payments; that is not to have tokens for itself.
        Wish{"ServiceAudienceOfItsExchanges",
             kService,
             "orders",
             "payments",
             {},
             "invalid_target",
             {}},
        Wish{"PublicClientForItself", kService, "web", "orders", {}, "unauthorized_client", {}},
        Wish{"PublicClientForMail", kService, "web", "mail", {}, "unauthorized_client", {}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(GrantsTest, NobodyHasAnythingAtFirst) {
  v1::User bob = UserNamed("bob");
  bob.set_password_hash(CheapHash(kPassword));
  ASSERT_THAT(accounts_->AddUser(bob), IsOk());
  EXPECT_THAT(issuer_->SignIn(SignInOf("bob"), IssuerPeer()),
              IsError(StartsWith("invalid_target: ")));
  AddClient(ServiceNamed("service"));
  EXPECT_THAT(IssueForService("service", "orders", {}, PeerWith("spiffe://prod/service")),
              IsError(StartsWith("invalid_target: ")));
}

TEST_F(GrantsTest, AGrantWithoutScopesGivesATokenWithoutScopes) {
  v1::Client client = ServiceNamed("service");
  Grant(client.mutable_grants(), "orders", {});
  AddClient(client);
  const auto token = IssueForService("service", "orders", {}, PeerWith("spiffe://prod/service"));
  ASSERT_THAT(token, IsOk());
  EXPECT_THAT(ClaimsOf(token->access_token()).scopes(), IsEmpty());
  EXPECT_THAT(
      IssueForService("service", "orders", {"orders.read"}, PeerWith("spiffe://prod/service")),
      IsError(StartsWith("invalid_scope: ")));
}

TEST_F(GrantsTest, NoWishIsLongerThanAGrant) {
  EXPECT_THAT(SignInFor("web", "orders", Names(100, "orders.read")), IsOk());
  EXPECT_THAT(SignInFor("web", "orders", Names(101, "orders.read")),
              IsError(StartsWith("invalid_scope: ")));
}

TEST_F(GrantsTest, AnErrorRepeatsALongScopeOnlyInPart) {
  const auto refused = SignInFor("web", "orders", {std::string(100'000, 'a') + "\n"});
  EXPECT_THAT(refused, IsError(StartsWith("invalid_scope: ")));
  EXPECT_LT(refused.status().message().size(), 300u);
}

TEST_F(GrantsTest, ATokenIsNoLongerThanServersTake) {
  Names scopes;
  for (int i = 0; i < 60; ++i) scopes.push_back(absl::StrCat(i, std::string(400, 'x')));
  v1::Client client = ServiceNamed("service");
  Grant(client.mutable_grants(), "orders", scopes);
  AddClient(client);
  const IssuerPeer peer = PeerWith("spiffe://prod/service");
  EXPECT_THAT(IssueForService("service", "orders", {}, peer),
              IsError(StartsWith("invalid_scope: ")));
  EXPECT_THAT(IssueForService("service", "orders", {scopes[7]}, peer), IsOk());
}

TEST_F(GrantsTest, NoNameCanBeTakenForAnotherKindOfSubject) {
  for (const std::string& name :
       {std::string("svc:checkout"), std::string("user:x"), std::string("Ada"), std::string("ADA"),
        std::string(), std::string(65, 'a'), std::string("a b"), std::string("a\n"),
        std::string("a\0", 2), std::string("ä"), std::string("a/b"), std::string("a@b"),
        std::string("*")}) {
    EXPECT_THAT(accounts_->AddUser(UserNamed(name)), IsError(StartsWith("name: "))) << name;
    EXPECT_THAT(accounts_->AddClient(ServiceNamed(name)), IsError(StartsWith("name: "))) << name;
    EXPECT_THAT(accounts_->FindUser(name), IsError(StartsWith("name: "))) << name;
    EXPECT_TRUE(absl::IsUnauthenticated(issuer_->SignIn(SignInOf(name), IssuerPeer()).status()));
    EXPECT_THAT(IssueForService(name, "orders", {}, PeerWith("spiffe://prod/checkout")),
                IsError(StartsWith("invalid_client: ")));
  }
  for (const std::string& name :
       {std::string("a"), std::string(64, 'a'), std::string("svc.user-_1")}) {
    EXPECT_THAT(accounts_->AddUser(UserNamed(name)), IsOk()) << name;
    EXPECT_THAT(accounts_->AddClient(ServiceNamed(name)), IsOk()) << name;
  }
}

TEST_F(GrantsTest, AUserAndAServiceOfOneNameAreTwoSubjects) {
  AddUser("checkout");
  v1::SignInRequest request = SignInOf("checkout");
  const auto user = issuer_->SignIn(request, IssuerPeer());
  ASSERT_THAT(user, IsOk());
  EXPECT_EQ(ClaimsOf(user->access_token()).subject(), "user:checkout");
  const auto service =
      IssueForService("checkout", "orders", {}, PeerWith("spiffe://prod/checkout"));
  ASSERT_THAT(service, IsOk());
  EXPECT_EQ(ClaimsOf(service->access_token()).subject(), "svc:checkout");
}

TEST_F(GrantsTest, AChangeKeepsTheName) {
  ChangeUser("ada", [](v1::User* user) { user->set_name("svc:checkout"); });
  EXPECT_EQ(accounts_->FindUser("ada")->name(), "ada");
}

TEST_F(GrantsTest, ANameIsTakenOnce) {
  EXPECT_TRUE(absl::IsAlreadyExists(accounts_->AddUser(UserNamed("ada"))));
  EXPECT_TRUE(absl::IsAlreadyExists(accounts_->AddClient(ServiceNamed("web"))));
}

TEST_F(GrantsTest, AUsersClaimsStandWhereTheClientMaySeeThem) {
  const auto web = SignInFor("web", "orders", {});
  ASSERT_THAT(web, IsOk());
  const v1::Claims claims = ClaimsOf(web->access_token());
  EXPECT_EQ(claims.private_claims().at("roles").string_value(), "operator");
  EXPECT_EQ(claims.private_claims().count("salary"), 0u);
  const auto phone = SignInFor("phone", "orders", {});
  ASSERT_THAT(phone, IsOk());
  EXPECT_EQ(ClaimsOf(phone->access_token()).private_claims().count("roles"), 0u);
}

TEST_F(GrantsTest, NoClaimThatMeansSomethingToJwtOrOauthIsAUsers) {
  for (const std::string name :
       {"iss",       "sub", "aud",   "exp",   "nbf",    "iat", "jti",
        "client_id", "azp", "scope", "scp",   "act",    "cnf", "sid",
        "auth_time", "acr", "amr",   "nonce", "events", "typ", "authorization_details",
        "sub_id",    ""}) {
    v1::User user = UserNamed("eve");
    (*user.mutable_claims())[name].set_string_value("x");
    EXPECT_THAT(accounts_->AddUser(user), IsError(StartsWith("claims: "))) << name;
    v1::Client client = ServiceNamed("eve");
    client.add_visible_claims(name);
    EXPECT_THAT(accounts_->AddClient(client), IsError(StartsWith("visible_claims: "))) << name;
    EXPECT_THAT(accounts_->ChangeUser("ada", false,
                                      [&](v1::User* user) {
                                        (*user->mutable_claims())[name].set_string_value("x");
                                        return absl::OkStatus();
                                      }),
                IsError(StartsWith("claims: ")))
        << name;
  }
}

TEST_F(GrantsTest, AUsersClaimsCanBeReadByServers) {
  v1::User user = UserNamed("eve");
  v1::Value* value = &(*user.mutable_claims())["deep"];
  for (int depth = 0; depth < 40; ++depth) value = value->mutable_list_value()->add_values();
  value->set_int_value(1);
  EXPECT_THAT(accounts_->AddUser(user), IsError(StartsWith("claims: ")));
  user.clear_claims();
  (*user.mutable_claims())["endless"].set_double_value(std::numeric_limits<double>::infinity());
  EXPECT_THAT(accounts_->AddUser(user), IsError(StartsWith("claims: ")));
  user.clear_claims();
  (*user.mutable_claims())["long"].set_string_value(std::string(49 * 1024, 'a'));
  EXPECT_THAT(accounts_->AddUser(user), IsError(StartsWith("claims: ")));
}

TEST_F(GrantsTest, RefusesGrantsThatAreNone) {
  const auto refused = [&](const std::string& audience, const Names& scopes) {
    v1::User user = UserNamed("eve");
    Grant(user.mutable_grants(), audience, scopes);
    return accounts_->AddUser(user);
  };
  EXPECT_THAT(refused("", {}), IsError(StartsWith("grants: ")));
  EXPECT_THAT(refused(std::string(513, 'a'), {}), IsError(StartsWith("grants: ")));
  EXPECT_THAT(refused("a", {"x y"}), IsError(StartsWith("grants: ")));
  EXPECT_THAT(refused("a", {""}), IsError(StartsWith("grants: ")));
  EXPECT_THAT(refused("a", {"\""}), IsError(StartsWith("grants: ")));
  EXPECT_THAT(refused("a", Names(101, "x")), IsError(StartsWith("grants: ")));
  v1::User twice = UserNamed("eve");
  Grant(twice.mutable_grants(), "a", {"x"});
  Grant(twice.mutable_grants(), "a", {"y"});
  EXPECT_THAT(accounts_->AddUser(twice), IsError(StartsWith("grants: ")));
}

TEST_F(GrantsTest, RefusesAClientThatProvesNothingAndWantsMoreThanSignIn) {
  v1::Client client;
  client.set_name("front");
  EXPECT_THAT(accounts_->AddClient(client), IsError(HasSubstr("signs_users_in")));
  client.set_signs_users_in(true);
  client.set_certificate_bound(true);
  EXPECT_THAT(accounts_->AddClient(client), IsError(StartsWith("certificate_bound: ")));
  client.set_certificate_bound(false);
  Grant(client.mutable_exchanges(), "payments", {});
  EXPECT_THAT(accounts_->AddClient(client), IsError(StartsWith("exchanges: ")));
}

TEST_F(GrantsTest, ComparesCertificateNamesExactly) {
  const std::string name = "spiffe://prod/checkout";
  const auto peer = [](const Names& uris, const Names& dns) {
    IssuerPeer peer;
    peer.verified_names.uris = uris;
    peer.verified_names.dns = dns;
    peer.certificate_sha256 = internal::Sha256("certificate");
    return peer;
  };
  const auto ask = [&](const IssuerPeer& peer) {
    return IssueForService("checkout", "orders", {}, peer);
  };
  EXPECT_THAT(ask(peer({name}, {})), IsOk());
  EXPECT_THAT(ask(peer({"spiffe://prod/other", name}, {"host"})), IsOk());
  for (const std::string& other :
       {std::string("spiffe://prod/orders"), name + "/", name + "/x",
        std::string("SPIFFE://prod/checkout"), std::string("spiffe://prod/Checkout"),
        std::string("spiffe://prod/*"), std::string("*"), std::string("checkout"), std::string(),
        name + " ", name.substr(0, name.size() - 1)}) {
    EXPECT_THAT(ask(peer({other}, {other})), IsError(StartsWith("invalid_client: "))) << other;
  }
  // Nothing that the server's roots vouch for, and no certificate.
  EXPECT_THAT(ask(peer({}, {})), IsError(StartsWith("invalid_client: ")));
  IssuerPeer without = peer({name}, {});
  without.certificate_sha256.clear();
  EXPECT_THAT(ask(without), IsError(StartsWith("invalid_client: ")));
}

TEST_F(GrantsTest, ComparesDnsNamesExactly) {
  v1::Client client = ServiceNamed("service");
  client.set_certificate_names(0, "service.prod.example.com");
  Grant(client.mutable_grants(), "orders", {});
  AddClient(client);
  for (const auto& [name, is_good] : std::vector<std::pair<std::string, bool>>{
           {"service.prod.example.com", true},
           {"*.prod.example.com", false},  // A certificate for many hosts is none of this one.
           {"service.prod.example.com.", false},
           {"Service.prod.example.com", false},
           {"x.service.prod.example.com", false}}) {
    IssuerPeer peer;
    peer.verified_names.dns = {name};
    peer.certificate_sha256 = internal::Sha256("certificate");
    EXPECT_EQ(IssueForService("service", "orders", {}, peer).ok(), is_good) << name;
  }
}

TEST_F(GrantsTest, RefusesCertificateNamesThatAreForMany) {
  for (const std::string& name :
       {std::string("*"), std::string("*.example.com"), std::string("spiffe://prod/*"),
        std::string(), std::string(513, 'a')}) {
    v1::Client client = ServiceNamed("service");
    client.set_certificate_names(0, name);
    EXPECT_THAT(accounts_->AddClient(client), IsError(StartsWith("certificate_names: "))) << name;
  }
}

TEST_F(GrantsTest, ADisabledClientIsAsUnknownAsOneThatIsNot) {
  ChangeClient("checkout", [](v1::Client* client) { client->set_disabled(true); });
  const auto disabled =
      IssueForService("checkout", "orders", {}, PeerWith("spiffe://prod/checkout"));
  const auto unknown = IssueForService("nobody", "orders", {}, PeerWith("spiffe://prod/checkout"));
  const auto other = IssueForService("orders", "orders", {}, PeerWith("spiffe://prod/checkout"));
  EXPECT_THAT(disabled, IsError(StartsWith("invalid_client: ")));
  EXPECT_EQ(disabled.status(), unknown.status());
  EXPECT_EQ(disabled.status(), other.status());
}

TEST_F(GrantsTest, ToDisableAClientWithdrawsItsTokens) {
  const auto token = IssueForService("checkout", "orders", {}, PeerWith("spiffe://prod/checkout"));
  ASSERT_THAT(token, IsOk());
  ChangeClient("checkout", [](v1::Client* client) { client->set_disabled(true); });
  ASSERT_THAT(issuer_->revocations()->Poll(), IsOk());
  EXPECT_FALSE(IsActive(token->access_token()));
}

TEST_F(GrantsTest, ATokenThatIsIssuedWhileItsClientIsDisabledIsWithdrawnToo) {
  wrapped_->AfterTheNextGet(IssuerStore::Kind::kClient, [&] {
    clock_->Advance(absl::Seconds(2));
    ChangeClient("checkout", [](v1::Client* client) { client->set_disabled(true); });
    clock_->Advance(absl::Seconds(2));
  });
  const auto late = IssueForService("checkout", "orders", {}, PeerWith("spiffe://prod/checkout"));
  ASSERT_THAT(late, IsOk());
  ASSERT_THAT(issuer_->revocations()->Poll(), IsOk());
  EXPECT_FALSE(IsActive(late->access_token()));
}

TEST_F(GrantsTest, BindsTokensToTheCertificateOfTheirClient) {
  ChangeClient("checkout", [](v1::Client* client) { client->set_certificate_bound(true); });
  const IssuerPeer peer = PeerWith("spiffe://prod/checkout");
  const auto token = IssueForService("checkout", "orders", {}, peer);
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(ClaimsOf(token->access_token()).confirmation().certificate_sha256(),
            peer.certificate_sha256);
  AddProvenApplication("desk");
  ChangeClient("desk", [](v1::Client* client) { client->set_certificate_bound(true); });
  const auto user = SignInFor("desk", "orders", {});
  ASSERT_THAT(user, IsOk());
  EXPECT_EQ(ClaimsOf(user->access_token()).confirmation().certificate_sha256(),
            PeerWith("spiffe://prod/desk").certificate_sha256);
}

TEST_F(GrantsTest, ATokenThatIsNotToBeBoundIsNot) {
  const auto token = IssueForService("checkout", "orders", {}, PeerWith("spiffe://prod/checkout"));
  ASSERT_THAT(token, IsOk());
  EXPECT_FALSE(ClaimsOf(token->access_token()).has_confirmation());
}

}  // namespace
}  // namespace lanyard::test
