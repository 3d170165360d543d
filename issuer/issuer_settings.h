// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_ISSUER_SETTINGS_H_
#define LANYARD_ISSUER_ISSUER_SETTINGS_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "lanyard/issuer/sessions.h"
#include "lanyard/v1/issuer.pb.h"

namespace lanyard::internal {

// An error that names the first field that is not good, and what would be.
absl::Status CheckIssuerSettings(const v1::IssuerConfig& config);

// Of a config that is good, its defaults spelled out.
absl::Duration AccessTokenLifetime(const v1::IssuerConfig& config);
Sessions::Options SessionOptions(const v1::IssuerConfig& config);

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_ISSUER_SETTINGS_H_
