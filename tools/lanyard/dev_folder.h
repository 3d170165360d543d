// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_DEV_FOLDER_H_
#define LANYARD_TOOLS_LANYARD_DEV_FOLDER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace lanyard::tools {

// What the issuer in a folder of `lanyard dev init` is called in its config.
inline constexpr char kDevIssuer[] = "dev";

// The file names that the other commands of `lanyard dev` look for.
inline constexpr char kDevServerConfig[] = "auth.textproto";
inline constexpr char kDevIssuerKey[] = "issuer.jwk";

// The names of all files of such a folder, in the order of their names.
std::vector<std::string> DevFileNames();

// Makes a folder with all that a server and a client on this machine need: a CA whose key is thrown
// away, certificates of it for both that are good for 90 days, an issuer's key and its public half,
// and a config for each. Files have mode 0600, the folder 0700.
//
// The folder appears whole, by renaming, or not at all. AlreadyExists if there is one that is not
// empty, or a file of that name; nothing is replaced.
absl::Status WriteDevFolder(const std::string& folder, const std::string& audience);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_DEV_FOLDER_H_
