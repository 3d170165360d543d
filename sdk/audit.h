// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_AUDIT_H_
#define LANYARD_SDK_AUDIT_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/identity.h"

namespace lanyard {

// One decision about one call, or the end of a running stream. None of its strings is a token.
// Those that come from the call are not escaped; AuditJson() escapes and bounds them.
struct AuditEvent {
  absl::Time time;

  // The random id that a refused peer sees at the end of its message ("… [lanyard 7f3a9c21]").
  std::string decision_id;

  std::string method;  // The :path.

  // The port's address as it was given to AddListeningPort(); empty where the gate was installed on
  // credentials that somebody else uses.
  std::string port;

  // The first name in the client's certificate, if the port checks certificates. gRPC tells the
  // gate no address.
  std::string peer;

  // The call's trace, as traceparent (W3C Trace Context) and x-request-id have it; empty unless
  // they are well formed.
  std::string traceparent, request_id;

  bool allowed = false;
  // Set exactly when the call was refused, or a running stream ended.
  std::optional<AuthFailure> failure;
  // Set when the call went through only because its method is observed: why it would have been
  // refused.
  std::optional<AuthFailure> would_deny;
  // Why, in words for operators.
  std::string detail;

  // Whether this is the end of a stream that ran, rather than the start of a call.
  bool ends_stream = false;

  // Whether the method's enforcement is OBSERVE.
  bool observed = false;

  // Whose token verified; anonymous where none did.
  Identity caller;

  // Where the rule that ruled stands; empty if there is none.
  std::string rule;

  // Policy::hash() of what ruled.
  std::string policy_hash;

  // What the shadow policy would have said, and by which rule; not set without one.
  std::optional<bool> shadow_allowed;
  std::string shadow_rule;
};

// How a sink is doing, for metrics and for people.
struct AuditStatus {
  int64_t written = 0;
  // Events that found no room, or that could not be written.
  int64_t dropped = 0;
  // Refusals that were counted rather than written one by one.
  int64_t sampled = 0;
  // What is wrong now; empty if nothing is.
  std::string last_error;
};

// Takes every decision. Called on gRPC's threads: implementations must be thread-safe, must not
// block and must not throw.
class AuditSink {
 public:
  virtual ~AuditSink() = default;

  // False if the event is lost. Where the config says on_audit_failure: DENY, the call is refused.
  virtual bool Record(const AuditEvent& event) = 0;

  virtual AuditStatus Status() const { return {}; }
};

}  // namespace lanyard

#endif  // LANYARD_SDK_AUDIT_H_
