// SPDX-License-Identifier: Apache-2.0
//
// What the worst token costs a server that refuses it, for every kind of excess that the limits
// leave to whoever writes tokens. Prints each beside one ES256 check of the crypto library,
// measured alternately in the same run (median of rounds).
//
//   ./bazelw run -c opt //bench:worst_token
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/sdk/verifier.h"
#include "lanyard/testing/test_issuer.h"

namespace lanyard {
namespace {

using internal::Base64UrlEncode;
using testing::TestIssuer;

constexpr size_t kMaxTokenBytes = 16 * 1024;

double MicrosecondsOf(const std::function<void()>& work, int times) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
             .count() /
         times;
}

double MedianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::unique_ptr<Verifier> VerifierOf(const TestIssuer& issuer,
                                     std::shared_ptr<const KeySource> keys) {
  VerifierOptions options;
  options.issuers = {{issuer.Config(), std::move(keys)}};
  options.max_token_bytes = kMaxTokenBytes;
  auto verifier = Verifier::Create(options);
  if (!verifier.ok()) {
    std::fprintf(stderr, "%s\n", verifier.status().ToString().c_str());
    std::exit(1);
  }
  return *std::move(verifier);
}

struct Case {
  std::string name;
  std::shared_ptr<const Verifier> verifier;
  std::string token;
};

// A text that repeats `part` until it has about `bytes`, with "#" in it counted up.
std::string Repeat(const std::string& part, size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) {
    const size_t at = part.find('#');
    absl::StrAppend(
        &text, text.empty() ? "" : ",",
        at == part.npos ? part : part.substr(0, at) + std::to_string(i) + part.substr(at + 1));
  }
  return text;
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  const auto es256 = std::make_shared<TestIssuer>();
  const std::shared_ptr<const Verifier> verifier = VerifierOf(*es256, es256->Keys());
  const std::string good = es256->Token().Sign();
  const std::string bad_signature = Base64UrlEncode(std::string(64, '\x11'));
  // What fits into a token beside a small header and the signature.
  constexpr size_t kRoom = kMaxTokenBytes * 3 / 4 - 400;

  const std::string iss = absl::StrCat("\"iss\":\"", es256->Config().issuer(), "\",");
  const auto claims = [&](const std::string& name, const std::string& members) {
    const std::string token =
        absl::StrCat(Base64UrlEncode(es256->Token().HeaderJson()), ".",
                     Base64UrlEncode("{" + iss + members + "}"), ".", bad_signature);
    cases.push_back({name, verifier, token});
  };
  cases.push_back({"ES256, 12 claims, bad signature", verifier,
                   good.substr(0, good.rfind('.') + 1) + bad_signature});
  claims("ES256, 16 KiB: many members", Repeat("\"#\":0", kRoom));
  claims("ES256, 16 KiB: many long names", Repeat("\"aaaaaaaaaaaaaaaaaaaaaaaa#\":0", kRoom));
  claims("ES256, 16 KiB: an array of empty objects", "\"a\":[" + Repeat("{}", kRoom) + "]");
  claims("ES256, 16 KiB: an array of numbers",
         "\"a\":[" + Repeat("1.7976931348623157e308", kRoom) + "]");
  claims(
      "ES256, 16 KiB: escapes", "\"a\":\"" + [&] {
        std::string text;
        while (text.size() < kRoom) text += "\\ud83d\\ude00";
        return text;
      }() + "\"");
  const std::string deep = [] {
    std::string text;
    for (int i = 0; i < 28; ++i) text += "{\"a\":";
    return text + "0" + std::string(28, '}');
  }();
  claims("ES256, 16 KiB: 30 deep, again and again", "\"a\":[" + Repeat(deep, kRoom) + "]");
  claims("ES256, 16 KiB: a duplicate name at the end", Repeat("\"#\":0", kRoom) + ",\"0\":0");
  cases.push_back(
      {"16 KiB of header", verifier,
       Base64UrlEncode("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"," + Repeat("\"#\":0", kRoom) + "}") +
           ".e30.AA"});
  cases.push_back({"16 KiB of dots", verifier, std::string(kMaxTokenBytes, '.')});
  cases.push_back({"1 MiB of anything", verifier, std::string(1 << 20, 'a')});

  for (const Algorithm algorithm :
       {Algorithm::kHs256, Algorithm::kHs512, Algorithm::kEdDsa, Algorithm::kRs256,
        Algorithm::kPs512, Algorithm::kEs384, Algorithm::kEs512}) {
    const TestIssuer issuer(algorithm);
    const std::string token = issuer.Token().Sign();
    const std::string other = issuer.Token().Subject("svc:other").Sign();
    cases.push_back({absl::StrCat(AlgorithmName(algorithm), ", bad signature"),
                     VerifierOf(issuer, issuer.Keys()),
                     token.substr(0, token.rfind('.')) + other.substr(other.rfind('.'))});
  }

  // A hundred keys, one of which fits the alg without a kid: the most there can be.
  std::vector<Key> keys;
  while (keys.size() + 1 < KeySet::kMaxKeys) keys.push_back(*Key::Generate(Algorithm::kEs384));
  keys.push_back(es256->key());
  const std::shared_ptr<const Verifier> many =
      VerifierOf(*es256, std::make_shared<StaticKeySource>(KeySet(std::move(keys))));
  const std::string nameless = es256->Token().KeyId("").Sign();
  cases.push_back({"ES256, 100 keys and no kid, bad signature", many,
                   nameless.substr(0, nameless.rfind('.') + 1) + bad_signature});
  return cases;
}

int Main() {
  const Key key = *Key::Generate(Algorithm::kEs256);
  const std::string message(500, 'm');
  const std::string signature = *key.material().Sign(Algorithm::kEs256, message);
  const auto raw_check = [&] {
    if (!key.material().Verify(Algorithm::kEs256, message, signature)) std::abort();
  };
  std::printf("%-45s %8s %10s %10s  %s\n", "token", "bytes", "µs", "x ES256", "refused as");
  for (const Case& test : Cases()) {
    const auto refuse = [&] {
      if (test.verifier->Verify(test.token).ok()) std::abort();
    };
    std::vector<double> ratios, times;
    for (int round = 0; round < 21; ++round) {
      const double raw = MicrosecondsOf(raw_check, 10);
      times.push_back(MicrosecondsOf(refuse, 10));
      ratios.push_back(times.back() / raw);
    }
    const std::string reason(test.verifier->Verify(test.token).status().message());
    std::printf("%-45s %8zu %10.1f %10.2f  %s\n", test.name.c_str(), test.token.size(),
                MedianOf(times), MedianOf(ratios), reason.substr(0, reason.find(':')).c_str());
  }
  return 0;
}

}  // namespace
}  // namespace lanyard

int main() { return lanyard::Main(); }
