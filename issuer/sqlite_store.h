// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_SQLITE_STORE_H_
#define LANYARD_ISSUER_SQLITE_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/sdk/clock.h"

namespace lanyard {

struct SqliteStoreOptions {
  // Required. Made where there is none, in a folder that is there. On a disk of this machine:
  // locks on network file systems do not hold what SQLite needs.
  std::string file;

  std::shared_ptr<const Clock> clock = SystemClock();

  // How long a call waits for others that write: threads, and then processes.
  absl::Duration timeout = absl::Seconds(5);
};

// A store in one file, for an issuer on one machine. A target of its own links SQLite.
//
//   auto store = lanyard::SqliteStore::Create({"/var/lib/lanyard/tokens.db"});
//
// Several processes may use a file at once, as the command line beside a server. A change is on the
// disk when Apply() returns; reading waits for no writer. The file does not shrink: what
// RemoveExpired() frees is used again.
//
// The file and the two that SQLite keeps beside it, "-wal" and "-shm", belong together: copy them
// with `sqlite3 FILE ".backup COPY"`, and put a copy back while no process has the file open. An
// old copy knows nothing of what was spent and revoked since: end all sessions in it before anybody
// uses it, with `sqlite3 FILE "DELETE FROM records WHERE kind = 'session'; UPDATE state SET epoch =
// hex(randomblob(16))"`.
class SqliteStore {
 public:
  // Fails if the file is not its owner's alone (mode 0600), is something else than a store, or was
  // written by a newer Lanyard.
  static absl::StatusOr<std::unique_ptr<IssuerStore>> Create(SqliteStoreOptions options);
};

}  // namespace lanyard

#endif  // LANYARD_ISSUER_SQLITE_STORE_H_
