// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/issuer/store_calls.h"
#include "tests/issuer/store_suite.h"
#include "tests/sdk/temp_folder.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;

// A connection of our own.
class Sqlite {
 public:
  explicit Sqlite(const std::string& file) {
    EXPECT_EQ(sqlite3_open(file.c_str(), &db_), SQLITE_OK);
  }
  ~Sqlite() { sqlite3_close(db_); }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  void Run(const std::string& sql) {
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db_);
  }
  // The first column of the first row.
  std::string Ask(const std::string& sql) const { return AskOf(db_, sql); }
  static std::string AskOf(sqlite3* db, const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr), SQLITE_OK);
    std::string text;
    if (sqlite3_step(statement) == SQLITE_ROW) {
      text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return text;
  }

 private:
  sqlite3* db_ = nullptr;
};

class Home {
 public:
  explicit Home(std::shared_ptr<const Clock> clock) : clock_(std::move(clock)) {}

  std::string Missing() const { return ""; }
  std::unique_ptr<IssuerStore> Open() {
    SqliteStoreOptions options;
    options.file = file_;
    options.clock = clock_;
    options.timeout = absl::Seconds(60);
    auto store = SqliteStore::Create(options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  size_t Stored() {
    return Number(Sqlite(file_).Ask(
        "SELECT (SELECT count(*) FROM records) + (SELECT count(*) FROM revocations)"));
  }

 private:
  const std::shared_ptr<const Clock> clock_;
  const testing::TempFolder folder_;
  const std::string file_ = folder_.Path("tokens.db");
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, StoreTest, Home);

// Runs this in a process of its own, whose exit code is 0 if it is true.
pid_t Start(const std::function<bool()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work() ? 0 : 1);
  return child;
}
bool Succeeded(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

class SqliteStoreTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<IssuerStore>> Create(
      absl::Duration timeout = absl::Seconds(5)) const {
    SqliteStoreOptions options;
    options.file = file_;
    options.timeout = timeout;
    return SqliteStore::Create(std::move(options));
  }
  std::unique_ptr<IssuerStore> Open(absl::Duration timeout = absl::Seconds(5)) const {
    auto store = Create(timeout);
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }
  // As chmod writes it; "" if there is no such file.
  static std::string ModeOf(const std::string& path) {
    struct stat info;
    if (stat(path.c_str(), &info) != 0) return "";
    char text[8];
    snprintf(text, sizeof(text), "%o", info.st_mode & 07777);
    return text;
  }

  const testing::TempFolder folder_;
  const std::string file_ = folder_.Path("tokens.db");
};

TEST_F(SqliteStoreTest, IsThereAgainAfterARestart) {
  std::string epoch;
  uint64_t version = 0;
  {
    const auto store = Open();
    ASSERT_THAT(Apply(*store, {Put(Kind::kUser, "alice", "1")},
                      {RevocationOf("s", absl::Now() + absl::Hours(1))}),
                IsOk());
    epoch = Log(*store).epoch;
    version = Version(*store, Kind::kUser, "alice");
  }
  const auto store = Open();
  EXPECT_EQ(Get(*store, Kind::kUser, "alice").value, "1");
  EXPECT_EQ(Version(*store, Kind::kUser, "alice"), version);
  EXPECT_EQ(Log(*store).epoch, epoch);
  EXPECT_THAT(SessionIds(Log(*store)), ::testing::ElementsAre("s"));
}

// As the header says how.
TEST_F(SqliteStoreTest, AnOldCopyIsPutBackWithoutItsSessions) {
  std::string epoch;
  {
    const auto store = Open();
    ASSERT_THAT(Apply(*store, {Put(Kind::kUser, "alice", "1"), Put(Kind::kSession, "s", "1")}),
                IsOk());
    epoch = Log(*store).epoch;
    Sqlite(file_).Run("VACUUM INTO '" + folder_.Path("copy") + "'");
  }
  std::filesystem::rename(folder_.Path("copy"), file_);
  ASSERT_EQ(chmod(file_.c_str(), 0600), 0);
  Sqlite(file_).Run(
      "DELETE FROM records WHERE kind = 'session';"
      "UPDATE state SET epoch = hex(randomblob(16))");
  const auto store = Open();
  EXPECT_EQ(Get(*store, Kind::kUser, "alice").value, "1");
  EXPECT_EQ(Version(*store, Kind::kSession, "s"), 0u);
  EXPECT_NE(Log(*store).epoch, epoch);
}

std::vector<sqlite3*>* connections = nullptr;
int OnConnection(sqlite3* db, const char**, const sqlite3_api_routines*) {
  connections->push_back(db);
  return SQLITE_OK;
}

TEST_F(SqliteStoreTest, EachConnectionWaitsForTheDisk) {
  std::vector<sqlite3*> seen;
  connections = &seen;
  const auto entry = reinterpret_cast<void (*)()>(OnConnection);
  ASSERT_EQ(sqlite3_auto_extension(entry), SQLITE_OK);
  const auto store = Open();
  ASSERT_THAT(Apply(*store, {Put(Kind::kUser, "alice", "1")}), IsOk());
  EXPECT_EQ(Get(*store, Kind::kUser, "alice").value, "1");
  sqlite3_cancel_auto_extension(entry);
  EXPECT_EQ(seen.size(), 2u);  // One that writes, one that reads.
  for (sqlite3* const db : seen) {
    EXPECT_EQ(Sqlite::AskOf(db, "PRAGMA synchronous"), "2");  // FULL.
    EXPECT_EQ(Sqlite::AskOf(db, "PRAGMA journal_mode"), "wal");
  }
}

TEST_F(SqliteStoreTest, ItsFilesAreForTheirOwnerAlone) {
  const mode_t before = umask(0);
  const auto store = Open();
  EXPECT_THAT(Apply(*store, {Put(Kind::kUser, "alice", "1")}), IsOk());
  EXPECT_EQ(Get(*store, Kind::kUser, "alice").value, "1");
  umask(before);
  EXPECT_EQ(ModeOf(file_), "600");
  EXPECT_EQ(ModeOf(file_ + "-wal"), "600");
  EXPECT_EQ(ModeOf(file_ + "-shm"), "600");
}

TEST_F(SqliteStoreTest, RefusesFilesThatOthersCanReach) {
  Open();
  for (const mode_t mode : {0640, 0604, 0620, 0660}) {
    ASSERT_EQ(chmod(file_.c_str(), mode), 0);
    EXPECT_THAT(Create(),
                IsError(AllOf(HasSubstr(file_), HasSubstr(absl::StrCat("0", ModeOf(file_))),
                              HasSubstr("chmod 600"))));
  }
  ASSERT_EQ(chmod(file_.c_str(), 0600), 0);
  EXPECT_THAT(Create(), IsOk());
  for (const char* beside : {"-wal", "-shm"}) {
    const std::string other = folder_.Write(absl::StrCat("tokens.db", beside), "");
    ASSERT_EQ(chmod(other.c_str(), 0644), 0);
    EXPECT_THAT(Create(), IsError(AllOf(HasSubstr(other), HasSubstr("0644"))));
    folder_.Remove(absl::StrCat("tokens.db", beside));
  }
}

TEST_F(SqliteStoreTest, RefusesWhatIsNoStore) {
  EXPECT_THAT(SqliteStore::Create({}), IsError("file is required"));
  EXPECT_THAT(SqliteStore::Create({folder_.Path("none/tokens.db")}),
              IsError(HasSubstr("No such file")));
  EXPECT_THAT(SqliteStore::Create({folder_.path()}), IsError(HasSubstr("not a regular file")));
  folder_.Write("tokens.db", std::string(5000, 'x'));
  ASSERT_EQ(chmod(file_.c_str(), 0600), 0);
  EXPECT_THAT(Create(), IsError(AllOf(HasSubstr(file_), HasSubstr("not a database"))));
  EXPECT_THAT(Create(absl::ZeroDuration()), IsError(HasSubstr("timeout")));
}

TEST_F(SqliteStoreTest, RefusesADatabaseOfAnotherProgram) {
  folder_.Write("tokens.db", "");
  ASSERT_EQ(chmod(file_.c_str(), 0600), 0);
  Sqlite(file_).Run("CREATE TABLE bookmarks (url TEXT)");
  EXPECT_THAT(Create(), IsError(AllOf(HasSubstr(file_), HasSubstr("of another program"))));
  EXPECT_EQ(Sqlite(file_).Ask("PRAGMA journal_mode"), "delete");  // Not touched.
}

TEST_F(SqliteStoreTest, RefusesAFileOfANewerLanyard) {
  Open();
  Sqlite(file_).Run("PRAGMA user_version = 2");
  EXPECT_THAT(Create(), IsError(AllOf(HasSubstr(file_), HasSubstr("newer Lanyard"),
                                      HasSubstr("schema is 2"))));
}

TEST_F(SqliteStoreTest, TakesNamesThatSqliteHasOtherPlansFor) {
  const std::string before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  for (const char* name : {":memory:", "file:x.db?mode=memory"}) {
    EXPECT_THAT(SqliteStore::Create({name}), IsOk());
    EXPECT_EQ(ModeOf(folder_.Path(name)), "600") << name;
  }
  std::filesystem::current_path(before);
}

TEST_F(SqliteStoreTest, WhereAnotherWritesForLongOnlyWritersWait) {
  const auto store = Open(absl::Milliseconds(50));
  ASSERT_THAT(Apply(*store, {Put(Kind::kUser, "alice", "1")}), IsOk());
  Sqlite other(file_);
  other.Run("BEGIN IMMEDIATE; DELETE FROM records");
  const absl::Status status = Apply(*store, {Put(Kind::kUser, "bob", "1")});
  EXPECT_THAT(status, HasCode(absl::StatusCode::kUnavailable));
  EXPECT_THAT(status, IsError(HasSubstr(file_)));
  EXPECT_EQ(Get(*store, Kind::kUser, "alice").value, "1");
  EXPECT_THAT(Keys(*store, Kind::kUser), ::testing::ElementsAre("alice"));
  other.Run("ROLLBACK");
  EXPECT_THAT(Apply(*store, {Put(Kind::kUser, "bob", "1")}), IsOk());
}

TEST_F(SqliteStoreTest, AFullDiskLeavesWhatWasThere) {
  const auto store = Open();
  ASSERT_THAT(Apply(*store, {Put(Kind::kUser, "alice", "1")}), IsOk());
  signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  rlimit low = limit;
  low.rlim_cur = 1024 * 1024;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &low), 0);
  absl::Status status;
  int written = 0;
  for (; status.ok() && written < 100; ++written) {
    status = Apply(*store, {Put(Kind::kUser, absl::StrCat("a", written), AnyBytes(64 * 1024)),
                            Put(Kind::kClient, absl::StrCat("a", written), "")});
  }
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_THAT(status, HasCode(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Get(*store, Kind::kUser, "alice").value, "1");
  EXPECT_EQ(Keys(*store, Kind::kClient).size(), static_cast<size_t>(written - 1));
  EXPECT_EQ(Keys(*store, Kind::kUser).size(), static_cast<size_t>(written));
  EXPECT_THAT(Apply(*store, {Put(Kind::kUser, "bob", "1")}), IsOk());
}

