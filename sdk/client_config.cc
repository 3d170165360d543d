// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/client_config.h"

#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lanyard/sdk/internal/config_text.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/nearest_name.h"
#include "lanyard/sdk/internal/short_name.h"
#include "lanyard/sdk/internal/target_names.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard {
namespace {

constexpr size_t kMaxConfigBytes = 1 << 20;

void AnchorClient(const std::string& folder, v1::OAuthClient* client) {
  for (std::string* path :
       {client->mutable_client_secret_file(), client->mutable_private_key_file(),
        client->mutable_tls_certificate_file(), client->mutable_tls_private_key_file(),
        client->mutable_ca_file()}) {
    internal::AnchorPath(folder, path);
  }
}

// Makes the paths of a source relative to the config's folder. Touches no message that is not
// there.
void Anchor(const std::string& folder, v1::TokenSource* source) {
  switch (source->kind_case()) {
    case v1::TokenSource::kFile:
      internal::AnchorPath(folder, source->mutable_file()->mutable_path());
      break;
    case v1::TokenSource::kSelfSigned:
      for (std::string* path : {source->mutable_self_signed()->mutable_private_key_file(),
                                source->mutable_self_signed()->mutable_key_directory(),
                                source->mutable_self_signed()->mutable_bind_to_certificate()}) {
        internal::AnchorPath(folder, path);
      }
      break;
    case v1::TokenSource::kClientCredentials:
      AnchorClient(folder, source->mutable_client_credentials()->mutable_client());
      break;
    case v1::TokenSource::kTokenExchange:
      AnchorClient(folder, source->mutable_token_exchange()->mutable_request()->mutable_client());
      break;
    case v1::TokenSource::KIND_NOT_SET:
      break;
  }
}

class Loader {
 public:
  explicit Loader(const std::set<std::string>& more_sources) {
    for (const std::string& name : more_sources) kinds_[name] = v1::TokenSource::KIND_NOT_SET;
  }

