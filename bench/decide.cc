// SPDX-License-Identifier: Apache-2.0
//
// What a policy's decision costs, by the number of rules that it has. `//bench:report` runs it.
//
//   ./bazelw run -c opt //bench:decide
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/allocations.h"
#include "bench/workload.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/policy.h"

namespace lanyard::bench {
namespace {

using testing::TestIssuer;

std::string MethodOf(int64_t number) { return absl::StrCat("/acme.v1.Service", number, "/Call"); }

std::shared_ptr<const Policy> PolicyOf(const TestIssuer& issuer, int64_t rules) {
  std::string text = issuer.ConfigText("keys.jwks");
  for (int64_t i = 0; i < rules; ++i) {
    absl::StrAppend(&text, "rules { method: \"", MethodOf(i),
                    "\" allow { subjects: \"svc:checkout\" all_scopes: \"orders.read\" "
                    "all_scopes: \"payments.read\" } }\n");
  }
  const auto config = LoadConfig({}, text);
  if (!config.ok()) Die(config.status().ToString());
  auto policy = Policy::Create(*config, {}, absl::Now());
  if (!policy.ok()) Die(policy.status().ToString());
  return *std::move(policy);
}

void Decide(benchmark::State& state) {
  const TestIssuer issuer(Algorithm::kEs256, "bench");
  const auto caller = VerifierOf(issuer)->Verify(TokenOf(issuer, 0));
  const std::shared_ptr<const Policy> policy = PolicyOf(issuer, state.range(0));
  std::vector<std::string> methods;
  for (int64_t i = 0; i < 64; ++i) methods.push_back(MethodOf(i * 7919 % state.range(0)));
  TokenConnection connection;
  const absl::Time now = absl::Now();
  size_t next = 0;
  const int64_t before = AllocationsOfThread();
  for (auto unused : state) {
    if (!policy->Decide(methods[next++ % 64], *caller, connection, now).allowed()) {
      Die("the caller is refused");
    }
  }
  state.counters["allocations"] = benchmark::Counter(
      static_cast<double>(AllocationsOfThread() - before), benchmark::Counter::kAvgIterations);
}

BENCHMARK(Decide)->Name("decide")->Arg(1)->Arg(100)->Arg(10000);

}  // namespace
}  // namespace lanyard::bench

BENCHMARK_MAIN();
