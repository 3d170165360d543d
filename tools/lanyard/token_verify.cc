// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/token_verify.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "lanyard/sdk/auth_failure.h"
#include "lanyard/sdk/internal/identity_state.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/verification.h"
#include "lanyard/tools/input.h"
#include "lanyard/tools/key_file.h"
#include "lanyard/tools/option_values.h"
#include "lanyard/tools/token_input.h"
#include "lanyard/tools/usage_error.h"

namespace lanyard::tools {
namespace {

constexpr absl::Duration kMaxLeeway = absl::Minutes(5);
constexpr char kNoType[] = "NO_TYP";

// What the options ask for, read before any file is.
struct Question {
  internal::IssuerRules rules;
  absl::Time now;
  bool strict = false;
  std::vector<std::string> not_checked;
};

// --typ: which header types are right.
absl::Status ReadTypes(const Arguments& arguments, internal::IssuerRules* rules) {
  rules->any_type_unchecked = !arguments.Has("--typ");
  rules->refuse_other_kinds = false;
  if (rules->any_type_unchecked) return absl::OkStatus();
  const std::string value = arguments.Value("--typ");
  for (const absl::string_view type : absl::StrSplit(value, ',')) {
    if (type.empty()) return UsageError("--typ: an empty type; NO_TYP stands for none");
    if (type == kNoType) {
      rules->accept_no_type = true;
    } else {
      rules->types.push_back(internal::NormalizedType(type));
    }
  }
  // "at+jwt" alone says that a token is an access token; any other type leaves that to the claims,
  // as a server's profile does.
  rules->refuse_other_kinds =
      rules->accept_no_type || rules->types != std::vector<std::string>{"at+jwt"};
  return absl::OkStatus();
}

absl::StatusOr<Question> ReadQuestion(const Arguments& arguments) {
  Question question;
  question.strict = arguments.Has("--strict");
  if (question.strict) {
    for (const char* name : {"--alg", "--typ", "--max-lifetime"}) {
      if (!arguments.Has(name)) {
        return UsageError(absl::StrCat("missing ", name, ": --strict leaves nothing unchecked"));
      }
    }
  }
  internal::IssuerRules& rules = question.rules;
  rules.name = "issuer";
  rules.issuer = arguments.Value("--issuer");
  rules.audiences = arguments.Values("--audience");
  rules.require_subject = false;
  if (absl::Status status = ReadTypes(arguments, &rules); !status.ok()) return status;
  if (arguments.Has("--alg")) {
    auto algorithms = AlgorithmsOption(arguments, "--alg");
    if (!algorithms.ok()) return algorithms.status();
    rules.algorithms = *std::move(algorithms);
  }
  const auto leeway =
      DurationOption(arguments, "--leeway", absl::Seconds(30), absl::ZeroDuration(), kMaxLeeway);
  if (!leeway.ok()) return leeway.status();
  rules.leeway = *leeway;
  const auto max_lifetime = DurationOption(arguments, "--max-lifetime", absl::InfiniteDuration(),
                                           absl::Seconds(1), absl::InfiniteDuration());
  if (!max_lifetime.ok()) return max_lifetime.status();
  rules.max_lifetime = *max_lifetime;
  const auto now = TimeOption(arguments, "--at");
  if (!now.ok()) return now.status();
  question.now = *now;
  if (rules.any_type_unchecked) question.not_checked.push_back("typ");
  if (!arguments.Has("--max-lifetime")) question.not_checked.push_back("lifetime");
  question.not_checked.push_back("revocation");
  return question;
}

// The public halves. A private half in a file that is meant for verifiers is said, and not used.
absl::StatusOr<KeySet> PublicKeys(const KeySet& keys, const std::string& path, Streams& streams) {
  std::vector<Key> halves;
  for (const Key& key : keys.keys()) {
    if (key.is_hmac() || !key.has_private()) {
      halves.push_back(key);
      continue;
    }
    auto half = key.PublicHalf();
    if (!half.ok()) return half.status();
    halves.push_back(*std::move(half));
    streams.err << "warning: " << internal::Printable(InputName(path)) << ": the key "
                << internal::Printable(key.id())
                << " comes with its private half, which is not used: verifiers need the public "
                   "half only\n";
  }
  return KeySet(std::move(halves));
}

// Without --alg, what the kind of the keys allows: HMAC or public-key algorithms, never both.
std::vector<Algorithm> AlgorithmsFor(const KeySet& keys) {
  const bool hmac = keys.keys().front().is_hmac();
  std::vector<Algorithm> algorithms;
  for (const Algorithm algorithm : kAllAlgorithms) {
    if (IsHmac(algorithm) == hmac) algorithms.push_back(algorithm);
  }
  return algorithms;
}

class OneIssuer final : public internal::IssuerLookup {
 public:
  OneIssuer(const internal::IssuerRules& rules, std::shared_ptr<const KeySet> keys)
      : rules_(std::make_shared<const internal::IssuerRules>(rules)), keys_(std::move(keys)) {}
  internal::IssuerKeys Find(absl::string_view issuer) const override {
    if (issuer != rules_->issuer) return {};
    return {rules_, keys_};
  }

