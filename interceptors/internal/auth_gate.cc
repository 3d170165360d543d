// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/auth_gate.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/internal/call_metadata.h"
#include "lanyard/interceptors/internal/call_peer.h"
#include "lanyard/interceptors/internal/trace_context.h"
#include "lanyard/interceptors/internal/wire_status.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard::internal {
namespace {

// The connection of a call, for verifier and policy.
class CallConnection final : public TokenConnection {
 public:
  CallConnection(const grpc::AuthContext& context, const CallMetadata& metadata,
                 const AuthSnapshot& snapshot, const PortInfo& port, SignatureBudget& budget)
      : context_(context),
        peer_(context, metadata, snapshot, port.verifies_certificates),
        budget_(budget) {}

  const CallPeer& peer() const { return peer_; }
  std::string CertificateSha256() override { return peer_.CertificateSha256(); }
  PeerNames VerifiedPeerNames() override { return peer_.VerifiedNames(); }
  bool BeginSignatureCheck() override {
    name_ = ConnectionOf(context_);  // Not for every call: most verdicts come from the cache.
    return budget_.Take(name_, std::chrono::steady_clock::now());
  }
  void OnGoodSignature() override { budget_.GiveBack(name_, std::chrono::steady_clock::now()); }

 private:
  const grpc::AuthContext& context_;
  const CallPeer peer_;
  SignatureBudget& budget_;
  uint64_t name_ = 0;
};

class CheckedCall final : public AllowedCall {
 public:
  CheckedCall(const Identity& caller, absl::string_view path, const CallMetadata& metadata,
              const TokenHeaders& token_headers, CallConnection& connection)
      : caller_(caller),
        path_(path),
        metadata_(metadata),
        token_headers_(token_headers),
        connection_(connection) {}

  const Identity& caller() const override { return caller_; }
  absl::string_view method() const override { return path_; }
  std::vector<absl::string_view> Header(absl::string_view name) const override {
    std::vector<absl::string_view> values;
    if (std::count(token_headers_.begin(), token_headers_.end(), name) > 0) return values;
    if (name == kForwardedClientCert && !connection_.peer().is_forwarded()) return values;
    const auto range = metadata_.equal_range(grpc::string_ref(name.data(), name.size()));
    for (auto it = range.first; it != range.second; ++it) values.push_back(View(it->second));
    return values;
  }
  PeerNames VerifiedPeerNames() const override { return connection_.VerifiedPeerNames(); }

 private:
  const Identity& caller_;
  const absl::string_view path_;
  const CallMetadata& metadata_;
  const TokenHeaders& token_headers_;
  CallConnection& connection_;
};

grpc::StatusCode ToGrpc(absl::StatusCode code) { return static_cast<grpc::StatusCode>(code); }

// Why a call is refused.
struct Refusal {
  AuthFailure failure;
  std::string detail;
  bool unknown_method = false;  // Said as UNIMPLEMENTED.
  bool even_if_observed = false;
};

// One call on its way through the gate.
class GateCall {
 public:
  GateCall(ServerState& state, const PortInfo& port, const CallMetadata& metadata,
           const grpc::AuthContext& context)
      : state_(state),
        port_(port),
        metadata_(metadata),
        context_(context),
        snapshot_(state.snapshot()),
        policy_(*snapshot_->policy),
        token_headers_(state.token_headers()),
        now_(state.clock->Now()),
        connection_(context, metadata, *snapshot_, port, state.signature_budget) {
    const auto path = metadata.find(":path");
    if (path != metadata.end()) path_ = View(path->second);
    event_.observed = policy_.Observes(path_, now_);
  }

  // What the policy says; OK is no admission yet.
  grpc::Status Decide() {
    std::optional<Refusal> refusal = Judge();
    if (snapshot_->shadow != nullptr) AskShadow();
    if (!refusal.has_value()) return grpc::Status::OK;
    if (!refusal->even_if_observed && event_.observed && IsKnownMethod()) {
      event_.would_deny = refusal->failure;
      event_.detail = std::move(refusal->detail);
      return grpc::Status::OK;
    }
    return Refuse(*refusal);
  }

