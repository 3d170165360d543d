// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/server_state.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/interceptors/internal/wire_status.h"
#include "lanyard/sdk/internal/log.h"
#include "lanyard/sdk/internal/rule_checks.h"
#include "lanyard/sdk/internal/rule_compare.h"
#include "lanyard/sdk/internal/rule_names.h"

namespace lanyard::internal {
namespace {

using google::protobuf::ServiceDescriptor;

constexpr absl::Duration kSoon = absl::Hours(24 * 7);

// Observation that is over, or soon will be, may surprise somebody.
void WarnOfObservation(const LoadedConfig& config, absl::Time now) {
  for (int i = 0; i < config.config.settings_size(); ++i) {
    const v1::MethodSettings& settings = config.config.settings(i);
    const auto until = ObserveUntil(settings);
    if (settings.enforcement() != v1::OBSERVE || !until.ok() || *until - now > kSoon) continue;
    LogLine(absl::StrCat("WARNING: ", config.settings_locations[i], ": ", settings.method(),
                         *until <= now ? " is enforced since " : " will be enforced from ",
                         settings.observe_until(), ", when observation ends"));
  }
}

}  // namespace

ServerState::ServerState(ServerSettings the_settings)
    : settings(std::move(the_settings)),
      clock(settings.sources.clock),
      admissions(settings.admission_bytes),
      one_time_tokens(settings.one_time_token_bytes, clock),
      signature_budget(settings.bad_signatures_per_second),
      streams_(StreamRules()) {}

OpenStreams::Rules ServerState::StreamRules() {
  OpenStreams::Rules rules;
  rules.clock = clock;
  rules.changed = [this] { return StreamsMustBeJudged(); };
  rules.judge = [this](const StreamFacts& stream) { return JudgeStream(stream); };
  rules.postpone = [this](const StreamFacts& stream, bool again) {
    return PostponeStreamEnd(stream, again);
  };
  rules.ended = [this](const StreamFacts& stream, const StreamEnd& end, const std::string& id) {
    AuditStreamEnd(stream, end, id);
  };
  return rules;
}

bool ServerState::StreamsMustBeJudged() {
  const auto now = snapshot();
  if (now == nullptr) return false;  // Not loaded yet.
  std::vector<std::shared_ptr<const void>> judged_by = {now};
  for (const auto& [name, made] : now->keys) judged_by.push_back(made.source->Current());
  std::vector<uint64_t> generations;
  for (const auto& [name, made] : now->revocations)
    generations.push_back(made.source->generation());
  const absl::Time time = clock->Now();
  const bool observation_ended = time >= next_observation_end_;
  if (judged_by == judged_by_ && generations == revoked_by_ && !observation_ended) return false;
  judged_by_ = std::move(judged_by);
  revoked_by_ = std::move(generations);
  next_observation_end_ = now->policy->NextObservationEnd(time);
  return true;
}

std::optional<StreamEnd> ServerState::JudgeStream(const StreamFacts& stream) const {
  const auto now = snapshot();
  const Policy& policy = *now->policy;
  const bool observed = policy.Observes(stream.method, clock->Now());
  struct Connection final : TokenConnection {
    explicit Connection(const PeerNames& of) : names(of) {}
    PeerNames VerifiedPeerNames() override { return names; }
    const PeerNames& names;
  };
  // Only who is known is told that he may not (as in the gate).
  const AuthFailure denied =
      stream.caller.authenticated() ? AuthFailure::kDeniedByPolicy : AuthFailure::kMissingToken;
  // A connection whose word counts by now has no names of its own, as in the gate.
  const bool is_trusted =
      now->TrustsProxy(stream.is_local, stream.is_forwarded ? stream.proxy : stream.peer);
  if (stream.is_forwarded && !is_trusted && !observed) {
    return StreamEnd{denied, "the proxy that says who the client is is trusted no more"};
  }
  const PeerNames none;
  Connection connection(stream.is_forwarded == is_trusted ? stream.peer : none);
  // At the time when it began: a stream does not end because it grows older.
  const Policy::Decision decision =
      policy.Decide(stream.method, stream.caller, connection, stream.began);
  if (observed && decision.verdict != Policy::Verdict::kDenied) return std::nullopt;
  if (!decision.allowed()) {
    return StreamEnd{denied,
                     policy.Explain(stream.method, stream.caller, connection, stream.began)};
  }
  if (!stream.caller.authenticated()) return std::nullopt;
  const absl::Status trusted = now->verifier->StillTrusts(stream.caller);
  if (trusted.ok()) return std::nullopt;
  return StreamEnd{FailureOf(trusted).value_or(AuthFailure::kUnknownIssuer),
                   AuthFailureDetail(trusted)};
}

absl::Time ServerState::PostponeStreamEnd(const StreamFacts& stream, bool again) {
  const absl::Time until = snapshot()->policy->ObserveUntil(stream.method);
  if (until <= clock->Now()) return absl::InfinitePast();
  if (again) return until;
  AuditEvent event = NewEvent(stream.method);
  event.allowed = true;
  event.would_deny = stream.end.failure;
  event.detail = absl::StrCat("the stream would be ended: ", stream.end.detail);
  event.ends_stream = true;
  event.observed = true;
  event.caller = stream.caller;
  Record(event);
  return until;
}

void ServerState::AuditStreamEnd(const StreamFacts& stream, const StreamEnd& end,
                                 const std::string& decision_id) {
  AuditEvent event = NewEvent(stream.method);
  event.decision_id = decision_id;
  event.failure = end.failure;
  event.detail = absl::StrCat("the stream was ended: ", end.detail);
  event.ends_stream = true;
  event.caller = stream.caller;
  Record(event);
}

AuditEvent ServerState::NewEvent(absl::string_view method) const {
  AuditEvent event;
  event.time = clock->Now();
  event.decision_id = NewDecisionId();
  event.method = std::string(method);
  event.policy_hash = snapshot()->policy->hash();
  return event;
}

bool ServerState::Record(const AuditEvent& event, bool is_counted) {
  if (!is_counted) Count(event.method, event);
  if (settings.audit == nullptr || settings.audit->Record(event)) return true;
  return snapshot()->config.config.on_audit_failure() != v1::DENY;
}

absl::StatusOr<std::shared_ptr<ServerState>> ServerState::Create(
    ServerSettings settings, const std::vector<std::string>& services) {
  std::shared_ptr<ServerState> state(new ServerState(std::move(settings)));
  state->given_services_.insert(services.begin(), services.end());
  state->services_.insert(services.begin(), services.end());
  state->methods_ = state->MethodsOf(state->services_);
  state->decisions_.AddMethods(state->methods_);
  if (absl::Status status = state->Reload(); !status.ok()) return status;
  return state;
}

Services ServerState::DescriptorsOf(const std::set<std::string>& names) const {
  Services descriptors;
  for (const std::string& name : names) {
    const auto* service = settings.descriptors->Find(name);
    if (service != nullptr) descriptors.push_back(service);
  }
  return descriptors;
}

std::set<std::string> ServerState::MethodsOf(const std::set<std::string>& names) const {
  std::set<std::string> paths;
  for (const ServiceDescriptor* service : DescriptorsOf(names)) {
    for (int i = 0; i < service->method_count(); ++i) {
      paths.insert(absl::StrCat("/", std::string(service->full_name()), "/",
                                std::string(service->method(i)->name())));
    }
  }
  return paths;
}

absl::Status ServerState::AddServices(const std::vector<std::string>& names) {
  std::lock_guard<std::mutex> reload_lock(reload_mutex_);
  std::set<std::string> services = services_;
  services.insert(names.begin(), names.end());
  if (services == services_) return absl::OkStatus();
  auto snapshot = WithServices(*snapshot_, DescriptorsOf(services), clock->Now());
  if (!snapshot.ok()) return snapshot.status();
  std::set<std::string> methods = MethodsOf(services);
  decisions_.AddMethods(methods);
  CountRuledMethods(*(*snapshot)->policy);
  std::lock_guard<std::mutex> lock(mutex_);
  services_ = std::move(services);
  methods_ = std::move(methods);
  retired_.push_back(std::move(snapshot_));
  snapshot_ = *std::move(snapshot);
  return absl::OkStatus();
}

absl::Status ServerState::Reload() {
  std::lock_guard<std::mutex> reload_lock(reload_mutex_);
  auto snapshot = LoadLocked();
  SetStatus(snapshot.status());
  std::lock_guard<std::mutex> lock(mutex_);
  if (!snapshot.ok()) {
    ++status_.failures;
    return snapshot.status();
  }
  WarnOfObservation((*snapshot)->config, clock->Now());
  CountRuledMethods(*(*snapshot)->policy);
  ++status_.loads;
  status_.loaded_at = clock->Now();
  if (snapshot_ != nullptr) retired_.push_back(std::move(snapshot_));
  snapshot_ = *std::move(snapshot);
  return absl::OkStatus();
}

void ServerState::CountRuledMethods(const Policy& policy) {
  std::set<std::string> paths;
  for (const EffectiveRule& rule : policy.rules()) {
    if (rule.rule.method().back() != '*') paths.insert(rule.rule.method());
  }
  decisions_.AddMethods(paths);
}

absl::StatusOr<std::shared_ptr<const AuthSnapshot>> ServerState::LoadLocked() {
  auto snapshot = LoadSnapshot(settings.sources, DescriptorsOf(services_), snapshot_.get());
  if (!snapshot.ok()) return snapshot.status();
  const v1::ServerConfig& config = (*snapshot)->config.config;
  if (absl::Status status = CheckMethods((*snapshot)->config); !status.ok()) return status;
  if (snapshot_ != nullptr && MaxTokenBytes(config) > max_token_bytes_) {
    return absl::FailedPreconditionError(absl::StrCat("max_token_bytes: above ", max_token_bytes_,
                                                      ", which the server started with, it needs a "
                                                      "restart"));
  }
  if (config.on_audit_failure() == v1::DENY && settings.audit == nullptr) {
    return absl::FailedPreconditionError(
        "on_audit_failure: DENY needs ServerAuthOptions.audit_sink: nothing is recorded");
  }
  if (snapshot_ == nullptr) max_token_bytes_ = MaxTokenBytes(config);
  return snapshot;
}

void ServerState::SetStatus(const absl::Status& status) {
  std::lock_guard<std::mutex> lock(mutex_);
  status_.last_error = std::string(status.message());
  if (status.ok()) {
    status_.failing_since = absl::InfiniteFuture();
  } else if (status_.failing_since == absl::InfiniteFuture()) {
    status_.failing_since = clock->Now();
  }
}

void ServerState::CheckConfig() {
  std::lock_guard<std::mutex> reload_lock(reload_mutex_);
  const auto config = LoadConfig(settings.sources.config_files, settings.sources.config_text);
  absl::Status status = config.status();
  if (status.ok()) {
    status = Policy::Create(*config, DescriptorsOf(services_), clock->Now()).status();
  }
  if (status.ok()) status = CheckMethods(*config);
  // What is mended stays said until it rules.
  if (!status.ok()) SetStatus(status);
}

void ServerState::AddTokenHeader(const std::string& name) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::set<std::string> headers(token_headers().begin(), token_headers().end());
  if (!headers.insert(name).second) return;
  all_token_headers_.emplace_back(headers.begin(), headers.end());
  token_headers_ = &all_token_headers_.back();
}