 private:
  const std::shared_ptr<const internal::IssuerRules> rules_;
  const std::shared_ptr<const KeySet> keys_;
};

// The verified claims, as the issuer wrote them. Adds to what was not checked.
absl::StatusOr<std::string> Answer(Question* question, const std::string& path,
                                   const std::string& token, Streams& streams) {
  const auto read = ReadKeys(path, streams);
  if (!read.ok()) {
    return AuthFailureStatus(AuthFailure::kKeysUnavailable, read.status().message());
  }
  auto keys = PublicKeys(*read, path, streams);
  internal::IssuerRules& rules = question->rules;
  if (keys.ok() && rules.algorithms.empty()) {
    rules.algorithms = AlgorithmsFor(*keys);
    rules.bind_keys_to_token_unchecked = true;
  } else if (keys.ok()) {
    keys = keys->BindTo(rules.algorithms);
  }
  // Keys that do not fit --alg matter only if the token itself passes --alg.
  const OneIssuer issuer(rules, keys.ok() ? std::make_shared<const KeySet>(*keys) : nullptr);
  TokenConnection connection;
  const auto verdict =
      internal::VerifyToken(token, kMaxTokenBytes, issuer, connection, question->now);
  if (!verdict.ok()) {
    if (keys.ok() || FailureOf(verdict.status()) != AuthFailure::kKeysUnavailable) {
      return verdict.status();
    }
    return AuthFailureStatus(AuthFailure::kKeysUnavailable,
                             absl::StrCat(InputName(path), ": ", keys.status().message()));
  }
  if (internal::IdentityAccess::StateOf(verdict->identity).has_confirmation()) {
    if (question->strict) {
      return AuthFailureStatus(AuthFailure::kNotBound,
                               "\"cnf\" binds the token to a key or certificate of its holder, "
                               "which cannot be checked here");
    }
    question->not_checked.push_back("binding");
  }
  return internal::OneLineJson(verdict->identity.claims_json());
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  auto question = ReadQuestion(arguments);
  if (!question.ok()) return question.status();
  const std::string path = arguments.Value("--jwks");
  if (path == "-" && (arguments.operand() == "-" || arguments.Value("--token-file") == "-")) {
    return UsageError("--jwks - and the token cannot both be standard input");
  }
  const auto token = ReadToken(arguments, streams);
  if (!token.ok()) return token.status();
  const auto claims = Answer(&*question, path, *token, streams);
  const auto failure = FailureOf(claims.status());
  if (!claims.ok() && !failure.has_value()) return claims.status();
  if (!claims.ok()) {
    const std::string message = internal::Printable(claims.status().message());
    const absl::string_view name = AuthFailureName(*failure);
    streams.err << message << "\n";
    if (arguments.json()) {
      streams.out << internal::JsonObject()
                         .Bool("ok", false)
                         .Text("failure", name)
                         .Text("detail", message.substr(name.size() + 2))
                         .Texts("not_checked", question->not_checked)
                         .Finish()
                  << "\n";
    }
    return 1;
  }
  streams.err << "not checked: " << absl::StrJoin(question->not_checked, ", ") << "\n";
  if (arguments.json()) {
    streams.out << internal::JsonObject()
                       .Bool("ok", true)
                       .Json("claims", *claims)
                       .Texts("not_checked", question->not_checked)
                       .Finish()
                << "\n";
  } else {
    streams.out << *claims << "\n";
  }
  return 0;
}

}  // namespace

Command TokenVerifyCommand() {
  Command command;
  command.group = "token";
  command.name = "verify";
  command.summary = "Says whether a token is good, and what it says";
  command.details =
      "A good token: its claims on standard output, exit code 0. A bad one: the name of the "
      "failure and\na sentence on standard error, exit code 1. What was not checked is said on "
      "standard error.\n\n"
      "exp must be there. sub, iat, jti and client_id need not, but must be well formed; a "
      "server's "
      "profile\nmay require them. Claims of ID and logout tokens are refused with a --typ other "
      "than at+jwt; without\n--typ they are not looked at. Without --alg a key that names no "
      "algorithm takes the token's, if its\ntype fits. With --strict a token bound to a "
      "certificate (cnf) is NOT_BOUND.\n\n"
      "A token on the command line can be seen by other users of the machine; \"-\" or "
      "--token-file keeps\nit private. A script that has to put one there writes \"-- TOKEN\", so "
      "that it is never an option.\n\n"
      "  lanyard token verify --jwks jwks.json --issuer https://issuer.example --audience orders "
      "- < token\n";
  command.syntax.operand = "TOKEN|-";
  command.syntax.options = {
      {"--jwks", "FILE", "the issuer's keys: JWK Set, JWK or PEM; \"-\" is standard input", true},
      {"--issuer", "ISS", "the exact iss that the token must have", true},
      {"--audience", "AUD", "what aud must be or contain; of several, one is enough", true, true},
      {"--alg", "ES256,RS256", "the algorithms that are right"},
      {"--typ", "at+jwt", "the header types that are right; NO_TYP stands for none"},
      {"--leeway", "30s", "how far clocks may differ, 0 to 5m (default 30s)"},
      {"--max-lifetime", "24h", "the longest time between iat, or now, and exp"},
      {"--at", "SECONDS", "the time, since 1970 (default: now)"},
      {"--strict", "", "refuse to run unless --alg, --typ and --max-lifetime are given"},
      TokenFileOption(),
  };
  command.exit_1 = "the token is not good";
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
