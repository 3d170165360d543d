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

// The token of `audience` is there even before somebody has asked for it, so that counters begin
// at 0.
std::map<std::string, TokenStatus> StatusOf(const std::string& audience,
                                            const CachingTokenSource& tokens) {
  std::map<std::string, TokenStatus> status = tokens.Status();
  status.try_emplace(audience);
  return status;
}

}  // namespace

Description DescribeClient(const std::string& audience, const CachingTokenSource& tokens,
                           const CallFailures& failures) {
  std::vector<std::string> all;
  for (const auto& [name, status] : StatusOf(audience, tokens)) {
    JsonObject token;
    token.Text("audience", name);
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
  for (const CallFailure failure : kAllCallFailures) {
    failed.Json(CallFailureName(failure), absl::StrCat(failures.Of(failure)));
  }
  JsonObject client;
  client.Text("lanyard", kLanyardVersion);
  client.Json("tokens", absl::StrCat("[", absl::StrJoin(all, ","), "]"));
  client.Json("calls_failed_before_they_were_sent", failed.Finish());
  Description description;
  description.json = client.Finish();
  description.text = ReadableJson(description.json);
  return description;
}

std::vector<Metric> ClientMetrics(const std::string& audience, const CachingTokenSource& tokens,
                                  const CallFailures& failures) {
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
  for (const auto& [name, status] : StatusOf(audience, tokens)) {
    const auto fetched = [&fetches, &of = name](const char* outcome, int64_t count) {
      fetches.values.push_back(
          {{{"audience", of}, {"outcome", outcome}}, static_cast<double>(count), {}});
    };
    fetched("ok", status.fetches);
    fetched("transient", status.transient_failures);
    fetched("permanent", status.permanent_failures);
    refreshes.values.push_back(
        {{{"audience", name}}, static_cast<double>(status.forced_refreshes), {}});
    if (status.expires_at == absl::InfinitePast() || status.expires_at == absl::InfiniteFuture()) {
      continue;
    }
    expiry.values.push_back(
        {{{"audience", name}}, absl::ToDoubleSeconds(status.expires_at - absl::UnixEpoch()), {}});
  }
  Metric failed{"lanyard_client_calls_failed_total",
                "Calls that ended before they were sent, by reason.",
                Kind::kCounter,
                {},
                {}};
  for (const CallFailure failure : kAllCallFailures) {
    failed.values.push_back(
        {{{"audience", audience}, {"reason", std::string(CallFailureName(failure))}},
         static_cast<double>(failures.Of(failure)),
         {}});
  }
  return {std::move(fetches), std::move(expiry), std::move(refreshes), std::move(failed)};
}

}  // namespace lanyard::internal
