// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/server_description.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/readable_json.h"
#include "lanyard/sdk/internal/redaction.h"
#include "lanyard/sdk/internal/utc_text.h"
#include "lanyard/sdk/internal/weakenings.h"
#include "lanyard/sdk/version.h"

namespace lanyard::internal {
namespace {

std::string Seconds(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Seconds(1)));
}

std::string List(const std::vector<std::string>& objects) {
  return absl::StrCat("[", absl::StrJoin(objects, ","), "]");
}

std::string ConfigJson(const ServerState& state) {
  const ConfigStatus status = state.status();
  JsonObject config;
  std::vector<std::string> files;
  for (const std::string& file : state.settings.sources.config_files) {
    files.push_back(PrintablePath(file));
  }
  if (!state.settings.sources.config_text.empty()) files.push_back("config_text");
  config.Texts("files", files).Text("loaded_at", UtcText(status.loaded_at));
  config.Json("loads", absl::StrCat(status.loads));
  config.Json("failures", absl::StrCat(status.failures));
  if (!status.last_error.empty()) {
    config.Text("failing_since", UtcText(status.failing_since));
    config.Text("last_error", status.last_error);
  }
  return config.Finish();
}

std::string RevocationsJson(const RevocationSource& source) {
  const RevocationSourceStatus status = source.Status();
  JsonObject object;
  object.Json("entries", absl::StrCat(status.entries));
  object.Json("bytes", absl::StrCat(status.bytes));
  if (status.age.has_value()) object.Text("age", Seconds(*status.age));
  if (status.ignored > 0) object.Json("of_other_issuers", absl::StrCat(status.ignored));
  int64_t failures = 0;
  for (const auto& failure : status.failures) failures += failure.second;
  object.Json("heard", absl::StrCat(status.successes));
  if (failures > 0) object.Json("failed", absl::StrCat(failures));
  if (!status.last_error.empty()) object.Text("last_error", status.last_error);
  return object.Finish();
}

std::string IssuersJson(const AuthSnapshot& snapshot) {
  std::vector<std::string> issuers;
  for (const v1::Issuer& issuer : snapshot.config.config.issuers()) {
    const KeySource& source = *snapshot.keys.at(issuer.name()).source;
    const KeySourceStatus status = source.Status();
    const absl::Status health = snapshot.Health(issuer.name());
    JsonObject object;
    object.Text("name", issuer.name());
    object.Text("issuer", issuer.issuer().empty() ? issuer.trust_domain() : issuer.issuer());
    object.Text("ready", health.ok() ? "yes" : health.message());
    object.Texts("keys", status.key_ids);
    if (status.age.has_value()) object.Text("age", Seconds(*status.age));
    int64_t failures = 0;
    for (const auto& failure : status.failures) failures += failure.second;
    if (status.successes + failures > 0) {
      object.Json("fetches", absl::StrCat(status.successes));
      object.Json("failed_fetches", absl::StrCat(failures));
    }
    if (!status.last_error.empty()) object.Text("last_error", status.last_error);
    const auto revocations = snapshot.revocations.find(issuer.name());
    if (revocations != snapshot.revocations.end()) {
      object.Json("revocations", RevocationsJson(*revocations->second.source));
    }
    issuers.push_back(object.Finish());
  }
  return List(issuers);
}

std::string MethodsJson(const ServerState& state) {
  std::vector<std::string> methods;
  for (const MethodStatus& method : state.Methods()) {
    JsonObject object;
    object.Text("method", method.method);
    object.Texts("callers",
                 method.callers.empty() ? std::vector<std::string>{"nobody"} : method.callers);
    if (!method.rule.empty()) object.Text("rule", method.rule);
    if (method.observe_until != absl::InfinitePast()) {
      object.Text("observed_until", UtcText(method.observe_until));
      object.Json("would_deny", absl::StrCat(method.would_deny));
    }
    methods.push_back(object.Finish());
  }
  return List(methods);
}

