// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/log_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/redaction.h"

namespace lanyard::internal {
namespace {

// A pipe that can take anything can take as much at once (PIPE_BUF), so a write never waits.
constexpr size_t kPiece = 4096;

constexpr int kPollMs = 100;

// How much of `lines` to write at once: whole lines, if they fit.
size_t PieceOf(absl::string_view lines) {
  if (lines.size() <= kPiece) return lines.size();
  const size_t end = lines.rfind('\n', kPiece - 1);
  return end == lines.npos ? kPiece : end + 1;
}

}  // namespace

LogFile::LogFile(Options options) : options_(std::move(options)) {
  if (options_.path.empty()) file_ = STDOUT_FILENO;
}

LogFile::~LogFile() { Close(); }

void LogFile::Close() {
  if (file_ >= 0 && !options_.path.empty()) close(file_);
  if (!options_.path.empty()) file_ = -1;
}

absl::Status LogFile::Open(std::chrono::steady_clock::time_point now) {
  if (options_.path.empty()) return absl::OkStatus();
  if (file_ >= 0 && now - looked_ < std::chrono::seconds(1)) return absl::OkStatus();
  looked_ = now;
  if (file_ >= 0) {
    struct stat ours, there;
    const bool same = fstat(file_, &ours) == 0 && stat(options_.path.c_str(), &there) == 0 &&
                      ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
    if (same) return absl::OkStatus();
    Close();
  }
  return Reopen();
}

absl::Status LogFile::Reopen() {
  const int file =
      open(options_.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0600);
  if (file < 0) return FileError(options_.path, errno);
  struct stat info;
  if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(file);
    return absl::InvalidArgumentError(
        absl::StrCat(PrintablePath(options_.path), ": not a regular file"));
  }
  file_ = file;
  bytes_ = static_cast<size_t>(info.st_size);
  limit_ = options_.max_bytes;
  is_cut_ = false;
  return absl::OkStatus();
}

absl::Status LogFile::Rotate() {
  for (int i = options_.keep - 1; i >= 0; --i) {
    const std::string from = i == 0 ? options_.path : absl::StrCat(options_.path, ".", i);
    const std::string to = absl::StrCat(options_.path, ".", i + 1);
    if (std::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT) {
      // A folder that is not ours, a file that is mounted by itself: a long file is better than
      // lost lines.
      const absl::Status status = FileError(to, errno);
      LogLine(absl::StrCat("ALARM: ", PrintablePath(options_.path),
                           " cannot be moved away, and grows: ", status.message()));
      limit_ = bytes_ + options_.max_bytes;
      return absl::OkStatus();
    }
  }
  Close();
  return Reopen();
}

absl::Status LogFile::Write(absl::string_view lines, const std::atomic<bool>& stopping) {
  if (file_ < 0) {
    if (absl::Status status = Reopen(); !status.ok()) return status;
  }
  bool in_line = false;
  while (!lines.empty()) {
    const absl::string_view piece = lines.substr(0, PieceOf(lines));
    // A line that is longer than a piece stays whole.
    const size_t whole = std::max(piece.size(), lines.find('\n') + 1);
    if (!options_.path.empty() && !in_line && bytes_ > 0 && bytes_ + whole > limit_) {
      if (absl::Status status = Rotate(); !status.ok()) return status;
    }
    if (is_cut_) {
      if (absl::Status status = WriteAll("\n", stopping); !status.ok()) return status;
    }
    is_cut_ = false;
    if (absl::Status status = WriteAll(piece, stopping); !status.ok()) {
      is_cut_ = is_cut_ || in_line;
      return status;
    }
    in_line = piece.back() != '\n';
    lines.remove_prefix(piece.size());
  }
  return absl::OkStatus();
}

absl::Status LogFile::WriteAll(absl::string_view text, const std::atomic<bool>& stopping) {
  bool begun = false;
  while (!text.empty()) {
    pollfd ready = {file_, POLLOUT, 0};
    const int count = poll(&ready, 1, kPollMs);
    if (count < 0 && errno != EINTR) return FileError(options_.path, errno);
    if (count <= 0) {
      if (!stopping) continue;
      return absl::UnavailableError("standard output: nobody reads it");
    }
    const ssize_t written = write(file_, text.data(), text.size());
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (written < 0) {
      const int error = errno;
      is_cut_ = is_cut_ || begun;
      return options_.path.empty() ? FileError("standard output", error)
                                   : FileError(options_.path, error);
    }
    begun = true;
    bytes_ += static_cast<size_t>(written);
    text.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace lanyard::internal
