// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_CONFIGURED_SOURCES_H_
#define LANYARD_SDK_TOKENS_CONFIGURED_SOURCES_H_

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "lanyard/sdk/client_config.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard::internal {

class HttpFetcher;

using NamedSources = std::map<std::string, std::shared_ptr<TokenSource>>;

// Makes the token sources that a client's config describes. Not thread-safe.
class ConfiguredSources {
 public:
  // `from_program` are sources that the config may name as well. `https` may be null where no
  // source needs it.
  ConfiguredSources(NamedSources from_program, std::shared_ptr<const HttpFetcher> https,
                    std::shared_ptr<const Clock> clock)
      : from_program_(std::move(from_program)),
        https_(std::move(https)),
        clock_(std::move(clock)) {}

  // All of them, those of the program too. What is described as it was in the last ones that were
  // kept is the same object. Errors name the place in the config.
  absl::StatusOr<NamedSources> Make(const LoadedClientConfig& loaded);

  // Says that those which were made last are used.
  void Keep() { kept_ = std::move(made_); }

 private:
  struct Made {
    std::string description;
    std::shared_ptr<TokenSource> actor;
    std::shared_ptr<TokenSource> source;
  };

  const NamedSources from_program_;
  const std::shared_ptr<const HttpFetcher> https_;
  const std::shared_ptr<const Clock> clock_;
  std::map<std::string, Made> kept_, made_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_SDK_TOKENS_CONFIGURED_SOURCES_H_
