// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_WORKLOAD_KEYS_H_
#define LANYARD_INTERCEPTORS_INTERNAL_WORKLOAD_KEYS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "lanyard/interceptors/internal/workload_endpoint.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/keys/key_source.h"

namespace lanyard::internal {

// The keys of one trust domain, as a Workload API streams them. See WorkloadApiKeySource().
std::shared_ptr<const KeySource> WorkloadKeys(WorkloadEndpoint endpoint, absl::Duration timeout,
                                              const std::string& trust_domain,
                                              std::vector<Algorithm> algorithms,
                                              std::shared_ptr<const Clock> clock);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_WORKLOAD_KEYS_H_
