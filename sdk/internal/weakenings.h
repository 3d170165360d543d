// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_INTERNAL_WEAKENINGS_H_
#define LANYARD_SDK_INTERNAL_WEAKENINGS_H_

#include <string>
#include <vector>

#include "lanyard/sdk/config.h"
#include "lanyard/sdk/internal/effective_rules.h"

namespace google::protobuf {
class Message;
}

namespace lanyard::internal {

// One word of a config that weakens a check.
struct Weakening {
  // "FILE:LINE" of a rule or of settings, "annotation of METHOD", "issuer NAME", or the field.
  std::string location;

  // Of a rule, settings or an annotation; else empty.
  std::string method;

  // What to search the config for: "anyone", "fetch.plaintext_http_is_trusted", "health: ANYONE".
  std::string word;

  // What it lets in, for operators.
  std::string what;
};

// All of them in a config, in its order, found by the fields and enum values that are marked for it
// (lanyard.v1.weakens and value_weakens).
std::vector<Weakening> WeakeningsIn(const LoadedConfig& config);

// Those of the annotations among the rules that rule (Policy::rules()).
std::vector<Weakening> WeakeningsOfAnnotations(const std::vector<EffectiveRule>& rules);

// Those of one message and of what is in it, with empty locations. The word is the path of the
// field from there.
std::vector<Weakening> WeakeningsOf(const google::protobuf::Message& message);

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_INTERNAL_WEAKENINGS_H_
