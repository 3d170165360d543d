// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/mounts.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace lanyard::tools {
namespace {

// As proc(5) writes paths.
std::string Unescaped(absl::string_view path) {
  return absl::StrReplaceAll(path,
                             {{"\\040", " "}, {"\\011", "\t"}, {"\\012", "\n"}, {"\\134", "\\"}});
}

}  // namespace

Mounts::Mounts(absl::string_view mountinfo) {
  for (const absl::string_view line : absl::StrSplit(mountinfo, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    if (words.size() > 5) mounts_.push_back({Unescaped(words[4]), Unescaped(words[3])});
  }
}

bool Mounts::IsFrozen(const std::string& path) const {
  std::error_code error;
  const std::string real = std::filesystem::canonical(path, error).string();
  if (error) return false;
  const Mount* found = nullptr;
  for (const Mount& mount : mounts_) {
    const bool holds = real == mount.point || mount.point == "/" ||
                       absl::StartsWith(real, absl::StrCat(mount.point, "/"));
    // Of two at one point the later is the one that is seen.
    if (holds && (found == nullptr || mount.point.size() >= found->point.size())) found = &mount;
  }
  if (found == nullptr) return false;
  // A volume's content stands in a folder "..2027_01_31_…", and the next one in another.
  return (real == found->point && std::filesystem::is_regular_file(real, error)) ||
         absl::StrContains(found->root, "/..");
}

bool FollowsVolume(const std::string& path) {
  std::error_code error;
  const std::string target = std::filesystem::read_symlink(path, error).string();
  return !error && absl::StartsWith(target, "..data/");
}

}  // namespace lanyard::tools