  absl::StatusOr<LoadedClientConfig> Load(absl::string_view text, const std::string& path) {
    v1::ClientConfig& config = loaded_.config;
    if (absl::Status status = text_.Parse(text, path, &config); !status.ok()) return status;
    for (const auto& [field, count] : {std::pair("sources", config.sources_size()),
                                       std::pair("targets", config.targets_size())}) {
      if (absl::Status status = text_.CheckEachHasItsLine(field, count); !status.ok()) {
        return status;
      }
    }
    for (int i = 0; i < config.sources_size(); ++i) {
      absl::Status status = AddSource(config.mutable_sources(i), text_.PlaceOf("sources", i),
                                      internal::FolderOf(path));
      if (!status.ok()) return status;
    }
    // An actor's source may stand after the one that names it.
    for (int i = 0; i < config.sources_size(); ++i) {
      if (absl::Status status = CheckActor(config.sources(i), loaded_.source_locations[i]);
          !status.ok()) {
        return status;
      }
    }
    if (config.targets().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": no targets { … }: no call could have a token"));
    }
    for (int i = 0; i < config.targets_size(); ++i) {
      absl::Status status = AddTarget(config.mutable_targets(i), text_.PlaceOf("targets", i));
      if (!status.ok()) return status;
    }
    return std::move(loaded_);
  }

 private:
  using Kind = v1::TokenSource::KindCase;

  absl::Status AddSource(v1::TokenSource* source, const std::string& place,
                         const std::string& folder) {
    const std::string what = absl::StrCat("source \"", source->name(), "\"");
    if (absl::Status status = internal::ExpandConfigPart(source, place, what); !status.ok()) {
      return status;
    }
    const auto bad = [&](absl::string_view why) {
      return absl::InvalidArgumentError(absl::StrCat(place, ": ", what, ": ", why));
    };
    if (!internal::IsShortName(source->name()))
      return bad("its name must be [a-z0-9._-], 1 to 64 bytes");
    if (source->kind_case() == Kind::KIND_NOT_SET) {
      return bad("one of file, self_signed, client_credentials and token_exchange is required");
    }
    for (const std::string& scope : source->self_signed().scopes()) {
      if (absl::Status good = internal::CheckScope(scope); !good.ok()) return bad(good.message());
    }
    if (!kinds_.emplace(source->name(), source->kind_case()).second) {
      return bad("another has that name, here or in the program");
    }
    Anchor(folder, source);
    loaded_.source_locations.push_back(place);
    return absl::OkStatus();
  }

  absl::Status CheckActor(const v1::TokenSource& source, const std::string& place) const {
    const std::string& actor = source.token_exchange().actor_source();
    if (actor.empty()) return absl::OkStatus();
    return CheckNamed(actor, /*exchanges=*/false,
                      absl::StrCat(place, ": source \"", source.name(), "\": actor_source"));
  }

  absl::Status AddTarget(v1::Target* target, const std::string& place) {
    const std::string what =
        absl::StrCat("target \"", target->names().empty() ? "" : target->names(0), "\"");
    if (absl::Status status = internal::ExpandConfigPart(target, place, what); !status.ok()) {
      return status;
    }
    const std::string where = absl::StrCat(place, ": ", what, ": ");
    const auto bad = [&](absl::string_view why) {
      return absl::InvalidArgumentError(absl::StrCat(where, why));
    };
    if (target->names().empty()) return bad("names is required");
    for (const std::string& name : target->names()) {
      if (absl::Status status = internal::CheckTargetName(name); !status.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(place, ": ", status.message()));
      }
      const auto [seen, added] = targets_.emplace(internal::NormalTargetName(name), place);
      if (!added) return bad(absl::StrCat("\"", name, "\" stands already at ", seen->second));
    }
    if (target->audience().empty() == !target->audience_from_service_url()) {
      return bad(
          "exactly one of audience and audience_from_service_url is required: whom the tokens are "
          "for");
    }
    for (const std::string& scope : target->scopes()) {
      if (absl::Status good = internal::CheckScope(scope); !good.ok()) return bad(good.message());
    }
    absl::Status status = CheckNamed(target->source(), false, absl::StrCat(where, "source"));
    if (status.ok() && !target->exchange_source().empty()) {
      status = CheckNamed(target->exchange_source(), true, absl::StrCat(where, "exchange_source"));
    }
    std::set<std::string> methods;
    for (const v1::MethodTokens& method : target->methods()) {
      if (absl::Status m = internal::CheckTokenMethod(method.method()); !m.ok()) {
        return bad(m.message());
      }
      for (const std::string& scope : method.scopes()) {
        if (absl::Status good = internal::CheckScope(scope); !good.ok()) return bad(good.message());
      }
      if (!methods.insert(method.method()).second) {
        return bad(absl::StrCat("method \"", method.method(), "\" stands twice"));
      }
      if (status.ok() && !method.source().empty()) {
        status = CheckNamed(method.source(), false, absl::StrCat(where, "methods: source"));
      }
    }
    loaded_.target_locations.push_back(place);
    return status;
  }

  // Whether a source is there, and for what it is named: to exchange callers' tokens or not. Of
  // those of the program that is not known.
  absl::Status CheckNamed(const std::string& name, bool exchanges, absl::string_view field) const {
    if (name.empty()) return absl::InvalidArgumentError(absl::StrCat(field, ": required"));
    const auto it = kinds_.find(name);
    if (it == kinds_.end()) {
      std::vector<std::string> names;
      for (const auto& kind : kinds_) names.push_back(kind.first);
      return absl::InvalidArgumentError(absl::StrCat(field, ": no source is called \"", name, "\"",
                                                     internal::DidYouMean(name, names)));
    }
    if (it->second == Kind::KIND_NOT_SET || (it->second == Kind::kTokenExchange) == exchanges) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat(
        field, ": \"", name, "\" ",
        exchanges ? "gives tokens for this client alone; a token_exchange is needed here"
                  : "exchanges callers' tokens, and has none for this client itself"));
  }

  LoadedClientConfig loaded_;
  internal::ConfigText text_;
  std::map<std::string, Kind> kinds_;  // Of sources; KIND_NOT_SET for those of the program.
  std::map<std::string, std::string> targets_;
};

}  // namespace

absl::StatusOr<LoadedClientConfig> LoadClientConfig(const std::string& path,
                                                    const std::set<std::string>& more_sources) {
  const auto content = internal::ReadFile(path, kMaxConfigBytes);
  if (!content.ok()) return content.status();
  auto loaded = Loader(more_sources).Load(content->view(), path);
  if (loaded.ok()) return loaded;
  // It repeats names of the config, which may be anything.
  return absl::Status(loaded.status().code(), internal::Printable(loaded.status().message(), 1000));
}

}  // namespace lanyard
