// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/password_hash.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/issuer/password_record.h"
#include "lanyard/sdk/internal/crypto/key_material.h"

namespace lanyard::internal {
namespace {

constexpr size_t kSaltBytes = 16;
constexpr size_t kHashBytes = 32;

}  // namespace

absl::StatusOr<std::unique_ptr<PasswordHashes>> PasswordHashes::Create(
    PasswordHashesOptions options) {
  const auto memory = ScryptMemory(options.cost);
  if (!memory.has_value()) {
    return absl::InvalidArgumentError("PasswordHashesOptions.cost is out of bounds");
  }
  if (*memory > options.max_memory) {
    return absl::InvalidArgumentError(absl::StrCat("PasswordHashesOptions.cost takes ", *memory,
                                                   " bytes, max_memory is ", options.max_memory));
  }
  return std::unique_ptr<PasswordHashes>(new PasswordHashes(options));
}

absl::StatusOr<std::string> PasswordHashes::Hash(const Secret& password) const {
  PasswordRecord record;
  record.cost = options_.cost;
  record.salt = RandomBytes(kSaltBytes);
  auto hash = Derive(password, record.salt, record.cost, kHashBytes);
  if (!hash.ok()) return hash.status();
  record.hash = *std::move(hash);
  return record.ToText();
}

absl::StatusOr<PasswordHashes::Verdict> PasswordHashes::Check(
    std::optional<absl::string_view> record_text, const Secret& password) const {
  const uint64_t current = options_.cost.work();
  if (!record_text.has_value()) {
    if (absl::Status status = Spend(current, password); !status.ok()) return status;
    return Verdict{};
  }
  auto record = PasswordRecord::FromText(*record_text);
  if (record.ok() && ScryptMemory(record->cost).value() > options_.max_memory) {
    record = absl::DataLossError("a stored password hash takes more memory than is allowed");
  }
  if (!record.ok()) {
    if (absl::Status status = Spend(current, password); !status.ok()) return status;
    return record.status();
  }
  const auto hash = Derive(password, record->salt, record->cost, record->hash.view().size());
  if (!hash.ok()) return hash.status();
  const uint64_t own = record->cost.work();
  if (own < current) {
    if (absl::Status status = Spend(current - own, password); !status.ok()) return status;
  }
  Verdict verdict;
  verdict.matches = ConstantTimeEquals(hash->view(), record->hash.view());
  verdict.needs_rehash = verdict.matches && !(record->cost == options_.cost);
  return verdict;
}

PasswordHashes::Work PasswordHashes::work() const { return {derivations_, cost_}; }

absl::StatusOr<Secret> PasswordHashes::Derive(const Secret& password, absl::string_view salt,
                                              const ScryptCost& cost, size_t bytes) const {
  ++derivations_;
  cost_ += cost.work();
  return Scrypt(password.view(), salt, cost, options_.max_memory, bytes);
}

absl::Status PasswordHashes::Spend(uint64_t cost, const Secret& password) const {
  if (cost == options_.cost.work()) {
    return Derive(password, std::string(kSaltBytes, '\0'), options_.cost, kHashBytes).status();
  }
  // Powers of two add up to anything. What is left is less than the smallest derivation there is.
  ScryptCost part = options_.cost;
  part.p = 1;
  while (part.log2_n >= 1) {
    if (part.work() > cost) {
      --part.log2_n;
      continue;
    }
    cost -= part.work();
    auto spent = Derive(password, std::string(kSaltBytes, '\0'), part, kHashBytes);
    if (!spent.ok()) return spent.status();
  }
  return absl::OkStatus();
}

}  // namespace lanyard::internal
