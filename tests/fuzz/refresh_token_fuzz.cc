// SPDX-License-Identifier: Apache-2.0
//
// Refresh tokens: one that the issuer has made has one spelling, and nothing that it has not made
// is one.
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/issuer/refresh_token.h"
#include "lanyard/sdk/internal/base64url.h"

namespace {

using namespace lanyard;
using internal::RefreshToken;
using internal::RefreshTokens;
using internal::Secret;

const RefreshTokens& Tokens() {
  static const RefreshTokens* const tokens =
      RefreshTokens::Create(Secret(std::string(32, '\x81'))).value().release();
  return *tokens;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(fuzz::TextOf(data, size));
  const RefreshToken good{std::string(16, 's'), static_cast<uint32_t>(input.Byte()) << 24,
                          Secret(std::string(32, 'r'))};
  const std::string made = Tokens().TextOf(good);
  const auto read = Tokens().Read(made);
  FUZZ_CHECK(read.has_value() && Tokens().TextOf(*read) == made);
  std::string text;
  if (input.Flag()) {
    text = std::string(input.Take(input.size()));
  } else if (input.Flag()) {
    text = input.Edit(made);
  } else {  // Its bytes, so that the text is always base64url.
    std::string bytes;
    FUZZ_CHECK(internal::Base64UrlDecode(made, &bytes));
    text = internal::Base64UrlEncode(input.Edit(bytes));
  }
  FUZZ_CHECK(Tokens().Read(text).has_value() == (text == made));
  return 0;
}
