// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/jws.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/json.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxKeyIdBytes = 256;

absl::Status Malformed(absl::string_view what) {
  return AuthFailureStatus(AuthFailure::kMalformedToken, what);
}

constexpr absl::string_view kRefusedParameters[] = {"crit", "b64", "zip", "enc", "cty",
                                                    "jwk",  "jku", "x5u", "x5c"};

absl::Status ReadHeader(absl::string_view json, UnverifiedJws* jws) {
  auto document = JsonDocument::ParseObject(json);
  if (!document.ok()) return Malformed(absl::StrCat("header: ", document.status().message()));
  bool has_algorithm = false;
  for (const JsonValue parameter : document->root()) {
    const absl::string_view name = parameter.name();
    for (const absl::string_view refused : kRefusedParameters) {
      if (name == refused) return Malformed(absl::StrCat("the header has \"", refused, "\""));
    }
    if (name != "alg" && name != "kid" && name != "typ") continue;
    if (!parameter.is(JsonValue::Kind::kString)) {
      return Malformed(absl::StrCat("\"", name, "\" in the header is not a string"));
    }
    std::string value(parameter.string());
    if (name == "alg") {
      jws->algorithm_name = std::move(value);
      has_algorithm = true;
    } else if (name == "typ") {
      jws->type = std::move(value);
    } else {
      if (value.empty() || value.size() > kMaxKeyIdBytes) {
        return Malformed("\"kid\" in the header must have 1 to 256 bytes");
      }
      jws->key_id = std::move(value);
    }
  }
  if (!has_algorithm) return Malformed("the header has no \"alg\"");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<UnverifiedJws> ParseJws(absl::string_view token, size_t max_bytes) {
  if (token.size() > max_bytes) {
    return Malformed(absl::StrCat("longer than ", max_bytes, " bytes"));
  }
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? first : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) {
    return Malformed("a token has three segments with a dot between each");
  }
  const absl::string_view header = token.substr(0, first);
  const absl::string_view payload = token.substr(first + 1, second - first - 1);
  const absl::string_view signature = token.substr(second + 1);
  if (header.empty() || payload.empty() || signature.empty()) {
    return Malformed("a segment is empty");
  }
  UnverifiedJws jws;
  jws.signing_input = token.substr(0, second);
  std::string header_json;
  if (!Base64UrlDecode(header, &header_json) || !Base64UrlDecode(payload, &jws.payload) ||
      !Base64UrlDecode(signature, &jws.signature)) {
    return Malformed("a segment is not base64url without padding");
  }
  if (absl::Status status = ReadHeader(header_json, &jws); !status.ok()) return status;
  return jws;
}

absl::StatusOr<std::string> SignCompact(const Key& key, Algorithm algorithm,
                                        absl::string_view header_json, absl::string_view payload) {
  std::string token = absl::StrCat(Base64UrlEncode(header_json), ".", Base64UrlEncode(payload));
  auto signature = key.material().Sign(algorithm, token);
  if (!signature.ok()) return signature.status();
  absl::StrAppend(&token, ".", Base64UrlEncode(*signature));
  return token;
}

std::string NormalizedType(absl::string_view type) {
  std::string lower = absl::AsciiStrToLower(type);
  constexpr absl::string_view kPrefix = "application/";
  return absl::StartsWith(lower, kPrefix) ? lower.substr(kPrefix.size()) : lower;
}

}  // namespace lanyard::internal
