// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/sqlite_database.h"

#include <sqlite3.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/redaction.h"

namespace lanyard::internal {

SqliteDatabase::SqliteDatabase(std::string file) : file_(std::move(file)) {}

SqliteDatabase::~SqliteDatabase() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const std::string& file,
                                                                     absl::Duration timeout) {
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(file));
  // Without the flag that makes a file: its mode would be SQLite's choice.
  const int code = sqlite3_open_v2(file.c_str(), &database->db_,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) return database->Error(code);
  sqlite3_extended_result_codes(database->db_, 1);
  sqlite3_busy_timeout(database->db_, static_cast<int>(absl::ToInt64Milliseconds(timeout)));
  // fullfsync is for macOS, where the usual call leaves the data in the disk's own memory.
  absl::Status status = database->Run("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON");
  if (!status.ok()) return status;
  return database;
}

absl::Status SqliteDatabase::Error(int code) const {
  // Not sqlite3_errmsg(), whose text may quote.
  const std::string text = absl::StrCat(PrintablePath(file_), ": ", sqlite3_errstr(code));
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
      return absl::UnavailableError(text);
    case SQLITE_NOTADB:
      return absl::FailedPreconditionError(text);
    case SQLITE_CORRUPT:
      return absl::DataLossError(text);
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return absl::PermissionDeniedError(text);
    default:
      return absl::InternalError(text);
  }
}

absl::Status SqliteDatabase::Run(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::StatusOr<sqlite3_stmt*> SqliteDatabase::Prepare(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    const int code =
        sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return Error(code);
  }
  return statement;
}

int SqliteDatabase::changes() const { return sqlite3_changes(db_); }
bool SqliteDatabase::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

SqliteQuery::SqliteQuery(SqliteDatabase& database, const char* sql) : database_(database) {
  auto statement = database.Prepare(sql);
  if (statement.ok()) {
    statement_ = *statement;
  } else {
    status_ = statement.status();
  }
}

SqliteQuery::~SqliteQuery() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

SqliteQuery& SqliteQuery::Integer(int64_t value) {
  if (statement_ != nullptr) Check(sqlite3_bind_int64(statement_, ++bound_, value));
  return *this;
}

SqliteQuery& SqliteQuery::Text(absl::string_view text) {
  if (statement_ == nullptr) return *this;
  Check(sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()),
                          SQLITE_STATIC));
  return *this;
}

SqliteQuery& SqliteQuery::Bytes(absl::string_view bytes) {
  if (statement_ == nullptr) return *this;
  // A null pointer would be SQL's NULL.
  const char* const data = bytes.empty() ? "" : bytes.data();
  Check(
      sqlite3_bind_blob(statement_, ++bound_, data, static_cast<int>(bytes.size()), SQLITE_STATIC));
  return *this;
}

absl::StatusOr<bool> SqliteQuery::Step() {
  if (!status_.ok()) return status_;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW || code == SQLITE_DONE) return code == SQLITE_ROW;
  return database_.Error(code);
}

int64_t SqliteQuery::IntegerAt(int column) { return sqlite3_column_int64(statement_, column); }

std::string SqliteQuery::BytesAt(int column) {
  const auto* const data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string() : std::string(data, static_cast<size_t>(size));
}

void SqliteQuery::Check(int code) {
  if (code != SQLITE_OK && status_.ok()) status_ = database_.Error(code);
}

SqliteTransaction::~SqliteTransaction() {
  if (database_.in_transaction()) database_.Run("ROLLBACK").IgnoreError();
}

}  // namespace lanyard::internal
