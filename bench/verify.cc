// SPDX-License-Identifier: Apache-2.0
//
// What a verifier costs: a token's first sight, its later ones, and refusals, beside BoringSSL's
// own check of the same bytes. `//bench:report` runs it and makes the ratios.
//
//   ./bazelw run -c opt //bench:verify -- --benchmark_filter=ES256
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "bench/allocations.h"
#include "bench/raw_signature.h"
#include "bench/workload.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/jws.h"

namespace lanyard::bench {
namespace {

using testing::TestIssuer;

constexpr Algorithm kAlgorithms[] = {Algorithm::kHs256, Algorithm::kHs384, Algorithm::kHs512,
                                     Algorithm::kRs256, Algorithm::kPs256, Algorithm::kEs256,
                                     Algorithm::kEs384, Algorithm::kEs512, Algorithm::kEdDsa};

// As many as one verifier is shown before another takes its place, so that each is new to it.
constexpr size_t kFirstSights = 256;

// Counts what the measured part allocates, one call at a time.
class Allocations {
 public:
  explicit Allocations(benchmark::State& state) : state_(state), before_(AllocationsOfThread()) {}
  ~Allocations() {
    state_.counters["allocations"] =
        benchmark::Counter(static_cast<double>(AllocationsOfThread() - before_ - unmeasured_),
                           benchmark::Counter::kAvgIterations);
  }
  // What happens meanwhile does not count.
  void Pause() { paused_ = AllocationsOfThread(); }
  void Resume() { unmeasured_ += AllocationsOfThread() - paused_; }

