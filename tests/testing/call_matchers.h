// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TESTING_CALL_MATCHERS_H_
#define LANYARD_TESTS_TESTING_CALL_MATCHERS_H_

#include <gmock/gmock.h>
#include <grpcpp/support/status.h>

#include <string>

#include "lanyard/interceptors/failure.h"
#include "lanyard/sdk/audit.h"
#include "lanyard/sdk/auth_failure.h"

namespace lanyard::testing {

// What the peer saw: a refusal in the words of Lanyard's gate. A handler may hand on such a status
// of another server: RefusedCall() says what this one decided.
//
//   EXPECT_THAT(status, RefusedAs(RefusalReason::kPermissionDenied));
MATCHER_P(RefusedAs, reason,
          std::string(negation ? "was not" : "was") + " refused by Lanyard as " +
              std::string(RefusalReasonName(reason))) {
  const grpc::Status& status = arg;
  if (status.ok()) {
    *result_listener << "which is OK";
    return false;
  }
  *result_listener << "which is code " << status.error_code() << ", \"" << status.error_message()
                   << "\"";
  const auto refusal = FailureOf(status);
  return refusal.has_value() && refusal->reason == reason;
}

// What an AuditEvent says, for a test that fails.
inline std::string DecisionText(const AuditEvent& event) {
  std::string text = "which says that " + (event.method.empty() ? "no call" : event.method) +
                     (event.allowed ? " was allowed" : " was not allowed");
  if (event.failure.has_value()) text += ": " + std::string(AuthFailureName(*event.failure));
  if (event.caller.authenticated()) {
    text += ", of \"" + event.caller.subject() + "\" by " + event.caller.issuer_name();
  }
  if (!event.rule.empty()) text += ", by " + event.rule;
  if (!event.detail.empty()) text += " (" + event.detail + ")";
  return text;
}

// What the server decided, from its audit sink:
//
//   EXPECT_THAT(server.audit().last(), AllOf(AllowedCall(), CallOf("sso", "alice")));
MATCHER(AllowedCall, negation ? "is no call that was allowed" : "is a call that was allowed") {
  const AuditEvent& event = arg;
  *result_listener << DecisionText(event);
  return event.allowed;
}

//   EXPECT_THAT(server.audit().last(), RefusedCall(AuthFailure::kDeniedByPolicy));
MATCHER_P(RefusedCall, failure,
          std::string(negation ? "is no call that was" : "is a call that was") + " refused for " +
              std::string(AuthFailureName(failure))) {
  const AuditEvent& event = arg;
  *result_listener << DecisionText(event);
  return !event.allowed && event.failure == failure;
}

// A call whose token verified, by that issuer's short name, as that subject's.
MATCHER_P2(CallOf, issuer, subject,
           std::string(negation ? "is no call" : "is a call") + " of \"" + std::string(subject) +
               "\" by " + std::string(issuer)) {
  const AuditEvent& event = arg;
  *result_listener << DecisionText(event);
  return event.caller.Is(issuer, subject);
}

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TESTING_CALL_MATCHERS_H_
