// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_CLIENT_REPORT_H_
#define LANYARD_INTERCEPTORS_INTERNAL_CLIENT_REPORT_H_

#include <string>
#include <vector>

#include "lanyard/interceptors/internal/client_state.h"
#include "lanyard/sdk/description.h"
#include "lanyard/sdk/metrics.h"
#include "lanyard/sdk/tokens/caching_token_source.h"

namespace lanyard::internal {

// How a ClientAuth is, for people and for metrics.
Description DescribeClient(const std::string& audience, const CachingTokenSource& tokens,
                           const CallFailures& failures);
std::vector<Metric> ClientMetrics(const std::string& audience, const CachingTokenSource& tokens,
                                  const CallFailures& failures);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_CLIENT_REPORT_H_
