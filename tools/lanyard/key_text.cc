// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/key_text.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lanyard::tools {
namespace {

absl::StatusOr<std::string> OneKey(const Key& key, bool pem, Half half) {
  if (key.is_hmac() && half == Half::kPublic) {
    return absl::InvalidArgumentError(
        "an HMAC secret (kty oct) has no public half: whoever verifies with it can also sign");
  }
  if (key.is_hmac() && pem) {
    return absl::InvalidArgumentError("an HMAC secret (kty oct) has no PEM form; use --format jwk");
  }
  if (half == Half::kPublic) return pem ? key.ToPublicPem() : key.ToPublicJwk();
  if (!key.has_private()) {
    return absl::InvalidArgumentError("a key without its private half; leave out --private");
  }
  return pem ? key.ExportPrivatePem() : key.ExportPrivateJwk();
}

}  // namespace

absl::StatusOr<internal::Secret> KeyText(const std::vector<Key>& keys, const std::string& format,
                                         Half half) {
  if (format == "jwk" && keys.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("holds ", keys.size(), " keys, and a JWK is one; use --format jwks"));
  }
  std::string text = format == "jwks" ? "{\"keys\":[" : "";
  for (size_t i = 0; i < keys.size(); ++i) {
    auto one = OneKey(keys[i], format == "pem", half);
    if (!one.ok()) {
      internal::Cleanse(&text[0], text.size());
      return one.status();
    }
    internal::ScopedCleanse cleanse(&*one);
    absl::StrAppend(&text, i != 0 && format == "jwks" ? "," : "", *one);
  }
  if (format == "jwks") text.append("]}");
  return internal::Secret::Take(text);
}

}  // namespace lanyard::tools
