// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_REVOCATIONS_FILE_REVOCATION_SOURCE_H_
#define LANYARD_SDK_REVOCATIONS_FILE_REVOCATION_SOURCE_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/clock.h"
#include "lanyard/sdk/revocations/revocation_source.h"
#include "lanyard/v1/revocation.pb.h"

namespace lanyard {

struct FileRevocationSourceOptions {
  // Required. A RevocationList (lanyard/v1/revocation.proto) as text format, of at most 64 MiB;
  // empty where nothing is revoked. Replace it as a whole, by renaming. Links are followed anew at
  // each look, so a Kubernetes volume may swap them.
  std::string path;

  // Required. iss of the tokens; what the file says of other issuers' counts for nothing.
  std::string issuer;

  // How long it goes on without a good file. Then no token can be judged.
  absl::Duration max_revocation_age = absl::Minutes(5);

  // How many are remembered at most. Where there are more, no token can be judged until they have
  // expired.
  size_t max_entries = 1'000'000;

  // How often the file is looked at.
  absl::Duration poll_interval = absl::Seconds(1);

  std::shared_ptr<const Clock> clock = SystemClock();
};

// Revocations in a file that is read again when its contents change. A file that is missing or
// broken later on takes nothing back, and neither does one that has lost an entry: that ends with
// its expires_at, or when the program starts anew.
//
// Thread-safe. Owns one thread, joined by the destructor.
class FileRevocationSource : public RevocationSource {
 public:
  // Fails, naming the file, if it cannot be read now or is not good.
  static absl::StatusOr<std::unique_ptr<FileRevocationSource>> Create(
      FileRevocationSourceOptions options);

  // Looks at the file now. Returns what is wrong with it, if anything; then the last good one
  // counts, and grows older.
  virtual absl::Status Reload() = 0;
};

namespace internal {

// The text of a file; errors name `path`, the line and what would be right.
absl::StatusOr<v1::RevocationList> ParseRevocations(absl::string_view text,
                                                    const std::string& path);

}  // namespace internal
}  // namespace lanyard

#endif  // LANYARD_SDK_REVOCATIONS_FILE_REVOCATION_SOURCE_H_
