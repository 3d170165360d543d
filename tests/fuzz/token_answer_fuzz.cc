// SPDX-License-Identifier: Apache-2.0
//
// What a token endpoint answers, a line with the status before the body: a token comes out only if
// it can stand in a header and lives, and no error holds a part of what the endpoint was sent.
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/sdk/internal/token_text.h"
#include "lanyard/sdk/tokens/token_answer.h"

namespace {

using namespace lanyard;

constexpr absl::string_view kSecret = "what-only-we-know";
constexpr char kEndpoint[] = "https://sso.test:443";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(fuzz::TextOf(data, size));
  internal::HttpResponse response;
  if (!absl::SimpleAtoi(input.Line(), &response.status)) response.status = 200;
  response.body = std::string(input.Take(input.size()));
  const absl::Time asked_at = absl::FromUnixSeconds(1900000000);
  const auto token = internal::ReadTokenAnswer(kEndpoint, response, asked_at,
                                               {internal::Secret(kSecret), internal::Secret()});
  if (token.ok()) {
    FUZZ_CHECK(response.status == 200 && internal::IsBearerToken(token->text()));
    const auto expiry = internal::UnverifiedExpiry(token->text());
    FUZZ_CHECK(token->expires_at() > asked_at || token->expires_at() == expiry);
    return 0;
  }
  FUZZ_CHECK(absl::StartsWith(token.status().message(), kEndpoint));
  FUZZ_CHECK(token.status().message().size() < 1024);
  for (const char c : token.status().message()) FUZZ_CHECK(c < 0 || (c >= ' ' && c != '\x7f'));
  for (size_t i = 0; i + 8 <= kSecret.size(); ++i) {
    FUZZ_CHECK(!absl::StrContains(token.status().message(), kSecret.substr(i, 8)));
  }
  FUZZ_CHECK(token.status().code() == absl::StatusCode::kUnauthenticated ||
             (token.status().code() == absl::StatusCode::kUnavailable && response.status != 200));
  return 0;
}
