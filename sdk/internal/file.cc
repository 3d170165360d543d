// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/redaction.h"

namespace lanyard::internal {
absl::Status FileError(const std::string& path, int error) {
  const std::string text =
      absl::StrCat(PrintablePath(path), ": ", std::generic_category().message(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(text);
  if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(text);
  return absl::UnavailableError(text);
}

namespace {

absl::Status CheckPrivate(const std::string& path, const struct stat& info) {
  const auto error = [&path](absl::string_view what) {
    return absl::PermissionDeniedError(absl::StrCat(PrintablePath(path), ": ", what));
  };
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return error("others can reach it; make its mode 0600");
  }
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return error("the file is another user's, who may have put it there");
  }
  return absl::OkStatus();
}

absl::StatusOr<Secret> Read(const std::string& path, size_t max_bytes, bool is_private) {
  // O_NONBLOCK, so that a FIFO in place of the file cannot hang the reader.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return FileError(path, errno);
  struct stat info;
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(file);
    return absl::InvalidArgumentError(absl::StrCat(PrintablePath(path), ": not a regular file"));
  }
  if (is_private) {
    if (absl::Status status = CheckPrivate(path, info); !status.ok()) {
      close(file);
      return status;
    }
  }
  // One byte more than there is, or is allowed, so that the end is seen without another look.
  const size_t most = max_bytes + 1;
  std::string bytes(std::min(static_cast<size_t>(info.st_size) + 1, most), '\0');
  ScopedCleanse cleanse(&bytes);
  size_t size = 0;
  while (size < most) {
    if (size == bytes.size()) {  // It has grown, or is of a kind that does not say.
      std::string more(std::min(2 * size, most), '\0');
      bytes.copy(&more[0], size);
      bytes.swap(more);
      Cleanse(&more[0], more.size());
    }
    const ssize_t got = read(file, &bytes[size], bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      close(file);
      return FileError(path, error);
    }
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  close(file);
  if (size > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(PrintablePath(path), ": longer than the limit of ", max_bytes, " bytes"));
  }
  return Secret(absl::string_view(bytes.data(), size));
}

}  // namespace

absl::StatusOr<Secret> ReadFile(const std::string& path, size_t max_bytes) {
  return Read(path, max_bytes, /*is_private=*/false);
}

absl::StatusOr<Secret> ReadPrivateFile(const std::string& path, size_t max_bytes) {
  return Read(path, max_bytes, /*is_private=*/true);
}

}  // namespace lanyard::internal
