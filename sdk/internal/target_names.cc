// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/internal/target_names.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/token_text.h"

namespace lanyard::internal {
namespace {

constexpr size_t kShownBytes = 256;

bool IsWord(absl::string_view text, absl::string_view also) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [also](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || also.find(c) != also.npos;
  });
}

}  // namespace

bool IsUnixSocket(absl::string_view target) {
  return absl::StartsWith(target, "unix:") || absl::StartsWith(target, "unix-abstract:");
}

std::string NormalTargetName(absl::string_view name) {
  if (IsUnixSocket(name)) return std::string(name);
  return absl::AsciiStrToLower(absl::StripSuffix(name, ":443"));
}

std::string AuthorityOf(absl::string_view target) {
  if (IsUnixSocket(target)) return "localhost";
  const size_t scheme = target.find("://");
  if (scheme != target.npos) {
    target.remove_prefix(scheme + 3);
    // What stands before the slash is whom to ask for the address.
    const size_t slash = target.find('/');
    if (slash != target.npos) target.remove_prefix(slash + 1);
  } else {
    for (absl::string_view plain : {"dns:", "ipv4:", "ipv6:"}) {
      if (absl::ConsumePrefix(&target, plain)) break;
    }
  }
  return NormalTargetName(target);
}

bool IsPlainAuthority(absl::string_view authority) { return IsWord(authority, ".-_:[]"); }

absl::Status CheckTargetName(absl::string_view name) {
  const auto bad = [name](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat("target \"", Printable(name, kShownBytes), "\": ", what));
  };
  if (NormalTargetName(name).empty()) return bad("a name is empty");
  const bool is_ending = absl::StartsWith(name, "*");
  if (name.find('*', is_ending ? 1 : 0) != name.npos ||
      (is_ending && name.size() > 1 && (name.size() == 2 || name[1] != '.'))) {
    return bad("a star stands only before a dot at the beginning, as in \"*.prod:8443\", or alone");
  }
  return absl::OkStatus();
}

absl::Status CheckTokenMethod(absl::string_view method) {
  const size_t slash = method.rfind('/');
  if (absl::StartsWith(method, "/") && slash > 1 && IsWord(method.substr(1, slash - 1), "._") &&
      (method.substr(slash + 1) == "*" || IsWord(method.substr(slash + 1), "_"))) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("method \"", Printable(method, kShownBytes),
                   "\" is neither \"/package.Service/Method\" nor \"/package.Service/*\""));
}

absl::Status CheckScope(absl::string_view scope) {
  if (IsScopeToken(scope)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("scopes: \"", Printable(scope, kShownBytes),
                                                 "\" is no scope (RFC 6749 section 3.3)"));
}

}  // namespace lanyard::internal