  // Takes off what does not count on this port, so that no handler sees it and calls of different
  // ports do not look alike.
  void TakeOff(AuthGate::OutputMetadata* consumed) const {
    const auto take_off = [&](const std::string& name) {
      const auto found = metadata_.find(name);
      if (found != metadata_.end()) consumed->emplace(name, View(found->second));
    };
    for (const std::string& header : token_headers_) {
      if (header != port_.token_header) take_off(header);
    }
    if (!connection_.peer().is_forwarded()) take_off(kForwardedClientCert);
  }

  // Lets the binding in.
  grpc::Status Admit() {
    Admissions::Key key;
    if (port_.has_binding) {
      key = Key(/*with_token=*/true);
      Admissions::Admission admission{caller_, port_.verifies_certificates,
                                      event_.would_deny.has_value(),
                                      connection_.peer().is_forwarded()};
      const auto now = std::chrono::steady_clock::now();
      bool filed;
      if (caller_.authenticated()) {
        filed = state_.admissions.File(key, std::move(admission), now);
      } else {
        filed = state_.admissions.FileAnonymous(&key, Key(/*with_token=*/false),
                                                std::move(admission), now);
      }
      if (!filed) {
        return Refuse(
            {AuthFailure::kOverloaded, "too many admitted calls wait for their handlers"});
      }
    }
    event_.allowed = true;
    if (Record(/*is_counted=*/true)) {
      state_.Count(path_, event_);
      return grpc::Status::OK;
    }
    if (port_.has_binding) state_.admissions.Take(key);
    event_.allowed = false;
    return Refuse({AuthFailure::kAuditFailed, "the decision could not be recorded"});
  }

  // Somebody else refuses the call.
  void RecordOther(absl::string_view who) {
    event_.would_deny.reset();
    event_.failure = AuthFailure::kDeniedByPolicy;
    event_.detail = std::string(who);
    Record();
  }

 private:
  Admissions::Key Key(bool with_token) const {
    Admissions::KeyMaker key(path_, CertificatePemOf(context_));
    if (with_token) key.Add(metadata_, port_.token_header);
    if (connection_.peer().is_forwarded()) key.Add(metadata_, kForwardedClientCert);
    return key.Finish();
  }

