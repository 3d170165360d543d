// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_STREAM_EXPIRY_H_
#define LANYARD_INTERCEPTORS_INTERNAL_STREAM_EXPIRY_H_

#include <memory>

#include "absl/time/time.h"
#include "lanyard/interceptors/internal/server_state.h"

struct grpc_call;

namespace lanyard::internal {

// Ends a running call when its token does: the client receives UNAUTHENTICATED "token expired",
// the handler sees a cancelled call. Holds the call only while it cancels it.
class StreamExpiry {
 public:
  // `call` must live until Close() or the destructor. Already expired means at once.
  StreamExpiry(std::shared_ptr<ServerState> state, grpc_call* call, absl::Time usable_until,
               absl::Duration ends_since_boot);
  ~StreamExpiry() { Close(); }
  StreamExpiry(const StreamExpiry&) = delete;
  StreamExpiry& operator=(const StreamExpiry&) = delete;

  // The call is over. May be called twice, and from any thread.
  void Close();

 private:
  struct Entry;
  static void Arm(const std::shared_ptr<Entry>& entry);
  static void End(const std::shared_ptr<Entry>& entry);

  const std::shared_ptr<ServerState> state_;
  const std::shared_ptr<Entry> entry_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_STREAM_EXPIRY_H_
