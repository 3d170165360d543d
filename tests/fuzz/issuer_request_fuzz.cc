// SPDX-License-Identifier: Apache-2.0
//
// Requests to an issuer: a byte that says which, then the message as it stands on the wire. Where
// it says $password, $assertion, $refresh or $access, there stands a good one. However the rest
// looks, there is no token without the proofs that the request asks for, none for more than was
// granted, and no error that is not one for clients.
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/fixed_keys.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/issuer/memory_store.h"
#include "lanyard/issuer/password_hash.h"
#include "lanyard/issuer/password_text.h"
#include "lanyard/issuer/token_issuer.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/testing/fake_clock.h"

namespace {

using namespace lanyard;

constexpr char kIssuer[] = "https://tokens.example.com";
constexpr char kPassword[] = "what-only-ada-knows";
constexpr char kScope[] = "orders.read";

// An issuer with a user "ada", an application "web" and a service "robot" that has a key: ada and
// robot may have kScope for "robot", and robot may exchange for "payments".
class World {
 public:
  World() {
    const char* tmp = std::getenv("TEST_TMPDIR");
    std::string folder = absl::StrCat(tmp == nullptr ? "/tmp" : tmp, "/lanyard-fuzz.XXXXXX");
    FUZZ_CHECK(mkdtemp(&folder[0]) != nullptr);
    RotationOptions rotation;
    rotation.algorithm = Algorithm::kEs256;
    rotation.token_lifetime = absl::Hours(24 * 31);
    FUZZ_CHECK(RotateKeys(folder + "/keys", rotation, clock_->Now()).ok());
    std::ofstream(folder + "/secret") << std::string(32, '\x81');
    FUZZ_CHECK(chmod((folder + "/secret").c_str(), 0600) == 0);

    TokenIssuerOptions options;
    options.config.set_issuer(kIssuer);
    options.config.set_key_directory(folder + "/keys");
    options.config.mutable_memory();
    options.config.mutable_sign_in()->set_session_secret_file(folder + "/secret");
    options.store = store_;
    options.clock = clock_;
    options.cheaper_passwords_for_tests = 1;
    auto issuer = TokenIssuer::Create(options);
    FUZZ_CHECK(issuer.ok());
    issuer_ = *std::move(issuer);

    Accounts accounts(kIssuer, store_, clock_);
    const auto grant = [](v1::Grant* grant, const char* audience) {
      grant->set_audience(audience);
      grant->add_scopes(kScope);
    };
    v1::User ada;
    ada.set_name("ada");
    internal::PasswordHashesOptions hashes;
    hashes.cost.log2_n = 1;
    ada.set_password_hash(
        *(*internal::PasswordHashes::Create(hashes))->Hash(*internal::PasswordText(kPassword)));
    grant(ada.add_grants(), "robot");
    FUZZ_CHECK(accounts.AddUser(ada).ok());
    v1::Client web;
    web.set_name("web");
    web.set_signs_users_in(true);
    grant(web.add_grants(), "robot");
    FUZZ_CHECK(accounts.AddClient(web).ok());
    v1::Client robot;
    robot.set_name("robot");
    robot.set_jwks(absl::StrCat("{\"keys\":[", *key_.ToPublicJwk(), "]}"));
    grant(robot.add_grants(), "robot");
    grant(robot.add_exchanges(), "payments");
    FUZZ_CHECK(accounts.AddClient(robot).ok());
  }

  // Time passes between one request and the next, so that no attempt is too early.
  void NextRequest() {
    clock_->Advance(absl::Minutes(16));
    FUZZ_CHECK(issuer_->revocations()->Poll().ok());
    if (++requests_ % 256 == 0) FUZZ_CHECK(store_->RemoveExpired().ok());
  }

  std::string Assertion() {
    const int64_t now = absl::ToUnixSeconds(clock_->Now());
    return *internal::SignCompact(
        key_, Algorithm::kEs256,
        R"({"alg":"ES256","typ":"client-authentication+jwt","kid":"robot"})",
        absl::StrCat(R"({"iss":"robot","sub":"robot","aud":")", kIssuer, R"(","exp":)", now + 60,
                     R"(,"jti":")", ++assertions_, R"("})"));
  }
  v1::TokenResponse SignIn() {
    v1::SignInRequest request;
    request.set_user("ada");
    request.set_password(kPassword);
    request.mutable_client()->set_client_id("web");
    request.set_audience("robot");
    auto response = issuer_->SignIn(request, IssuerPeer());
    FUZZ_CHECK(response.ok());
    return *response;
  }
  TokenIssuer& issuer() { return *issuer_; }

