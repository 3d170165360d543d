// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/sign_in_attempts.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "lanyard/issuer/records.pb.h"
#include "lanyard/issuer/stored.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/timestamp.h"

namespace lanyard::internal {
namespace {

using Kind = IssuerStore::Kind;
using Attempts = Stored<issuer::Attempts>;

constexpr uint32_t kFreeAttempts = 5, kFreeOfAccount = 20;
constexpr absl::Duration kLongestWait = absl::Minutes(1), kWaitOfAccount = absl::Seconds(1);
constexpr absl::Duration kRemembered = absl::Minutes(15), kKnownFor = absl::Hours(24 * 30);

// Whether it is too early for one that may come at `next_at`. A time that is further away than any
// wait was written by a clock that has been set back since, and locks nobody out.
bool IsEarly(const issuer::Attempts& attempts, absl::Time now) {
  const absl::Time next_at = TimeOf(attempts.next_at());
  return next_at > now && next_at - now <= kLongestWait;
}

// Whatever was typed as the account's name stands in no key.
std::string KeyOf(absl::string_view what, absl::string_view account, absl::string_view network) {
  return absl::StrCat(
      what, ":", Base64UrlEncode(Sha256(absl::StrCat(account.size(), ":", account, ":", network))));
}

absl::StatusOr<Attempts> Read(const IssuerStore& store, const std::string& key) {
  auto found = ReadRecord<issuer::Attempts>(store, Kind::kAttempts, key);
  if (!found.ok()) return found.status();
  return found->has_value() ? std::move(**found) : Attempts();
}

absl::Duration WaitAfter(uint32_t attempts) {
  if (attempts < kFreeAttempts) return absl::ZeroDuration();
  const uint32_t doublings = std::min<uint32_t>(attempts - kFreeAttempts, 6);
  return std::min(kLongestWait, absl::Seconds(1) * (1 << doublings));
}

}  // namespace

absl::StatusOr<bool> SignInAttempts::Begin(absl::string_view account, absl::string_view network) {
  const std::string here = KeyOf("here", account, network);
  const std::string anywhere = KeyOf("anywhere", account, "");
  const auto known = store_->Get(Kind::kAttempts, KeyOf("known", account, network));
  if (!known.ok()) return known.status();
  for (int race = 0; race < kMaxRaces; ++race) {
    const absl::Time now = clock_->Now();
    auto mine = Read(*store_, here);
    if (!mine.ok()) return mine.status();
    if (IsEarly(mine->value, now)) return false;
    IssuerStore::Change change;
    mine->value.set_count(mine->value.count() + 1);
    SetTime(now + WaitAfter(mine->value.count()), mine->value.mutable_next_at());
    change.writes.push_back(WriteRecord(Kind::kAttempts, here, *mine, now + kRemembered));
    if (!known->has_value()) {
      auto all = Read(*store_, anywhere);
      if (!all.ok()) return all.status();
      if (IsEarly(all->value, now)) return false;
      all->value.set_count(all->value.count() + 1);
      const bool is_attacked = all->value.count() >= kFreeOfAccount;
      SetTime(is_attacked ? now + kWaitOfAccount : now, all->value.mutable_next_at());
      change.writes.push_back(WriteRecord(Kind::kAttempts, anywhere, *all, now + kRemembered));
    }
    const absl::Status counted = store_->Apply(change);
    if (counted.ok()) return true;
    if (!absl::IsAborted(counted)) return counted;
  }
  return false;  // So many at once are no person's.
}

absl::Status SignInAttempts::Succeeded(absl::string_view account, absl::string_view network) {
  const std::string here = KeyOf("here", account, network);
  const std::string known = KeyOf("known", account, network);
  for (int race = 0; race < kMaxRaces; ++race) {
    auto mine = Read(*store_, here);
    if (!mine.ok()) return mine.status();
    auto mark = Read(*store_, known);
    if (!mark.ok()) return mark.status();
    IssuerStore::Change change;
    if (mine->version != 0) {
      change.writes.push_back(DeleteRecord(Kind::kAttempts, here, mine->version));
    }
    mark->value.set_count(mark->value.count() + 1);
    change.writes.push_back(WriteRecord(Kind::kAttempts, known, *mark, clock_->Now() + kKnownFor));
    const absl::Status done = store_->Apply(change);
    if (!absl::IsAborted(done)) return done;
  }
  return absl::OkStatus();
}

}  // namespace lanyard::internal
