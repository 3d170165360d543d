// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/sqlite_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "lanyard/issuer/sqlite_database.h"
#include "lanyard/issuer/store_change.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/redaction.h"

namespace lanyard {
namespace {

using internal::ExpiryMicros;
using internal::Micros;
using internal::PrintablePath;
using internal::SqliteDatabase;
using internal::SqliteQuery;
using internal::SqliteTransaction;

// "LNYD", which says in a database's header whose it is.
constexpr int64_t kApplicationId = 0x4c4e5944;
constexpr int64_t kSchema = 1;
// What one transaction removes: others write in between.
constexpr int64_t kRemovedAtOnce = 1000;
constexpr size_t kMaxIdleReaders = 8;

constexpr char kMakeTables[] = R"(
CREATE TABLE state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  epoch TEXT NOT NULL,
  version INTEGER NOT NULL,   -- Of the last change.
  sequence INTEGER NOT NULL   -- Of the last revocation.
) STRICT;
CREATE TABLE records (
  kind TEXT NOT NULL,
  key BLOB NOT NULL,
  version INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,  -- Microseconds of Unix time.
  value BLOB NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT;
CREATE INDEX records_by_expiry ON records (expires_at);
CREATE TABLE revocations (
  sequence INTEGER PRIMARY KEY,
  expires_at INTEGER NOT NULL,
  revocation BLOB NOT NULL      -- lanyard.v1.Revocation.
) STRICT;
CREATE INDEX revocations_by_expiry ON revocations (expires_at);
)";

// A number that the statement gives.
absl::StatusOr<int64_t> NumberOf(SqliteDatabase& database, const char* sql) {
  SqliteQuery query(database, sql);
  const auto row = query.Step();
  if (!row.ok()) return row.status();
  return *row ? query.IntegerAt(0) : 0;
}

absl::Status CheckMode(const std::string& path, const struct stat& info) {
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(PrintablePath(path), ": not a regular file"));
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return absl::PermissionDeniedError(
        absl::StrFormat("%s: others can reach it, its mode is %04o; run: chmod 600 %s",
                        PrintablePath(path), info.st_mode & 07777, PrintablePath(path)));
  }
  if (info.st_uid != geteuid() && info.st_uid != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(PrintablePath(path), ": another user's file; use it as that user"));
  }
  return absl::OkStatus();
}

// Makes the file if there is none.
//
// One that is there is not opened: closing it would release the locks of every other connection
// that this process has to it.
absl::Status PrepareFile(const std::string& path) {
  struct stat info;
  for (const absl::string_view beside : {"-wal", "-shm"}) {
    const std::string other = absl::StrCat(path, beside);
    if (stat(other.c_str(), &info) != 0) continue;
    if (absl::Status status = CheckMode(other, info); !status.ok()) return status;
  }
  const int made = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made >= 0) {
    close(made);
  } else if (errno != EEXIST) {
    return internal::FileError(path, errno);
  }
  if (stat(path.c_str(), &info) != 0) return internal::FileError(path, errno);
  return CheckMode(path, info);
}

// Whether tables must be made in it. In a transaction.
absl::StatusOr<bool> IsNew(SqliteDatabase& database, const std::string& file) {
  // The first to read the file, and to say that it is no database.
  const auto tables = NumberOf(database, "SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  const auto application = NumberOf(database, "PRAGMA application_id");
  if (!application.ok()) return application.status();
  const auto schema = NumberOf(database, "PRAGMA user_version");
  if (!schema.ok()) return schema.status();
  if (*tables == 0 && *application == 0 && *schema == 0) return true;
  const auto error = [&file](absl::string_view what) {
    return absl::FailedPreconditionError(absl::StrCat(PrintablePath(file), ": ", what));
  };
  if (*application != kApplicationId) return error("a database, but of another program");
  if (*schema > kSchema) {
    return error(absl::StrCat("written by a newer Lanyard: its schema is ", *schema,
                              ", this one knows ", kSchema));
  }
  if (*schema != kSchema) return error(absl::StrCat("there is no schema ", *schema));
  return false;
}

// The one thing that SQLite does not wait for itself: while others make the same file, it is told
// at once that the file is locked.
absl::Status KeepWriteAheadLog(SqliteDatabase& database, const std::string& file,
                               absl::Duration timeout) {
  for (const absl::Time deadline = absl::Now() + timeout;; absl::SleepFor(absl::Milliseconds(5))) {
    SqliteQuery journal(database, "PRAGMA journal_mode = WAL");
    const auto row = journal.Step();
    if (absl::IsUnavailable(row.status()) && absl::Now() < deadline) continue;
    if (!row.ok()) return row.status();
    if (journal.BytesAt(0) == "wal") return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat(PrintablePath(file), ": SQLite can keep no write-ahead log there"));
  }
}

