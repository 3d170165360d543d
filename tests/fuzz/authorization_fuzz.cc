// SPDX-License-Identifier: Apache-2.0
//
// The authorization header: what is taken for a token is a b64token and nothing else (RFC 6750
// section 2.1); what a sender reads in its own token may be any bytes.
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/sdk/internal/token_text.h"

namespace {

using namespace lanyard::internal;

// 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="
bool IsB64Token(const std::string& text) {
  const std::string allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
  size_t at = 0;
  while (at < text.size() && allowed.find(text[at]) != std::string::npos) ++at;
  if (at == 0) return false;
  while (at < text.size() && text[at] == '=') ++at;
  return at == text.size();
}

std::optional<std::string> NaiveBearerOf(const std::string& header) {
  const std::string scheme = "bearer";
  size_t at = 0;
  for (; at < scheme.size(); ++at) {
    if (at == header.size() || (header[at] != scheme[at] && header[at] != scheme[at] - 'a' + 'A')) {
      return std::nullopt;
    }
  }
  const size_t token = header.find_first_not_of(' ', at);
  if (token == std::string::npos || token == at) return std::nullopt;
  const std::string rest = header.substr(token);
  return IsB64Token(rest) ? std::optional<std::string>(rest) : std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = lanyard::fuzz::TextOf(data, size);
  FUZZ_CHECK(IsBearerToken(text) == IsB64Token(std::string(text)));
  for (const std::string& header : {std::string(text), "Bearer " + std::string(text)}) {
    const auto token = BearerOf(header);
    FUZZ_CHECK(token.has_value() == NaiveBearerOf(header).has_value());
    if (token.has_value()) {
      FUZZ_CHECK(*token == *NaiveBearerOf(header) && IsBearerToken(*token));
      // It points into the header.
      FUZZ_CHECK(token->data() + token->size() == header.data() + header.size());
    }
  }
  UnverifiedExpiry(text);
  if (const auto audiences = UnverifiedAudiences(text); audiences.has_value()) {
    FUZZ_CHECK(std::string(text).find('.') != std::string::npos);
  }
  return 0;
}
