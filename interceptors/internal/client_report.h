// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_CLIENT_REPORT_H_
#define LANYARD_INTERCEPTORS_INTERNAL_CLIENT_REPORT_H_

#include <vector>

#include "absl/status/status.h"
#include "lanyard/interceptors/internal/call_failures.h"
#include "lanyard/interceptors/internal/token_table.h"
#include "lanyard/sdk/description.h"
#include "lanyard/sdk/metrics.h"

namespace lanyard::internal {

// How a ClientAuth is, for people and for metrics.
Description DescribeClient(const TokenTable& table, const CallFailures& failures,
                           const absl::Status& config);
std::vector<Metric> ClientMetrics(const TokenTable& table, const CallFailures& failures);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_CLIENT_REPORT_H_
