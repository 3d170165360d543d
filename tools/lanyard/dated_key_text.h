// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_DATED_KEY_TEXT_H_
#define LANYARD_TOOLS_LANYARD_DATED_KEY_TEXT_H_

#include <string>

#include "absl/time/time.h"
#include "lanyard/sdk/keys/dated_key.h"

namespace lanyard::tools {

// "next", "active", "retired" or "gone".
std::string StateName(DatedKeys::State state);

// "2026-11-25 14:00:00 UTC".
std::string TimeText(absl::Time time);

// A key as a JSON object, without the key: kid, alg, state, active_from and, where it has an end,
// gone_from (both RFC 3339).
std::string DatedKeyJson(const DatedKey& key, DatedKeys::State state, absl::Time gone_from);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_DATED_KEY_TEXT_H_
