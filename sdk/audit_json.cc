// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/audit_json.h"

#include <vector>

#include "absl/time/time.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard {
namespace {

constexpr size_t kMaxCallBytes = 256;
constexpr size_t kMaxDetailBytes = 1024;
constexpr size_t kMaxNames = 32;

// At most `max_bytes`, cut between characters. Bytes that are no text are left to the escaping.
std::string Bounded(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  size_t end = 0;
  for (size_t next = 0; next <= max_bytes - 3;) {
    end = next;
    internal::NextCodePoint(text, &next);
  }
  return std::string(text.substr(0, end)) + "...";
}

absl::string_view DecisionOf(const AuditEvent& event) {
  if (event.would_deny.has_value()) return "would_deny";
  if (event.allowed) return "allowed";
  return event.ends_stream ? "stream_ended" : "denied";
}

class Line {
 public:
  void Text(absl::string_view name, absl::string_view text, size_t max_bytes = kMaxCallBytes) {
    if (!text.empty()) object_.Text(name, Bounded(text, max_bytes));
  }
  void Texts(absl::string_view name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    std::vector<std::string> bounded;
    for (const std::string& text : texts) {
      bounded.push_back(bounded.size() == kMaxNames ? "..." : Bounded(text, kMaxCallBytes));
      if (bounded.size() > kMaxNames) break;
    }
    object_.Texts(name, bounded);
  }
  std::string Finish() const { return object_.Finish(); }

 private:
  internal::JsonObject object_;
};

}  // namespace

std::string AuditTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

std::string AuditJson(const AuditEvent& event,
                      const std::function<std::string(absl::string_view)>& name_of) {
  const auto name = [&name_of](const std::string& text) {
    return name_of && !text.empty() ? name_of(text) : text;
  };
  // A name that an issuer may not assert stands in the detail alone.
  const bool hides_detail =
      name_of && !event.caller.authenticated() && event.failure == AuthFailure::kDeniedByPolicy;
  const std::string detail =
      hides_detail ? "the issuer may not assert what the token says (may_assert)" : event.detail;
  Line line;
  line.Text("time", AuditTime(event.time));
  line.Text("id", event.decision_id);
  line.Text("decision", DecisionOf(event));
  if (const auto failure = event.failure.has_value() ? event.failure : event.would_deny;
      failure.has_value()) {
    line.Text("reason", AuthFailureName(*failure));
    line.Text("detail", detail, kMaxDetailBytes);
    line.Text("hint", AuthFailureHint(*failure), kMaxDetailBytes);
  } else {
    line.Text("detail", detail, kMaxDetailBytes);
  }
  line.Text("method", event.method);
  line.Text("enforcement", event.observed ? "OBSERVE" : "ENFORCE");
  line.Text("rule", event.rule);
  line.Text("policy", event.policy_hash);
  if (const Identity& caller = event.caller; caller.authenticated()) {
    line.Text("issuer", caller.issuer_name());
    if (caller.has_subject()) line.Text("subject", name(caller.subject()));
    line.Text("client", caller.client_id());
    line.Text("actor", name(caller.actor_subject()));
    line.Texts("scopes", caller.scopes());
    line.Texts("roles", caller.roles());
    line.Text("token_id", caller.token_id());
    line.Text("key_id", caller.key_id());
  }
  line.Text("port", event.port);
  line.Text("peer", event.peer);
  line.Text("traceparent", event.traceparent);
  line.Text("request_id", event.request_id);
  if (event.shadow_allowed.has_value()) {
    line.Text("shadow", *event.shadow_allowed ? "allowed" : "denied");
    line.Text("shadow_rule", event.shadow_rule);
  }
  return line.Finish();
}

}  // namespace lanyard
