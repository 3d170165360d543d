// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/usage_error.h"

#include "absl/strings/cord.h"

namespace lanyard::tools {
namespace {

constexpr char kPayload[] = "lanyard.dev/UsageError";

}  // namespace

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kPayload, absl::Cord());
  return status;
}

bool IsUsageError(const absl::Status& status) { return status.GetPayload(kPayload).has_value(); }

}  // namespace lanyard::tools
