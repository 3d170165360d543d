// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_EXAMPLES_MOUNTED_VOLUME_H_
#define LANYARD_TESTS_EXAMPLES_MOUNTED_VOLUME_H_

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"

namespace lanyard::test {

// A ConfigMap, Secret or token in a pod, as the kubelet lays it out: the files of each version lie
// in a folder of their own, "..data" is a link to the newest, and what the program sees are links
// through that one.
class MountedVolume {
 public:
  MountedVolume(std::filesystem::path folder, mode_t mode)
      : folder_(std::move(folder)), mode_(mode) {
    std::filesystem::create_directories(folder_);
  }

  // Puts a version in place of the last one: all files at once, by renaming the one link.
  void Put(const std::map<std::string, std::string>& files) {
    namespace fs = std::filesystem;
    const std::string last = version_;
    version_ = absl::StrCat("..2026_11_30_09_00_00.", ++count_);
    fs::create_directory(folder_ / version_);
    for (const auto& [name, content] : files) {
      std::ofstream(folder_ / version_ / name, std::ios::binary) << content;
      chmod((folder_ / version_ / name).c_str(), mode_);
    }
    fs::create_directory_symlink(version_, folder_ / "..data_tmp");
    fs::rename(folder_ / "..data_tmp", folder_ / "..data");
    for (const auto& file : files) {
      if (fs::is_symlink(folder_ / file.first)) continue;
      fs::create_symlink(fs::path("..data") / file.first, folder_ / file.first);
    }
    if (!last.empty()) fs::remove_all(folder_ / last);
  }

 private:
  const std::filesystem::path folder_;
  const mode_t mode_;
  std::string version_;
  int count_ = 0;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_EXAMPLES_MOUNTED_VOLUME_H_
