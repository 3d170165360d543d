// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_RULE_CHECKS_H_
#define LANYARD_SDK_INTERNAL_RULE_CHECKS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard::internal {

// Whether `path` is "/package.Service/Method", to the letter.
bool IsMethodPath(absl::string_view path);

// The "/package.Service/*" of a method's path.
std::string ServiceOf(absl::string_view path);

// Each checks one part of a config by itself; the error says what would be right.
absl::Status ValidateRule(const v1::Rule& rule);
absl::Status ValidateDeny(const v1::Deny& deny);
absl::Status ValidateSettings(const v1::MethodSettings& settings);

// Until when a method is observed: a day or a time of RFC 3339.
absl::StatusOr<absl::Time> ObserveUntil(const v1::MethodSettings& settings);

// Checks that a rule names only issuers of the config; that the ones it means say where roles stand
// and may assert the claims that it looks at; and that, where there are several, a rule that names
// anything a token says says whose: the same subject of another issuer is another caller.
absl::Status CheckRuleIssuers(const v1::Rule& rule, const v1::ServerConfig& config);

// The same for a deny, and for annotation_issuers.
absl::Status CheckDenyIssuers(const v1::Deny& deny, const v1::ServerConfig& config);
absl::Status CheckAnnotationIssuers(const v1::ServerConfig& config);

// Checks that a rule by which tokens are good for one use stands in a config that may have one.
absl::Status CheckOneTime(const v1::Rule& rule, const v1::ServerConfig& config);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_RULE_CHECKS_H_
