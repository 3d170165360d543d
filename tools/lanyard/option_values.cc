// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/option_values.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/internal/nearest_name.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

constexpr int64_t kLastSecond = 253402300799;  // Of the year 9999.
constexpr size_t kShownBytes = 24;

std::string Quoted(absl::string_view value) {
  // What is longer than any right value may be a key or a token in the wrong place.
  if (value.size() > kShownBytes) return absl::StrCat("a value of ", value.size(), " bytes");
  return absl::StrCat("\"", internal::Printable(value, kShownBytes), "\"");
}

std::vector<std::string> NamesOfAlgorithms() {
  std::vector<std::string> names;
  for (const Algorithm algorithm : kAllAlgorithms) names.emplace_back(AlgorithmName(algorithm));
  return names;
}

absl::StatusOr<Algorithm> ReadAlgorithm(absl::string_view name, absl::string_view text) {
  const auto algorithm = AlgorithmFromName(text);
  if (algorithm.has_value()) return *algorithm;
  return UsageError(absl::StrCat(name, ": ", Quoted(text), " is no algorithm here",
                                 internal::DidYouMean(text, NamesOfAlgorithms()), "; there are ",
                                 AlgorithmNames()));
}

bool IsDigits(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

}  // namespace

std::string AlgorithmNames() { return absl::StrJoin(NamesOfAlgorithms(), ", "); }

absl::StatusOr<Algorithm> AlgorithmOption(const Arguments& arguments, absl::string_view name) {
  return ReadAlgorithm(name, arguments.Value(name));
}

absl::StatusOr<std::vector<Algorithm>> AlgorithmsOption(const Arguments& arguments,
                                                        absl::string_view name) {
  std::vector<Algorithm> algorithms;
  const std::string value = arguments.Value(name);
  for (const absl::string_view text : absl::StrSplit(value, ',')) {
    const auto algorithm = ReadAlgorithm(name, text);
    if (!algorithm.ok()) return algorithm.status();
    if (std::find(algorithms.begin(), algorithms.end(), *algorithm) != algorithms.end()) {
      return UsageError(absl::StrCat(name, ": ", AlgorithmName(*algorithm), " stands there twice"));
    }
    algorithms.push_back(*algorithm);
  }
  const auto hmacs = std::count_if(algorithms.begin(), algorithms.end(), IsHmac);
  if (hmacs != 0 && static_cast<size_t>(hmacs) != algorithms.size()) {
    return UsageError(absl::StrCat(
        name,
        ": HMAC and public-key algorithms in one list invite key confusion (RFC 8725 section 3.1); "
        "list one kind"));
  }
  return algorithms;
}

absl::StatusOr<absl::Duration> DurationOption(const Arguments& arguments, absl::string_view name,
                                              absl::Duration otherwise, absl::Duration shortest,
                                              absl::Duration longest) {
  if (!arguments.Has(name)) return otherwise;
  const std::string text = arguments.Value(name);
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration)) {
    return UsageError(absl::StrCat(name, ": ", Quoted(text),
                                   " is no duration; write it with units, like 30s, 5m or 24h"));
  }
  if (duration < shortest || duration > longest || duration == absl::InfiniteDuration()) {
    return UsageError(longest == absl::InfiniteDuration()
                          ? absl::StrCat(name, " must be at least ", absl::FormatDuration(shortest))
                          : absl::StrCat(name, " must be ", absl::FormatDuration(shortest), " to ",
                                         absl::FormatDuration(longest)));
  }
  return duration;
}

absl::StatusOr<absl::Time> TimeOption(const Arguments& arguments, absl::string_view name) {
  if (!arguments.Has(name)) return SystemClock()->Now();
  const std::string text = arguments.Value(name);
  const std::vector<std::string> parts = absl::StrSplit(text, '.');
  int64_t seconds = 0;
  if (parts.size() > 2 || !IsDigits(parts[0]) || !absl::SimpleAtoi(parts[0], &seconds) ||
      seconds > kLastSecond || (parts.size() == 2 && !IsDigits(parts[1]))) {
    return UsageError(absl::StrCat(name, ": ", Quoted(text),
                                   " is no time; write seconds since 1970, like 1900000000 or ",
                                   "1900000000.5"));
  }
  absl::Time time = absl::FromUnixSeconds(seconds);
  if (parts.size() == 2) {
    // Nanoseconds, the rest cut off.
    std::string digits = parts[1].substr(0, 9);
    digits.resize(9, '0');
    int64_t nanoseconds = 0;
    if (absl::SimpleAtoi(digits, &nanoseconds)) time += absl::Nanoseconds(nanoseconds);
  }
  return time;
}

absl::StatusOr<std::string> ChoiceOption(const Arguments& arguments, absl::string_view name,
                                         const std::vector<std::string>& choices) {
  if (!arguments.Has(name)) return choices.front();
  const std::string text = arguments.Value(name);
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return text;
  return UsageError(absl::StrCat(name, ": ", Quoted(text), " is none of ",
                                 absl::StrJoin(choices, ", "),
                                 internal::DidYouMean(text, choices)));
}

absl::StatusOr<int> NumberOption(const Arguments& arguments, absl::string_view name, int otherwise,
                                 int smallest, int largest) {
  if (!arguments.Has(name)) return otherwise;
  const std::string text = arguments.Value(name);
  int number = 0;
  if (IsDigits(text) && absl::SimpleAtoi(text, &number) && number >= smallest &&
      number <= largest) {
    return number;
  }
  return UsageError(
      absl::StrCat(name, ": ", Quoted(text), " is no whole number of ", smallest, " to ", largest));
}

}  // namespace lanyard::tools
