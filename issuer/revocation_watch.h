// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_REVOCATION_WATCH_H_
#define LANYARD_ISSUER_REVOCATION_WATCH_H_

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <memory>

#include "lanyard/issuer/issuer_store.h"
#include "lanyard/issuer/revocation_feed.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/internal/work_queue.h"
#include "lanyard/v1/token_service.pb.h"

namespace lanyard::internal {

// What all watches of a service share. Outlives them.
struct RevocationWatches {
  std::shared_ptr<RevocationFeed> feed;
  std::shared_ptr<const IssuerStore> store;
  WorkQueue* queue;  // Not owned. Where the store is asked.
  int max_watches;
  std::atomic<int> watches{0};
  std::atomic<bool> is_ending{false};  // Then each ends when it next looks, and so do new ones.
};

// Serves one call of WatchRevocations: a snapshot out of the store, then what the feed learns, and
// a heartbeat after five seconds without. There is none while the feed itself learns nothing, so
// that whoever watches knows how old its knowledge is. Null refuses the call, as one that came past
// the gate.
grpc::ServerWriteReactor<v1::RevocationUpdate>* WatchRevocations(RevocationWatches* watches);

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_REVOCATION_WATCH_H_
