// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_AUDIT_H_
#define LANYARD_SDK_AUDIT_H_

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/identity.h"

namespace lanyard {

// One decision about one call, or the end of a running stream. Strings that come from the call are
// not escaped; none is a token.
struct AuditEvent {
  absl::Time time;

  // The random id that a refused peer sees at the end of its message ("… [lanyard 7f3a9c21]").
  std::string decision_id;

  std::string method;  // The :path.
  std::string peer;    // What gRPC says of the connection; may be empty.

  bool allowed = false;
  // Set exactly when the call was refused, or a running stream ended.
  std::optional<AuthFailure> failure;
  // Set when the call went through only because its method is observed (OBSERVE): why it would have
  // been refused.
  std::optional<AuthFailure> would_deny;
  // Why, in words for operators.
  std::string detail;

  // Of the verified token; empty where there was none. `actor` is act.sub.
  std::string issuer_name, subject, actor, client_id, token_id, key_id;
  void SetCaller(const Identity& caller);

  // Where the rule that ruled stands; empty if there is none.
  std::string rule;

  // What the shadow policy would have said, and by which rule; not set without one.
  std::optional<bool> shadow_allowed;
  std::string shadow_rule;
};

inline void AuditEvent::SetCaller(const Identity& caller) {
  if (!caller.authenticated()) return;
  issuer_name = caller.issuer_name();
  if (caller.has_subject()) subject = caller.subject();
  actor = caller.actor_subject();
  client_id = caller.client_id();
  token_id = caller.token_id();
  key_id = caller.key_id();
}

// Takes every decision. Called on gRPC's threads: implementations must be thread-safe, must not
// block and must not throw.
class AuditSink {
 public:
  virtual ~AuditSink() = default;
  virtual void Record(const AuditEvent& event) = 0;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_AUDIT_H_
