// SPDX-License-Identifier: Apache-2.0
//
// What a client's tokens cost: making one, beside BoringSSL's own signature, and having one that is
// kept. `//bench:report` runs it and makes the ratios.
//
//   ./bazelw run -c opt //bench:tokens
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <utility>

#include "bench/allocations.h"
#include "bench/workload.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/signer.h"
#include "lanyard/sdk/tokens/caching_token_source.h"
#include "lanyard/sdk/tokens/self_signed_token_source.h"

namespace lanyard::bench {
namespace {

constexpr Algorithm kAlgorithms[] = {Algorithm::kHs256, Algorithm::kRs256, Algorithm::kEs256,
                                     Algorithm::kEdDsa};

std::shared_ptr<const Signer> SignerOf(const Key& key, Algorithm algorithm) {
  SignerOptions options;
  options.key = key;
  options.algorithm = algorithm;
  auto signer = Signer::Create(std::move(options));
  if (!signer.ok()) Die(signer.status().ToString());
  return *std::move(signer);
}

void RawSignature(benchmark::State& state, Algorithm algorithm) {
  const Key key = *Key::Generate(algorithm);
  const std::string message(500, 'x');
  for (auto unused : state) {
    if (!key.material().Sign(algorithm, message).ok()) Die("no signature");
  }
}

void Mint(benchmark::State& state, Algorithm algorithm) {
  const Key key = *Key::Generate(algorithm);
  SelfSignedTokenOptions options;
  options.signer = SignerOf(key, algorithm);
  options.issuer = "https://bench.example.test";
  options.subject = "svc:checkout";
  options.scopes = {"orders.read", "orders.write", "payments.read"};
  auto source = SelfSignedTokenSource(std::move(options));
  if (!source.ok()) Die(source.status().ToString());
  for (auto unused : state) {
    bool ok = false;
    (*source)->Fetch({"test"}, [&ok](absl::StatusOr<BearerToken> token) { ok = token.ok(); });
    if (!ok) Die("no token");
  }
}

void GetToken(benchmark::State& state) {
  static CachingTokenSource* const cache = [] {
    SelfSignedTokenOptions options;
    options.signer = SignerOf(*Key::Generate(Algorithm::kEs256), Algorithm::kEs256);
    options.issuer = "https://bench.example.test";
    options.subject = "svc:checkout";
    return new CachingTokenSource(*SelfSignedTokenSource(std::move(options)));
  }();
  const TokenRequest request{"orders"};
  while (cache->Cached(request) == nullptr) {
    cache->Get(request, TokenUse::kCall,
               [](const absl::StatusOr<CachingTokenSource::TokenPtr>&) {});
  }
  const int64_t before = AllocationsOfThread();
  for (auto unused : state) {
    if (cache->Cached(request) == nullptr) Die("the token is gone");
  }
  state.counters["allocations"] =
      benchmark::Counter(static_cast<double>(AllocationsOfThread() - before),
                         benchmark::Counter::kAvgIterations | benchmark::Counter::kAvgThreads);
}

void Register() {
  for (const Algorithm algorithm : kAlgorithms) {
    const std::string name(AlgorithmName(algorithm));
    benchmark::RegisterBenchmark(
        ("sign/raw/" + name).c_str(),
        [algorithm](benchmark::State& state) { RawSignature(state, algorithm); });
    benchmark::RegisterBenchmark(("mint/" + name).c_str(),
                                 [algorithm](benchmark::State& state) { Mint(state, algorithm); });
  }
  for (const int threads : {1, 2}) {
    benchmark::RegisterBenchmark("get_token", GetToken)->Threads(threads)->UseRealTime();
  }
}

}  // namespace
}  // namespace lanyard::bench

int main(int argc, char** argv) {
  lanyard::bench::Register();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
