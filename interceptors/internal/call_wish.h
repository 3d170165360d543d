// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_CALL_WISH_H_
#define LANYARD_INTERCEPTORS_INTERNAL_CALL_WISH_H_

#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard::internal {

// What one call wants of its token beside what its channel's target says.
struct CallWish {
  // How a caller's token is to be used.
  enum class Caller { kNone, kDelegation, kAudienceChange, kForward };

  // The ClientAuth whose tokens are meant, by its table; null for those of any.
  std::shared_ptr<const void> of;

  std::string audience;             // Empty: the target's.
  std::vector<std::string> scopes;  // Empty: the target's.

  Caller caller = Caller::kNone;
  // With a caller: whether there is one whose token may be used, and its token.
  absl::Status caller_status;
  std::shared_ptr<const BearerToken> caller_token;
};

// A wish reaches the channel's interceptor in the only place of a call that belongs to the call
// alone and that no other call can ever find: its credentials, as what the pointer to them carries.
// On a channel without Lanyard's interceptor `credentials` themselves count.
std::shared_ptr<grpc::CallCredentials> WithWish(std::shared_ptr<grpc::CallCredentials> credentials,
                                                CallWish wish);

// Null for credentials that carry none.
std::shared_ptr<const CallWish> WishOf(const std::shared_ptr<grpc::CallCredentials>& credentials);

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_CALL_WISH_H_
