// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_CLIENT_CONFIG_H_
#define LANYARD_SDK_CLIENT_CONFIG_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "lanyard/v1/client.pb.h"

namespace lanyard {

// A client's config that has been read and checked, and where its parts stand.
struct LoadedClientConfig {
  v1::ClientConfig config;

  // "FILE:LINE" of each, in the order of config.sources() and config.targets().
  std::vector<std::string> source_locations, target_locations;
};

// Reads a client's config. Every error names the file, the line and what would be right. Paths of
// files are taken relative to the config file. `more_sources` are the names of those that the
// program adds.
absl::StatusOr<LoadedClientConfig> LoadClientConfig(const std::string& path,
                                                    const std::set<std::string>& more_sources = {});

}  // namespace lanyard

#endif  // LANYARD_SDK_CLIENT_CONFIG_H_
