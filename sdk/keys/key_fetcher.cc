// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/key_fetcher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxTokenBytes = 64 * 1024;
constexpr size_t kShownBytes = 256;
constexpr absl::Duration kLongestStale = absl::Hours(24);

bool Contains(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

absl::StatusOr<std::unique_ptr<const KeyFetcher>> KeyFetcher::Create(
    RemoteKeySourceOptions options) {
  const auto error = [](absl::string_view what) { return absl::InvalidArgumentError(what); };
  if (options.algorithms.empty()) return error("algorithms: required");
  if (std::any_of(options.algorithms.begin(), options.algorithms.end(), IsHmac)) {
    return error("algorithms: HMAC secrets never come over the network; use a file");
  }
  if (options.jwks_url.empty() == options.discovery_url.empty()) {
    return error("jwks_url or discovery_url: one of them is required");
  }
  const bool discovery = !options.discovery_url.empty();
  const auto url = ParseHttpUrl(discovery ? options.discovery_url : options.jwks_url,
                                options.plaintext_http_is_trusted);
  if (!url.ok()) {
    return error(
        absl::StrCat(discovery ? "discovery_url: " : "jwks_url: ", url.status().message()));
  }
  if (discovery && options.issuer.empty()) return error("issuer: required with discovery_url");
  if (!discovery && !options.key_hosts.empty()) {
    return error("key_hosts: is only for discovery_url");
  }
  if (options.bearer_token_file.empty() != options.bearer_hosts.empty()) {
    return error("bearer_token_file and bearer_hosts: each needs the other");
  }
  auto key_origins =
      ParseHttpOrigins(options.key_hosts, "key_hosts", options.plaintext_http_is_trusted);
  if (!key_origins.ok()) return key_origins.status();
  auto bearer_origins = ParseHttpOrigins(options.bearer_hosts, "bearer_hosts", false);
  if (!bearer_origins.ok()) return bearer_origins.status();
  if (options.refresh < absl::Seconds(1) || options.refresh > absl::Hours(1)) {
    return error("refresh: must be 1 s to 1 h");
  }
  if (options.max_stale < 2 * options.refresh || options.max_stale > kLongestStale) {
    return error("max_stale: must be at least twice refresh, and at most 24 h");
  }
  if (options.name.empty()) return error("name: required: what log lines call the issuer");
  if (!options.proxy.empty()) {
    const auto proxy = ParseHttpUrl(options.proxy, true);
    if (!proxy.ok()) return error(absl::StrCat("proxy: ", proxy.status().message()));
  }
  if (options.https == nullptr) {
    return error("https: keys over HTTPS need lanyard::Https(), of @lanyard_https//:https");
  }
  if (options.clock == nullptr) return error("clock: is null");
  std::unique_ptr<KeyFetcher> fetcher(new KeyFetcher());
  fetcher->options_ = std::move(options);
  fetcher->key_origins_ = *std::move(key_origins);
  fetcher->bearer_origins_ = *std::move(bearer_origins);
  return std::unique_ptr<const KeyFetcher>(std::move(fetcher));
}

absl::StatusOr<std::string> KeyFetcher::Locate(const std::atomic<bool>& stop) const {
  if (!options_.jwks_url.empty()) return options_.jwks_url;
  const auto response = Get(options_.discovery_url, "", stop);
  if (!response.ok()) return response.status();
  if (response->status != 200) return NotFound(options_.discovery_url, response->status);
  const auto bad = [this](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat(OriginOf(options_.discovery_url), ": the metadata document ", what));
  };
  const auto document = JsonDocument::ParseObject(response->body);
  if (!document.ok()) return bad(absl::StrCat("is no JSON: ", document.status().message()));
  const auto issuer = document->root().Find("issuer");
  const bool named = issuer.has_value() && issuer->is(JsonValue::Kind::kString);
  if (!named || issuer->string() != options_.issuer) {
    const std::string theirs =
        named ? absl::StrCat("\"", Printable(issuer->string(), kShownBytes), "\"") : "none";
    return bad(absl::StrCat("names another issuer than the config: ", theirs, " and not \"",
                            Printable(options_.issuer, kShownBytes), "\""));
  }
  const auto uri = document->root().Find("jwks_uri");
  if (!uri.has_value() || !uri->is(JsonValue::Kind::kString)) return bad("has no jwks_uri");
  const auto url = ParseHttpUrl(uri->string(), options_.plaintext_http_is_trusted);
  if (!url.ok()) return bad(absl::StrCat("has a bad jwks_uri: ", url.status().message()));
  if (url->origin != OriginOf(options_.discovery_url) && !Contains(key_origins_, url->origin)) {
    return bad(
        absl::StrCat("has its jwks_uri at ", url->origin, ", which key_hosts does not list"));
  }
  return std::string(uri->string());
}

absl::StatusOr<HttpResponse> KeyFetcher::Get(const std::string& url, const std::string& etag,
                                             const std::atomic<bool>& stop) const {
  HttpRequest request;
  request.url = url;
  request.if_none_match = etag;
  request.ca_file = options_.ca_file;
  request.proxy = options_.proxy;
  request.plaintext_http_is_trusted = options_.plaintext_http_is_trusted;
  request.max_bytes = KeySet::kMaxBytes;
  if (!options_.bearer_token_file.empty() && Contains(bearer_origins_, OriginOf(url))) {
    auto token = ReadFile(options_.bearer_token_file, kMaxTokenBytes);
    if (!token.ok()) return absl::PermissionDeniedError(token.status().message());
    const absl::string_view text = absl::StripAsciiWhitespace(token->view());
    if (!IsBearerToken(text)) {
      return absl::PermissionDeniedError("bearer_token_file: holds no bearer token");
    }
    request.bearer = Secret(text);
  }
  return options_.https->Get(request, stop);
}

absl::StatusOr<KeySet> KeyFetcher::KeysIn(const std::string& url,
                                          const HttpResponse& response) const {
  if (response.status != 200) return NotFound(url, response.status);
  auto keys = KeySet::FromRemote(response.body, options_.algorithms, options_.use);
  if (keys.ok()) return keys;
  const bool is_page = absl::StartsWith(absl::StripLeadingAsciiWhitespace(response.body), "<");
  return absl::Status(
      keys.status().code(),
      absl::StrCat(OriginOf(url), ": the answer is no JWK Set: ",
                   is_page ? "it begins with \"<\", as a web page does" : keys.status().message()));
}

std::string KeyFetcher::OriginOf(const std::string& url) const {
  const auto parsed = ParseHttpUrl(url, options_.plaintext_http_is_trusted);
  return parsed.ok() ? parsed->origin : std::string();
}

absl::Status KeyFetcher::NotFound(const std::string& url, int status) const {
  return absl::FailedPreconditionError(absl::StrCat(
      OriginOf(url), ": HTTP status ", status,
      status >= 300 && status < 400 && status != 304 ? "; redirects are not followed" : ""));
}

}  // namespace lanyard::internal
