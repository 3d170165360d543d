// SPDX-License-Identifier: Apache-2.0
//
// base64url: one byte string has one spelling, the one that a naive reader reads too.
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/fuzz/naive_base64url.h"
#include "lanyard/sdk/internal/base64url.h"

using lanyard::internal::Base64UrlDecode;
using lanyard::internal::Base64UrlEncode;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = lanyard::fuzz::TextOf(data, size);
  std::string decoded = "before";
  const bool good = Base64UrlDecode(text, &decoded);
  const auto naive = lanyard::fuzz::NaiveBase64UrlDecode(std::string(text));
  FUZZ_CHECK(good == naive.has_value());
  if (good) {
    FUZZ_CHECK(decoded == "before" + *naive);
    FUZZ_CHECK(Base64UrlEncode(*naive) == text);
  }

  const std::string encoded = Base64UrlEncode(text);
  std::string back;
  FUZZ_CHECK(Base64UrlDecode(encoded, &back) && back == text);
  FUZZ_CHECK(lanyard::fuzz::NaiveBase64UrlDecode(encoded) == std::string(text));
  return 0;
}
