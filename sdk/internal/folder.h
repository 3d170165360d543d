// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_FOLDER_H_
#define LANYARD_SDK_INTERNAL_FOLDER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lanyard::internal {

bool IsFolder(const std::string& path);

// The paths of the files in a folder whose names end in one of `endings`, in the order of their
// names. Links are followed; names that begin with "." or end in "~" are passed over, as are
// folders. An error names the folder; more than `most` files are one.
absl::StatusOr<std::vector<std::string>> FilesIn(const std::string& folder,
                                                 const std::vector<std::string>& endings,
                                                 size_t most);

// How the names of key files in a folder end.
const std::vector<std::string>& KeyFileEndings();

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_FOLDER_H_