// What makes a change outlast the machine.
absl::Status SetUp(SqliteDatabase& database, const std::string& file, absl::Duration timeout) {
  {
    // All of it as of one moment: another process may be making the tables.
    SqliteTransaction transaction(database);
    if (absl::Status status = transaction.BeginToRead(); !status.ok()) return status;
    if (const auto is_new = IsNew(database, file); !is_new.ok()) return is_new.status();
  }
  if (absl::Status status = KeepWriteAheadLog(database, file, timeout); !status.ok()) return status;
  const auto synchronous = NumberOf(database, "PRAGMA synchronous");
  if (!synchronous.ok()) return synchronous.status();
  if (*synchronous != 2) return absl::InternalError("this SQLite does not wait for the disk");
  return absl::OkStatus();
}

absl::Status MakeTables(SqliteDatabase& database, const std::string& file) {
  SqliteTransaction transaction(database);
  if (absl::Status status = transaction.BeginToWrite(); !status.ok()) return status;
  // Another process may have been faster.
  const auto is_new = IsNew(database, file);
  if (!is_new.ok()) return is_new.status();
  if (!*is_new) return absl::OkStatus();
  if (absl::Status status = database.Run(kMakeTables); !status.ok()) return status;
  const std::string epoch = internal::NewEpoch();
  SqliteQuery state(database, "INSERT INTO state VALUES (1, ?, 0, 0)");
  if (absl::Status status = state.Text(epoch).Run(); !status.ok()) return status;
  const std::string header =
      absl::StrCat("PRAGMA application_id = ", kApplicationId, "; PRAGMA user_version = ", kSchema);
  if (absl::Status status = database.Run(header.c_str()); !status.ok()) return status;
  return transaction.Commit();
}

// One connection writes. Reading takes one of several others: in a write-ahead log readers see the
// last commit, and do not wait for the next.
class Store final : public IssuerStore {
 public:
  Store(SqliteStoreOptions options, std::unique_ptr<SqliteDatabase> writer)
      : options_(std::move(options)), idle_writer_(std::move(writer)) {}

  absl::StatusOr<std::optional<Record>> Get(Kind kind, absl::string_view key) const override {
    auto reader = Reader();
    if (!reader.ok()) return reader.status();
    SqliteQuery query(
        **reader,
        "SELECT value, version FROM records WHERE kind = ? AND key = ? AND expires_at > ?");
    query.Text(internal::WordOf(kind)).Bytes(key).Integer(Micros(options_.clock->Now()));
    const auto row = query.Step();
    if (!row.ok()) return row.status();
    if (!*row) return std::nullopt;
    return Record{query.BytesAt(0), static_cast<uint64_t>(query.IntegerAt(1))};
  }

  absl::Status Apply(const Change& change) override {
    if (absl::Status status = internal::CheckChange(change); !status.ok()) return status;
    auto writer = Writer();
    if (!writer.ok()) return writer.status();
    SqliteTransaction transaction(**writer);
    if (absl::Status status = transaction.BeginToWrite(); !status.ok()) return status;
    if (absl::Status status = ApplyIn(**writer, change); !status.ok()) return status;
    return transaction.Commit();
  }

  absl::StatusOr<std::vector<std::string>> Keys(Kind kind, absl::string_view after,
                                                size_t limit) const override {
    auto reader = Reader();
    if (!reader.ok()) return reader.status();
    SqliteQuery query(**reader,
                      "SELECT key FROM records WHERE kind = ? AND key > ? AND expires_at > ?"
                      " ORDER BY key LIMIT ?");
    query.Text(internal::WordOf(kind)).Bytes(after).Integer(Micros(options_.clock->Now()));
    query.Integer(static_cast<int64_t>(std::min<size_t>(limit, INT64_MAX)));
    std::vector<std::string> keys;
    for (;;) {
      const auto row = query.Step();
      if (!row.ok()) return row.status();
      if (!*row) return keys;
      keys.push_back(query.BytesAt(0));
    }
  }