TEST_F(SqliteStoreTest, ManyProcessesMakeItAndShareIt) {
  constexpr int kProcesses = 4, kWins = 30;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(Start([this] {
      const auto store = Create(absl::Seconds(30));
      if (!store.ok()) fprintf(stderr, "%s\n", store.status().ToString().c_str());
      if (!store.ok()) return false;
      for (int won = 0; won < kWins;) {
        if (Increment(**store, Kind::kSession, "s") != 0) ++won;
      }
      return true;
    }));
  }
  for (const pid_t child : children) EXPECT_TRUE(Succeeded(child));
  EXPECT_EQ(Number(Get(*Open(), Kind::kSession, "s").value),
            static_cast<uint64_t>(kProcesses * kWins));
}

// Changes two records and the log together, as fast as it can, and says so on the pipe.
bool WriteUntilKilled(const absl::StatusOr<std::unique_ptr<IssuerStore>>& store, int pipe) {
  if (!store.ok()) return false;
  for (;;) {
    const auto a = Get(**store, Kind::kUser, "a"), b = Get(**store, Kind::kSession, "b");
    const uint64_t next = a.version == 0 ? 1 : Number(a.value) + 1;
    const std::string text = absl::StrCat(next);
    const absl::Status status =
        Apply(**store,
              {Put(Kind::kUser, "a", text, a.version), Put(Kind::kSession, "b", text, b.version)},
              {RevocationOf(text, absl::Now() + absl::Hours(1))});
    if (!status.ok() || write(pipe, &next, sizeof(next)) != sizeof(next)) return false;
  }
}

