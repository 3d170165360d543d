// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/folder.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/redaction.h"

namespace lanyard::internal {

namespace {

bool HasEnding(const std::string& name, const std::vector<std::string>& endings) {
  return std::any_of(endings.begin(), endings.end(),
                     [&name](const std::string& ending) { return absl::EndsWith(name, ending); });
}

}  // namespace

bool IsFolder(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_directory(path, error);
}

absl::StatusOr<std::vector<std::string>> FilesIn(const std::string& folder,
                                                 const std::vector<std::string>& endings,
                                                 size_t most) {
  std::error_code error;
  std::vector<std::string> paths;
  std::filesystem::directory_iterator entries(folder, error);
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    std::error_code gone;
    if (absl::StartsWith(name, ".") || absl::EndsWith(name, "~") || !HasEnding(name, endings) ||
        std::filesystem::is_directory(entries->path(), gone)) {
      continue;
    }
    paths.push_back(entries->path().string());
  }
  if (error) {
    return absl::UnavailableError(absl::StrCat(PrintablePath(folder), ": ", error.message()));
  }
  if (paths.size() > most) {
    return absl::InvalidArgumentError(absl::StrCat(PrintablePath(folder), ": holds ", paths.size(),
                                                   " files, more than the limit of ", most));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

const std::vector<std::string>& KeyFileEndings() {
  static const auto* endings =
      new std::vector<std::string>{".jwk", ".jwks", ".json", ".pem", ".crt"};
  return *endings;
}

}  // namespace lanyard::internal
