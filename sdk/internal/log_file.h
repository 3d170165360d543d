// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_LOG_FILE_H_
#define LANYARD_SDK_INTERNAL_LOG_FILE_H_

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

// A file that lines are appended to, or standard output. For one thread.
class LogFile {
 public:
  struct Options {
    std::string path;  // Empty for standard output, which is never moved.
    // Beyond `max_bytes` the file becomes PATH.1, what was PATH.1 becomes PATH.2, up to `keep`. One
    // that cannot be moved is written on, and tried again after as many bytes.
    size_t max_bytes;
    int keep;
  };

  // Opens nothing yet.
  explicit LogFile(Options options);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  // Opens the file, and makes it anew if somebody has moved it away; looks at most once a second.
  absl::Status Open(std::chrono::steady_clock::time_point now);

  // Appends one line or several, each with its line feed. What follows a line that was cut off, on
  // a full disk, begins on a line of its own. Gives up on a pipe that nobody reads once
  // `stopping`.
  absl::Status Write(absl::string_view lines, const std::atomic<bool>& stopping);

 private:
  absl::Status Rotate();
  absl::Status Reopen();
  absl::Status WriteAll(absl::string_view text, const std::atomic<bool>& stopping);
  void Close();

  const Options options_;
  int file_ = -1;
  size_t bytes_ = 0;     // In the file.
  size_t limit_ = 0;     // Beyond that it is moved.
  bool is_cut_ = false;  // The last line lacks its end.
  std::chrono::steady_clock::time_point looked_{};
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_LOG_FILE_H_
