// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_CONFIG_H_
#define LANYARD_SDK_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard {

// A config that has been read and checked, and where its parts stand.
struct LoadedConfig {
  v1::ServerConfig config;

  // "FILE:LINE" of each rule, in the order of config.rules().
  std::vector<std::string> rule_locations;

  // The same for config.settings().
  std::vector<std::string> settings_locations;
};

// Reads config files, and a text that stands for one more, as one: their lists are joined. Every
// error names the file, the line and what would be right: unknown fields, rules without a method or
// a caller, a method or an issuer twice, an issuer that a rule names and nobody defines. Paths of
// files are taken relative to their config file. Errors in `text` name "config_text".
absl::StatusOr<LoadedConfig> LoadConfig(const std::vector<std::string>& paths,
                                        absl::string_view text);

}  // namespace lanyard

#endif  // LANYARD_SDK_CONFIG_H_
