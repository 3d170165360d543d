// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TOOLS_LANYARD_ISTIO_RULES_H_
#define LANYARD_TOOLS_LANYARD_ISTIO_RULES_H_

#include <string>
#include <vector>

#include "lanyard/sdk/internal/name_patterns.h"
#include "lanyard/v1/config.pb.h"

namespace lanyard::tools {

// One entry of `when`: the attribute is one of `values`, if there are any, and none of
// `not_values`.
// "*" is any text that is not empty, and a star at either end stands for the rest.
struct IstioCondition {
  std::string key;
  std::vector<std::string> values, not_values;
};

// Who is meant by one rule of an Istio AuthorizationPolicy: one of each list that is not empty, and
// every condition. All empty: everybody.
struct IstioCallers {
  std::vector<std::string> principals;          // Of the client's certificate.
  std::vector<std::string> request_principals;  // Of its token.
  std::vector<IstioCondition> when;
};

// "request.auth.claims[a][b]"; empty where Istio cannot say it.
std::string ClaimKey(const std::vector<std::string>& path);

// A condition on the claim there; its key is empty where Istio cannot say it.
IstioCondition ClaimIs(const std::vector<std::string>& path, std::vector<std::string> values,
                       std::vector<std::string> not_values = {});

// What Istio takes these subjects for and Lanyard does not: a prefix of Istio's matches itself.
std::vector<std::string> BareStems(const internal::Strings& subjects);

// A list of a config.
inline std::vector<std::string> ToTexts(const internal::Strings& strings) {
  return {strings.begin(), strings.end()};
}

// Why Istio cannot ask for all that the config asks of an issuer's tokens, so that nobody with a
// token of it may be let in; empty if it can.
std::string UnsayableIssuer(const v1::Issuer& issuer);

// The callers of one valid alternative of a rule: nobody else, and not all of them where Istio
// cannot say it. What that is stands in `left_out`, in words.
std::vector<IstioCallers> CallersOf(const v1::Allow& allow, const v1::ServerConfig& config,
                                    std::vector<std::string>* left_out);

}  // namespace lanyard::tools

#endif  // LANYARD_TOOLS_LANYARD_ISTIO_RULES_H_
