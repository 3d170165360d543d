// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/discovery_pages.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/internal/json_text.h"

namespace lanyard::internal {
namespace {

constexpr char kJwksPath[] = "/.well-known/jwks.json";
constexpr char kOpenId[] = "/.well-known/openid-configuration";
constexpr char kOauth[] = "/.well-known/oauth-authorization-server";

absl::Status BadIssuer(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("issuer: ", what));
}

}  // namespace

absl::StatusOr<DiscoveryPages> DiscoveryPages::Create(const std::string& issuer,
                                                      std::shared_ptr<const KeySource> keys) {
  const auto url = ParseHttpUrl(issuer, /*plaintext_http_is_trusted=*/false);
  if (!url.ok()) return BadIssuer(url.status().message());
  if (!absl::StartsWith(issuer, "https://")) return BadIssuer("write \"https\" in lower case");
  if (absl::StrContains(issuer, '?')) return BadIssuer("the URL has a query");
  const size_t path_begin = issuer.find('/', 8);
  absl::string_view path =
      path_begin == issuer.npos ? "" : absl::string_view(issuer).substr(path_begin);
  // Not before what is inserted or appended (both standards).
  absl::ConsumeSuffix(&path, "/");
  if (!path.empty()) {
    // A client asks for another path than such ones, and some servers do as well.
    for (const absl::string_view segment : absl::StrSplit(path.substr(1), '/')) {
      if (segment.empty() || segment == "." || segment == "..") {
        return BadIssuer("the URL's path has an empty segment, or one of dots");
      }
    }
  }
  DiscoveryPages pages;
  pages.issuer_ = issuer;
  pages.jwks_uri_ = absl::StrCat(issuer.substr(0, path_begin), kJwksPath);
  pages.openid_path_ = absl::StrCat(path, kOpenId);
  pages.oauth_path_ = absl::StrCat(kOauth, path);
  pages.keys_ = std::move(keys);
  return pages;
}

std::string DiscoveryPages::Metadata(const KeySet& keys) const {
  std::set<std::string> algorithms;
  for (const Key& key : keys.keys()) {
    if (key.algorithm().has_value()) algorithms.emplace(AlgorithmName(*key.algorithm()));
  }
  JsonObject document;
  document.Text("issuer", issuer_)
      .Text("jwks_uri", jwks_uri_)
      // Both lists are said to be empty, because to leave them out means something else.
      .Texts("response_types_supported", {})
      .Texts("grant_types_supported", {})
      .Texts("subject_types_supported", {"public"})
      .Texts("id_token_signing_alg_values_supported",
             std::vector<std::string>(algorithms.begin(), algorithms.end()));
  return document.Finish();
}

std::optional<absl::StatusOr<DiscoveryPages::Page>> DiscoveryPages::At(
    absl::string_view path) const {
  const bool is_jwks = path == kJwksPath;
  if (!is_jwks && path != openid_path_ && path != oauth_path_) return std::nullopt;
  const auto keys = keys_->Current();
  if (keys == nullptr) return absl::UnavailableError("there are no keys yet");
  auto jwks = keys->ToPublicJwks();
  if (!jwks.ok()) return absl::UnavailableError(jwks.status().message());
  Page page;
  page.body = is_jwks ? *std::move(jwks) : Metadata(*keys);
  page.etag = absl::StrCat("\"", Base64UrlEncode(Sha256(page.body).substr(0, 16)), "\"");
  return page;
}

bool MatchesEtag(absl::string_view if_none_match, absl::string_view etag) {
  for (absl::string_view tag : absl::StrSplit(if_none_match, ',')) {
    tag = absl::StripAsciiWhitespace(tag);
    absl::ConsumePrefix(&tag, "W/");
    if (tag == etag || tag == "*") return true;
  }
  return false;
}

}  // namespace lanyard::internal
