// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/arguments.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/nearest_name.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

constexpr size_t kShownNameBytes = 40;

absl::Status UnknownOption(const std::vector<Option>& options, absl::string_view name) {
  std::vector<std::string> names;
  for (const Option& option : options) names.push_back(option.name);
  // A PEM block begins with dashes as well.
  const bool shown = name.size() <= kShownNameBytes &&
                     name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == name.npos;
  return UsageError(absl::StrCat("there is no ", shown ? "option " : "such option",
                                 shown ? name : "", internal::DidYouMean(name, names),
                                 "; --help lists them"));
}

std::string Wants(const Option& option) {
  return absl::StrCat(option.name, " ", option.value, ": ", option.help);
}

}  // namespace

absl::StatusOr<Arguments> Arguments::Parse(const Syntax& syntax,
                                           const std::vector<std::string>& words) {
  std::vector<Option> options = syntax.options;
  options.push_back({"--json", "", ""});
  Arguments arguments;
  bool only_operands = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!only_operands && word == "--") {
      only_operands = true;
      continue;
    }
    if (only_operands || word == "-" || !absl::StartsWith(word, "-")) {
      if (syntax.operand.empty()) {
        return UsageError("an argument that belongs to no option; this command takes options only");
      }
      if (arguments.operands_.size() == syntax.operands) {
        return UsageError(absl::StrCat("one argument too many: there ",
                                       syntax.operands == 1 ? "is one " : "are ", syntax.operand,
                                       ", and values follow their options"));
      }
      arguments.operands_.push_back(word);
      continue;
    }
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const Option* option = nullptr;
    for (const Option& candidate : options) {
      if (candidate.name == name) option = &candidate;
    }
    if (name == "--help" || name == "-h") {
      return UsageError(absl::StrCat(name, " stands alone, right behind the command's name"));
    }
    if (option == nullptr) return UnknownOption(options, name);
    std::vector<std::string>& values = arguments.values_[name];
    if (!values.empty() && !option->repeatable) {
      return UsageError(absl::StrCat(name, " is given twice"));
    }
    if (option->value.empty()) {
      if (equals != std::string::npos) {
        return UsageError(absl::StrCat(name, " takes no value: it is there or not"));
      }
      values.emplace_back();
      continue;
    }
    if (equals != std::string::npos) {
      values.push_back(word.substr(equals + 1));
    } else if (i + 1 < words.size() && !absl::StartsWith(words[i + 1], "--")) {
      values.push_back(words[++i]);
    } else {
      return UsageError(
          absl::StrCat("no value after ", Wants(*option),
                       i + 1 < words.size()
                           ? absl::StrCat("; a value that starts with -- is given as ", name, "=")
                           : ""));
    }
    if (values.back().empty()) {
      return UsageError(absl::StrCat("an empty value for ", Wants(*option)));
    }
  }
  for (const Option& option : options) {
    if (option.required && !arguments.Has(option.name)) {
      return UsageError(absl::StrCat("missing ", Wants(option)));
    }
  }
  if (syntax.operand_required &&
      arguments.operands_.size() + syntax.optional_operands < syntax.operands) {
    return UsageError(
        absl::StrCat("missing ", syntax.operand,
                     absl::EndsWith(syntax.operand, "-") ? ": \"-\" is standard input" : ""));
  }
  return arguments;
}

bool Arguments::Has(absl::string_view name) const { return values_.count(std::string(name)) != 0; }

std::string Arguments::Value(absl::string_view name) const {
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? "" : found->second.front();
}

std::vector<std::string> Arguments::Values(absl::string_view name) const {
  const auto found = values_.find(std::string(name));
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

}  // namespace lanyard::tools
