// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_ARGUMENTS_H_
#define LANYARD_TOOLS_LANYARD_ARGUMENTS_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lanyard::tools {

// One option of a command.
struct Option {
  std::string name;   // "--issuer"
  std::string value;  // What stands for the value in help, "ISS"; empty for a flag.
  std::string help;   // What it does; also the end of the error where it is missing.
  bool required = false;
  bool repeatable = false;
};

// What a command may be given.
struct Syntax {
  std::string operand;           // "FILE|-"; empty where there is none.
  size_t operands = 1;           // How many, where there are any.
  size_t optional_operands = 0;  // How many of those, the last ones, may be left out all the same.
  bool operand_required = false;
  std::vector<Option> options;  // Every command has --json and --help as well.
};

// The words after a command's name, read. Values are kept as they were given and never empty.
class Arguments {
 public:
  // "--name value" and "--name=value"; after "--" there are no more options. Failures are usage
  // errors; they name options, and never repeat a value or an operand, which may be a secret.
  static absl::StatusOr<Arguments> Parse(const Syntax& syntax,
                                         const std::vector<std::string>& words);

  bool Has(absl::string_view name) const;
  // The value; empty if the option was not given.
  std::string Value(absl::string_view name) const;
  // All values of a repeatable option.
  std::vector<std::string> Values(absl::string_view name) const;

  bool has_operand() const { return !operands_.empty(); }
  // Empty if it was not given.
  std::string operand(size_t index = 0) const {
    return index < operands_.size() ? operands_[index] : "";
  }

  // Whether the answer is for a machine: one JSON object on standard output.
  bool json() const { return Has("--json"); }

 private:
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> operands_;
};

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_ARGUMENTS_H_
