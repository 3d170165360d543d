// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_EXTRA_CHECK_H_
#define LANYARD_INTERCEPTORS_EXTRA_CHECK_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/identity.h"
#include "lanyard/sdk/token_connection.h"

namespace lanyard {

// A call that the policy allows, for an ExtraCheck. Lives as long as the check runs.
class AllowedCall {
 public:
  virtual ~AllowedCall() = default;

  // The anonymous caller where the method is open and no token came.
  virtual const Identity& caller() const = 0;

  // The :path, "/package.Service/Method".
  virtual absl::string_view method() const = 0;

  // The values of a header, by its name in lower case. None for authorization.
  virtual std::vector<absl::string_view> Header(absl::string_view name) const = 0;

  // Names in the client's certificate, where the server's own roots vouch for it.
  virtual PeerNames VerifiedPeerNames() const = 0;
};

// Says what a policy cannot: whether a call that the policy allows may go on. An error refuses it
// as PERMISSION_DENIED; its message goes to the audit sink, not to the peer. It can only narrow:
// calls that the policy denies are never asked about.
//
// Runs before the handler on gRPC's threads, on many at once: it must be thread-safe, must not
// block and must not throw.
using ExtraCheck = std::function<absl::Status(const AllowedCall& call)>;

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_EXTRA_CHECK_H_
