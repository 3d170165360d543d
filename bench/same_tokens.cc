// SPDX-License-Identifier: Apache-2.0
//
//   same_tokens TOKENS [ROUNDS]
//
// How long Lanyard takes to check, as if never seen before, the tokens that other libraries are
// measured with: //bench:peer_tokens has written them to the file TOKENS, bench/peers measures the
// others. Prints one JSON object a line.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bench/workload.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/sdk/keys/key_source.h"
#include "lanyard/sdk/verifier.h"

namespace lanyard::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kTurn(50);

struct Row {
  std::string algorithm, token;
  std::unique_ptr<Verifier> verifier;
  std::vector<double> nanoseconds = {};
};

std::unique_ptr<Verifier> VerifierFor(const std::string& algorithm_name, const std::string& issuer,
                                      const std::string& audience, const std::string& key_text) {
  const auto algorithm = AlgorithmFromName(algorithm_name);
  std::string bytes;
  if (!algorithm.has_value() || !absl::Base64Unescape(key_text, &bytes)) Die("not a token file");
  const auto key = IsHmac(*algorithm) ? Key::FromHmacSecret(bytes) : Key::FromPem(bytes);
  if (!key.ok()) Die(key.status().ToString());
  const auto keys = KeySet({*key->WithId("2026-01")}).BindTo({*algorithm});
  if (!keys.ok()) Die(keys.status().ToString());
  v1::Issuer config;
  config.set_name("sso");
  config.set_issuer(issuer);
  config.add_audiences(audience);
  config.set_profile(v1::CUSTOM);
  config.add_custom_types("JWT");
  config.set_issuer_signs_access_tokens_only(true);
  config.set_every_verifier_can_mint(IsHmac(*algorithm));
  v1::Algorithm named = v1::ALGORITHM_UNSPECIFIED;
  v1::Algorithm_Parse(algorithm_name, &named);
  config.add_algorithms(named);
  VerifierOptions options;
  options.issuers = {{config, std::make_shared<StaticKeySource>(*keys)}};
  options.cache_bytes = 0;  // So that each sight is the first.
  auto verifier = Verifier::Create(std::move(options));
  if (!verifier.ok()) Die(verifier.status().ToString());
  return *std::move(verifier);
}

double Measure(const Row& row) {
  const auto start = steady_clock::now();
  int64_t times = 0;
  steady_clock::duration took{};
  for (int64_t next = 1; took < kTurn; next *= 2) {
    for (int64_t i = 0; i < next; ++i) {
      if (!row.verifier->Verify(row.token).ok()) Die("a good token is refused");
    }
    times += next;
    took = steady_clock::now() - start;
  }
  return std::chrono::duration<double, std::nano>(took).count() / static_cast<double>(times);
}

int Main(const char* path, int rounds) {
  std::ifstream file(path);
  std::vector<Row> rows;
  std::string algorithm, issuer, audience, key, token;
  while (file >> algorithm >> issuer >> audience >> key >> token) {
    rows.push_back({algorithm, token, VerifierFor(algorithm, issuer, audience, key)});
  }
  if (rows.empty()) Die(absl::StrCat(path, " has no tokens"));
  for (int i = 0; i < rounds; ++i) {
    for (Row& row : rows) row.nanoseconds.push_back(Measure(row));
  }
  for (const Row& row : rows) {
    if (row.verifier->Status().cache_hits != 0) Die("a first sight was none");
    std::printf("{\"name\":\"peer/lanyard/%s\",\"unit\":\"ns\",\"values\":[%s]}\n",
                row.algorithm.c_str(), absl::StrJoin(row.nanoseconds, ",").c_str());
  }
  return 0;
}

}  // namespace
}  // namespace lanyard::bench

int main(int argc, char** argv) {
  if (argc < 2) lanyard::bench::Die("usage: same_tokens TOKENS [ROUNDS]");
  return lanyard::bench::Main(argv[1], argc > 2 ? std::atoi(argv[2]) : 7);
}
