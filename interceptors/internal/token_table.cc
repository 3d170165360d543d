// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/token_table.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/nearest_name.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard::internal {
namespace {

constexpr size_t kShownBytes = 256;

// "/package.Service/Method" or "/package.Service/*".
bool IsMethod(absl::string_view text) {
  const size_t slash = text.rfind('/');
  const size_t star = text.find('*');
  return absl::StartsWith(text, "/") && slash > 1 && slash != text.npos &&
         slash + 1 < text.size() && text.find('/', 1) == slash &&
         (star == text.npos || (star == slash + 1 && star + 1 == text.size())) &&
         text.find(' ') == text.npos;
}

bool IsSocket(absl::string_view target) {
  return absl::StartsWith(target, "unix:") || absl::StartsWith(target, "unix-abstract:");
}

// "/package.Service/" of a method.
absl::string_view ServiceOf(absl::string_view method) {
  return method.substr(0, method.rfind('/') + 1);
}

// Names are compared as DNS does it, and 443 is the port where none stands. Of sockets, as they
// are.
std::string Normal(absl::string_view name) {
  if (IsSocket(name)) return std::string(name);
  return absl::AsciiStrToLower(absl::StripSuffix(name, ":443"));
}

// gRPC takes these off, so that it goes elsewhere than the end of the text says.
bool HasQuery(absl::string_view target) { return target.find_first_of("?#") != target.npos; }

}  // namespace

std::string AuthorityOf(absl::string_view target) {
  if (IsSocket(target)) return "localhost";
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
  return Normal(target);
}

absl::StatusOr<std::shared_ptr<const TokenTable>> TokenTable::Create(
    std::vector<TargetTokens> targets, std::map<std::string, TokenCache> caches) {
  std::shared_ptr<TokenTable> table(new TokenTable());
  table->targets_ = std::move(targets);
  table->caches_ = std::move(caches);
  for (const TargetTokens& target : table->targets_) {
    if (target.names.empty()) return absl::InvalidArgumentError("a target without a name");
    for (const std::string& name : target.names) {
      const std::string normal = Normal(name);
      const auto bad = [&name](absl::string_view what) {
        return absl::InvalidArgumentError(
            absl::StrCat("target \"", Printable(name, kShownBytes), "\": ", what));
      };
      if (normal.empty()) return bad("a name is empty");
      if (HasQuery(name)) return bad("a name has no query and no fragment");
      const bool is_ending = absl::StartsWith(normal, "*");
      if (normal.find('*', is_ending ? 1 : 0) != normal.npos ||
          (is_ending && name.size() > 1 && (name[1] != '.' || normal.size() == 2))) {
        return bad(
            "a star stands only before a dot at the beginning, as in \"*.prod:8443\", or "
            "alone");
      }
      if (!table->exact_.emplace(normal, &target).second) return bad("stands twice");
      if (is_ending) table->endings_.emplace_back(normal.substr(1), &target);
    }
    for (const auto& method : target.methods) {
      if (!IsMethod(method.first)) {
        return absl::InvalidArgumentError(
            absl::StrCat("target \"", Printable(target.names[0], kShownBytes), "\": method \"",
                         Printable(method.first, kShownBytes),
                         "\" is neither \"/package.Service/Method\" nor \"/package.Service/*\""));
      }
    }
  }
  std::stable_sort(table->endings_.begin(), table->endings_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  return std::shared_ptr<const TokenTable>(std::move(table));
}

const TargetTokens* TokenTable::Find(absl::string_view name) const {
  if (HasQuery(name)) return nullptr;
  const std::string authority = AuthorityOf(name);
  for (const std::string& exact : {Normal(name), authority}) {
    const auto it = exact_.find(exact);
    if (it != exact_.end() && !absl::StartsWith(exact, "*")) return it->second;
  }
  for (const auto& [ending, target] : endings_) {
    if (absl::EndsWith(authority, ending) && (ending.empty() || authority.size() > ending.size())) {
      return target;
    }
  }
  return nullptr;
}

absl::Status TokenTable::NoTarget(absl::string_view name) const {
  std::vector<std::string> names;
  for (const auto& exact : exact_) names.push_back(exact.first);
  return absl::NotFoundError(absl::StrCat("no target is called \"", Printable(name, kShownBytes),
                                          "\"", DidYouMean(AuthorityOf(name), names),
                                          ", so its calls have no token"));
}

TokenChoice ChoiceFor(const TargetTokens& target, absl::string_view authority,
                      absl::string_view method) {
  TokenChoice choice{target.tokens, {target.audience, target.scopes}};
  const absl::string_view service = ServiceOf(method);
  auto it = target.methods.find(method);
  if (it == target.methods.end()) it = target.methods.find(absl::StrCat(service, "*"));
  if (it != target.methods.end()) {
    if (it->second.tokens != nullptr) choice.tokens = it->second.tokens;
    if (!it->second.audience.empty()) choice.request.audience = it->second.audience;
    if (!it->second.scopes.empty()) choice.request.scopes = it->second.scopes;
  }
  if (choice.request.audience.empty()) {
    choice.request.audience =
        absl::StrCat("https://", Normal(authority), absl::StripSuffix(service, "/"));
  }
  std::sort(choice.request.scopes.begin(), choice.request.scopes.end());
  return choice;
}

}  // namespace lanyard::internal
