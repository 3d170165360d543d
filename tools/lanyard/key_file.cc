// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/key_file.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "lanyard/sdk/internal/folder.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/keys/dated_key.h"
#include "lanyard/tools/input.h"

namespace lanyard::tools {

namespace {

// Of a key directory, what verifiers may see.
absl::StatusOr<KeySet> ReadPublishedKeys(const std::string& folder) {
  const auto dated = ReadDatedKeys(folder);
  if (!dated.ok()) return dated.status();
  if (dated->keys().empty()) {
    return absl::NotFoundError(
        absl::StrCat(InputName(folder), ": no key in it; \"lanyard key rotate\" makes the first"));
  }
  return dated->Published(absl::Now());
}

}  // namespace

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

absl::StatusOr<KeySet> ReadPublicKeys(const std::string& path, Streams& streams) {
  return internal::IsFolder(path) ? ReadPublishedKeys(path) : ReadKeys(path, streams);
}

}  // namespace lanyard::tools
