// SPDX-License-Identifier: Apache-2.0
//
// Stored password hashes: one has one spelling, and its parameters are within bounds.
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "lanyard/fuzz/check.h"
#include "lanyard/fuzz/input.h"
#include "lanyard/issuer/password_record.h"
#include "lanyard/sdk/internal/crypto/scrypt.h"

using lanyard::internal::PasswordRecord;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = lanyard::fuzz::TextOf(data, size);
  const auto record = PasswordRecord::FromText(text);
  if (!record.ok()) {
    FUZZ_CHECK(record.status().code() == absl::StatusCode::kDataLoss);
    FUZZ_CHECK(text.size() < 48 || !absl::StrContains(record.status().message(), text));
    return 0;
  }
  FUZZ_CHECK(record->ToText() == text);
  FUZZ_CHECK(lanyard::internal::ScryptMemory(record->cost).has_value());
  // The memory's bound is one for time as well.
  FUZZ_CHECK(record->cost.work() <= *lanyard::internal::ScryptMemory(record->cost) / 8);
  return 0;
}
