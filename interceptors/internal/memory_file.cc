// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <vector>

#include "absl/strings/str_cat.h"

namespace lanyard::internal {
namespace {

// Numbers of file descriptors that stand for no MemoryFile any more. They are not closed, or a late
// look might find a stranger's file or pipe there; they are used again, so there are never more
// than were in use at one time.
class SparePaths {
 public:
  static SparePaths& Of(MemoryFile::Kind kind) {
    static SparePaths* const pairs = new SparePaths();
    static SparePaths* const roots = new SparePaths();
    return kind == MemoryFile::Kind::kPair ? *pairs : *roots;
  }

  int Take() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (fds_.empty()) return -1;
    const int fd = fds_.back();
    fds_.pop_back();
    return fd;
  }

  void Put(int fd) {
    std::lock_guard<std::mutex> lock(mutex_);
    fds_.push_back(fd);
  }

 private:
  std::mutex mutex_;
  std::vector<int> fds_;
};

absl::Status Error(absl::string_view call) {
  return absl::InternalError(absl::StrCat(call, " failed with errno ", errno));
}

}  // namespace

MemoryFile::~MemoryFile() {
  if (fd_ >= 0) SparePaths::Of(kind_).Put(fd_);
}

absl::Status MemoryFile::Write(absl::string_view bytes) {
  const int fresh = memfd_create("lanyard-tls", MFD_CLOEXEC);
  if (fresh < 0) return Error("memfd_create");
  while (!bytes.empty()) {
    const ssize_t written = write(fresh, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      close(fresh);
      return Error("write");
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (fd_ < 0) fd_ = SparePaths::Of(kind_).Take();
  if (fd_ < 0) {
    fd_ = fresh;
    return absl::OkStatus();
  }
  // The number stays, so the path does; what it stands for changes at once.
  const int moved = dup3(fresh, fd_, O_CLOEXEC);
  close(fresh);
  return moved < 0 ? Error("dup3") : absl::OkStatus();
}

std::string MemoryFile::path() const { return fd_ < 0 ? "" : absl::StrCat("/proc/self/fd/", fd_); }

}  // namespace lanyard::internal
