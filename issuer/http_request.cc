// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/http_request.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace lanyard::internal {
namespace {

constexpr absl::string_view kLineEnd = "\r\n";

// RFC 9110 section 5.6.2.
bool IsToken(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(c) || absl::StrContains("!#$%&'*+-.^_`|~", absl::string_view(&c, 1));
  });
}

bool IsVisible(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

bool ReadRequestLine(absl::string_view line, ReceivedRequest* request, bool* is_http_1_1) {
  *is_http_1_1 = absl::ConsumeSuffix(&line, " HTTP/1.1");
  if (!*is_http_1_1 && !absl::ConsumeSuffix(&line, " HTTP/1.0")) return false;
  const size_t space = line.find(' ');
  if (space == line.npos) return false;
  const absl::string_view method = line.substr(0, space), target = line.substr(space + 1);
  if (!IsToken(method) || target.empty() || !IsVisible(target)) return false;
  request->method = std::string(method);
  request->path = std::string(target.substr(0, target.find('?')));
  return true;
}

}  // namespace

RequestRead ReadHttpRequest(absl::string_view received, ReceivedRequest* request) {
  const size_t end = received.substr(0, kMaxRequestBytes).find("\r\n\r\n");
  if (end == received.npos) {
    return received.size() >= kMaxRequestBytes ? RequestRead::kTooLong : RequestRead::kIncomplete;
  }
  absl::string_view rest = received.substr(0, end + kLineEnd.size());
  *request = ReceivedRequest();
  bool is_first = true, is_http_1_1 = false;
  int hosts = 0;
  while (!rest.empty()) {
    const absl::string_view line = rest.substr(0, rest.find(kLineEnd));
    rest.remove_prefix(line.size() + kLineEnd.size());
    if (is_first) {
      if (!ReadRequestLine(line, request, &is_http_1_1)) return RequestRead::kMalformed;
      is_first = false;
      continue;
    }
    const size_t colon = line.find(':');
    if (colon == line.npos || !IsToken(line.substr(0, colon))) return RequestRead::kMalformed;
    const absl::string_view value = absl::StripAsciiWhitespace(line.substr(colon + 1));
    if (value.find_first_of(absl::string_view("\0\r\n", 3)) != value.npos) {
      return RequestRead::kMalformed;
    }
    const absl::string_view name = line.substr(0, colon);
    if (absl::EqualsIgnoreCase(name, "host")) ++hosts;
    if (absl::EqualsIgnoreCase(name, "if-none-match")) {
      absl::StrAppend(&request->if_none_match, request->if_none_match.empty() ? "" : ",", value);
    }
  }
  if (hosts > 1 || (is_http_1_1 && hosts == 0)) return RequestRead::kMalformed;
  return RequestRead::kComplete;
}

}  // namespace lanyard::internal
