// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_CLIENT_CONFIG_TABLE_H_
#define LANYARD_INTERCEPTORS_INTERNAL_CLIENT_CONFIG_TABLE_H_

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lanyard/interceptors/internal/token_caches.h"
#include "lanyard/interceptors/internal/token_table.h"
#include "lanyard/sdk/tokens/configured_sources.h"

namespace lanyard::internal {

// The targets that a client's config file describes, as of when it was last read and good.
// Thread-safe.
class ClientConfigTable {
 public:
  ClientConfigTable(std::string path, NamedSources from_program, ConfiguredSources sources,
                    TokenCaches caches)
      : path_(std::move(path)),
        from_program_(std::move(from_program)),
        sources_(std::move(sources)),
        caches_(std::move(caches)) {}

  // Reads the file, and puts what is good into `current`. What it describes as before goes on as
  // before, with its tokens.
  absl::Status ReadInto(CurrentTokenTable* current);

  // Ends what no call uses any more. May wait for sources that block.
  void DropRetired();

  // What was wrong when it was last read; OK if nothing was.
  absl::Status status() const;

 private:
  absl::StatusOr<std::shared_ptr<const TokenTable>> ReadNow();

  const std::string path_;
  const NamedSources from_program_;
  mutable std::mutex mutex_;
  ConfiguredSources sources_;  // All below guarded by mutex_.
  TokenCaches caches_;
  absl::Status status_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_CLIENT_CONFIG_TABLE_H_
