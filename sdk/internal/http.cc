// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/http.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace lanyard::internal {
namespace {

constexpr size_t kMaxUrlBytes = 2048;

absl::Status Bad(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the URL ", what));
}

bool IsHostCharacter(char c) { return absl::ascii_isalnum(c) || c == '-' || c == '.'; }
bool IsIpv6Character(char c) { return absl::ascii_isxdigit(c) || c == ':' || c == '.'; }

template <typename Predicate>
bool All(absl::string_view text, const Predicate& is) {
  for (const char c : text) {
    if (!is(c)) return false;
  }
  return !text.empty();
}

constexpr char kFailure[] = "lanyard.dev/HttpFailure";

}  // namespace

absl::Status WithHttpFailure(absl::Status status, HttpFailure failure) {
  status.SetPayload(kFailure, absl::Cord(absl::StrCat(static_cast<int>(failure))));
  return status;
}

HttpFailure HttpFailureOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kFailure);
  int failure = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &failure)) {
    return HttpFailure::kOther;
  }
  return static_cast<HttpFailure>(failure);
}

absl::StatusOr<HttpUrl> ParseHttpUrl(absl::string_view url, bool plaintext_http_is_trusted) {
  if (url.size() > kMaxUrlBytes) return Bad(absl::StrCat("has more than ", kMaxUrlBytes, " bytes"));
  for (const char c : url) {
    if (c <= ' ' || c > '~' || absl::StrContains("\"<>\\^`{|}", absl::string_view(&c, 1))) {
      return Bad("holds a character that must be percent-encoded");
    }
  }
  absl::string_view rest = url;
  std::string port = "443";
  const bool https = absl::StartsWithIgnoreCase(rest, "https://");
  if (https) {
    rest.remove_prefix(8);
  } else if (plaintext_http_is_trusted && absl::StartsWithIgnoreCase(rest, "http://")) {
    rest.remove_prefix(7);
    port = "80";
  } else {
    return Bad("must begin with https://");
  }
  if (absl::StrContains(rest, '#')) return Bad("has a fragment");
  absl::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  if (absl::StrContains(authority, '@')) return Bad("has a user or password");
  const bool ipv6 = absl::StartsWith(authority, "[");
  const size_t host_end = ipv6 ? authority.find(']') : authority.find(':');
  absl::string_view host = authority.substr(0, host_end);
  absl::string_view after = host_end == authority.npos ? "" : authority.substr(host_end);
  if (ipv6) {
    host.remove_prefix(1);
    if (!absl::ConsumePrefix(&after, "]")) return Bad("has no host");
  }
  if (!(ipv6 ? All(host, IsIpv6Character) : All(host, IsHostCharacter))) {
    return Bad("has no host, or one with a strange character");
  }
  if (!after.empty()) {
    if (!absl::ConsumePrefix(&after, ":")) return Bad("has no host");
    int number = 0;
    if (!All(after, [](char c) { return absl::ascii_isdigit(c); }) || after.size() > 5 ||
        !absl::SimpleAtoi(after, &number) || number < 1 || number > 65535) {
      return Bad("has a port that is none");
    }
    port = absl::StrCat(number);
  }
  const absl::string_view path = rest.substr(authority.size());
  return HttpUrl{absl::StrCat(https ? "https://" : "http://", ipv6 ? "[" : "",
                              absl::AsciiStrToLower(host), ipv6 ? "]:" : ":", port),
                 !path.empty() && path != "/"};
}

absl::StatusOr<std::vector<std::string>> ParseHttpOrigins(const std::vector<std::string>& hosts,
                                                          absl::string_view field,
                                                          bool plaintext_http_is_trusted) {
  std::vector<std::string> origins;
  for (const std::string& host : hosts) {
    auto url = ParseHttpUrl(host, plaintext_http_is_trusted);
    if (!url.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ": ", url.status().message(), "; write \"https://host[:port]\""));
    }
    if (url->has_path) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ": hosts are trusted whole: write no path"));
    }
    origins.push_back(std::move(url->origin));
  }
  return origins;
}

}  // namespace lanyard::internal
