// SPDX-License-Identifier: Apache-2.0
//
// A file of revocations: an error names the file, and what is taken revokes what it says, in any
// order and for as long as it says.
#include <string>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/internal/revocation_list.h"
#include "lanyard/sdk/revocations/file_revocation_source.h"

using namespace lanyard;

namespace {

constexpr int64_t kNow = 1900000000;

class StoppedClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(kNow); }
  absl::Duration SinceBoot() const override { return absl::ZeroDuration(); }
};

// A token without iat, which not_before cannot save.
TokenFacts TokenOf(const v1::Revocation& revocation) {
  TokenFacts token;
  token.issuer = revocation.issuer();
  token.token_id = revocation.token_id();
  token.subject = revocation.subject();
  token.session_id = revocation.session_id();
  token.key_id = revocation.key_id();
  return token;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto read = internal::ParseRevocations(fuzz::TextOf(data, size), "file");
  if (!read.ok()) {
    FUZZ_CHECK(absl::StartsWith(read.status().message(), "file"));
    FUZZ_CHECK(read.status().message().size() > sizeof("file:1"));
    return 0;
  }
  if (read->revocations().empty()) return 0;
  const auto clock = std::make_shared<StoppedClock>();
  internal::RevocationList list(read->revocations(0).issuer(), {}, clock);
  internal::RevocationList backwards(read->revocations(0).issuer(), {}, clock);
  const int count = read->revocations_size();
  for (int i = 0; i < count; ++i) {
    list.Add(read->revocations(i));
    backwards.Add(read->revocations(count - 1 - i));
  }
  FUZZ_CHECK(list.entries() == backwards.entries() && list.bytes() == backwards.bytes());
  for (const v1::Revocation& revocation : read->revocations()) {
    TokenFacts token = TokenOf(revocation);
    const bool is_ours = revocation.issuer() == read->revocations(0).issuer();
    if (!is_ours) {
      FUZZ_CHECK(list.Check(token) == RevocationVerdict::kUnknown);
    } else if (revocation.expires_at().seconds() > kNow) {
      FUZZ_CHECK(list.Check(token) == RevocationVerdict::kRevoked);
      token.issued_at = absl::FromUnixSeconds(revocation.not_before().seconds());
      FUZZ_CHECK(list.Check(token) == RevocationVerdict::kRevoked);
      FUZZ_CHECK(backwards.Check(token) == RevocationVerdict::kRevoked);
    }
  }
  TokenFacts nobody;
  nobody.issuer = read->revocations(0).issuer();
  FUZZ_CHECK(list.Check(nobody) == RevocationVerdict::kGood);
  return 0;
}
