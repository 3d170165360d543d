// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_MOUNTS_H_
#define LANYARD_TOOLS_LANYARD_MOUNTS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lanyard::tools {

// What is mounted where, to tell files that never change from files that follow their ConfigMap or
// Secret.
class Mounts {
 public:
  Mounts() = default;

  // The text of /proc/PID/mountinfo; lines that are none are passed over.
  explicit Mounts(absl::string_view mountinfo);

  // Whether the file is a mount of its own, as Kubernetes makes it for a subPath, or stands in such
  // a one: what the volume holds later never shows there. `path` may be a link.
  bool IsFrozen(const std::string& path) const;

 private:
  struct Mount {
    std::string point;
    std::string root;  // What of the file system is there.
  };
  std::vector<Mount> mounts_;
};

// Whether the path is a link through "..data", which Kubernetes turns when a ConfigMap or Secret
// changes.
bool FollowsVolume(const std::string& path);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_MOUNTS_H_
