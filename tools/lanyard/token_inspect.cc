// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/token_inspect.h"
#include "lanyard/sdk/internal/registered_claims.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/internal/utc_text.h"
#include "lanyard/tools/option_values.h"
#include "lanyard/tools/token_input.h"

namespace lanyard::tools {
namespace {

using internal::JsonDocument;
using internal::JsonValue;

absl::Status Malformed(absl::string_view what) {
  return AuthFailureStatus(AuthFailure::kMalformedToken, what);
}

// One of the first two segments, decoded; only that it is JSON is checked.
absl::StatusOr<std::string> SegmentJson(absl::string_view segment, absl::string_view what) {
  std::string json;
  if (!internal::Base64UrlDecode(segment, &json)) {
    return Malformed(absl::StrCat(what, ": not base64url without padding"));
  }
  const auto document = JsonDocument::ParseObject(json);
  if (!document.ok()) return Malformed(absl::StrCat(what, ": ", document.status().message()));
  return json;
}

// Why every verifier would refuse the token, whatever its keys; empty if there is no such reason.
std::string Fault(absl::string_view token, const JsonValue& claims) {
  const auto jws = internal::ParseJws(token, kMaxTokenBytes);
  if (!jws.ok()) return std::string(jws.status().message());
  const auto registered = internal::ReadClaims(claims);
  return registered.ok() ? "" : std::string(registered.status().message());
}

// "2030-03-17T17:46:40Z, 5m ago" for exp, nbf and iat.
void PrintTimes(const JsonValue& claims, absl::Time now, std::ostream& out) {
  for (const absl::string_view name : {"iat", "nbf", "exp"}) {
    const auto claim = claims.Find(name);
    if (!claim.has_value()) continue;
    absl::Time time;
    if (claim->is(JsonValue::Kind::kInteger)) {
      time = absl::FromUnixSeconds(claim->integer());
    } else if (claim->is(JsonValue::Kind::kDouble)) {
      time = absl::UnixEpoch() + absl::Seconds(claim->number());
    } else {
      continue;
    }
    const absl::Duration ahead = absl::Trunc(time - now, absl::Seconds(1));
    out << "  " << name << "  " << internal::UtcText(time) << ", ";
    if (ahead > absl::ZeroDuration()) {
      out << "in " << absl::FormatDuration(ahead) << "\n";
    } else {
      out << absl::FormatDuration(-ahead) << " ago\n";
    }
  }
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const auto now = TimeOption(arguments, "--at");
  if (!now.ok()) return now.status();
  const auto token = ReadToken(arguments, streams);
  if (!token.ok()) return token.status();
  if (token->size() > kMaxTokenBytes) {
    return Malformed(absl::StrCat("longer than ", kMaxTokenBytes, " bytes"));
  }
  const std::vector<absl::string_view> segments = absl::StrSplit(*token, absl::MaxSplits('.', 5));
  if (segments.size() == 5) {
    return Malformed("five segments: an encrypted token (JWE), which Lanyard does not read");
  }
  if (segments.size() != 3) {
    return Malformed("a token has three segments with a dot between each");
  }
  const auto header = SegmentJson(segments[0], "header");
  if (!header.ok()) return header.status();
  const auto claims = SegmentJson(segments[1], "claims");
  if (!claims.ok()) return claims.status();
  const auto document = JsonDocument::ParseObject(*claims);
  if (!document.ok()) return document.status();
  const std::string fault = Fault(*token, document->root());
  if (arguments.json()) {
    internal::JsonObject object;
    object.Bool("ok", true)
        .Bool("verified", false)
        .Json("header", internal::OneLineJson(*header))
        .Json("claims", internal::OneLineJson(*claims));
    if (!fault.empty()) object.Text("would_be_refused", fault);
    streams.out << object.Finish() << "\n";
    return 0;
  }
  streams.err << "NOT VERIFIED: anybody can write such a token, and nothing below is proven. Use "
                 "\"lanyard token verify\".\n";
  streams.out << "header (NOT VERIFIED):\n"
              << internal::IndentedJson(*header) << "\n"
              << "claims (NOT VERIFIED):\n"
              << internal::IndentedJson(*claims) << "\n";
  PrintTimes(document->root(), *now, streams.out);
  if (!fault.empty()) streams.err << "every verifier would refuse it: " << fault << "\n";
  return 0;
}

}  // namespace

Command TokenInspectCommand() {
  Command command;
  command.group = "token";
  command.name = "inspect";
  command.summary = "Shows what a token says, WITHOUT verifying it";
  command.details =
      "For looking, not for deciding: signature, times and audience are not checked, and exit code "
      "0\nmeans only that the token could be read. A token on the command line can be seen by "
      "other "
      "users\nof the machine; \"-\" or --token-file keeps it private.\n";
  command.syntax.operand = "TOKEN|-";
  command.syntax.options = {
      TokenFileOption(),
      {"--at", "SECONDS", "the time, since 1970, that ages are shown for (default: now)"},
  };
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
