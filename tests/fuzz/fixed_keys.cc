// SPDX-License-Identifier: Apache-2.0
#include "lanyard/fuzz/fixed_keys.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "lanyard/fuzz/check.h"
#include "lanyard/sdk/internal/crypto/key_material.h"

namespace lanyard::fuzz {
namespace {

std::string BytesOf(absl::string_view label, size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes += internal::Sha256(absl::StrCat(label, bytes.size()));
  bytes.resize(size);
  return bytes;
}

// The DER before the private bytes, and after them. The public half is left out; reading adds it.
std::string Pem(const char* kind, const char* before, const std::string& bytes, const char* after) {
  const std::string der =
      absl::StrCat(absl::HexStringToBytes(before), bytes, absl::HexStringToBytes(after));
  return absl::StrCat("-----BEGIN ", kind, "-----\n", absl::Base64Escape(der), "\n-----END ", kind,
                      "-----\n");
}

absl::StatusOr<Key> Make(Algorithm algorithm, absl::string_view label) {
  switch (algorithm) {
    case Algorithm::kHs256:
    case Algorithm::kHs384:
    case Algorithm::kHs512:
      return Key::FromHmacSecret(BytesOf(label, 64));
    case Algorithm::kEdDsa:
      return Key::FromPem(
          Pem("PRIVATE KEY", "302e020100300506032b657004220420", BytesOf(label, 32), ""));
    case Algorithm::kEs256:
      return Key::FromPem(
          Pem("EC PRIVATE KEY", "30310201010420", BytesOf(label, 32), "a00a06082a8648ce3d030107"));
    case Algorithm::kEs384:
      return Key::FromPem(
          Pem("EC PRIVATE KEY", "303e0201010430", BytesOf(label, 48), "a00706052b81040022"));
    case Algorithm::kEs512:
      return Key::FromPem(Pem("EC PRIVATE KEY", "30500201010442",
                              std::string(1, '\0') + BytesOf(label, 65), "a00706052b81040023"));
    default:
      return Key::Generate(algorithm);
  }
}

}  // namespace

Key FixedKey(Algorithm algorithm, absl::string_view label) {
  auto key = Make(algorithm, label);
  FUZZ_CHECK(key.ok());
  auto bound = key->WithAlgorithm(algorithm);
  FUZZ_CHECK(bound.ok());
  return *bound->WithId(label);
}

}  // namespace lanyard::fuzz