  std::optional<Refusal> Judge() {
    if (connection_.peer().is_local() && !port_.local_is_unix &&
        !snapshot_->config.config.loopback_is_trusted()) {
      return Refusal{
          AuthFailure::kMissingToken,
          "the connection is local and not encrypted, and loopback_is_trusted is not set", false,
          /*even_if_observed=*/true};
    }
    if (port_.legacy_until.has_value() && now_ >= *port_.legacy_until) {
      return Refusal{AuthFailure::kMissingToken, "the unprotected legacy port's time is over",
                     false,
                     /*even_if_observed=*/true};
    }
    // What comes over a port that everybody can read is nobody's token.
    const absl::StatusOr<absl::string_view> token =
        port_.legacy_until.has_value() ? AuthFailureStatus(AuthFailure::kMissingToken,
                                                           "the port is an unprotected legacy port")
                                       : TokenOf(metadata_, port_.token_header);
    absl::StatusOr<Identity> caller =
        token.ok() ? snapshot_->verifier->Verify(*token, connection_) : token.status();
    std::optional<Refusal> bad_token;
    if (caller.ok()) {
      caller_ = *std::move(caller);
    } else {
      const AuthFailure failure = FailureOf(caller.status()).value_or(AuthFailure::kMalformedToken);
      bad_token = Refusal{failure, AuthFailureDetail(caller.status())};
      no_header_ =
          port_.legacy_until.has_value() || metadata_.find(port_.token_header) == metadata_.end();
      if (const EffectiveRule* rule = policy_.RuleOf(path_); rule != nullptr) {
        rule_ = rule->source;
      }
      // A bad token never becomes an anonymous caller, unless the rule says so.
      if (!MayBeAnonymous(policy_)) return WithHint(*std::move(bad_token));
    }
    const Policy::Decision decision = policy_.Decide(path_, caller_, connection_, now_);
    rule_ = decision.rule;
    if (decision.verdict == Policy::Verdict::kDenied) {
      return Refusal{AuthFailure::kDeniedByPolicy, Explanation(), false, /*even_if_observed=*/true};
    }
    if (!decision.allowed() && bad_token.has_value()) return WithHint(*std::move(bad_token));
    if (IsUnknownMethod(decision.names_method)) {
      // Said here, so that no handler and no generic service ever sees the call, and no admission
      // waits for it. Only to a caller whose token verified: others cannot tell which methods
      // exist.
      return Refusal{AuthFailure::kDeniedByPolicy, "no service of this server has that method",
                     /*unknown_method=*/true};
    }
    if (!decision.allowed()) return Refusal{AuthFailure::kDeniedByPolicy, Explanation()};
    if (bad_token.has_value()) event_.detail = std::move(bad_token->detail);
    if (state_.settings.extra_check) {
      const absl::Status status = state_.settings.extra_check(
          CheckedCall(caller_, path_, metadata_, token_headers_, connection_));
      if (!status.ok()) {
        return Refusal{AuthFailure::kDeniedByPolicy,
                       absl::StrCat("the extra check: ", status.message())};
      }
    }
    // Last, so that a call which is refused for something else spends no token.
    return decision.one_time ? TakeToken() : std::nullopt;
  }

  // The token is good for one use, which is this one.
  std::optional<Refusal> TakeToken() {
    switch (state_.one_time_tokens.Take(caller_)) {
      case OneTimeTokens::Answer::kTaken:
        return std::nullopt;
      case OneTimeTokens::Answer::kUsed:
        return Refusal{AuthFailure::kReplayed,
                       "the token has been used, and the rule says one_time"};
      case OneTimeTokens::Answer::kTooOld:
        return Refusal{AuthFailure::kReplayed,
                       "the token is from before this server started, or before its clock was set "
                       "back: nobody can say whether it has been used, and the rule says one_time"};
      case OneTimeTokens::Answer::kFull:
        break;
    }
    return Refusal{AuthFailure::kOverloaded,
                   "too many tokens that are good for one use are remembered"};
  }

  bool MayBeAnonymous(const Policy& policy) const {
    return no_header_ || policy.TreatsBadTokenAsAnonymous(path_);
  }

  // It can neither deny nor admit.
  void AskShadow() {
    const Policy& shadow = *snapshot_->shadow;
    const bool has_caller = caller_.authenticated() || MayBeAnonymous(shadow);
    const Policy::Decision decision = shadow.Decide(path_, caller_, connection_, now_);
    event_.shadow_allowed = has_caller && decision.allowed();
    event_.shadow_rule = std::string(decision.rule);
  }

  std::string Explanation() { return policy_.Explain(path_, caller_, connection_, now_); }

  Refusal WithHint(Refusal refusal) const {
    if (path_ == kHealthWatch) {
      absl::StrAppend(
          &refusal.detail,
          "; gRPC clients that check health (healthCheckConfig) send no token: they need "
          "health: ANYONE_MAY_WATCH");
    }
    return refusal;
  }

  bool IsUnknownMethod(bool named_by_a_rule) const {
    return state_.IsUnknownMethod(path_, std::atomic_load(&port_.services).get(), named_by_a_rule);
  }

  // Whether it is known that the method exists: what is only observed must not fill the admissions
  // with paths that a stranger makes up.
  bool IsKnownMethod() const {
    return !IsUnknownMethod(/*named_by_a_rule=*/false) && state_.IsKnownMethod(path_);
  }