std::string PortsJson(const ServerFacts& facts) {
  std::vector<std::string> ports;
  for (const auto& port : facts.ports) {
    JsonObject object;
    object.Text("address", port->address.empty() ? "of credentials" : port->address);
    if (port->legacy_until.has_value()) {
      object.Text("unprotected_until", UtcText(*port->legacy_until));
    }
    object.Text("client_certificates", port->verifies_certificates ? "required" : "not asked for");
    object.Text("token_header", port->token_header);
    if (!port->has_binding) object.Text("way", "gate only");
    ports.push_back(object.Finish());
  }
  return List(ports);
}

std::string TlsJson(const ServerFacts& facts) {
  JsonObject tls;
  tls.Text("certificate", PrintablePath(facts.tls_files.certificate_chain));
  tls.Text("expires", UtcText(facts.tls->NotAfter()));
  if (const std::string error = facts.tls->LastError(); !error.empty()) {
    tls.Text("last_error", error);
  }
  return tls.Finish();
}

std::string AuditJson(const AuditSink& sink) {
  const AuditStatus status = sink.Status();
  JsonObject audit;
  audit.Json("written", absl::StrCat(status.written));
  audit.Json("dropped", absl::StrCat(status.dropped));
  audit.Json("sampled", absl::StrCat(status.sampled));
  if (!status.last_error.empty()) audit.Text("last_error", status.last_error);
  return audit.Finish();
}

// Words of the config, and of the program.
std::string WeakeningsJson(const ServerState& state, const AuthSnapshot& snapshot,
                           const ServerFacts& facts) {
  std::vector<std::string> words;
  const auto add = [&words](absl::string_view word, absl::string_view where,
                            absl::string_view what) {
    words.push_back(
        JsonObject().Text("word", word).Text("where", where).Text("lets_in", what).Finish());
  };
  for (const Weakening& found : WeakeningsIn(snapshot.config)) {
    add(found.word, found.location, found.what);
  }
  for (const Weakening& found : WeakeningsOfAnnotations(snapshot.policy->rules())) {
    add(found.word, found.location, found.what);
  }
  if (state.settings.keep_bearer_in_metadata) {
    add("keep_bearer_in_metadata", "ServerAuthOptions", "handlers can read tokens");
  }
  if (state.settings.keep_callers_tokens) {
    add("keep_callers_tokens", "ServerAuthOptions", "handlers can speak for their callers");
  }
  for (const auto& port : facts.ports) {
    if (port->legacy_until.has_value()) {
      add("AddUnprotectedLegacyPort", port->address, "everybody, as the anonymous caller");
    }
    if (!port->has_binding) {
      add("GateOnlyCredentials", "the program",
          "streams outlive their tokens, and handlers can read them");
    }
  }
  return List(words);
}

}  // namespace

Description DescribeServer(const ServerState& state, const ServerFacts& facts) {
  const auto snapshot = state.snapshot();
  JsonObject server;
  server.Text("lanyard", kLanyardVersion).Text("time", UtcText(state.clock->Now()));
  server.Text("ready", facts.ready.ok() ? "yes" : facts.ready.message());
  server.Text("policy", snapshot->policy->hash());
  if (!state.settings.sources.shadow_config_files.empty()) {
    server.Text("shadow_policy", snapshot->shadow == nullptr ? "left out: it is not good"
                                                             : snapshot->shadow->hash());
  }
  server.Json("config", ConfigJson(state)).Json("issuers", IssuersJson(*snapshot));
  server.Json("methods", MethodsJson(state)).Json("ports", PortsJson(facts));
  if (facts.tls != nullptr) server.Json("tls", TlsJson(facts));
  const VerifierStatus verifier = snapshot->verifier->Status();
  server.Json("open_streams", absl::StrCat(state.open_streams()));
  server.Json("cached_tokens_bytes", absl::StrCat(verifier.cache_bytes));
  server.Json("admissions_bytes", absl::StrCat(state.admissions.bytes()));
  server.Json("ungated_calls", absl::StrCat(state.ungated_calls.load()));
  if (state.settings.audit != nullptr) server.Json("audit", AuditJson(*state.settings.audit));
  server.Json("weakenings", WeakeningsJson(state, *snapshot, facts));
  Description description;
  description.json = server.Finish();
  description.text = ReadableJson(description.json);
  return description;
}

}  // namespace lanyard::internal
