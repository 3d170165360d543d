// SPDX-License-Identifier: Apache-2.0
//
// What Lanyard keeps in memory, as the allocator counts it: a verdict, a key, an open stream, and a
// cache that a million tokens go through. Prints one JSON object a line, for `//bench:report`.
//
//   ./bazelw run -c opt //bench:memory
#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/allocations.h"
#include "bench/workload.h"
#include "lanyard/interceptors/internal/open_streams.h"
#include "lanyard/sdk/keys/key_set.h"

namespace lanyard::bench {
namespace {

using testing::TestIssuer;

void Print(const char* name, double bytes) {
  std::printf("{\"name\":\"memory/%s\",\"unit\":\"bytes\",\"values\":[%.1f]}\n", name, bytes);
}

double BytesOf(const std::function<void()>& work) {
  const int64_t before = AllocatedBytes();
  work();
  return static_cast<double>(AllocatedBytes() - before);
}

// The tokens are there before; `use` is done with each caller.
double VerdictBytes(const TestIssuer& issuer, const std::vector<std::string>& tokens,
                    const std::function<void(const Identity&)>& use) {
  std::unique_ptr<Verifier> verifier = VerifierOf(issuer, size_t{4} << 30);
  return BytesOf([&] {
           for (const std::string& token : tokens) {
             const auto caller = verifier->Verify(token);
             if (!caller.ok()) Die(caller.status().ToString());
             use(*caller);
           }
         }) /
         static_cast<double>(tokens.size());
}

void Verdicts() {
  const TestIssuer issuer(Algorithm::kHs256, "bench");
  const std::vector<std::string> tokens = TokensOf(issuer, 100000);
  Print("token", static_cast<double>(tokens[0].size()));
  Print("verdict", VerdictBytes(issuer, tokens, [](const Identity&) {}));
  // Names as strings, for handlers, are made when one is asked for.
  Print("verdict_asked", VerdictBytes(issuer, tokens, [](const Identity& caller) {
          if (caller.subject().empty()) Die("no subject");
        }));
}

void BoundedCache() {
  constexpr size_t kCacheBytes = 16 << 20;
  const TestIssuer issuer(Algorithm::kHs256, "bench");
  std::unique_ptr<Verifier> verifier = VerifierOf(issuer, kCacheBytes);
  size_t most = 0;
  const double grown = BytesOf([&] {
    for (size_t i = 0; i < 1'000'000; ++i) {
      const std::string token = TokenOf(issuer, i);
      // Twice, or it would not push out what is there.
      for (int sight = 0; sight < 2; ++sight) {
        if (!verifier->Verify(token).ok()) Die("a good token is refused");
      }
      if (i % 1000 == 0) most = std::max(most, verifier->Status().cache_bytes);
    }
  });
  Print("bounded_cache/limit", kCacheBytes);
  Print("bounded_cache/counted", static_cast<double>(most));
  Print("bounded_cache/allocated", grown);
}

void Keys() {
  constexpr size_t kSets = 100;
  std::vector<std::string> texts;
  for (size_t i = 0; i < kSets; ++i) {
    std::vector<Key> keys;
    for (size_t k = 0; k < KeySet::kMaxKeys; ++k) keys.push_back(*Key::Generate(Algorithm::kEs256));
    texts.push_back(*KeySet(std::move(keys)).ToPublicJwks());
  }
  std::vector<KeySet> sets;
  sets.reserve(kSets);
  Print("10000_keys", BytesOf([&] {
          for (const std::string& text : texts) {
            auto set = KeySet::FromRemote(text, {Algorithm::kEs256});
            if (!set.ok() || set->keys().size() != KeySet::kMaxKeys) Die("keys are missing");
            sets.push_back(*std::move(set));
          }
        }));
}

// Beside what gRPC has for it.
void Streams() {
  constexpr size_t kStreams = 100000;
  const TestIssuer issuer(Algorithm::kEs256, "bench");
  const auto caller = VerifierOf(issuer)->Verify(TokenOf(issuer, 0));
  internal::OpenStreams::Rules rules;
  rules.clock = SystemClock();
  rules.changed = [] { return false; };
  rules.judge = [](const internal::StreamFacts&) { return std::nullopt; };
  rules.postpone = [](const internal::StreamFacts&, bool) { return absl::InfinitePast(); };
  rules.ended = [](const internal::StreamFacts&, const internal::StreamEnd&, const std::string&) {};
  internal::OpenStreams streams(std::move(rules));
  std::vector<std::shared_ptr<internal::OpenStreams::Stream>> open;
  open.reserve(kStreams);
  Print("stream", BytesOf([&] {
                    for (size_t i = 0; i < kStreams; ++i) {
                      internal::StreamFacts facts;
                      facts.method = "/acme.orders.v1.Orders/Watch";
                      facts.caller = *caller;
                      facts.ends_at = caller->expires_at();
                      open.push_back(streams.Add(nullptr, std::move(facts)));
                    }
                  }) / kStreams);
  for (const auto& stream : open) streams.Close(stream);
}

}  // namespace
}  // namespace lanyard::bench

int main() {
  lanyard::bench::Verdicts();
  lanyard::bench::BoundedCache();
  lanyard::bench::Keys();
  lanyard::bench::Streams();
  return 0;
}
