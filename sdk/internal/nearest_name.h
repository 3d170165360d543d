// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_NEAREST_NAME_H_
#define LANYARD_SDK_INTERNAL_NEAREST_NAME_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lanyard::internal {

// " (did you mean X?)" with the name that somebody who wrote `word` most likely meant; empty where
// none is close: the start of one name only, or at most two letters wrong, missing, added or
// swapped.
std::string DidYouMean(absl::string_view word, const std::vector<std::string>& names);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_NEAREST_NAME_H_
