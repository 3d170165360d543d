// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_SERVER_DESCRIPTION_H_
#define LANYARD_INTERCEPTORS_INTERNAL_SERVER_DESCRIPTION_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lanyard/interceptors/internal/server_state.h"
#include "lanyard/interceptors/internal/tls_reloader.h"
#include "lanyard/interceptors/tls.h"
#include "lanyard/sdk/description.h"

namespace lanyard::internal {

// What ServerAuth knows beside the state.
struct ServerFacts {
  absl::Status ready;
  std::vector<std::shared_ptr<const PortInfo>> ports;
  TlsFiles tls_files;
  const TlsReloader* tls = nullptr;  // Null without TLS files.
};

Description DescribeServer(const ServerState& state, const ServerFacts& facts);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_SERVER_DESCRIPTION_H_
