// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/crypto/scrypt.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/boringssl.h"

namespace lanyard::internal {

std::optional<uint64_t> ScryptMemory(const ScryptCost& cost) {
  constexpr int kMaxFactor = (1 << 15) - 1;  // So that p * r stays below 2^30.
  if (cost.log2_n < 1 || cost.log2_n > 32 || cost.r < 1 || cost.r > kMaxFactor || cost.p < 1 ||
      cost.p > kMaxFactor || cost.log2_n >= 16 * cost.r) {
    return std::nullopt;
  }
  // N blocks to mix, p to begin with, and one to work in.
  return uint64_t{128} * static_cast<uint64_t>(cost.r) *
         (cost.n() + static_cast<uint64_t>(cost.p) + 1);
}

absl::StatusOr<Secret> Scrypt(absl::string_view password, absl::string_view salt,
                              const ScryptCost& cost, uint64_t max_memory, size_t out_bytes) {
  const auto memory = ScryptMemory(cost);
  if (!memory.has_value() || out_bytes == 0) {
    return absl::InvalidArgumentError("scrypt: parameters out of bounds (RFC 7914 section 6)");
  }
  if (*memory > max_memory) {
    return absl::InvalidArgumentError(absl::StrCat("scrypt: the parameters take ", *memory,
                                                   " bytes of memory, at most ", max_memory,
                                                   " are allowed"));
  }
  std::string out(out_bytes, '\0');
  ScopedCleanse cleanse(&out);
  // BoringSSL's own limit, without a number here, is below what the default cost needs. Its scratch
  // memory is overwritten when it is freed.
  if (EVP_PBE_scrypt(password.data(), password.size(), Bytes(salt), salt.size(), cost.n(),
                     static_cast<uint64_t>(cost.r), static_cast<uint64_t>(cost.p), *memory,
                     reinterpret_cast<uint8_t*>(&out[0]), out.size()) != 1) {
    ERR_clear_error();
    return absl::ResourceExhaustedError(
        absl::StrCat("scrypt: no memory for the ", *memory, " bytes that it takes"));
  }
  return Secret(out);
}

}  // namespace lanyard::internal