 private:
  benchmark::State& state_;
  const int64_t before_;
  int64_t paused_ = 0, unmeasured_ = 0;
};

const TestIssuer& IssuerOf(Algorithm algorithm) {
  static auto* issuers = new std::map<Algorithm, TestIssuer>;
  return issuers->try_emplace(algorithm, algorithm, "bench").first->second;
}

const std::vector<std::string>& FirstSightTokens(Algorithm algorithm) {
  static auto* tokens = new std::map<Algorithm, std::vector<std::string>>;
  std::vector<std::string>& these = (*tokens)[algorithm];
  if (these.empty()) these = TokensOf(IssuerOf(algorithm), kFirstSights);
  return these;
}

void Raw(benchmark::State& state, Algorithm algorithm) {
  const TestIssuer& issuer = IssuerOf(algorithm);
  std::vector<std::function<bool()>> checks;
  for (const std::string& token : FirstSightTokens(algorithm)) {
    checks.push_back(RawSignatureCheck(issuer.key(), algorithm, token));
  }
  size_t next = 0;
  for (auto unused : state) {
    if (!checks[next]()) Die("the raw check refuses a good token");
    next = (next + 1) % checks.size();
  }
}

void FirstSight(benchmark::State& state, Algorithm algorithm) {
  const std::vector<std::string>& tokens = FirstSightTokens(algorithm);
  std::unique_ptr<Verifier> verifier = VerifierOf(IssuerOf(algorithm));
  size_t next = 0;
  {
    Allocations allocations(state);
    for (auto unused : state) {
      if (next == tokens.size()) {
        state.PauseTiming();
        allocations.Pause();
        verifier = VerifierOf(IssuerOf(algorithm));
        next = 0;
        allocations.Resume();
        state.ResumeTiming();
      }
      if (!verifier->Verify(tokens[next++]).ok()) Die("a good token is refused");
    }
  }
  state.counters["token_bytes"] = static_cast<double>(tokens[0].size());
  if (verifier->Status().cache_hits != 0) Die("a first sight was none");
}

// So many tokens that a verifier keeps, shared between the benchmarks of as many.
struct Kept {
  std::unique_ptr<Verifier> verifier;
  std::vector<std::string> tokens;
};
const Kept& KeptOf(size_t count) {
  static auto* mutex = new std::mutex;
  std::lock_guard<std::mutex> lock(*mutex);
  static auto* all = new std::map<size_t, Kept>;
  Kept& kept = (*all)[count];
  if (kept.verifier != nullptr) return kept;
  // The cheapest algorithm: which one it was counts no more.
  const TestIssuer& issuer = IssuerOf(Algorithm::kHs256);
  kept.tokens = TokensOf(issuer, count);
  kept.verifier = VerifierOf(issuer, count * 8192 + (size_t{16} << 20));
  for (const std::string& token : kept.tokens) {
    if (!kept.verifier->Verify(token).ok()) Die("a good token is refused");
  }
  return kept;
}

// As a server sees it: the token has just been read from the wire, which one it is nobody can
// guess.
void LaterSight(benchmark::State& state) {
  const Kept& kept = KeptOf(static_cast<size_t>(state.range(0)));
  const int64_t misses = kept.verifier->Status().cache_misses;
  std::minstd_rand random(static_cast<unsigned>(state.thread_index()) + 1);
  std::vector<std::string> read(64);
  size_t next = read.size();
  // The first later sights of each CPU are copied for it.
  for (size_t i = 0; i < 2 * std::min<size_t>(kept.tokens.size(), 1000); ++i) {
    if (!kept.verifier->Verify(kept.tokens[i % kept.tokens.size()]).ok()) Die("no good token");
  }
  {
    Allocations allocations(state);
    for (auto unused : state) {
      if (next == read.size()) {
        state.PauseTiming();
        allocations.Pause();
        for (std::string& token : read) token = kept.tokens[random() % kept.tokens.size()];
        next = 0;
        allocations.Resume();
        state.ResumeTiming();
      }
      if (!kept.verifier->Verify(read[next++]).ok()) Die("a good token is refused");
    }
  }
  if (kept.verifier->Status().cache_misses != misses) Die("a later sight was none");
}

// Without pauses, for threads side by side: each goes through all tokens in an order of its own.
void LaterSightOfThreads(benchmark::State& state) {
  const Kept& kept = KeptOf(static_cast<size_t>(state.range(0)));
  size_t next = static_cast<size_t>(state.thread_index()) * kept.tokens.size() / 2;
  for (auto unused : state) {
    if (!kept.verifier->Verify(kept.tokens[next % kept.tokens.size()]).ok()) {
      Die("a good token is refused");
    }
    next += 7;
  }
  state.SetItemsProcessed(state.iterations());
}

// What two threads can do on this machine at the best.
void Arithmetic(benchmark::State& state) {
  uint64_t value = 1;
  for (auto unused : state) {
    for (int i = 0; i < 100; ++i)
      benchmark::DoNotOptimize(value = value * 6364136223846793005u + 1);
  }
  state.SetItemsProcessed(state.iterations());
}

struct BadToken {
  std::string name;
  std::string token;
};

std::string Replaced(const TestIssuer& issuer, absl::string_view what, absl::string_view with) {
  const std::string claims = ClaimsOf(issuer, 0);
  std::string changed = absl::StrReplaceAll(claims, {{what, with}});
  if (changed == claims) Die("nothing was replaced");
  return *internal::SignCompact(issuer.key(), issuer.algorithm(), issuer.Token().HeaderJson(),
                                changed);
}

std::vector<BadToken> BadTokens() {
  const TestIssuer& issuer = IssuerOf(Algorithm::kEs256);
  const TestIssuer& other = IssuerOf(Algorithm::kEdDsa);  // The same issuer, another key.
  const std::string good = TokenOf(issuer, 0);
  const size_t dot = good.rfind('.');
  std::string forged = good;
  forged[dot + 10] = forged[dot + 10] == 'A' ? 'B' : 'A';
  const auto with_header = [&](absl::string_view header) {
    return *internal::SignCompact(issuer.key(), issuer.algorithm(), header, ClaimsOf(issuer, 0));
  };
  return {
      {"no_token", std::string(700, 'x')},
      {"no_json",
       absl::StrCat(std::string(80, 'A'), ".", std::string(500, 'A'), ".", std::string(86, 'A'))},
      {"too_long", std::string(20000, 'x')},
      {"alg_none", absl::StrCat(internal::Base64UrlEncode(R"({"alg":"none","typ":"at+jwt"})"), ".",
                                internal::Base64UrlEncode(ClaimsOf(issuer, 0)), ".AAAA")},
      {"wrong_type", with_header(absl::StrCat(R"({"alg":"ES256","typ":"JWT","kid":")",
                                              issuer.key().id(), "\"}"))},
      {"unknown_issuer", Replaced(issuer, "https://bench.example.test", "https://evil.test/")},
      {"unknown_key", TokenOf(other, 0)},
      {"unknown_key_id", with_header(R"({"alg":"ES256","typ":"at+jwt","kid":"nobody"})")},
      {"forged_signature", forged},
      {"expired", Replaced(issuer, "\"exp\":", "\"exp\":1000000000,\"old\":")},
      {"wrong_audience", Replaced(issuer, "\"aud\":\"test\"", "\"aud\":\"other\"")},
  };
}

void Refusal(benchmark::State& state, const BadToken& bad) {
  const std::unique_ptr<Verifier> verifier = VerifierOf(IssuerOf(Algorithm::kEs256));
  Allocations allocations(state);
  for (auto unused : state) {
    if (verifier->Verify(bad.token).ok()) Die(absl::StrCat(bad.name, " is let in"));
  }
}

void Register() {
  const char* iterations = std::getenv("LANYARD_BENCH_ITERATIONS");
  const auto add = [iterations](const std::string& name, auto function) {
    auto* benchmark = benchmark::RegisterBenchmark(name.c_str(), function);
    // To count instructions, which needs a number of iterations that is known.
    if (iterations != nullptr) benchmark->Iterations(std::atoll(iterations));
    return benchmark;
  };
  for (const Algorithm algorithm : kAlgorithms) {
    const std::string name(AlgorithmName(algorithm));
    add("verify/raw/" + name, [algorithm](benchmark::State& state) { Raw(state, algorithm); });
    add("verify/first/" + name,
        [algorithm](benchmark::State& state) { FirstSight(state, algorithm); });
  }
  for (const int64_t count : {1, 1000, 100000, 1000000}) {
    add("verify/cached", LaterSight)->Arg(count);
  }
  for (const int threads : {1, 2}) {
    add("arithmetic", Arithmetic)->Threads(threads)->UseRealTime();
    for (const int64_t count : {1, 1000}) {
      add("verify/cached_by_threads", LaterSightOfThreads)
          ->Arg(count)
          ->Threads(threads)
          ->UseRealTime();
    }
  }
  for (const BadToken& bad : BadTokens()) {
    add("refusal/" + bad.name, [bad](benchmark::State& state) { Refusal(state, bad); });
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
