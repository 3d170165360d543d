// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_SDK_MADE_KEYS_H_
#define LANYARD_TESTS_SDK_MADE_KEYS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/keys/key.h"

namespace lanyard::testing {

// A JWK in the making, its members in order; for keys that nobody should make.
class JwkText {
 public:
  explicit JwkText(absl::string_view type) { Text("kty", type); }
  JwkText& Raw(absl::string_view name, absl::string_view json) {
    absl::StrAppend(&text_, text_.empty() ? "" : ",", "\"", name, "\":", json);
    return *this;
  }
  JwkText& Text(absl::string_view name, absl::string_view value) {
    return Raw(name, absl::StrCat("\"", value, "\""));
  }
  JwkText& Bytes(absl::string_view name, absl::string_view bytes) {
    return Text(name, internal::Base64UrlEncode(bytes));
  }
  std::string str() const { return absl::StrCat("{", text_, "}"); }

 private:
  std::string text_;
};

// Adds members to the JWK `json`, before the others.
inline std::string WithMembers(absl::string_view json, absl::string_view members) {
  return absl::StrCat("{", members, ",", json.substr(1));
}

// An odd number of exactly that many bits; as an RSA modulus, nobody knows its factors.
inline std::string OddNumber(int bits) {
  std::string bytes = internal::RandomBytes((bits + 7) / 8);
  const int top = (bits - 1) % 8;
  bytes[0] =
      static_cast<char>((static_cast<unsigned char>(bytes[0]) & ((1 << top) - 1)) | 1 << top);
  bytes.back() = static_cast<char>(bytes.back() | 1);
  return bytes;
}

// The bytes between the lines of a PEM block.
inline std::string DerOf(const std::string& pem) {
  const size_t begin = pem.find('\n') + 1;
  std::string der;
  absl::Base64Unescape(pem.substr(begin, pem.find("-----END") - begin), &der);
  return der;
}

// Every text by which an attacker knows somebody's public key: each could be taken for an HMAC
// secret by a verifier that lets the token choose (CVE-2015-9235).
inline std::vector<std::pair<std::string, std::string>> PublicSpellings(const Key& key) {
  const std::string pem = *key.ToPublicPem();
  const std::string jwk = *key.ToPublicJwk();
  std::string crlf;
  for (const char c : pem) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const std::string der = DerOf(pem);
  std::vector<std::pair<std::string, std::string>> spellings = {
      {"Pem", pem},
      {"PemWithoutLastNewline", pem.substr(0, pem.size() - 1)},
      {"PemWithCrlf", crlf},
      {"PemInOneLine", absl::StrCat("-----BEGIN PUBLIC KEY-----", absl::Base64Escape(der),
                                    "-----END PUBLIC KEY-----")},
      {"Base64", absl::Base64Escape(der)},
      {"Der", der},
      {"Jwk", jwk},
      {"JwkSet", absl::StrCat("{\"keys\":[", jwk, "]}")},
      {"Thumbprint", key.Thumbprint()},
  };
  for (const char* member : {"n", "x", "y"}) {
    const std::string mark = absl::StrCat("\"", member, "\":\"");
    const size_t begin = jwk.find(mark);
    if (begin == std::string::npos) continue;
    const size_t start = begin + mark.size();
    const std::string text = jwk.substr(start, jwk.find('"', start) - start);
    std::string bytes;
    internal::Base64UrlDecode(text, &bytes);
    spellings.emplace_back(absl::StrCat("Member_", member), text);
    spellings.emplace_back(absl::StrCat("BytesOf_", member), bytes);
  }
  return spellings;
}

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_SDK_MADE_KEYS_H_
