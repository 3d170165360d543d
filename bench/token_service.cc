// SPDX-License-Identifier: Apache-2.0
//
// How much a token service does in a second on each store, one request after the other: tokens for
// services, refreshes and sign-ins, beside what their cryptography alone costs, a raw ES256
// signature and a raw scrypt. All are measured in turn in the same run (median of rounds).
//
//   ./bazelw run -c opt //bench:token_service
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "lanyard/issuer/accounts.h"
#include "lanyard/issuer/memory_store.h"
#include "lanyard/issuer/redis_store.h"
#include "lanyard/issuer/set_password.h"
#include "lanyard/issuer/sqlite_store.h"
#include "lanyard/issuer/token_issuer.h"
#include "lanyard/sdk/internal/crypto/scrypt.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/testing/test_certificates.h"
#include "tests/issuer/redis_server.h"

namespace lanyard {
namespace {

constexpr char kIssuer[] = "https://tokens.example.com";
constexpr char kPassword[] = "correct horse battery";
constexpr int kRounds = 5;

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  std::exit(1);
}
void OrDie(const absl::Status& status) { OrDie(status.ok() ? absl::StatusOr<int>(0) : status); }

struct Case {
  std::string name;
  std::string beside;  // The case that is its cryptography.
  int times;
  std::function<void()> work;
  std::vector<double> microseconds;

  double Median() {
    std::sort(microseconds.begin(), microseconds.end());
    return microseconds[microseconds.size() / 2];
  }
};

// An issuer on a store, with a user and two clients, and what it is asked.
class Service {
 public:
  Service(const testing::TestCertificates& files, std::shared_ptr<IssuerStore> store) {
    Accounts accounts(kIssuer, store);
    v1::User ada;
    ada.set_name("ada");
    ada.add_grants()->set_audience("orders");
    OrDie(accounts.AddUser(ada));
    OrDie(SetPassword(accounts, "ada", kPassword, v1::SignIn()));
    v1::Client web;
    web.set_name("web");
    web.set_signs_users_in(true);
    web.add_grants()->set_audience("orders");
    OrDie(accounts.AddClient(web));
    v1::Client checkout;
    checkout.set_name("checkout");
    checkout.add_certificate_names("spiffe://shop/checkout");
    checkout.add_grants()->set_audience("orders");
    OrDie(accounts.AddClient(checkout));
    TokenIssuerOptions options;
    options.config.set_issuer(kIssuer);
    options.config.set_key_directory(files.Path("keys"));
    options.config.mutable_sign_in()->set_session_secret_file(files.Path("session-secret"));
    options.store = std::move(store);
    issuer_ = OrDie(TokenIssuer::Create(options));
    service_.verified_names.uris = {"spiffe://shop/checkout"};
    service_.certificate_sha256 = std::string(32, 'c');
    person_.network = "192.0.2.1";
  }

  void SignIn() {
    v1::SignInRequest request;
    request.set_user("ada");
    request.set_password(kPassword);
    request.mutable_client()->set_client_id("web");
    request.set_audience("orders");
    refresh_token_ = OrDie(issuer_->SignIn(request, person_)).refresh_token();
  }
  void Refresh() {
    v1::RefreshRequest request;
    request.set_refresh_token(refresh_token_);
    request.mutable_client()->set_client_id("web");
    refresh_token_ = OrDie(issuer_->Refresh(request, person_)).refresh_token();
  }
  void Issue() {
    v1::IssueForServiceRequest request;
    request.mutable_client()->set_client_id("checkout");
    request.set_audience("orders");
    OrDie(issuer_->IssueForService(request, service_));
  }

 private:
  std::unique_ptr<TokenIssuer> issuer_;
  IssuerPeer service_, person_;
  std::string refresh_token_;
};

int Main() {
  testing::TestCertificates files;
  RotationOptions rotation;
  rotation.algorithm = Algorithm::kEs256;
  const DatedKey signing = OrDie(RotateKeys(files.Path("keys"), rotation, absl::Now()));
  files.Write("session-secret", std::string(32, '\x81'));
  chmod(files.Path("session-secret").c_str(), 0600);

  std::vector<std::pair<std::string, std::unique_ptr<Service>>> services;
  services.emplace_back("memory",
                        std::make_unique<Service>(files, std::make_shared<MemoryStore>()));
  SqliteStoreOptions sqlite;
  sqlite.file = files.Path("issuer.db");
  services.emplace_back("SQLite",
                        std::make_unique<Service>(files, OrDie(SqliteStore::Create(sqlite))));
  test::RedisServer server(files);
  if (test::RedisServer::IsInstalled()) {
    server.Start();
    RedisStoreOptions redis;
    redis.address = server.address();
    services.emplace_back("Redis",
                          std::make_unique<Service>(files, OrDie(RedisStore::Create(redis))));
  }

  std::vector<Case> cases;
  const std::string message(600, 'm');
  cases.push_back({"raw ES256 signature",
                   "",
                   300,
                   [&] { OrDie(signing.key.material().Sign(Algorithm::kEs256, message)); },
                   {}});
  cases.push_back(
      {"raw scrypt",
       "",
       1,
       [] {
         const internal::ScryptCost cost;
         OrDie(internal::Scrypt(kPassword, "0123456789abcdef", cost, uint64_t{256} << 20, 32));
       },
       {}});
  for (auto& [name, service] : services) {
    Service* one = service.get();
    one->SignIn();
    cases.push_back(
        {name + ": token for a service", "raw ES256 signature", 300, [one] { one->Issue(); }, {}});
    cases.push_back(
        {name + ": refresh", "raw ES256 signature", 100, [one] { one->Refresh(); }, {}});
    cases.push_back({name + ": sign-in", "raw scrypt", 1, [one] { one->SignIn(); }, {}});
  }
  for (int round = 0; round < kRounds; ++round) {
    for (Case& each : cases) {
      const auto start = std::chrono::steady_clock::now();
      for (int i = 0; i < each.times; ++i) each.work();
      each.microseconds.push_back(
          std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
              .count() /
          each.times);
    }
  }
  std::printf("%-30s %12s %12s %10s\n", "", "us each", "a second", "x raw");
  for (Case& each : cases) {
    double raw = 0;
    for (Case& other : cases) {
      if (other.name == each.beside) raw = other.Median();
    }
    std::printf("%-30s %12.1f %12.1f", each.name.c_str(), each.Median(), 1e6 / each.Median());
    std::printf(raw > 0 ? " %10.2f\n" : "\n", each.Median() / raw);
  }
  return 0;
}

}  // namespace
}  // namespace lanyard

int main() { return lanyard::Main(); }