ConfigStatus ServerState::status() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return status_;
}

void ServerState::DropRetired() {
  std::vector<std::shared_ptr<const AuthSnapshot>> dropped;  // Outside the lock.
  std::lock_guard<std::mutex> lock(mutex_);
  for (size_t i = 0; i < retired_.size();) {
    // Nobody can get hold of it anew.
    if (retired_[i].use_count() > 1) {
      ++i;
      continue;
    }
    dropped.push_back(std::move(retired_[i]));
    retired_[i] = std::move(retired_.back());
    retired_.pop_back();
  }
}

absl::Status ServerState::CheckMethods(const LoadedConfig& config) const {
  absl::Status status =
      CheckRuleNames(config, *settings.descriptors, services_are_all_ ? &services_ : nullptr);
  if (!status.ok() || !methods_must_be_known_) return status;
  return CheckServiceRules(config, *settings.descriptors);
}

absl::Status ServerState::SetAllServices() {
  std::lock_guard<std::mutex> reload_lock(reload_mutex_);
  services_are_all_ = true;
  methods_must_be_known_ = true;
  return CheckMethods(snapshot_->config);
}

absl::Status ServerState::SetServicesUnknown() {
  std::lock_guard<std::mutex> reload_lock(reload_mutex_);
  methods_must_be_known_ = true;
  return CheckMethods(snapshot_->config);
}

