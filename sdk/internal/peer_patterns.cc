// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/peer_patterns.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace lanyard::internal {
namespace {

// DNS names have no colon.
bool IsUri(absl::string_view name) { return absl::StrContains(name, ':'); }

}  // namespace

PeerPatterns::PeerPatterns(const Strings& patterns) {
  Strings uris, dns;
  for (const std::string& pattern : patterns) *(IsUri(pattern) ? uris : dns).Add() = pattern;
  uris_ = NamePatterns(uris, kUriSeparators);
  dns_ = NamePatterns(dns, "");
}

absl::Status PeerPatterns::Validate(const Strings& patterns) {
  for (const std::string& pattern : patterns) {
    if (!IsUri(pattern) && absl::StrContains(pattern, '*')) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", pattern, "\": only URIs have prefixes, as in \"spiffe://domain/*\""));
    }
    if (absl::Status status = NamePatterns::Validate(pattern, kUriSeparators); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

bool PeerPatterns::Match(const PeerNames& names) const {
  const auto any = [](const std::vector<std::string>& list, const NamePatterns& patterns) {
    return std::any_of(list.begin(), list.end(),
                       [&](const std::string& name) { return patterns.Match(name); });
  };
  return any(names.uris, uris_) || any(names.dns, dns_);
}

}  // namespace lanyard::internal
