// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/tokens/configured_sources.h"

#include <google/protobuf/text_format.h>

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/duration.h"
#include "lanyard/sdk/keys/key_directory.h"
#include "lanyard/sdk/signer.h"
#include "lanyard/sdk/tokens/file_token_source.h"
#include "lanyard/sdk/tokens/oauth_token_source.h"
#include "lanyard/sdk/tokens/private_key_file.h"
#include "lanyard/sdk/tokens/self_signed_token_source.h"
#include "lanyard/sdk/tokens/token_exchange_source.h"

namespace lanyard::internal {
namespace {

using Source = absl::StatusOr<std::shared_ptr<TokenSource>>;

absl::StatusOr<std::optional<Algorithm>> AlgorithmIn(bool is_set, v1::Algorithm algorithm,
                                                     absl::string_view field) {
  if (!is_set) return std::optional<Algorithm>();
  const auto known = AlgorithmFromName(v1::Algorithm_Name(algorithm));
  if (!known.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": no algorithm that is known"));
  }
  return known;
}

// Signs with the key as it is in its file for each token, so that it may be replaced.
class SignsWithFile final : public TokenSource {
 public:
  SignsWithFile(PrivateKeyFile file, SelfSignedTokenOptions options)
      : file_(std::move(file)), options_(std::move(options)) {}

  Source Now() const {
    auto signer = SignerFromFile(file_, SignerOptions().type, "private_key_file", "algorithm");
    if (!signer.ok()) return signer.status();
    SelfSignedTokenOptions options = options_;
    options.signer = *std::move(signer);
    return SelfSignedTokenSource(std::move(options));
  }

  void Fetch(const TokenRequest& request, TokenCallback done) override {
    const Source source = Now();
    if (!source.ok()) return done(source.status());
    (*source)->Fetch(request, std::move(done));
  }

 private:
  const PrivateKeyFile file_;
  const SelfSignedTokenOptions options_;
};

Source MakeSelfSigned(const v1::SelfSignedTokens& config, std::shared_ptr<const Clock> clock) {
  if (config.private_key_file().empty() == config.key_directory().empty()) {
    return absl::InvalidArgumentError(
        "exactly one of private_key_file and key_directory is required");
  }
  SelfSignedTokenOptions options;
  options.issuer = config.issuer();
  options.subject = config.subject();
  options.scopes = {config.scopes().begin(), config.scopes().end()};
  options.bind_to_certificate = config.bind_to_certificate();
  if (config.has_lifetime()) options.lifetime = DurationOf(config.lifetime());
  options.clock = clock;
  if (!config.private_key_file().empty()) {
    auto algorithm = AlgorithmIn(config.has_algorithm(), config.algorithm(), "algorithm");
    if (!algorithm.ok()) return algorithm.status();
    const auto source = std::make_shared<SignsWithFile>(
        PrivateKeyFile{config.private_key_file(), *algorithm, config.key_id()}, std::move(options));
    const Source first = source->Now();
    if (!first.ok()) return first.status();
    return source;
  }
  if (config.has_algorithm() || !config.key_id().empty()) {
    return absl::InvalidArgumentError(
        "algorithm and key_id are for private_key_file; the keys of a key_directory say theirs");
  }
  KeyDirectoryOptions directory;
  directory.path = config.key_directory();
  directory.clock = std::move(clock);
  auto keys = KeyDirectory::Create(directory);
  if (!keys.ok()) return keys.status();
  SignerOptions signing;
  signing.key_directory = *std::move(keys);
  auto signer = Signer::Create(std::move(signing));
  if (!signer.ok()) return signer.status();
  options.signer = *std::move(signer);
  return SelfSignedTokenSource(std::move(options));
}