  grpc::Status Refuse(const Refusal& refusal) {
    event_.would_deny.reset();
    event_.failure = refusal.failure;
    event_.detail = refusal.detail;
    Record();
    return refusal.unknown_method
               ? grpc::Status(grpc::StatusCode::UNIMPLEMENTED,
                              WireMessage("unknown method", DecisionId()))
               : grpc::Status(ToGrpc(AuthFailureCode(refusal.failure)),
                              WireMessage(AuthFailureWireText(refusal.failure), DecisionId()));
  }

  // Made for those alone that somebody is told.
  const std::string& DecisionId() {
    if (event_.decision_id.empty()) event_.decision_id = NewDecisionId();
    return event_.decision_id;
  }

  // Nobody but the sink reads the whole event, so without one it is only counted.
  bool Record(bool is_counted = false) {
    if (state_.settings.audit == nullptr) {
      if (!is_counted) state_.Count(path_, event_);
      return true;
    }
    event_.time = now_;
    event_.method = std::string(path_);
    DecisionId();
    event_.policy_hash = policy_.hash();
    event_.caller = caller_;
    event_.rule = std::string(rule_);
    const std::string& error = connection_.peer().error();
    if (!error.empty() && !absl::EndsWith(event_.detail, error)) {
      absl::StrAppend(&event_.detail, event_.detail.empty() ? "" : "; ", error);
    }
    event_.port = port_.address;
    event_.traceparent = TraceparentOf(metadata_);
    event_.request_id = RequestIdOf(metadata_);
    const PeerNames names = connection_.VerifiedPeerNames();
    if (!names.uris.empty()) {
      event_.peer = names.uris[0];
    } else if (!names.dns.empty()) {
      event_.peer = names.dns[0];
    }
    return state_.Record(event_, is_counted);
  }

  ServerState& state_;
  const PortInfo& port_;
  const CallMetadata& metadata_;
  const grpc::AuthContext& context_;
  const std::shared_ptr<const AuthSnapshot> snapshot_;
  const Policy& policy_;  // Of the snapshot.
  const TokenHeaders& token_headers_;
  const absl::Time now_;
  CallConnection connection_;
  absl::string_view path_;
  bool no_header_ = false;
  Identity caller_;         // Anonymous until a token verifies.
  absl::string_view rule_;  // Of the snapshot.
  AuditEvent event_;        // In whole for the audit sink alone.
};

}  // namespace

std::shared_ptr<grpc::AuthMetadataProcessor> AuthGate::ExistingProcessor() const {
  // An unprotected port never had one.
  return port_->legacy_until.has_value() ? nullptr : state_->settings.existing_processor;
}

bool AuthGate::IsBlocking() const {
  const auto existing = ExistingProcessor();
  return existing != nullptr && existing->IsBlocking();
}

grpc::Status AuthGate::Process(const InputMetadata& metadata, grpc::AuthContext* context,
                               OutputMetadata* consumed, OutputMetadata* response) {
  const auto began = std::chrono::steady_clock::now();
  GateCall call(*state_, *port_, metadata, *context);
  const grpc::Status decision = call.Decide();
  if (!decision.ok()) {
    state_->gate_durations.Record(std::chrono::steady_clock::now() - began);
    return decision;
  }
  if (const auto existing = ExistingProcessor(); existing != nullptr) {
    grpc::Status status = existing->Process(metadata, context, consumed, response);
    // The binding finds the call by its token, and takes it out itself.
    consumed->erase(port_->token_header);
    consumed->erase(kForwardedClientCert);
    if (!status.ok()) {
      call.RecordOther("the existing AuthMetadataProcessor refused the call");
      return status;
    }
  }
  call.TakeOff(consumed);
  const grpc::Status admission = call.Admit();
  state_->gate_durations.Record(std::chrono::steady_clock::now() - began);
  return admission;
}

}  // namespace lanyard::internal
