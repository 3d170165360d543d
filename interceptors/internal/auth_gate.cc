// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/auth_gate.h"

#include <google/protobuf/descriptor.h>
#include <grpc/grpc_security_constants.h>

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "lanyard/interceptors/internal/call_metadata.h"
#include "lanyard/interceptors/internal/wire_status.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard::internal {
namespace {

// The one token of a call. Two values of the header are two opinions about who calls.
absl::StatusOr<absl::string_view> TokenOf(const CallMetadata& metadata) {
  const auto range = metadata.equal_range(kAuthorization);
  if (range.first == range.second) {
    return AuthFailureStatus(AuthFailure::kMissingToken, "the call has no authorization");
  }
  if (std::next(range.first) != range.second) {
    return AuthFailureStatus(AuthFailure::kMalformedToken, "more than one authorization");
  }
  const absl::string_view value = View(range.first->second);
  const auto token = BearerOf(value);
  if (!token.has_value()) {
    // A DPoP token (RFC 9449) proves something that is not checked here, so it is no bearer token.
    if (absl::StartsWithIgnoreCase(value, "DPoP ")) {
      return AuthFailureStatus(AuthFailure::kMissingToken, "the authorization is DPoP, not Bearer");
    }
    return AuthFailureStatus(AuthFailure::kMalformedToken,
                             "the authorization is not \"Bearer\" and one token");
  }
  return *token;
}

// Whether the server has such a method, as far as can be told.
bool IsUnknownMethod(absl::string_view path, const PortInfo& port) {
  const auto services = std::atomic_load(&port.services);
  if (services == nullptr) return false;
  const size_t slash = path.rfind('/');
  if (path.empty() || path[0] != '/' || slash == 0 || slash == path.npos) return true;
  const std::string service(path.substr(1, slash - 1));
  if (services->count(service) == 0) return true;
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
  return descriptor != nullptr &&
         descriptor->FindMethodByName(std::string(path.substr(slash + 1))) == nullptr;
}

bool IsLocal(const grpc::AuthContext& context) {
  for (const grpc::string_ref& type :
       context.FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME)) {
    if (type == "local") return true;
  }
  return false;
}

// The connection of a call, for the verifier.
class CallConnection final : public TokenConnection {
 public:
  CallConnection(const grpc::AuthContext& context, SignatureBudget& budget)
      : context_(context), budget_(budget) {}

  std::string CertificateSha256() override { return CertificateSha256Of(context_); }
  bool BeginSignatureCheck() override {
    name_ = ConnectionOf(context_);  // Not for every call: most verdicts come from the cache.
    return budget_.Take(name_, std::chrono::steady_clock::now());
  }
  void OnGoodSignature() override { budget_.GiveBack(name_, std::chrono::steady_clock::now()); }

 private:
  const grpc::AuthContext& context_;
  SignatureBudget& budget_;
  uint64_t name_ = 0;
};

grpc::StatusCode ToGrpc(absl::StatusCode code) { return static_cast<grpc::StatusCode>(code); }

}  // namespace

grpc::Status AuthGate::Process(const InputMetadata& metadata, grpc::AuthContext* context,
                               OutputMetadata*, OutputMetadata*) {
  const auto path_header = metadata.find(":path");
  const absl::string_view path =
      path_header == metadata.end() ? absl::string_view() : View(path_header->second);
  const std::shared_ptr<const Policy> policy = state_->policy();

  AuditEvent event;
  event.time = state_->clock->Now();
  event.method = std::string(path);
  event.decision_id = NewDecisionId();
  auto finish = [&](grpc::Status status) {
    if (state_->audit != nullptr) state_->audit->Record(event);
    return status;
  };
  auto refuse = [&](AuthFailure failure, absl::string_view detail) {
    event.failure = failure;
    event.detail = std::string(detail);
    return finish(grpc::Status(ToGrpc(AuthFailureCode(failure)),
                               WireMessage(AuthFailureWireText(failure), event.decision_id)));
  };
  auto admit = [&](Identity identity) {
    if (port_->has_binding) {
      const std::string key =
          Admissions::KeyOf(CredentialsOf(metadata), path, CertificatePemOf(*context));
      if (!state_->admissions.File(key, std::move(identity), std::chrono::steady_clock::now())) {
        return refuse(AuthFailure::kOverloaded, "too many admitted calls wait for their handlers");
      }
    }
    event.allowed = true;
    return finish(grpc::Status::OK);
  };

  if (!port_->local_allowed && IsLocal(*context)) {
    return refuse(AuthFailure::kMissingToken,
                  "the connection is local and not encrypted, and loopback_is_trusted is not set");
  }
  const bool no_header = metadata.find(kAuthorization) == metadata.end();
  const absl::StatusOr<absl::string_view> token = TokenOf(metadata);
  CallConnection connection(*context, state_->signature_budget);
  absl::StatusOr<Identity> caller =
      token.ok() ? state_->verifier->Verify(*token, connection) : token.status();
  if (!caller.ok()) {
    const AuthFailure failure = FailureOf(caller.status()).value_or(AuthFailure::kMalformedToken);
    const bool anyone = policy->AllowsAnyone(path);
    // A bad token never becomes an anonymous caller, but for health checks. Neither needs an
    // admission: the binding knows these methods too.
    if (anyone && (no_header || policy->TreatsBadTokenAsAnonymous(path))) {
      event.rule = policy->Decide(path, Identity()).rule;
      event.detail = std::string(caller.status().message());
      event.allowed = true;
      return finish(grpc::Status::OK);
    }
    return refuse(failure, caller.status().message());
  }

  event.issuer_name = caller->issuer_name();
  if (caller->has_subject()) event.subject = caller->subject();
  event.client_id = caller->client_id();
  event.token_id = caller->token_id();
  event.key_id = caller->key_id();
  const Policy::Decision decision = policy->Decide(path, *caller);
  event.rule = decision.rule;
  if (decision.allowed) return admit(*std::move(caller));
  if (!policy->HasRule(path) && IsUnknownMethod(path, *port_)) {
    // Said here, so that no handler and no generic service ever sees the call. Only to a caller
    // whose token verified: others cannot tell which methods exist.
    event.failure = AuthFailure::kDeniedByPolicy;
    event.detail = "no service of this server has that method";
    return finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED,
                               WireMessage("unknown method", event.decision_id)));
  }
  return refuse(AuthFailure::kDeniedByPolicy, decision.rule.empty()
                                                  ? "no rule names that method"
                                                  : "no allow of the rule matches the caller");
}

}  // namespace lanyard::internal
