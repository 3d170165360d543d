// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/private_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/redaction.h"

namespace lanyard::internal {
namespace {

absl::Status FileError(const std::string& path, int error) {
  if (error == EEXIST) {
    return absl::AlreadyExistsError(
        absl::StrCat(PrintablePath(path), ": exists already; --force replaces it"));
  }
  return absl::UnavailableError(
      absl::StrCat(PrintablePath(path), ": ", std::generic_category().message(error)));
}

// 0, or errno.
int WriteAll(int file, absl::string_view content) {
  while (!content.empty()) {
    const ssize_t wrote = write(file, content.data(), content.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    content.remove_prefix(static_cast<size_t>(wrote));
  }
  return fsync(file) == 0 || errno == EINVAL ? 0 : errno;
}

}  // namespace

absl::Status WritePrivateFile(const std::string& path, absl::string_view content, bool replace) {
  // Hidden, so that no reader of the folder takes it for a key. mkostemp() gives mode 0600 as well.
  const size_t name = path.rfind('/') + 1;
  std::string written =
      replace ? absl::StrCat(path.substr(0, name), ".", path.substr(name), ".XXXXXX") : path;
  const int file = replace ? mkostemp(&written[0], O_CLOEXEC)
                           : open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return FileError(path, errno);
  int error = fchmod(file, 0600) == 0 ? 0 : errno;
  if (error == 0) error = WriteAll(file, content);
  if (close(file) != 0 && error == 0) error = errno;
  if (error == 0 && replace && std::rename(written.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return absl::OkStatus();
  unlink(written.c_str());
  return FileError(path, error);
}

}  // namespace lanyard::internal