absl::Status FillRequest(const v1::OAuthTokens& config, std::shared_ptr<const HttpFetcher> https,
                         std::shared_ptr<const Clock> clock, OAuthRequestOptions* options) {
  OAuthClient& client = options->client;
  const v1::OAuthClient& from = config.client();
  client.token_url = from.token_url();
  client.client_id = from.client_id();
  client.client_secret_file = from.client_secret_file();
  if (from.has_client_secret_in()) {
    switch (from.client_secret_in()) {
      case v1::BASIC_HEADER:
        client.client_secret_in = ClientSecretIn::kBasicHeader;
        break;
      case v1::FORM:
        client.client_secret_in = ClientSecretIn::kForm;
        break;
      default:
        return absl::InvalidArgumentError("client_secret_in must be BASIC_HEADER or FORM");
    }
  }
  client.private_key_file = from.private_key_file();
  auto algorithm = AlgorithmIn(from.has_private_key_algorithm(), from.private_key_algorithm(),
                               "private_key_algorithm");
  if (!algorithm.ok()) return algorithm.status();
  client.private_key_algorithm = *algorithm;
  client.private_key_id = from.private_key_id();
  client.assertion_audience = from.assertion_audience();
  client.tls_certificate_file = from.tls_certificate_file();
  client.tls_private_key_file = from.tls_private_key_file();
  client.ca_file = from.ca_file();
  if (from.has_timeout()) client.timeout = DurationOf(from.timeout());
  if (https == nullptr) {
    return absl::InvalidArgumentError(
        "needs ClientAuthOptions.https = lanyard::Https(), of @lanyard_https//:https");
  }
  client.https = std::move(https);
  client.clock = std::move(clock);
  if (config.has_audience_as()) {
    switch (config.audience_as()) {
      case v1::AUDIENCE:
        options->audience_as = AudienceAs::kAudience;
        break;
      case v1::RESOURCE:
        options->audience_as = AudienceAs::kResource;
        break;
      case v1::SCOPE:
        options->audience_as = AudienceAs::kScope;
        break;
      case v1::FIXED:
        options->audience_as = AudienceAs::kFixed;
        break;
      default:
        return absl::InvalidArgumentError("audience_as must be AUDIENCE, RESOURCE, SCOPE or FIXED");
    }
  }
  if (!config.scope_for_audience().empty()) {
    options->scope_for_audience = config.scope_for_audience();
  }
  options->scopes = {config.scopes().begin(), config.scopes().end()};
  options->extra_parameters = {config.extra_parameters().begin(), config.extra_parameters().end()};
  return absl::OkStatus();
}

Source MakeOne(const v1::TokenSource& config, const std::shared_ptr<TokenSource>& actor,
               const std::shared_ptr<const HttpFetcher>& https,
               const std::shared_ptr<const Clock>& clock) {
  switch (config.kind_case()) {
    case v1::TokenSource::kFile:
      if (config.file().path().empty()) return absl::InvalidArgumentError("path is required");
      return FileTokenSource(config.file().path(), clock);
    case v1::TokenSource::kSelfSigned:
      return MakeSelfSigned(config.self_signed(), clock);
    case v1::TokenSource::kClientCredentials: {
      ClientCredentialsOptions options;
      absl::Status status = FillRequest(config.client_credentials(), https, clock, &options);
      if (!status.ok()) return status;
      return ClientCredentialsTokenSource(std::move(options));
    }
    case v1::TokenSource::kTokenExchange: {
      TokenExchangeOptions options;
      absl::Status status = FillRequest(config.token_exchange().request(), https, clock, &options);
      if (!status.ok()) return status;
      options.actor_source = actor;
      options.actor_audience = config.token_exchange().actor_audience();
      return TokenExchangeSource(std::move(options));
    }
    case v1::TokenSource::KIND_NOT_SET:
      break;
  }
  return absl::InternalError("a source without a kind");
}

// An error in the words of the config, which has no structs.
std::string InConfigsWords(absl::string_view message) {
  for (absl::string_view name : {"OAuthClient.", "ClientCredentialsOptions.",
                                 "TokenExchangeOptions.", "SelfSignedTokenOptions."}) {
    if (absl::ConsumePrefix(&message, name)) break;
  }
  return std::string(message);
}

}  // namespace

absl::StatusOr<NamedSources> ConfiguredSources::Make(const LoadedClientConfig& loaded) {
  NamedSources all = from_program_;
  std::map<std::string, Made> made;
  // Exchanges last: they name others.
  for (const bool exchanges : {false, true}) {
    for (int i = 0; i < loaded.config.sources_size(); ++i) {
      const v1::TokenSource& config = loaded.config.sources(i);
      if (config.has_token_exchange() != exchanges) continue;
      Made one;
      // Not the binary form, where maps have no order.
      google::protobuf::TextFormat::PrintToString(config, &one.description);
      const std::string& actor = config.token_exchange().actor_source();
      if (!actor.empty()) one.actor = all.at(actor);
      const auto before = kept_.find(config.name());
      if (before != kept_.end() && before->second.description == one.description &&
          before->second.actor == one.actor) {
        one.source = before->second.source;
      } else {
        Source source = MakeOne(config, one.actor, https_, clock_);
        if (!source.ok()) {
          return absl::Status(source.status().code(),
                              absl::StrCat(loaded.source_locations[i], ": source \"", config.name(),
                                           "\": ", InConfigsWords(source.status().message())));
        }
        one.source = *std::move(source);
      }
      all[config.name()] = one.source;
      made.emplace(config.name(), std::move(one));
    }
  }
  made_ = std::move(made);
  return all;
}

}  // namespace lanyard::internal