  absl::StatusOr<RevocationLog> RevocationsAfter(uint64_t sequence) const override {
    auto reader = Reader();
    if (!reader.ok()) return reader.status();
    // Both statements see the same commit.
    SqliteTransaction transaction(**reader);
    if (absl::Status status = transaction.BeginToRead(); !status.ok()) return status;
    RevocationLog log;
    {
      SqliteQuery state(**reader, "SELECT epoch, sequence FROM state");
      const auto row = state.Step();
      if (!row.ok()) return row.status();
      log.epoch = state.BytesAt(0);
      log.sequence = static_cast<uint64_t>(state.IntegerAt(1));
    }
    SqliteQuery query(
        **reader,
        "SELECT revocation, sequence FROM revocations WHERE sequence > ? AND expires_at > ?"
        " ORDER BY sequence LIMIT ?");
    query.Integer(static_cast<int64_t>(std::min<uint64_t>(sequence, INT64_MAX)));
    query.Integer(Micros(options_.clock->Now())).Integer(internal::kMaxRevocationsAtOnce);
    uint64_t last = 0;
    for (;;) {
      const auto row = query.Step();
      if (!row.ok()) return row.status();
      if (!*row) break;
      if (!log.revocations.emplace_back().ParseFromString(query.BytesAt(0))) {
        return absl::DataLossError(
            absl::StrCat(PrintablePath(options_.file), ": a revocation cannot be read"));
      }
      last = static_cast<uint64_t>(query.IntegerAt(1));
    }
    if (log.revocations.size() == internal::kMaxRevocationsAtOnce) log.sequence = last;
    return log;
  }

  absl::Status RemoveExpired() override {
    const int64_t now = Micros(options_.clock->Now());
    for (const char* sql : {"DELETE FROM records WHERE rowid IN"
                            " (SELECT rowid FROM records WHERE expires_at <= ? LIMIT ?)",
                            "DELETE FROM revocations WHERE sequence IN"
                            " (SELECT sequence FROM revocations WHERE expires_at <= ? LIMIT ?)"}) {
      for (bool more = true; more;) {
        auto writer = Writer();
        if (!writer.ok()) return writer.status();
        SqliteQuery remove(**writer, sql);
        if (absl::Status status = remove.Integer(now).Integer(kRemovedAtOnce).Run(); !status.ok()) {
          return status;
        }
        more = (*writer)->changes() == kRemovedAtOnce;
      }
    }
    return absl::OkStatus();
  }

 private:
  // A connection that goes back when this does.
  class Borrowed {
   public:
    Borrowed(const Store& store, std::unique_ptr<SqliteDatabase> database, bool is_writer)
        : store_(&store), database_(std::move(database)), is_writer_(is_writer) {}
    Borrowed(Borrowed&&) = default;
    Borrowed& operator=(Borrowed&&) = delete;
    ~Borrowed() {
      if (database_ != nullptr) store_->GiveBack(std::move(database_), is_writer_);
    }
    SqliteDatabase& operator*() const { return *database_; }
    SqliteDatabase* operator->() const { return database_.get(); }

   private:
    const Store* store_;
    std::unique_ptr<SqliteDatabase> database_;
    bool is_writer_;
  };

