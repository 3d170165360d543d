// SPDX-License-Identifier: Apache-2.0
//
// Key files. The first line is 'r' and then the text as it is, or a letter that picks a text made
// here, after which come edits of it: so no key has to lie in the corpus.
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/fixed_keys.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/sdk/internal/crypto/certificate.h"
#include "lanyard/sdk/keys/key_set.h"

namespace {

using namespace lanyard;

// Every kind of text that a key file may be.
std::vector<std::string>* MakeTexts() {
  auto* texts = new std::vector<std::string>;
  std::vector<Key> keys;
  for (const Algorithm algorithm : {Algorithm::kEs256, Algorithm::kEs384, Algorithm::kEs512,
                                    Algorithm::kEdDsa, Algorithm::kRs256}) {
    keys.push_back(fuzz::FixedKey(algorithm, AlgorithmName(algorithm)));
    const Key& key = keys.back();
    for (const auto& text :
         {key.ToPublicJwk(), key.ToPublicPem(), key.ExportPrivateJwk(), key.ExportPrivatePem()}) {
      FUZZ_CHECK(text.ok());
      texts->push_back(*text);
    }
  }
  texts->push_back(*KeySet(keys).ToPublicJwks());
  texts->push_back(*fuzz::FixedKey(Algorithm::kHs256, "h").ExportPrivateJwk());
  texts->push_back(absl::StrCat("{\"keys\":[", texts->back(), "]}"));
  const auto ca = internal::ThrowAwayCa::Create("fuzz");
  FUZZ_CHECK(ca.ok());
  texts->push_back(ca->certificate_pem());
  texts->push_back(absl::StrCat("text\n", *keys[0].ToPublicPem(), "\n", ca->certificate_pem()));
  return texts;
}

std::string TextOf(fuzz::Input input) {
  static const std::vector<std::string>* const texts = MakeTexts();
  const absl::string_view first = input.Line();
  if (first == "r") return std::string(input.Take(input.size()));
  const uint8_t pick = first.empty() ? 0 : static_cast<uint8_t>(first[0] - 'A');
  return input.Edit((*texts)[pick % texts->size()]);
}

void CheckSame(const Key& key, const absl::StatusOr<Key>& other) {
  FUZZ_CHECK(other.ok());
  FUZZ_CHECK(key.SameKeyAs(*other) && key.Thumbprint() == other->Thumbprint());
}

void CheckKey(const Key& key) {
  FUZZ_CHECK(!key.id().empty());
  FUZZ_CHECK(key.Thumbprint() == key.Thumbprint() && key.Thumbprint().size() == 43);
  size_t fitting = 0;
  for (const Algorithm algorithm : kAllAlgorithms) fitting += key.Fits(algorithm) ? 1 : 0;
  FUZZ_CHECK(fitting > 0);
  if (key.is_hmac()) {
    FUZZ_CHECK(!key.ToPublicJwk().ok() && !key.PublicHalf().ok());
    CheckSame(key, Key::FromJwk(*key.ExportPrivateJwk()));
    return;
  }
  const auto half = key.PublicHalf();
  CheckSame(key, half);
  FUZZ_CHECK(!half->has_private() && !half->ExportPrivateJwk().ok());
  const auto jwk = Key::FromJwk(*key.ToPublicJwk());
  CheckSame(key, jwk);
  FUZZ_CHECK(jwk->id() == key.id() && jwk->algorithm() == key.algorithm());
  CheckSame(key, Key::FromPem(*key.ToPublicPem()));
  if (!key.has_private()) return;
  CheckSame(key, Key::FromPem(*key.ExportPrivatePem()));
  CheckSame(key, Key::FromJwk(*key.ExportPrivateJwk()));
  if (key.type() == "RSA") return;  // Signing is slow.
  for (const Algorithm algorithm : kAllAlgorithms) {
    if (!key.Fits(algorithm)) continue;
    const auto signature = key.material().Sign(algorithm, "message");
    FUZZ_CHECK(signature.ok());
    FUZZ_CHECK(half->material().Verify(algorithm, "message", *signature));
    FUZZ_CHECK(!half->material().Verify(algorithm, "massage", *signature));
  }
}

// An issuer's own set: whatever is taken is public and bound, and no two share id and algorithm.
void CheckRemote(const std::string& text) {
  const auto set =
      KeySet::FromRemote(text, {Algorithm::kEs256, Algorithm::kEdDsa, Algorithm::kRs256});
  if (!set.ok()) return;
  std::set<std::pair<std::string, Algorithm>> seen;
  for (const Key& key : set->keys()) {
    FUZZ_CHECK(!key.is_hmac() && !key.has_private() && key.algorithm().has_value());
    FUZZ_CHECK(seen.emplace(key.id(), *key.algorithm()).second);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text = TextOf(fuzz::Input(fuzz::TextOf(data, size)));
  (void)internal::CheckCertificates(text);
  CheckRemote(text);
  const auto set = KeySet::FromText(text);
  if (!set.ok()) {
    FUZZ_CHECK(!set.status().message().empty());
    return 0;
  }
  FUZZ_CHECK(!set->keys().empty() && set->keys().size() <= KeySet::kMaxKeys);
  for (const Key& key : set->keys()) CheckKey(key);

  for (const std::vector<Algorithm>& algorithms :
       {std::vector<Algorithm>{Algorithm::kEs256, Algorithm::kEdDsa, Algorithm::kRs256},
        std::vector<Algorithm>{Algorithm::kHs256}}) {
    const auto bound = set->BindTo(algorithms);
    if (!bound.ok()) continue;
    for (const Key& key : bound->keys()) {
      FUZZ_CHECK(key.algorithm().has_value() && (key.is_hmac() || !key.has_private()));
    }
    if (algorithms.size() == 1) continue;
    const auto again = KeySet::FromJwks(*bound->ToPublicJwks());
    FUZZ_CHECK(again.ok() && again->keys().size() == bound->keys().size());
  }
  return 0;
}