bool ServerState::IsUnknownMethod(absl::string_view path, const ServiceNames* services,
                                  bool named_by_a_rule) const {
  if (!IsMethodPath(path)) return true;
  const size_t slash = path.rfind('/');
  const absl::string_view service = path.substr(1, slash - 1);
  if (services != nullptr && services->count(service) + given_services_.count(service) == 0) {
    return true;
  }
  const absl::string_view name = path.substr(slash + 1);
  if (const auto* methods = GrpcsMethods(service); methods != nullptr) {
    return std::find(methods->begin(), methods->end(), name) == methods->end();
  }
  if (named_by_a_rule) return false;
  const ServiceDescriptor* descriptor = settings.descriptors->Find(service);
  return descriptor != nullptr && descriptor->FindMethodByName(std::string(name)) == nullptr;
}

bool ServerState::IsKnownMethod(absl::string_view path) const {
  if (!IsMethodPath(path)) return false;
  const size_t slash = path.rfind('/');
  const ServiceDescriptor* descriptor = settings.descriptors->Find(path.substr(1, slash - 1));
  if (descriptor != nullptr) {
    return descriptor->FindMethodByName(std::string(path.substr(slash + 1))) != nullptr;
  }
  const EffectiveRule* rule = snapshot()->policy->RuleOf(path);
  return rule != nullptr && rule->rule.method() == path;
}

