// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_SERVER_STATE_H_
#define LANYARD_INTERCEPTORS_INTERNAL_SERVER_STATE_H_

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lanyard/interceptors/internal/admissions.h"
#include "lanyard/interceptors/internal/signature_budget.h"
#include "lanyard/sdk/audit.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/internal/timer_queue.h"
#include "lanyard/sdk/policy.h"
#include "lanyard/sdk/verifier.h"

namespace lanyard::internal {

// What the gate, the binding and ServerAuth share. gRPC owns the first two and may outlive
// ServerAuth, so each holds this by shared_ptr. Thread-safe.
class ServerState {
 public:
  ServerState(LoadedConfig config, std::unique_ptr<const Verifier> verifier,
              std::shared_ptr<AuditSink> audit, std::shared_ptr<const Clock> clock,
              size_t max_admission_bytes, int bad_signatures_per_second)
      : clock(std::move(clock)),
        audit(std::move(audit)),
        verifier(std::move(verifier)),
        config(std::move(config)),
        admissions(max_admission_bytes),
        signature_budget(bad_signatures_per_second) {}

  // The rules as of now.
  std::shared_ptr<const Policy> policy() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return policy_;
  }

  // Adds the annotations of services, by full name, to the rules. Services without generated
  // descriptors are passed over: they have no annotations.
  absl::Status AddServices(const std::vector<std::string>& names);

  const std::shared_ptr<const Clock> clock;
  const std::shared_ptr<AuditSink> audit;  // May be null.
  const std::unique_ptr<const Verifier> verifier;
  const LoadedConfig config;
  Admissions admissions;
  SignatureBudget signature_budget;
  TimerQueue timers;

 private:
  mutable std::mutex mutex_;
  std::set<std::string> services_;        // Guarded by mutex_.
  std::shared_ptr<const Policy> policy_;  // Guarded by mutex_.
};

// What is known of one port, or of all the ports of one server.
struct PortInfo {
  // Whether a binding stands behind the gate and takes the admissions.
  bool has_binding = true;

  // Whether calls without encryption may come in here: over a Unix socket, or over loopback where
  // the config trusts it.
  bool local_allowed = false;

  // Set when the server starts: the services it has. Until then, and where nobody can tell, a
  // method without a rule is denied rather than called unknown.
  std::shared_ptr<const std::set<std::string>> services;  // Accessed with std::atomic_load/_store.
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_SERVER_STATE_H_
