// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/token_mint.h"
#include "lanyard/sdk/internal/registered_claims.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/certificate_file.h"
#include "lanyard/sdk/internal/claims_json.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/folder.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/keys/dated_key.h"
#include "lanyard/tools/input.h"
#include "lanyard/tools/key_file.h"
#include "lanyard/tools/option_values.h"
#include "lanyard/tools/usage_error.h"
#include "lanyard/v1/claims.pb.h"

namespace lanyard::tools {
namespace {

constexpr size_t kShownNameBytes = 40;
constexpr absl::Duration kUsualLongestLifetime = absl::Hours(24);

// The key to sign with, and its algorithm in it.
absl::StatusOr<Key> SigningKey(const Arguments& arguments, Streams& streams) {
  std::optional<Algorithm> algorithm;
  if (arguments.Has("--alg")) {
    const auto given = AlgorithmOption(arguments, "--alg");
    if (!given.ok()) return given.status();
    algorithm = *given;
  }
  const std::string path = arguments.Value("--key");
  auto error = [&path](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(InputName(path), ": ", what));
  };
  if (internal::IsFolder(path)) {
    const auto dated = ReadDatedKeys(path);
    if (!dated.ok()) return dated.status();
    if (arguments.Has("--kid") || arguments.Has("--alg")) {
      return UsageError("--kid and --alg: a key directory says which key signs, and how");
    }
    const DatedKey* active = dated->Active(absl::Now());
    if (active == nullptr) return error("no key in it; \"lanyard key rotate\" makes the first");
    return active->key;
  }
  const auto keys = ReadKeys(path, streams);
  if (!keys.ok()) return keys.status();
  std::optional<Key> key;
  if (keys->keys().size() == 1) {
    key = keys->keys().front();
    if (arguments.Has("--kid")) {
      auto named = key->WithId(arguments.Value("--kid"));
      if (!named.ok()) return UsageError(absl::StrCat("--kid: ", named.status().message()));
      key = *std::move(named);
    }
  } else {
    for (const Key& candidate : keys->keys()) {
      if (!key.has_value() && candidate.id() == arguments.Value("--kid")) key = candidate;
    }
    if (!key.has_value()) {
      return error(absl::StrCat("holds ", keys->keys().size(),
                                " keys; --kid must be the id of the one to sign with"));
    }
  }
  if (!key->has_private()) return error("a public key, which cannot sign");
  if (key->use() == KeyUse::kJwtSvid && !arguments.Has("--typ")) {
    return error(
        "a key of use \"jwt-svid\", which signs no access tokens; --typ JWT makes a JWT-SVID");
  }
  if (!algorithm.has_value()) algorithm = key->algorithm();
  for (const Algorithm candidate : kAllAlgorithms) {
    if (algorithm.has_value() || !key->Fits(candidate)) continue;
    algorithm = candidate;
    for (const Algorithm other : kAllAlgorithms) {
      if (other != candidate && key->Fits(other)) {
        return UsageError("missing --alg ALG: the key fits several algorithms and names none");
      }
    }
  }
  if (!algorithm.has_value() || !key->Fits(*algorithm)) {
    return error(absl::StrCat("a key that cannot sign ",
                              algorithm.has_value() ? AlgorithmName(*algorithm) : "anything"));
  }
  return key->WithAlgorithm(*algorithm);
}

// Which option makes a claim that --claim must not make a second time; empty for other claims.
absl::string_view OptionOfClaim(absl::string_view name) {
  constexpr absl::string_view kOptions[][2] = {
      {"iss", "--issuer"},   {"sub", "--subject"}, {"aud", "--audience"},
      {"exp", "--lifetime"}, {"iat", "--at"},      {"client_id", "--client-id"},
      {"scope", "--scope"},  {"cnf", "--bind-to"},
  };
  for (const auto& option : kOptions) {
    if (option[0] == name) return option[1];
  }
  return "";
}

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  out->set_seconds(seconds);
  out->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

// The claims as JSON: what the options name, then the --claim values as they were given.
absl::StatusOr<std::string> ClaimsText(const Arguments& arguments, Streams& streams) {
  auto now = TimeOption(arguments, "--at");
  if (!now.ok()) return now.status();
  // Whole seconds, which every verifier reads; decimals only if asked for.
  if (!arguments.Has("--at")) now = absl::FromUnixSeconds(absl::ToUnixSeconds(*now));
  const auto lifetime = DurationOption(arguments, "--lifetime", absl::Minutes(10), absl::Seconds(1),
                                       absl::Hours(24 * 366 * 100));
  if (!lifetime.ok()) return lifetime.status();
  if (*lifetime > kUsualLongestLifetime) {
    streams.err << "warning: servers refuse tokens that live longer than 24h, unless their "
                   "max_lifetime says otherwise\n";
  }
  v1::Claims claims;
  claims.set_issuer(arguments.Value("--issuer"));
  claims.set_subject(arguments.Value("--subject"));
  claims.set_client_id(arguments.Has("--client-id") ? arguments.Value("--client-id")
                                                    : arguments.Value("--subject"));
  for (const std::string& audience : arguments.Values("--audience")) claims.add_audiences(audience);
  if (arguments.Has("--bind-to")) {
    auto thumbprint = internal::CertificateSha256OfFile(arguments.Value("--bind-to"));
    if (!thumbprint.ok()) return thumbprint.status();
    claims.mutable_confirmation()->set_certificate_sha256(*std::move(thumbprint));
  }
  const std::string scopes = arguments.Value("--scope");
  for (const absl::string_view scope : absl::StrSplit(scopes, ' ', absl::SkipEmpty())) {
    claims.add_scopes(std::string(scope));
  }
  SetTime(*now, claims.mutable_issued_at());
  SetTime(*now + *lifetime, claims.mutable_expires_at());

  std::string extra;
  bool has_token_id = false;
  for (const std::string& claim : arguments.Values("--claim")) {
    const size_t equals = claim.find('=');
    const std::string name = claim.substr(0, equals);
    const std::string shown = internal::Printable(name, kShownNameBytes);
    if (equals == std::string::npos || name.empty()) {
      return UsageError("--claim must be NAME=JSON, like tier=3 or team='\"blue\"'");
    }
    if (const absl::string_view option = OptionOfClaim(name); !option.empty()) {
      return UsageError(absl::StrCat("--claim ", shown, ": use ", option));
    }
    const std::string value = claim.substr(equals + 1);
    const auto parsed =
        internal::JsonDocument::ParseObject(absl::StrCat("{\"value\":", value, "}"));
    // A value like `1,"other":2` is no value.
    if (!parsed.ok() || parsed->root().size() != 1) {
      return UsageError(absl::StrCat("--claim ", shown,
                                     ": the value is not JSON; text needs quotes that the shell "
                                     "leaves alone, like team='\"blue\"'"));
    }
    has_token_id = has_token_id || name == "jti";
    // An object of one member, without its braces.
    const std::string member =
        internal::JsonObject().Json(name, internal::OneLineJson(value)).Finish();
    absl::StrAppend(&extra, ",", member.substr(1, member.size() - 2));
  }
  if (!has_token_id) claims.set_token_id(internal::Base64UrlEncode(internal::RandomBytes(16)));
  auto json = internal::ClaimsToJson(claims);
  if (!json.ok()) return json.status();
  json->insert(json->size() - 1, extra);

  // What a verifier would refuse is not signed.
  const auto document = internal::JsonDocument::ParseObject(*json);
  if (!document.ok()) return UsageError(absl::StrCat("claims: ", document.status().message()));
  const auto registered = internal::ReadClaims(document->root());
  if (!registered.ok()) {
    absl::string_view why = registered.status().message();
    absl::ConsumePrefix(&why, "MALFORMED_TOKEN: ");
    return UsageError(absl::StrCat("claims: ", why));
  }
  return json;
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  auto claims = ClaimsText(arguments, streams);
  if (!claims.ok()) return claims.status();
  const auto key = SigningKey(arguments, streams);
  if (!key.ok()) return key.status();
  internal::JsonObject header;
  header.Text("alg", AlgorithmName(*key->algorithm()));
  const std::string type = arguments.Has("--typ") ? arguments.Value("--typ") : "at+jwt";
  if (type != "NO_TYP") header.Text("typ", type);
  header.Text("kid", key->id());
  const auto token = internal::SignCompact(*key, *key->algorithm(), header.Finish(), *claims);
  if (!token.ok()) return token.status();
  if (arguments.json()) {
    streams.out << internal::JsonObject()
                       .Bool("ok", true)
                       .Text("token", *token)
                       .Json("header", header.Finish())
                       .Json("claims", internal::OneLineJson(*claims))
                       .Finish()
                << "\n";
  } else {
    streams.out << *token << "\n";
  }
  return 0;
}

}  // namespace

