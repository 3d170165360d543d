// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_RULE_COMPARE_H_
#define LANYARD_SDK_INTERNAL_RULE_COMPARE_H_

#include <string>
#include <vector>

#include "lanyard/v1/policy.pb.h"

namespace lanyard::internal {

// Whether every caller whom `narrow` lets in is let in by `wide`, as far as their texts tell: true
// is certain, false may be wrong.
bool Covers(const v1::Allow& wide, const v1::Allow& narrow);

// The alternatives of a rule that another does not cover.
std::vector<v1::Allow> NotCovered(const v1::Rule& rule, const v1::Rule& by);

// How `after` differs from `before`.
enum class RuleChange {
  kSame,
  kWider,     // Lets in more callers, and all that `before` does.
  kNarrower,  // Lets in fewer, and nobody else.
  kOther,     // Some more and some fewer, or nobody can tell.
};
RuleChange Compare(const v1::Rule& before, const v1::Rule& after);

// An alternative, and who is denied, in the words of the config, on one line.
std::string AllowText(const v1::Allow& allow);
std::string DenyText(const v1::Deny& deny);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_RULE_COMPARE_H_
