// SPDX-License-Identifier: Apache-2.0
//
// Heads of HTTP requests: what was complete stays the same request however much comes after it, and
// nothing odd is in it. Where an input has no carriage return, each of its lines gets one.
#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/issuer/http_request.h"

using lanyard::internal::ReadHttpRequest;
using lanyard::internal::ReceivedRequest;
using lanyard::internal::RequestRead;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string text(lanyard::fuzz::TextOf(data, size));
  if (!absl::StrContains(text, '\r')) text = absl::StrReplaceAll(text, {{"\n", "\r\n"}});
  ReceivedRequest request, longer;
  const RequestRead read = ReadHttpRequest(text, &request);
  if (read == RequestRead::kIncomplete) {
    FUZZ_CHECK(text.size() < lanyard::internal::kMaxRequestBytes);
    return 0;
  }
  FUZZ_CHECK(ReadHttpRequest(text + "more", &longer) == read);
  if (read != RequestRead::kComplete) return 0;
  FUZZ_CHECK(longer.method == request.method && longer.path == request.path &&
             longer.if_none_match == request.if_none_match);
  FUZZ_CHECK(!request.method.empty());
  for (const std::string* part : {&request.method, &request.path}) {
    FUZZ_CHECK(std::all_of(part->begin(), part->end(), [](char c) { return c > ' ' && c <= '~'; }));
  }
  FUZZ_CHECK(request.path.find('?') == std::string::npos);
  FUZZ_CHECK(request.if_none_match.find_first_of(std::string("\0\r\n", 3)) == std::string::npos);
  return 0;
}
