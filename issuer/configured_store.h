// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_CONFIGURED_STORE_H_
#define LANYARD_ISSUER_CONFIGURED_STORE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/v1/issuer.pb.h"

namespace lanyard {

// Opens the store that a config names; errors begin with its field. Links every kind of store.
absl::StatusOr<std::shared_ptr<IssuerStore>> OpenConfiguredStore(
    const v1::IssuerConfig& config, std::shared_ptr<const Clock> clock = SystemClock());

}  // namespace lanyard

#endif  // LANYARD_ISSUER_CONFIGURED_STORE_H_
