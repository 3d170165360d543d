// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_SERVER_METRICS_H_
#define LANYARD_INTERCEPTORS_INTERNAL_SERVER_METRICS_H_

#include <vector>

#include "lanyard/interceptors/internal/server_state.h"
#include "lanyard/sdk/metrics.h"

namespace lanyard::internal {

// What docs/reference/metrics.md lists for servers, but for TLS.
std::vector<Metric> MetricsOf(const ServerState& state);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_SERVER_METRICS_H_