void ServerState::Count(absl::string_view method, const AuditEvent& event) {
  if (event.would_deny.has_value()) {
    decisions_.CountWouldDeny(method, *event.would_deny);
  } else if (event.failure.has_value() && event.ends_stream) {
    ++stream_ends_[static_cast<size_t>(*event.failure)];
  } else if (event.failure.has_value()) {
    decisions_.CountDenied(method, *event.failure);
  } else {
    decisions_.CountAllowed(method);
  }
}

Metric ServerState::StreamEnds() const {
  Metric metric{"lanyard_streams_ended_total",
                "Streams that were ended, by reason.",
                Metric::Kind::kCounter,
                {},
                {}};
  for (const AuthFailure reason : kAllAuthFailures) {
    const int64_t count = stream_ends_[static_cast<size_t>(reason)];
    if (count == 0) continue;
    metric.values.push_back(
        {{{"reason", std::string(AuthFailureName(reason))}}, static_cast<double>(count), {}});
  }
  return metric;
}

std::vector<MethodStatus> ServerState::Methods() const {
  std::set<std::string> paths;
  std::shared_ptr<const AuthSnapshot> now;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    now = snapshot_;
    paths = methods_;
  }
  for (const EffectiveRule& rule : now->policy->rules()) {
    if (rule.rule.method().back() != '*') paths.insert(rule.rule.method());
  }
  std::vector<MethodStatus> methods;
  for (const std::string& path : paths) {
    MethodStatus method;
    method.method = path;
    if (const EffectiveRule* rule = now->policy->RuleOf(path); rule != nullptr) {
      method.rule = rule->source;
      for (const v1::Allow& allow : rule->rule.allow()) {
        method.callers.push_back(AllowText(allow));
      }
    }
    const absl::Time until = now->policy->ObserveUntil(path);
    if (clock->Now() < until) method.observe_until = until;
    method.would_deny = decisions_.WouldDeny(path);
    methods.push_back(std::move(method));
  }
  return methods;
}

}  // namespace lanyard::internal
