// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_ISSUER_ISSUER_FIXTURE_H_
#define LANYARD_TESTS_ISSUER_ISSUER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/issuer/memory_store.h"
#include "lanyard/issuer/password_hash.h"
#include "lanyard/issuer/password_text.h"
#include "lanyard/issuer/token_issuer.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/crypto/scrypt.h"
#include "lanyard/sdk/internal/token_text.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/sdk/keys/key_directory.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/sdk/signer.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "tests/issuer/cheap_hash.h"
#include "tests/issuer/wrapped_store.h"
#include "tests/sdk/temp_folder.h"

namespace lanyard::test {

inline constexpr char kIssuer[] = "https://tokens.example.com";
inline constexpr char kPassword[] = "correct horse battery";

// An issuer on a store in memory and a clock that stands still, with a user "ada" who has a
// password, and the clients "web", where users sign in, "orders", which receives their tokens and
// exchanges them for "payments", "checkout", a service with a certificate, and "phone", one
// more application.
class IssuerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    RotationOptions rotation;
    rotation.algorithm = Algorithm::kEs256;
    ASSERT_THAT(RotateKeys(folder_.Path("keys"), rotation, clock_->Now()), testing::IsOk());
    folder_.Write("secret", std::string(32, '\x81'));
    chmod(folder_.Path("secret").c_str(), 0600);
    config_.set_issuer(kIssuer);
    config_.set_key_directory(folder_.Path("keys"));
    config_.mutable_memory();
    config_.mutable_sign_in()->set_session_secret_file(folder_.Path("secret"));
    Start();
    ASSERT_NE(issuer_, nullptr);
    AddUser("ada");
    v1::Client web;
    web.set_name("web");
    web.set_signs_users_in(true);
    Grant(web.mutable_grants(), "orders", {"orders.read", "orders.write"});
    web.add_visible_claims("roles");
    ASSERT_THAT(accounts_->AddClient(web), testing::IsOk());
    // Another application, which anybody may say to be as well.
    v1::Client phone;
    phone.set_name("phone");
    phone.set_signs_users_in(true);
    Grant(phone.mutable_grants(), "orders", {"orders.read"});
    ASSERT_THAT(accounts_->AddClient(phone), testing::IsOk());
    v1::Client orders;
    orders.set_name("orders");
    orders.add_certificate_names("spiffe://prod/orders");
    Grant(orders.mutable_exchanges(), "payments", {"orders.read", "pay"});
    orders.add_visible_claims("roles");
    ASSERT_THAT(accounts_->AddClient(orders), testing::IsOk());
    v1::Client checkout;
    checkout.set_name("checkout");
    checkout.add_certificate_names("spiffe://prod/checkout");
    Grant(checkout.mutable_grants(), "orders", {"orders.read", "orders.write"});
    ASSERT_THAT(accounts_->AddClient(checkout), testing::IsOk());
  }

  // The issuer anew, with what the config says now; the store stays.
  void Start() {
    issuer_ = NewIssuer();
    accounts_ = std::make_unique<Accounts>(kIssuer, wrapped_, clock_);
  }

  // One more with that config, on the same store.
  std::unique_ptr<TokenIssuer> NewIssuer() {
    TokenIssuerOptions options;
    options.config = config_;
    options.store = wrapped_;
    options.clock = clock_;
    options.cheaper_passwords_for_tests = kCheap;
    auto issuer = TokenIssuer::Create(options);
    EXPECT_THAT(issuer, testing::IsOk());
    return issuer.ok() ? *std::move(issuer) : nullptr;
  }

  static void Grant(google::protobuf::RepeatedPtrField<v1::Grant>* grants,
                    const std::string& audience, const std::vector<std::string>& scopes) {
    v1::Grant* grant = grants->Add();
    grant->set_audience(audience);
    for (const std::string& scope : scopes) grant->add_scopes(scope);
  }

  void AddUser(const std::string& name) {
    v1::User user;
    user.set_name(name);
    user.set_password_hash(CheapHash(kPassword));
    Grant(user.mutable_grants(), "orders", {"orders.read"});
    (*user.mutable_claims())["roles"].set_string_value("operator");
    (*user.mutable_claims())["salary"].set_int_value(1);
    ASSERT_THAT(accounts_->AddUser(user), testing::IsOk());
  }

  // A connection with a certificate of that name, or from that network.
  static IssuerPeer PeerWith(const std::string& certificate_name) {
    IssuerPeer peer;
    peer.verified_names.uris = {certificate_name};
    peer.certificate_sha256 = internal::Sha256(certificate_name);
    return peer;
  }
  static IssuerPeer PeerFrom(const std::string& network) {
    IssuerPeer peer;
    peer.network = network;
    return peer;
  }

  static v1::SignInRequest SignInOf(const std::string& user,
                                    const std::string& password = kPassword) {
    v1::SignInRequest request;
    request.set_user(user);
    request.set_password(password);
    request.mutable_client()->set_client_id("web");
    request.set_audience("orders");
    return request;
  }

  // The refresh token and access token of a sign-in that must succeed.
  v1::TokenResponse SignIn(const std::string& user = "ada") {
    auto response = issuer_->SignIn(SignInOf(user), PeerFrom("192.0.2.1"));
    EXPECT_THAT(response, testing::IsOk());
    return response.ok() ? *response : v1::TokenResponse();
  }

  absl::StatusOr<v1::TokenResponse> Refresh(const std::string& token,
                                            const std::string& client = "web") {
    v1::RefreshRequest request;
    request.set_refresh_token(token);
    request.mutable_client()->set_client_id(client);
    return issuer_->Refresh(request, IssuerPeer());
  }

  // An application that can prove who it is, where users may sign in as well.
  void AddProvenApplication(const std::string& name) {
    v1::Client client;
    client.set_name(name);
    client.set_signs_users_in(true);
    client.add_certificate_names("spiffe://prod/" + name);
    Grant(client.mutable_grants(), "orders", {"orders.read"});
    ASSERT_THAT(accounts_->AddClient(client), testing::IsOk());
  }

  // A client that must be good.
  void AddClient(const v1::Client& client) {
    ASSERT_THAT(accounts_->AddClient(client), testing::IsOk());
  }
  void ChangeClient(const std::string& name, const std::function<void(v1::Client*)>& change) {
    ASSERT_THAT(accounts_->ChangeClient(name, false,
                                        [&](v1::Client* client) {
                                          change(client);
                                          return absl::OkStatus();
                                        }),
                testing::IsOk());
  }
  void ChangeUser(const std::string& name, const std::function<void(v1::User*)>& change) {
    ASSERT_THAT(accounts_->ChangeUser(name, false,
                                      [&](v1::User* user) {
                                        change(user);
                                        return absl::OkStatus();
                                      }),
                testing::IsOk());
  }

  // What the issuer's own key has signed, whether the issuer would say so or not.
  std::string Sign(const v1::Claims& claims, const std::string& type = "at+jwt") {
    auto keys = KeyDirectory::Create({folder_.Path("keys"), absl::Seconds(1), clock_});
    EXPECT_THAT(keys, testing::IsOk());
    SignerOptions options;
    options.key_directory = *std::move(keys);
    options.type = type;
    return *(*Signer::Create(std::move(options)))->Sign(claims);
  }

  // All that the store holds, as bytes.
  std::string AllBytes() const {
    std::string all;
    for (const auto kind :
         {IssuerStore::Kind::kUser, IssuerStore::Kind::kClient, IssuerStore::Kind::kSession,
          IssuerStore::Kind::kUsedId, IssuerStore::Kind::kAttempts}) {
      const auto keys = store_->Keys(kind, "", 100'000);
      for (const std::string& key : *keys) {
        all += key + (*store_->Get(kind, key))->value;
      }
    }
    const auto log = store_->RevocationsAfter(0);
    for (const v1::Revocation& revocation : log->revocations) {
      all += revocation.SerializeAsString();
    }
    return all;
  }

  absl::StatusOr<v1::TokenResponse> Exchange(const std::string& token,
                                             const std::string& client = "orders",
                                             const std::string& audience = "payments") {
    v1::ExchangeRequest request;
    request.set_subject_token(token);
    request.mutable_client()->set_client_id(client);
    request.set_audience(audience);
    return issuer_->Exchange(request, PeerWith("spiffe://prod/" + client));
  }

  bool IsActive(const std::string& token) {
    v1::IntrospectRequest request;
    request.set_token(token);
    const auto response = issuer_->Introspect(request);
    EXPECT_THAT(response, testing::IsOk());
    return response.ok() && response->active();
  }

  // What a token says, as the issuer itself reads it; it must be active.
  v1::Claims ClaimsOf(const std::string& token) {
    v1::IntrospectRequest request;
    request.set_token(token);
    const auto response = issuer_->Introspect(request);
    EXPECT_TRUE(response.ok() && response->active());
    return response.ok() ? response->claims() : v1::Claims();
  }

  testing::TempFolder folder_;
  const std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
  const std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>(clock_);
  v1::IssuerConfig config_;
  // Around the store, for what is to happen to it.
  const std::shared_ptr<WrappedStore> wrapped_ = std::make_shared<WrappedStore>(store_);
  std::unique_ptr<TokenIssuer> issuer_;
  std::unique_ptr<Accounts> accounts_;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_ISSUER_ISSUER_FIXTURE_H_
