// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/client_errors.h"

#include "absl/strings/str_cat.h"
#include "lanyard/issuer/oauth_error.h"
#include "lanyard/sdk/internal/log.h"

namespace lanyard::internal {

absl::Status ClientErrors::ForClient(const absl::Status& status) {
  if (status.ok() || IsOAuthError(status) || absl::IsUnimplemented(status)) return status;
  if (absl::IsUnavailable(status)) {  // The feed of revocations says it if the store is gone.
    return absl::UnavailableError("the issuer cannot answer now: try again");
  }
  if (absl::IsResourceExhausted(status)) {
    return absl::ResourceExhaustedError("the issuer has too much to do: try again later");
  }
  Report(status.ToString());
  return absl::InternalError("the issuer has failed; its log says why");
}

void ClientErrors::Report(const std::string& what) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (what == last_) return;
  last_ = what;
  LogLine(absl::StrCat("issuer: ", what));
}

}  // namespace lanyard::internal
