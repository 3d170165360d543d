// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/redaction.h"

namespace lanyard::tools {
namespace {

using internal::ScopedCleanse;
using internal::Secret;

absl::Status FileError(const std::string& path, int error) {
  return absl::UnavailableError(
      absl::StrCat(InputName(path), ": ", std::generic_category().message(error)));
}

Input Take(std::string* bytes, size_t size, size_t max_bytes) {
  Input input;
  input.cut_off = size > max_bytes;
  input.text = Secret(absl::string_view(bytes->data(), size));
  return input;
}

}  // namespace

std::string InputName(absl::string_view path) {
  return path == "-" ? "standard input" : internal::PrintablePath(path);
}

absl::StatusOr<Input> ReadInput(const std::string& path, size_t max_bytes, std::istream& in) {
  // One byte more than allowed, so that an input that is too long is seen to be.
  std::string bytes(max_bytes + 1, '\0');
  ScopedCleanse cleanse(&bytes);
  if (path == "-") {
    in.read(&bytes[0], static_cast<std::streamsize>(bytes.size()));
    if (in.bad()) return absl::UnavailableError("standard input cannot be read");
    return Take(&bytes, static_cast<size_t>(in.gcount()), max_bytes);
  }
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return FileError(path, errno);
  size_t size = 0;
  int error = 0;
  while (size < bytes.size()) {
    const ssize_t got = read(file, &bytes[size], bytes.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    size += static_cast<size_t>(got);
  }
  close(file);
  if (error != 0) return FileError(path, error);
  return Take(&bytes, size, max_bytes);
}

}  // namespace lanyard::tools