TEST_F(SqliteStoreTest, WhatWasAcknowledgedOutlastsKill9) {
  std::mt19937 random(20260101);
  uint64_t acknowledged = 0;
  for (int round = 0; round < 30; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = Start([&] {
      close(pipe[0]);
      return WriteUntilKilled(Create(), pipe[1]);
    });
    close(pipe[1]);
    // Some die while they open the file, most somewhere in a change.
    const auto read_one = [&] {
      return read(pipe[0], &acknowledged, sizeof(acknowledged)) == sizeof(acknowledged);
    };
    const unsigned until = round == 0 ? 0 : random() % 40;
    for (unsigned i = 0; i < until; ++i) ASSERT_TRUE(read_one());
    for (unsigned spins = random() % 20000; spins > 0; --spins) {
      pollfd none{-1, 0, 0};
      poll(&none, 1, 0);
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read_one()) {
    }
    close(pipe[0]);

    const auto store = Open();
    const auto a = Get(*store, Kind::kUser, "a");
    const uint64_t number = a.version == 0 ? 0 : Number(a.value);
    EXPECT_GE(number, acknowledged);
    EXPECT_LE(number, acknowledged + 1);
    EXPECT_EQ(Get(*store, Kind::kSession, "b").value, a.value);
    EXPECT_EQ(Log(*store).sequence, number);
    acknowledged = number;
  }
  EXPECT_GT(acknowledged, 100u);
}

}  // namespace
}  // namespace lanyard::test
