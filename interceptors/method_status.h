// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_METHOD_STATUS_H_
#define LANYARD_INTERCEPTORS_METHOD_STATUS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace lanyard {

// What rules one method of a server, for metrics and for people.
struct MethodStatus {
  std::string method;  // "/package.Service/Method"

  // Where its rule stands: "FILE:LINE", "annotation of METHOD", "health: ANYONE". Empty: no rule
  // opens the method.
  std::string rule;

  // Who may call, in the words of the config, one for each alternative. Empty: nobody.
  std::vector<std::string> callers;

  // Until when calls that would be refused go through (OBSERVE), and how many have since the start.
  // Infinite past where the method is enforced.
  absl::Time observe_until = absl::InfinitePast();
  int64_t would_deny = 0;
};

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_METHOD_STATUS_H_
