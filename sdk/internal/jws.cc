// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/jws.h"

#include <array>
#include <utility>

#include "absl/hash/hash.h"
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

absl::Status ReadHeader(absl::string_view json, JoseHeader* header) {
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
      header->algorithm_name = std::move(value);
      header->algorithm = AlgorithmFromName(header->algorithm_name);
      has_algorithm = true;
    } else if (name == "typ") {
      header->type = std::move(value);
      header->normalized_type = NormalizedType(*header->type);
    } else {
      if (value.empty() || value.size() > kMaxKeyIdBytes) {
        return Malformed("\"kid\" in the header must have 1 to 256 bytes");
      }
      header->key_id = std::move(value);
    }
  }
  if (!has_algorithm) return Malformed("the header has no \"alg\"");
  return absl::OkStatus();
}

constexpr char kNotBase64Url[] = "a segment is not base64url without padding";

// A header by its segment. The issuers that a server knows have few, so each thread keeps what it
// has read: what is read is a function of the segment alone, and only what is good is kept.
absl::StatusOr<std::shared_ptr<const JoseHeader>> HeaderOf(absl::string_view segment) {
  struct Read {
    std::string segment;
    std::shared_ptr<const JoseHeader> header;
  };
  constexpr size_t kKept = 16;
  constexpr size_t kMaxKeptBytes = 512;
  thread_local std::array<Read, kKept> kept;
  Read& read = kept[absl::Hash<absl::string_view>{}(segment) % kKept];
  if (read.segment == segment) return read.header;
  std::string json;
  if (!Base64UrlDecode(segment, &json)) return Malformed(kNotBase64Url);
  auto header = std::make_shared<JoseHeader>();
  if (absl::Status status = ReadHeader(json, header.get()); !status.ok()) return status;
  if (segment.size() <= kMaxKeptBytes) read = {std::string(segment), header};
  return header;
}

}  // namespace

absl::StatusOr<UnverifiedJws> ParseJws(absl::string_view token, size_t max_bytes) {
  absl::StatusOr<UnverifiedJws> jws(absl::in_place);
  if (absl::Status status = ReadJws(token, max_bytes, &*jws); !status.ok()) return status;
  return jws;
}

absl::Status ReadJws(absl::string_view token, size_t max_bytes, UnverifiedJws* jws) {
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
  jws->signing_input = token.substr(0, second);
  jws->payload.clear();
  jws->signature.clear();
  if (!Base64UrlDecode(payload, &jws->payload) || !Base64UrlDecode(signature, &jws->signature)) {
    return Malformed(kNotBase64Url);
  }
  auto read = HeaderOf(header);
  if (!read.ok()) return read.status();
  jws->header = *std::move(read);
  return absl::OkStatus();
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
