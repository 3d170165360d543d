// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_SQLITE_DATABASE_H_
#define LANYARD_ISSUER_SQLITE_DATABASE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace lanyard::internal {

// One connection to an SQLite database, which waits for the disk at each commit. For one thread at
// a time. Errors name the file, and hold nothing of what is in it.
class SqliteDatabase {
 public:
  // The file must be there. Calls wait for other connections' locks for up to `timeout`, and then
  // are UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(const std::string& file,
                                                              absl::Duration timeout);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  // Statements without parameters and rows.
  absl::Status Run(const char* sql);

  // How many rows the last statement has changed.
  int changes() const;
  bool in_transaction() const;

 private:
  friend class SqliteQuery;

  explicit SqliteDatabase(std::string file);

  absl::Status Error(int code) const;
  absl::StatusOr<sqlite3_stmt*> Prepare(const char* sql);

  const std::string file_;
  sqlite3* db_ = nullptr;
  std::map<const char*, sqlite3_stmt*> statements_;
};

// One use of a statement. What goes wrong before Step() is its answer.
//
//   SqliteQuery query(database, "SELECT age FROM pets WHERE name = ?");
//   absl::StatusOr<bool> row = query.Text("Kitty").Step();
//   if (row.ok() && *row) age = query.IntegerAt(0);
class SqliteQuery {
 public:
  // `sql` is a literal: what stands there stays prepared. Used once at a time.
  SqliteQuery(SqliteDatabase& database, const char* sql);
  ~SqliteQuery();
  SqliteQuery(const SqliteQuery&) = delete;
  SqliteQuery& operator=(const SqliteQuery&) = delete;

  // The next parameter, which must outlive this.
  SqliteQuery& Integer(int64_t value);
  SqliteQuery& Text(absl::string_view text);
  SqliteQuery& Bytes(absl::string_view bytes);

  // Whether there is a row, or another one.
  absl::StatusOr<bool> Step();
  absl::Status Run() { return Step().status(); }

  // Of the row.
  int64_t IntegerAt(int column);
  std::string BytesAt(int column);

 private:
  void Check(int code);

  SqliteDatabase& database_;
  sqlite3_stmt* statement_ = nullptr;
  absl::Status status_;
  int bound_ = 0;
};

// Rolls back unless it was committed.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDatabase& database) : database_(database) {}
  ~SqliteTransaction();
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;

  // Nobody else writes from here on, so that what is read is what will be replaced.
  absl::Status BeginToWrite() { return database_.Run("BEGIN IMMEDIATE"); }
  // All that is read is of one moment.
  absl::Status BeginToRead() { return database_.Run("BEGIN"); }
  absl::Status Commit() { return database_.Run("COMMIT"); }

 private:
  SqliteDatabase& database_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_SQLITE_DATABASE_H_
