// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/dated_key_text.h"

#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/utc_text.h"

namespace lanyard::tools {
std::string StateName(DatedKeys::State state) {
  switch (state) {
    case DatedKeys::State::kNext:
      return "next";
    case DatedKeys::State::kActive:
      return "active";
    case DatedKeys::State::kRetired:
      return "retired";
    case DatedKeys::State::kGone:
      return "gone";
  }
  return "";
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone());
}

std::string DatedKeyJson(const DatedKey& key, DatedKeys::State state, absl::Time gone_from) {
  internal::JsonObject object;
  object.Text("kid", key.key.id())
      .Text("alg", AlgorithmName(*key.key.algorithm()))
      .Text("state", StateName(state))
      .Text("active_from", internal::UtcText(key.active_from));
  if (gone_from != absl::InfiniteFuture()) object.Text("gone_from", internal::UtcText(gone_from));
  return object.Finish();
}

}  // namespace lanyard::tools
