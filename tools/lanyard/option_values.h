// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_OPTION_VALUES_H_
#define LANYARD_TOOLS_LANYARD_OPTION_VALUES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/tools/arguments.h"

namespace lanyard::tools {

// Each reads the value of one option; failures are usage errors that name it.

// "ES256".
absl::StatusOr<Algorithm> AlgorithmOption(const Arguments& arguments, absl::string_view name);

// "ES256,RS256": each once, HMAC or public-key algorithms, never both (RFC 8725 section 3.1).
absl::StatusOr<std::vector<Algorithm>> AlgorithmsOption(const Arguments& arguments,
                                                        absl::string_view name);

// "30s", "5m", "1h30m". `otherwise` if the option was not given; else `shortest` to `longest`, both
// inclusive.
absl::StatusOr<absl::Duration> DurationOption(const Arguments& arguments, absl::string_view name,
                                              absl::Duration otherwise, absl::Duration shortest,
                                              absl::Duration longest);

// Seconds since 1970, with or without decimals, up to the end of the year 9999. The system's time
// if the option was not given.
absl::StatusOr<absl::Time> TimeOption(const Arguments& arguments, absl::string_view name);

// One of `choices`; the first if the option was not given.
absl::StatusOr<std::string> ChoiceOption(const Arguments& arguments, absl::string_view name,
                                         const std::vector<std::string>& choices);

// A whole number of `smallest` to `largest`; `otherwise` if the option was not given.
absl::StatusOr<int> NumberOption(const Arguments& arguments, absl::string_view name, int otherwise,
                                 int smallest, int largest);

// "ES256, ES384, …", for help and errors.
std::string AlgorithmNames();

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_OPTION_VALUES_H_
