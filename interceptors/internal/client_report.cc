// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/client_report.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/readable_json.h"
#include "lanyard/sdk/internal/utc_text.h"
#include "lanyard/sdk/version.h"

namespace lanyard::internal {
namespace {

constexpr CallFailure kAllCallFailures[kCallFailures] = {
    CallFailure::kNoToken, CallFailure::kTimeout, CallFailure::kCancelled, CallFailure::kConflict,
    CallFailure::kRefusedLocally};

// A token that is kept, or is to be.
struct KeptToken {
  std::string source, audience;
  TokenStatus status;
};

// The audiences that targets name are there even before somebody has asked for their tokens, so
// that counters begin at 0.
std::vector<KeptToken> TokensOf(const TokenTable& table) {
  std::vector<KeptToken> all;
  for (const auto& [source, cache] : table.caches()) {
    std::map<std::string, TokenStatus> status = cache->Status();
    for (const TargetTokens& target : table.targets()) {
      if (target.tokens == cache && !target.audience.empty()) status.try_emplace(target.audience);
    }
    for (auto& [audience, of] : status) all.push_back({source, audience, std::move(of)});
  }
  return all;
}

std::map<std::string, CallFailures::Counts> FailuresOf(const TokenTable& table,
                                                       const CallFailures& failures) {
  std::map<std::string, CallFailures::Counts> all = failures.All();
  for (const TargetTokens& target : table.targets()) {
    if (!target.audience.empty()) all.try_emplace(target.audience);
  }
  return all;
}

std::vector<std::pair<std::string, std::string>> LabelsOf(const KeptToken& token) {
  return {{"audience", token.audience}, {"source", token.source}};
}

}  // namespace

Description DescribeClient(const TokenTable& table, const CallFailures& failures,
                           const absl::Status& config) {
  std::vector<std::string> all;
  for (const auto& [source, audience, status] : TokensOf(table)) {
    JsonObject token;
    token.Text("audience", audience);
    token.Text("source", source);
    token.Text("expires", status.expires_at == absl::InfinitePast() ? "no token"
                          : status.expires_at == absl::InfiniteFuture()
                              ? "never"
                              : UtcText(status.expires_at));
    token.Json("fetches", absl::StrCat(status.fetches));
    token.Json("failed_fetches",
               absl::StrCat(status.transient_failures + status.permanent_failures));
    token.Json("refused_by_servers", absl::StrCat(status.forced_refreshes));
    if (!status.last_error.empty()) token.Text("last_error", status.last_error);
    all.push_back(token.Finish());
  }
  JsonObject failed;
  const auto counts = FailuresOf(table, failures);
  for (const CallFailure failure : kAllCallFailures) {
    int64_t sum = 0;
    for (const auto& of_audience : counts) sum += of_audience.second[static_cast<size_t>(failure)];
    failed.Json(CallFailureName(failure), absl::StrCat(sum));
  }
  JsonObject client;
  client.Text("lanyard", kLanyardVersion);
  if (!config.ok()) client.Text("config_error", std::string(config.message()));
  client.Json("tokens", absl::StrCat("[", absl::StrJoin(all, ","), "]"));
  client.Json("calls_failed_before_they_were_sent", failed.Finish());
  Description description;
  description.json = client.Finish();
  description.text = ReadableJson(description.json);
  return description;
}

std::vector<Metric> ClientMetrics(const TokenTable& table, const CallFailures& failures) {
  using Kind = Metric::Kind;
  Metric fetches{"lanyard_client_token_fetches_total",
                 "Tokens asked for, by outcome.",
                 Kind::kCounter,
                 {},
                 {}};
  Metric expiry{"lanyard_client_token_expiry_timestamp_seconds",
                "When the token in use expires.",
                Kind::kGauge,
                {},
                {}};
  Metric refreshes{"lanyard_client_forced_refreshes_total",
                   "Tokens thrown away because a server refused them.",
                   Kind::kCounter,
                   {},
                   {}};
  for (const KeptToken& token : TokensOf(table)) {
    const auto fetched = [&](const char* outcome, int64_t count) {
      auto labels = LabelsOf(token);
      labels.emplace_back("outcome", outcome);
      fetches.values.push_back({std::move(labels), static_cast<double>(count), {}});
    };
    const TokenStatus& status = token.status;
    fetched("ok", status.fetches);
    fetched("transient", status.transient_failures);
    fetched("permanent", status.permanent_failures);
    refreshes.values.push_back({LabelsOf(token), static_cast<double>(status.forced_refreshes), {}});
    if (status.expires_at == absl::InfinitePast() || status.expires_at == absl::InfiniteFuture()) {
      continue;
    }
    expiry.values.push_back(
        {LabelsOf(token), absl::ToDoubleSeconds(status.expires_at - absl::UnixEpoch()), {}});
  }
  Metric failed{"lanyard_client_calls_failed_total",
                "Calls that ended before they were sent, by reason.",
                Kind::kCounter,
                {},
                {}};
  for (const auto& [audience, counts] : FailuresOf(table, failures)) {
    for (const CallFailure failure : kAllCallFailures) {
      failed.values.push_back(
          {{{"audience", audience}, {"reason", std::string(CallFailureName(failure))}},
           static_cast<double>(counts[static_cast<size_t>(failure)]),
           {}});
    }
  }
  return {std::move(fetches), std::move(expiry), std::move(refreshes), std::move(failed)};
}

}  // namespace lanyard::internal