 private:
  const std::shared_ptr<testing::FakeClock> clock_ = std::make_shared<testing::FakeClock>();
  const std::shared_ptr<MemoryStore> store_ = std::make_shared<MemoryStore>(clock_);
  const Key key_ = fuzz::FixedKey(Algorithm::kEs256, "robot");
  std::unique_ptr<TokenIssuer> issuer_;
  int requests_ = 0, assertions_ = 0;
};

World& TheWorld() {
  static World* const world = new World();
  return *world;
}

// What stood there for something good.
struct Proofs {
  bool password = false, assertion = false, token = false;
};

void Fill(v1::ClientProof* proof, Proofs* proofs) {
  if (proof->assertion() != "$assertion") return;
  proof->set_assertion(TheWorld().Assertion());
  proofs->assertion = true;
}
void Fill(std::string* token, Proofs* proofs) {
  if (*token != "$refresh" && *token != "$access") return;
  const v1::TokenResponse response = TheWorld().SignIn();
  *token = *token == "$refresh" ? response.refresh_token() : response.access_token();
  proofs->token = true;
}

void CheckError(const absl::Status& status) {
  FUZZ_CHECK(!absl::StrContains(status.message(), kPassword));
  FUZZ_CHECK(status.message().size() < 512);
  FUZZ_CHECK(absl::IsInvalidArgument(status) || absl::IsUnauthenticated(status) ||
             absl::IsPermissionDenied(status));
}

// A token, if there is one, is good, for that audience and subject, and for no more than kScope.
void CheckAnswer(const absl::StatusOr<v1::TokenResponse>& response, bool may_succeed,
                 const char* audience, const char* subject) {
  if (!response.ok()) return CheckError(response.status());
  FUZZ_CHECK(may_succeed);
  v1::IntrospectRequest request;
  request.set_token(response->access_token());
  const auto seen = TheWorld().issuer().Introspect(request);
  FUZZ_CHECK(seen.ok() && seen->active());
  FUZZ_CHECK(seen->claims().audiences_size() == 1 && seen->claims().audiences(0) == audience);
  FUZZ_CHECK(seen->claims().subject() == subject);
  for (const std::string& scope : seen->claims().scopes()) FUZZ_CHECK(scope == kScope);
}

template <typename T>
bool Parse(absl::string_view bytes, T* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(fuzz::TextOf(data, size));
  const size_t which = input.Pick(6);
  const absl::string_view bytes = input.Take(input.size());
  World& world = TheWorld();
  world.NextRequest();
  TokenIssuer& issuer = world.issuer();
  IssuerPeer peer;
  Proofs proofs;
  if (which == 0) {
    v1::SignInRequest request;
    if (!Parse(bytes, &request)) return 0;
    proofs.password = request.password() == "$password";
    if (proofs.password) request.set_password(kPassword);
    Fill(request.mutable_client(), &proofs);
    CheckAnswer(issuer.SignIn(request, peer),
                proofs.password && request.user() == "ada" && request.audience() == "robot",
                "robot", "user:ada");
  } else if (which == 1) {
    v1::IssueForServiceRequest request;
    if (!Parse(bytes, &request)) return 0;
    Fill(request.mutable_client(), &proofs);
    CheckAnswer(issuer.IssueForService(request, peer), proofs.assertion, "robot", "svc:robot");
  } else if (which == 2) {
    v1::RefreshRequest request;
    if (!Parse(bytes, &request)) return 0;
    Fill(request.mutable_refresh_token(), &proofs);
    Fill(request.mutable_client(), &proofs);
    CheckAnswer(issuer.Refresh(request, peer), proofs.token, "robot", "user:ada");
  } else if (which == 3) {
    v1::ExchangeRequest request;
    if (!Parse(bytes, &request)) return 0;
    Fill(request.mutable_subject_token(), &proofs);
    Fill(request.mutable_client(), &proofs);
    CheckAnswer(issuer.Exchange(request, peer), proofs.token && proofs.assertion, "payments",
                "user:ada");
  } else if (which == 4) {
    v1::RevokeRequest request;
    if (!Parse(bytes, &request)) return 0;
    Fill(request.mutable_token(), &proofs);
    Fill(request.mutable_client(), &proofs);
    if (const absl::Status revoked = issuer.Revoke(request, peer); !revoked.ok()) {
      CheckError(revoked);
    }
  } else {
    v1::IntrospectRequest request;
    if (!Parse(bytes, &request)) return 0;
    Fill(request.mutable_token(), &proofs);
    const auto response = issuer.Introspect(request);
    FUZZ_CHECK(response.ok() && (proofs.token || !response->active()));
  }
  return 0;
}
