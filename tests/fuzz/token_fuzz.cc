// SPDX-License-Identifier: Apache-2.0
//
// Compact tokens through a Verifier with three issuers and keys of several algorithms, fresh and
// cached, against the slow path. The first line is 'r' and then the token as it is, or a digit that
// picks a key: then come a line of header, a line of claims, and edits of the signed token.
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/fixed_keys.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/fuzz/slow_verify.h"
#include "lanyard/sdk/internal/issuer_rules.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/verifier.h"
#include "lanyard/testing/fake_clock.h"

namespace {

using namespace lanyard;

constexpr int64_t kNow = 1900000000;
constexpr size_t kMaxBytes = 4096;

struct World {
  std::vector<Key> keys;
  std::shared_ptr<testing::FakeClock> clock = std::make_shared<testing::FakeClock>();
  std::vector<fuzz::SlowIssuer> issuers;
  std::unique_ptr<Verifier> verifier;
};

World* MakeWorld() {
  auto* world = new World;
  const struct {
    const char* name;
    v1::Profile profile;
    std::vector<Algorithm> algorithms;
  } issuers[] = {
      {"a", v1::RFC9068, {Algorithm::kEs256, Algorithm::kEdDsa, Algorithm::kPs256}},
      {"b", v1::CUSTOM, {Algorithm::kHs256, Algorithm::kHs512}},
      {"c", v1::KUBERNETES, {Algorithm::kEs384, Algorithm::kEs512, Algorithm::kRs256}},
      {"d", v1::KEYCLOAK, {Algorithm::kPs512}},
  };
  VerifierOptions options;
  options.clock = world->clock;
  options.max_token_bytes = kMaxBytes;
  options.cache_bytes = 64 * 1024;
  for (const auto& issuer : issuers) {
    v1::Issuer config;
    config.set_name(issuer.name);
    config.set_issuer(issuer.name);
    config.add_audiences("us");
    config.mutable_may_assert()->set_anything(true);
    config.set_profile(issuer.profile);
    if (issuer.profile == v1::CUSTOM) {
      config.add_custom_types("JWT");
      config.add_custom_types("NO_TYP");
      config.set_issuer_signs_access_tokens_only(true);
      config.set_every_verifier_can_mint(true);
      config.set_accept_subjectless_tokens(true);
    }
    std::vector<Key> keys;
    for (const Algorithm algorithm : issuer.algorithms) {
      v1::Algorithm value;
      FUZZ_CHECK(v1::Algorithm_Parse(std::string(AlgorithmName(algorithm)), &value));
      config.add_algorithms(value);
      keys.push_back(fuzz::FixedKey(algorithm, AlgorithmName(algorithm)));
      world->keys.push_back(keys.back());
    }
    auto bound = KeySet(keys).BindTo(issuer.algorithms);
    FUZZ_CHECK(bound.ok());
    world->issuers.push_back({internal::RulesOf(config), *bound});
    options.issuers.push_back({config, std::make_shared<StaticKeySource>(*bound)});
  }
  auto verifier = Verifier::Create(std::move(options));
  FUZZ_CHECK(verifier.ok());
  world->verifier = *std::move(verifier);
  return world;
}

std::string TokenOf(const World& world, fuzz::Input input) {
  const absl::string_view first = input.Line();
  if (first == "r") return std::string(input.Take(input.size()));
  const Key& key =
      world.keys[first.empty() ? 0 : static_cast<uint8_t>(first[0] - '0') % world.keys.size()];
  const absl::string_view header = input.Line();
  const absl::string_view claims = input.Line();
  auto token = internal::SignCompact(key, *key.algorithm(), header, claims);
  FUZZ_CHECK(token.ok());
  return input.Edit(*std::move(token));
}

struct CertifiedConnection final : TokenConnection {
  std::string CertificateSha256() override { return std::string(32, 'c'); }
  bool BeginSignatureCheck() override { return ++checks < 2; }
  int checks = 0;
};

void CheckVerdict(const absl::StatusOr<Identity>& fast, const fuzz::SlowVerdict& slow,
                  const std::string& certificate_sha256) {
  auto failure = slow.failure;
  if (!failure.has_value() && slow.bound &&
      (certificate_sha256.empty() || slow.certificate_sha256 != certificate_sha256)) {
    failure = AuthFailure::kNotBound;
  }
  if (failure.has_value()) {
    FUZZ_CHECK(!fast.ok() && FailureOf(fast.status()) == failure);
  } else {
    FUZZ_CHECK(fast.ok() && fuzz::SaysTheSame(*fast, slow));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World* const world = MakeWorld();
  const std::string token = TokenOf(*world, fuzz::Input(fuzz::TextOf(data, size)));
  // The second call finds the first one's verdict in the cache; the last is ten minutes later.
  for (const int64_t later : {0, 0, 600}) {
    const absl::Time now = absl::FromUnixSeconds(kNow + later);
    world->clock->Set(now);
    if (token.empty()) {
      FUZZ_CHECK(FailureOf(world->verifier->Verify(token).status()) == AuthFailure::kMissingToken);
      continue;
    }
    const auto slow = fuzz::SlowVerify(token, kMaxBytes, world->issuers, now);
    CheckVerdict(world->verifier->Verify(token), slow, "");
    CertifiedConnection connection;
    CheckVerdict(world->verifier->Verify(token, connection), slow, connection.CertificateSha256());
  }
  return 0;
}
