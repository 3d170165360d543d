// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_CALLER_WORDS_H_
#define LANYARD_TOOLS_LANYARD_CALLER_WORDS_H_

#include <string>
#include <vector>

#include "lanyard/v1/policy.pb.h"

namespace lanyard::tools {

// One condition on a caller in plain words: "scope", {"orders.read", "orders.write"}, "and". Names
// and values are as they stand in the config, so of unknown origin.
struct CallerWord {
  std::string label;
  std::vector<std::string> values;  // Empty where the label says it all.
  std::string joint = "or";
};

// All that a valid alternative asks for, who first and what narrows it down after it.
std::vector<CallerWord> WordsOf(const v1::Allow& allow);

// Whom a deny means.
std::vector<CallerWord> WordsOf(const v1::Deny& deny);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_CALLER_WORDS_H_