Command TokenMintCommand() {
  Command command;
  command.group = "token";
  command.name = "mint";
  command.summary = "Signs an access token (RFC 9068)";
  command.details =
      "The token has iat, exp and a random jti besides what the options say. --kid renames the key "
      "in\nthe header; where FILE holds several keys it names the one that signs. Claims that a "
      "verifier\nwould refuse are not signed.\n\n"
      "  lanyard token mint --key issuer.jwk --issuer https://issuer.example --subject svc:a \\\n"
      "      --audience orders --scope \"orders.read orders.write\" --claim tier=3\n";
  command.syntax.options = {
      {"--key", "FILE|DIR",
       "the private key: JWK, JWK Set or PEM; \"-\" is standard input; or a key directory", true},
      {"--issuer", "ISS", "iss: who signs", true},
      {"--subject", "SUB", "sub: who the token is about", true},
      {"--audience", "AUD", "aud: who the token is for", true, true},
      {"--client-id", "ID", "client_id (default: the subject)"},
      {"--scope", "\"A B\"", "scope: names with a space between each"},
      {"--lifetime", "10m", "how long it is good (default 10m)"},
      {"--typ", "TYPE", "typ in the header (default at+jwt; NO_TYP leaves it out)"},
      {"--claim", "NAME=JSON", "one more claim", false, true},
      {"--bind-to", "FILE", "cnf: the PEM certificate without which the token is of no use"},
      {"--alg", "ALG", "needed if the key fits several and names none, as an RSA key from PEM"},
      {"--kid", "ID", "kid in the header"},
      {"--at", "SECONDS", "the time, since 1970 (default: now)"},
  };
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
