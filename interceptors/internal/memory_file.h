// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_MEMORY_FILE_H_
#define LANYARD_INTERCEPTORS_INTERNAL_MEMORY_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

// A file without a name, in memory, whose content is replaced as a whole: whoever opens path()
// reads the old content or the new, never half of each.
//
// Its path stands for a file as long as the process lives, since a watcher of gRPC that is just
// ending may still open it: another MemoryFile of the same kind takes it over.
//
// Not thread-safe.
class MemoryFile {
 public:
  // A late look finds the kind of content that it expects.
  enum class Kind { kPair, kRoots };

  explicit MemoryFile(Kind kind) : kind_(kind) {}
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  absl::Status Write(absl::string_view bytes);

  // Empty before the first Write().
  std::string path() const;

 private:
  const Kind kind_;
  int fd_ = -1;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_MEMORY_FILE_H_
