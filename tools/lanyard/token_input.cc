// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/token_input.h"

#include "absl/strings/ascii.h"
#include "lanyard/tools/input.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

constexpr size_t kSpaceAround = 4096;

}  // namespace

absl::StatusOr<std::string> ReadToken(const Arguments& arguments, Streams& streams) {
  const bool from_file = arguments.Has("--token-file");
  if (arguments.has_operand() == from_file) {
    return UsageError(from_file ? "a token and --token-file are both given; one is enough"
                                : "missing TOKEN: the token itself, \"-\" for standard input, or "
                                  "--token-file FILE");
  }
  if (!from_file && arguments.operand() != "-") {
    return std::string(absl::StripAsciiWhitespace(arguments.operand()));
  }
  return TokenOfFile(from_file ? arguments.Value("--token-file") : "-", streams);
}

absl::StatusOr<std::string> TokenOfFile(const std::string& path, Streams& streams) {
  const auto input = ReadInput(path, kMaxTokenBytes + kSpaceAround, streams.in);
  if (!input.ok()) return input.status();
  return std::string(input->cut_off ? input->text.view()
                                    : absl::StripAsciiWhitespace(input->text.view()));
}

Option TokenFileOption() {
  return {"--token-file", "FILE", "read the token from this file in place of TOKEN"};
}

}  // namespace lanyard::tools
