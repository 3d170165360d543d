// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/server_metrics.h"

#include <string>
#include <utility>

#include "absl/time/time.h"
#include "lanyard/sdk/version.h"

namespace lanyard::internal {
namespace {

using Kind = Metric::Kind;
using Labels = std::vector<std::pair<std::string, std::string>>;

class Families {
 public:
  Metric& Add(std::string name, std::string help, Kind kind) {
    metrics_.push_back({std::move(name), std::move(help), kind, {}, {}});
    return metrics_.back();
  }
  void One(std::string name, std::string help, Kind kind, double value) {
    Add(std::move(name), std::move(help), kind).values.push_back({{}, value, {}});
  }
  void Whole(Metric metric) { metrics_.push_back(std::move(metric)); }
  std::vector<Metric> Take() { return std::move(metrics_); }

 private:
  std::vector<Metric> metrics_;
};

void Put(Metric* metric, Labels labels, double value) {
  metric->values.push_back({std::move(labels), value, {}});
}

double Seconds(absl::Time time) { return absl::ToDoubleSeconds(time - absl::UnixEpoch()); }

void AddKeys(const AuthSnapshot& snapshot, Families* families) {
  Metric keys{"lanyard_keys", "Keys of each issuer.", Kind::kGauge, {}, {}};
  Metric ages{"lanyard_key_age_seconds",
              "Since keys that are fetched were last known to be right.",
              Kind::kGauge,
              {},
              {}};
  Metric fetches{
      "lanyard_key_fetches_total", "Fetches of keys, by outcome.", Kind::kCounter, {}, {}};
  Metric ready{
      "lanyard_issuer_ready", "Whether tokens of the issuer can be judged.", Kind::kGauge, {}, {}};
  for (const auto& [issuer, made] : snapshot.keys) {
    const KeySourceStatus status = made.source->Status();
    Put(&keys, {{"issuer", issuer}}, static_cast<double>(status.key_ids.size()));
    Put(&ready, {{"issuer", issuer}}, snapshot.Health(issuer).ok() ? 1 : 0);
    if (status.age.has_value()) {
      Put(&ages, {{"issuer", issuer}}, absl::ToDoubleSeconds(*status.age));
    }
    if (status.successes == 0 && status.failures.empty()) continue;
    Put(&fetches, {{"issuer", issuer}, {"outcome", "ok"}}, static_cast<double>(status.successes));
    for (const auto& [outcome, count] : status.failures) {
      Put(&fetches, {{"issuer", issuer}, {"outcome", outcome}}, static_cast<double>(count));
    }
  }
  for (Metric* metric : {&keys, &ages, &fetches, &ready}) families->Whole(std::move(*metric));
}

void AddRevocations(const AuthSnapshot& snapshot, Families* families) {
  Metric entries{"lanyard_revocations", "Revocations that are remembered.", Kind::kGauge, {}, {}};
  Metric ages{"lanyard_revocation_age_seconds",
              "Since the revocations were last known to be all there are.",
              Kind::kGauge,
              {},
              {}};
  Metric reads{"lanyard_revocation_reads_total",
               "Times that all revocations were asked for, by outcome.",
               Kind::kCounter,
               {},
               {}};
  Metric ignored{"lanyard_revocations_ignored_total",
                 "Revocations of other issuers' tokens.",
                 Kind::kCounter,
                 {},
                 {}};
  for (const auto& [issuer, made] : snapshot.revocations) {
    const RevocationSourceStatus status = made.source->Status();
    Put(&entries, {{"issuer", issuer}}, static_cast<double>(status.entries));
    Put(&ignored, {{"issuer", issuer}}, static_cast<double>(status.ignored));
    if (status.age.has_value()) {
      Put(&ages, {{"issuer", issuer}}, absl::ToDoubleSeconds(*status.age));
    }
    Put(&reads, {{"issuer", issuer}, {"outcome", "ok"}}, static_cast<double>(status.successes));
    for (const auto& [outcome, count] : status.failures) {
      Put(&reads, {{"issuer", issuer}, {"outcome", outcome}}, static_cast<double>(count));
    }
  }
  for (Metric* metric : {&entries, &ages, &reads, &ignored}) families->Whole(std::move(*metric));
}

void AddConfig(const ServerState& state, Families* families) {
  const ConfigStatus status = state.status();
  Metric& loads =
      families->Add("lanyard_config_loads_total", "Readings of the config.", Kind::kCounter);
  Put(&loads, {{"outcome", "ok"}}, static_cast<double>(status.loads));
  Put(&loads, {{"outcome", "failed"}}, static_cast<double>(status.failures));
  families->One("lanyard_config_loaded_timestamp_seconds", "When what rules was read.",
                Kind::kGauge, Seconds(status.loaded_at));
  families->One("lanyard_config_failing", "Whether the files as they are now are not good.",
                Kind::kGauge, status.last_error.empty() ? 0 : 1);
  Metric& observed = families->Add("lanyard_observe_until_timestamp_seconds",
                                   "When each observed method will be enforced.", Kind::kGauge);
  for (const MethodStatus& method : state.Methods()) {
    if (method.observe_until == absl::InfinitePast()) continue;
    Put(&observed, {{"method", method.method}}, Seconds(method.observe_until));
  }
}

void AddAudit(const ServerState& state, Families* families) {
  if (state.settings.audit == nullptr) return;
  const AuditStatus status = state.settings.audit->Status();
  Metric& events =
      families->Add("lanyard_audit_events_total", "Audit events, by outcome.", Kind::kCounter);
  Put(&events, {{"outcome", "written"}}, static_cast<double>(status.written));
  Put(&events, {{"outcome", "dropped"}}, static_cast<double>(status.dropped));
  Put(&events, {{"outcome", "sampled"}}, static_cast<double>(status.sampled));
}

}  // namespace

std::vector<Metric> MetricsOf(const ServerState& state) {
  Families families;
  const auto snapshot = state.snapshot();
  families.Whole(state.decisions().Collect());
  families.Whole(state.gate_durations.Collect("lanyard_gate_duration_seconds",
                                              "How long the gate takes to decide a call."));
  const VerifierStatus verifier = snapshot->verifier->Status();
  families.One("lanyard_token_cache_hits_total", "Tokens whose verdict was in the cache.",
               Kind::kCounter, static_cast<double>(verifier.cache_hits));
  families.One("lanyard_token_cache_misses_total", "Tokens whose verdict was not.", Kind::kCounter,
               static_cast<double>(verifier.cache_misses));
  families.One("lanyard_token_cache_bytes", "Memory of the cached verdicts.", Kind::kGauge,
               static_cast<double>(verifier.cache_bytes));
  AddKeys(*snapshot, &families);
  AddRevocations(*snapshot, &families);
  AddConfig(state, &families);
  families.One("lanyard_streams_open", "Streams that run.", Kind::kGauge,
               static_cast<double>(state.open_streams()));
  families.Whole(state.StreamEnds());
  families.One("lanyard_admission_bytes", "Memory of the admitted calls that wait.", Kind::kGauge,
               static_cast<double>(state.admissions.bytes()));
  families.One("lanyard_one_time_token_bytes", "Memory of the tokens that were used.", Kind::kGauge,
               static_cast<double>(state.one_time_tokens.bytes()));
  families.One("lanyard_ungated_calls_total", "Calls that came past the gate, and were refused.",
               Kind::kCounter, static_cast<double>(state.ungated_calls.load()));
  AddAudit(state, &families);
  Put(&families.Add("lanyard_info", "Which Lanyard and which policy.", Kind::kGauge),
      {{"version", std::string(kLanyardVersion)}, {"policy", snapshot->policy->hash()}}, 1);
  return families.Take();
}

}  // namespace lanyard::internal
