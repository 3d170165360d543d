// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/key_file.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/tools/input.h"

namespace lanyard::tools {

absl::StatusOr<KeySet> ReadKeys(const std::string& path, Streams& streams) {
  const auto input = ReadInput(path, KeySet::kMaxBytes, streams.in);
  if (!input.ok()) return input.status();
  const std::string name = InputName(path);
  if (input->cut_off) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": longer than the limit of ", KeySet::kMaxBytes, " bytes"));
  }
  auto keys = KeySet::FromText(input->text.view());
  if (!keys.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": ", keys.status().message()));
  }
  for (const std::string& warning : keys->warnings()) {
    streams.err << "warning: " << internal::Printable(name) << ": " << internal::Printable(warning)
                << "\n";
  }
  return keys;
}

}  // namespace lanyard::tools
