// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_ISSUER_DESCRIPTION_H_
#define LANYARD_SDK_INTERNAL_ISSUER_DESCRIPTION_H_

#include <string>
#include <utility>
#include <vector>

#include "lanyard/v1/config.pb.h"

namespace lanyard::internal {

// Everything that is asked of a valid issuer's tokens, its profile and the defaults spelled out:
// what it is about, and the words. Lines without a value are left out.
std::vector<std::pair<std::string, std::string>> DescribeIssuer(const v1::Issuer& issuer);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_ISSUER_DESCRIPTION_H_