  absl::StatusOr<Borrowed> Writer() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!writer_is_back_.wait_for(lock, absl::ToChronoNanoseconds(options_.timeout),
                                  [this] { return idle_writer_ != nullptr; })) {
      return absl::UnavailableError(
          absl::StrCat(PrintablePath(options_.file), ": too many changes wait for the disk"));
    }
    return Borrowed(*this, std::move(idle_writer_), /*is_writer=*/true);
  }

  absl::StatusOr<Borrowed> Reader() const {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (!idle_readers_.empty()) {
        Borrowed reader(*this, std::move(idle_readers_.back()), /*is_writer=*/false);
        idle_readers_.pop_back();
        return reader;
      }
    }
    auto reader = SqliteDatabase::Open(options_.file, options_.timeout);
    if (!reader.ok()) return reader.status();
    return Borrowed(*this, *std::move(reader), /*is_writer=*/false);
  }

  void GiveBack(std::unique_ptr<SqliteDatabase> database, bool is_writer) const {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (is_writer) {
        idle_writer_ = std::move(database);
      } else if (idle_readers_.size() < kMaxIdleReaders) {
        idle_readers_.push_back(std::move(database));
      }
    }
    if (is_writer) writer_is_back_.notify_one();
  }

  // All but the transaction around it.
  absl::Status ApplyIn(SqliteDatabase& database, const Change& change) {
    const int64_t now = Micros(options_.clock->Now());
    for (const Write& write : change.writes) {
      SqliteQuery query(
          database, "SELECT version FROM records WHERE kind = ? AND key = ? AND expires_at > ?");
      const auto row =
          query.Text(internal::WordOf(write.kind)).Bytes(write.key).Integer(now).Step();
      if (!row.ok()) return row.status();
      const uint64_t version = *row ? static_cast<uint64_t>(query.IntegerAt(0)) : 0;
      if (version != write.expected_version) return internal::VersionMismatch(write.kind);
    }
    SqliteQuery next(database,
                     "UPDATE state SET version = version + 1, sequence = sequence + ?"
                     " RETURNING version, sequence");
    const auto row = next.Integer(static_cast<int64_t>(change.revocations.size())).Step();
    if (!row.ok()) return row.status();
    const int64_t version = next.IntegerAt(0);
    int64_t sequence = next.IntegerAt(1) - static_cast<int64_t>(change.revocations.size());
    // Done with, before COMMIT.
    if (absl::Status status = next.Run(); !status.ok()) return status;
    for (const Write& write : change.writes) {
      absl::Status status;
      if (write.value.has_value()) {
        SqliteQuery put(database,
                        "INSERT OR REPLACE INTO records (kind, key, version, expires_at, value)"
                        " VALUES (?, ?, ?, ?, ?)");
        put.Text(internal::WordOf(write.kind)).Bytes(write.key).Integer(version);
        status = put.Integer(ExpiryMicros(write.expires_at)).Bytes(*write.value).Run();
      } else {
        SqliteQuery remove(database, "DELETE FROM records WHERE kind = ? AND key = ?");
        status = remove.Text(internal::WordOf(write.kind)).Bytes(write.key).Run();
      }
      if (!status.ok()) return status;
    }
    for (const v1::Revocation& revocation : change.revocations) {
      const std::string bytes = revocation.SerializeAsString();
      SqliteQuery put(
          database, "INSERT INTO revocations (sequence, expires_at, revocation) VALUES (?, ?, ?)");
      put.Integer(++sequence).Integer(ExpiryMicros(revocation)).Bytes(bytes);
      if (absl::Status status = put.Run(); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  const SqliteStoreOptions options_;
  mutable std::mutex mutex_;
  mutable std::condition_variable writer_is_back_;
  mutable std::unique_ptr<SqliteDatabase> idle_writer_;  // Null while a change is made.
  mutable std::vector<std::unique_ptr<SqliteDatabase>> idle_readers_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<IssuerStore>> SqliteStore::Create(SqliteStoreOptions options) {
  if (options.file.empty()) return absl::InvalidArgumentError("file is required");
  if (options.clock == nullptr) return absl::InvalidArgumentError("clock is required");
  if (options.timeout <= absl::ZeroDuration() || options.timeout > absl::Minutes(1)) {
    return absl::InvalidArgumentError("timeout: more than 0 and up to a minute is taken");
  }
  // An absolute path is never one of SQLite's other names, as ":memory:" or a URL.
  std::error_code error;
  options.file = std::filesystem::absolute(options.file, error).string();
  if (error) return internal::FileError(options.file, error.value());
  // One at a time, so that the file made here is closed before this process locks it.
  static std::mutex* const mutex = new std::mutex;
  std::lock_guard<std::mutex> lock(*mutex);
  if (absl::Status status = PrepareFile(options.file); !status.ok()) return status;
  auto writer = SqliteDatabase::Open(options.file, options.timeout);
  if (!writer.ok()) return writer.status();
  if (absl::Status status = SetUp(**writer, options.file, options.timeout); !status.ok())
    return status;
  if (absl::Status status = MakeTables(**writer, options.file); !status.ok()) return status;
  return std::make_unique<Store>(std::move(options), *std::move(writer));
}

}  // namespace lanyard
