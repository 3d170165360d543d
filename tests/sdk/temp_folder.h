// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_SDK_TEMP_FOLDER_H_
#define LANYARD_TESTS_SDK_TEMP_FOLDER_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace lanyard::testing {

// A folder of the test's own, which goes with this object.
class TempFolder {
 public:
  TempFolder() : path_(::testing::TempDir() + "/lanyard.XXXXXX") {
    if (mkdtemp(&path_[0]) == nullptr) std::abort();
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string Path(const std::string& file) const { return path_ + "/" + file; }

  // Puts a file there by renaming, so that readers see it whole. Returns its path.
  std::string Write(const std::string& file, const std::string& content) const {
    const std::string path = Path(file);
    std::ofstream(path + ".new", std::ios::binary) << content;
    std::filesystem::rename(path + ".new", path);
    return path;
  }
  void Remove(const std::string& file) const { std::filesystem::remove(Path(file)); }

 private:
  std::string path_;
};

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_SDK_TEMP_FOLDER_H_
