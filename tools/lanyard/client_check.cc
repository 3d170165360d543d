// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/client_check.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "lanyard/sdk/client_config.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/internal/terminal_text.h"
#include "lanyard/sdk/internal/weakenings.h"

namespace lanyard::tools {
namespace {

// What there is to say of a source or a target, in its order.
using Facts = std::vector<std::pair<std::string, std::string>>;

std::string ProofOf(const v1::OAuthClient& client) {
  if (!client.private_key_file().empty()) return absl::StrCat("key ", client.private_key_file());
  if (!client.client_secret_file().empty()) {
    return absl::StrCat("secret ", client.client_secret_file());
  }
  return absl::StrCat("certificate ", client.tls_certificate_file());
}

Facts OAuthFacts(const v1::OAuthTokens& tokens) {
  std::string audience_as = tokens.has_audience_as() ? v1::AudienceAs_Name(tokens.audience_as())
                                                     : v1::AudienceAs_Name(v1::AUDIENCE);
  if (!tokens.scope_for_audience().empty()) {
    absl::StrAppend(&audience_as, " ", tokens.scope_for_audience());
  }
  return {{"endpoint", tokens.client().token_url()},
          {"client", tokens.client().client_id()},
          {"proof", ProofOf(tokens.client())},
          {"audience as", audience_as},
          {"scopes", absl::StrJoin(tokens.scopes(), " ")}};
}

Facts FactsOf(const v1::TokenSource& source) {
  switch (source.kind_case()) {
    case v1::TokenSource::kFile:
      return {{"kind", "file"}, {"path", source.file().path()}};
    case v1::TokenSource::kSelfSigned: {
      const v1::SelfSignedTokens& tokens = source.self_signed();
      return {{"kind", "self_signed"},
              {"keys",
               tokens.key_directory().empty() ? tokens.private_key_file() : tokens.key_directory()},
              {"issuer", tokens.issuer()},
              {"subject", tokens.subject()},
              {"scopes", absl::StrJoin(tokens.scopes(), " ")}};
    }
    case v1::TokenSource::kClientCredentials: {
      Facts facts = OAuthFacts(source.client_credentials());
      facts.insert(facts.begin(), {"kind", "client_credentials"});
      return facts;
    }
    case v1::TokenSource::kTokenExchange: {
      Facts facts = OAuthFacts(source.token_exchange().request());
      facts.insert(facts.begin(), {"kind", "token_exchange"});
      facts.emplace_back("actor", source.token_exchange().actor_source());
      return facts;
    }
    case v1::TokenSource::KIND_NOT_SET:
      break;
  }
  return {};
}

Facts FactsOf(const v1::Target& target) {
  Facts facts = {{"audience", target.audience_from_service_url()
                                  ? "of the service URL, https://AUTHORITY/SERVICE"
                                  : target.audience()},
                 {"source", target.source()},
                 {"scopes", absl::StrJoin(target.scopes(), " ")},
                 {"for callers", target.exchange_source()}};
  for (const v1::MethodTokens& method : target.methods()) {
    std::vector<std::string> other;
    if (!method.audience().empty()) other.push_back(absl::StrCat("audience ", method.audience()));
    if (!method.source().empty()) other.push_back(absl::StrCat("source ", method.source()));
    if (!method.scopes().empty()) {
      other.push_back(absl::StrCat("scopes ", absl::StrJoin(method.scopes(), " ")));
    }
    facts.emplace_back("method", absl::StrCat(method.method(), "  ", absl::StrJoin(other, ", ")));
  }
  for (const internal::Weakening& weakening : internal::WeakeningsOf(target)) {
    facts.emplace_back("weakened by", absl::StrCat(weakening.word, ": ", weakening.what));
  }
  return facts;
}

std::string Json(const std::string& name, const std::string& place, const Facts& facts) {
  internal::JsonObject object;
  object.Text("name", name).Text("stands_at", place);
  std::vector<std::string> methods, weakened;
  for (const auto& [what, text] : facts) {
    if (what == "method") {
      methods.push_back(text);
    } else if (what == "weakened by") {
      weakened.push_back(text);
    } else if (!text.empty()) {
      object.Text(absl::StrReplaceAll(what, {{" ", "_"}}), text);
    }
  }
  if (!methods.empty()) object.Texts("methods", methods);
  if (!weakened.empty()) object.Texts("weakened_by", weakened);
  return object.Finish();
}

void Print(const std::string& what, const Facts& facts, std::ostream& out) {
  out << internal::Printable(what, 4096) << "\n";
  for (const auto& [name, text] : facts) {
    if (text.empty()) continue;
    out << absl::StrFormat("  %-11s %s\n", name, internal::Printable(text, 4096));
  }
  out << "\n";
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const std::vector<std::string> more = arguments.Values("--source");
  const auto loaded =
      LoadClientConfig(arguments.operand(), std::set<std::string>(more.begin(), more.end()));
  if (!loaded.ok()) return loaded.status();
  const v1::ClientConfig& config = loaded->config;
  if (arguments.json()) {
    std::vector<std::string> sources, targets;
    for (int i = 0; i < config.sources_size(); ++i) {
      sources.push_back(
          Json(config.sources(i).name(), loaded->source_locations[i], FactsOf(config.sources(i))));
    }
    for (int i = 0; i < config.targets_size(); ++i) {
      targets.push_back(Json(absl::StrJoin(config.targets(i).names(), " "),
                             loaded->target_locations[i], FactsOf(config.targets(i))));
    }
    streams.out << internal::JsonObject()
                       .Bool("ok", true)
                       .Json("sources", absl::StrCat("[", absl::StrJoin(sources, ","), "]"))
                       .Json("targets", absl::StrCat("[", absl::StrJoin(targets, ","), "]"))
                       .Finish()
                << "\n";
    return 0;
  }
  for (const v1::TokenSource& source : config.sources()) {
    Print(absl::StrCat("source ", source.name()), FactsOf(source), streams.out);
  }
  for (const v1::Target& target : config.targets()) {
    Print(absl::StrCat("target ", absl::StrJoin(target.names(), ", ")), FactsOf(target),
          streams.out);
  }
  streams.out << "any other target: an error, and no token\n";
  return 0;
}

}  // namespace

Command ClientCheckCommand() {
  Command command;
  command.group = "client";
  command.name = "check";
  command.summary = "Says whether a client's config is good, and which tokens go where";
  command.details =
      "Files that the config names are not read, and no issuer is asked.\n\n"
      "  lanyard client check client.textproto\n";
  command.syntax.operand = "FILE";
  command.syntax.operand_required = true;
  command.syntax.options = {{"--source", "NAME", "a token source that the program adds",
                             /*required=*/false, /*repeatable=*/true}};
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
