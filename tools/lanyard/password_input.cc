// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/password_input.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lanyard/issuer/password_text.h"
#include "lanyard/tools/input.h"
#include "lanyard/tools/terminal_password.h"

namespace lanyard::tools {
namespace {

using internal::kMaxTypedPasswordBytes;
using internal::Secret;

absl::StatusOr<Secret> FromStandardInput(std::istream& in) {
  // A line end more than a password may have.
  const auto input = ReadInput("-", kMaxTypedPasswordBytes + 2, in);
  if (!input.ok()) return input.status();
  absl::string_view line = input->text.view();
  if (absl::ConsumeSuffix(&line, "\n")) absl::ConsumeSuffix(&line, "\r");
  if (line.empty()) return absl::InvalidArgumentError("--password-stdin: standard input is empty");
  if (line.find('\n') != line.npos) {
    return absl::InvalidArgumentError(
        "--password-stdin: standard input has more than one line; it is the password alone");
  }
  if (input->cut_off) {
    return absl::InvalidArgumentError(absl::StrCat("--password-stdin: a password has at most ",
                                                   internal::kMaxPasswordBytes, " bytes"));
  }
  return Secret(line);
}

}  // namespace

absl::StatusOr<Secret> ReadNewPassword(const Arguments& arguments, Streams& streams) {
  if (arguments.Has("--password-stdin")) return FromStandardInput(streams.in);
  auto typed = AskAtTerminal({"New password: ", "The same again: "}, kMaxTypedPasswordBytes);
  if (!typed.ok()) {
    return absl::Status(typed.status().code(),
                        absl::StrCat(typed.status().message(),
                                     "; --password-stdin takes the password from standard input"));
  }
  if ((*typed)[0].view() != (*typed)[1].view()) {
    return absl::InvalidArgumentError("the two passwords differ; nothing has changed");
  }
  return std::move((*typed)[0]);
}

Option PasswordStdinOption() {
  return {"--password-stdin", "",
          "take the password from standard input, in place of asking at the terminal"};
}

}  // namespace lanyard::tools
