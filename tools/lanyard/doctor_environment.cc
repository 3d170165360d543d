// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/doctor_environment.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/internal/header_tracing.h"

namespace lanyard::tools {
namespace {

constexpr char kCheck[] = "environment";
// Before this was written: no clock that is set says so.
constexpr absl::CivilSecond kEarliest(2026, 1, 1);

void CheckProxies(const v1::ServerConfig& config, Findings* findings) {
  std::vector<std::string> set;
  for (const char* name :
       {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') set.emplace_back(name);
  }
  if (set.empty()) return;
  const bool concerns =
      std::any_of(config.issuers().begin(), config.issuers().end(), [](const v1::Issuer& issuer) {
        return (!issuer.jwks_url().empty() || !issuer.discovery_url().empty()) &&
               issuer.fetch().proxy().empty();
      });
  const std::string text = absl::StrCat(absl::StrJoin(set, ", "), " set; keys are fetched without");
  if (concerns) {
    findings->Warn(kCheck, text, "set fetch.proxy of the issuer, if its keys need a proxy");
  } else {
    findings->Ok(kCheck, text);
  }
}

}  // namespace

void CheckEnvironment(const v1::ServerConfig& config, absl::Time now, const std::string& proc,
                      Findings* findings) {
  const char* const trace = std::getenv("GRPC_TRACE");
  const std::string tracer = trace == nullptr ? "" : internal::TracerOfHeaders(trace);
  if (!tracer.empty()) {
    findings->Fail(
        kCheck,
        absl::StrCat("GRPC_TRACE=", tracer, " makes gRPC print headers, and tokens with them"),
        "take it out of the environment, and treat the logs as secret");
  }
  CheckProxies(config, findings);
  if (access(absl::StrCat(proc, "/self/fd").c_str(), R_OK | X_OK) != 0) {
    findings->Fail(kCheck, absl::StrCat(proc, "/self/fd cannot be read: no TLS file can be loaded"),
                   "mount /proc, without hidepid, for the server's user");
  }
  if (geteuid() == 0) {
    findings->Ok(kCheck,
                 "this is root, who can read every file; run this as the server's user to see what "
                 "that one can");
  }
  if (now < absl::FromCivil(kEarliest, absl::UTCTimeZone())) {
    findings->Fail("clock",
                   absl::StrCat("this machine's clock says ",
                                absl::FormatTime("%Y-%m-%d", now, absl::UTCTimeZone())),
                   "set it (NTP); tokens are refused as NOT_YET_VALID");
  }
}

}  // namespace lanyard::tools
