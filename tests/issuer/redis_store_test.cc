// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/redis_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lanyard/issuer/redis_connection.h"
#include "lanyard/testing/test_certificates.h"
#include "tests/issuer/redis_fixture.h"
#include "tests/issuer/redis_server.h"
#include "tests/issuer/store_calls.h"
#include "tests/issuer/store_suite.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::Not;

class Home {
 public:
  explicit Home(std::shared_ptr<const Clock> clock) : clock_(std::move(clock)) {}
  virtual ~Home() = default;

  std::string Missing() const { return RedisServer::IsInstalled() ? "" : kNoRedis; }
  std::unique_ptr<IssuerStore> Open() {
    RedisStoreOptions options = Options();
    options.clock = clock_;
    options.timeout = absl::Seconds(20);
    auto store = RedisStore::Create(options);
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }
  size_t Stored() {
    const size_t records = server_.Do({"KEYS", "{lanyard:}record:*"}).elements.size();
    size_t keys = 0;
    for (const char* kind : {"user", "client", "session", "used_id", "attempts"}) {
      keys += Number(server_.Ask({"ZCARD", absl::StrCat("{lanyard:}keys:", kind)}));
    }
    EXPECT_EQ(keys, records);
    const size_t revocations = Number(server_.Ask({"ZCARD", "{lanyard:}revocations"}));
    EXPECT_EQ(Number(server_.Ask({"ZCARD", "{lanyard:}revocations_by_expiry"})), revocations);
    EXPECT_LE(Number(server_.Ask({"ZCARD", "{lanyard:}records_by_expiry"})), records);
    return records + revocations;
  }

 protected:
  virtual RedisStoreOptions Options() = 0;

  const std::shared_ptr<const Clock> clock_;
  testing::TestCertificates files_;
  RedisServer server_{files_};
};

class OverUnixSocket final : public Home {
 public:
  using Home::Home;
  RedisStoreOptions Options() override {
    server_.Start();
    RedisStoreOptions options;
    options.address = server_.address();
    return options;
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(RedisOverUnixSocket, StoreTest, OverUnixSocket);

class OverTls final : public Home {
 public:
  using Home::Home;
  RedisStoreOptions Options() override {
    server_.StartWithTls("server", "user lanyard on >secret ~{lanyard:}* +@all");
    RedisStoreOptions options;
    options.address = server_.tls_address();
    options.ca_file = files_.Path("ca.pem");
    options.user = "lanyard";
    options.password_file = files_.Write("password", "secret");
    return options;
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(RedisOverTls, StoreTest, OverTls);

TEST_F(RedisStoreTest, PlaintextTcpIsNoOption) {
  RedisStoreOptions options = TlsOptions();
  for (const char* address :
       {"redis://127.0.0.1:6379", "tcp:127.0.0.1:6379", "http://127.0.0.1:6379", "127.0.0.1", ":1",
        "localhost:0", "localhost:65536", "localhost:1/x", "user@localhost:1", "unix:redis.sock",
        "localhost:1?x", "a b:1"}) {
    options.address = address;
    EXPECT_THAT(RedisStore::Create(options),
                IsError(AllOf(HasSubstr("address"), HasSubstr("which is TLS"))))
        << address;
  }
}

TEST_F(RedisStoreTest, SpeaksTlsToWhateverListens) {
  server_.Start(absl::StrCat("port ", server_.port(), "\n", User()));
  RedisStoreOptions options = TlsOptions();
  options.timeout = absl::Milliseconds(300);  // The server waits for the end of a line.
  EXPECT_THAT(RedisStore::Create(options), IsError(HasSubstr(server_.tls_address())));
  // Nobody has logged in, nor tried.
  EXPECT_THAT(server_.Ask({"INFO", "commandstats"}), Not(HasSubstr("cmdstat_auth")));
}

TEST_F(RedisStoreTest, SaysWhichOptionIsWrong) {
  const auto fails = [](RedisStoreOptions options) {
    const auto store = RedisStore::Create(std::move(options));
    EXPECT_FALSE(store.ok());
    return std::string(store.status().message());
  };
  RedisStoreOptions options = TlsOptions();
  options.address = "";
  EXPECT_EQ(fails(options), "address is required");
  options = TlsOptions();
  options.ca_file = "";
  EXPECT_EQ(fails(options), "ca_file is required for TLS");
  options = TlsOptions();
  options.password_file = "";
  EXPECT_EQ(fails(options), "password_file is required for TLS");
  options = TlsOptions();
  options.tls_certificate_file = "client.crt";
  EXPECT_THAT(fails(options), HasSubstr("both or neither"));
  options = Options();
  options.ca_file = "ca.pem";
  EXPECT_THAT(fails(options), HasSubstr("no TLS on a socket"));
  options = Options();
  options.user = "lanyard";
  EXPECT_THAT(fails(options), HasSubstr("password_file is required"));
  options = Options();
  options.key_prefix = "{a}";
  EXPECT_THAT(fails(options), HasSubstr("key_prefix"));
  options = Options();
  options.wait_replicas = -1;
  EXPECT_THAT(fails(options), HasSubstr("wait_replicas"));
  options = Options();
  options.timeout = absl::ZeroDuration();
  EXPECT_THAT(fails(options), HasSubstr("timeout"));
}

TEST_F(RedisStoreTest, RefusesAServerThatForgets) {
  server_.Start();
  const auto store = Open();
  server_.Do({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  EXPECT_THAT(RedisStore::Create(Options()),
              IsError(AllOf(HasSubstr(server_.address()), HasSubstr("allkeys-lru"),
                            HasSubstr("maxmemory-policy noeviction"))));
  // A store that is there sees it when it connects again.
  server_.Do({"CLIENT", "KILL", "TYPE", "normal"});
  EXPECT_THAT(Apply(*store, {Put(Kind::kUser, "alice", "1")}), IsError(HasSubstr("allkeys-lru")));
  server_.Do({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  EXPECT_THAT(Apply(*store, {Put(Kind::kUser, "alice", "1")}), IsOk());
  server_.Do({"CONFIG", "SET", "appendonly", "no"});
  EXPECT_THAT(RedisStore::Create(Options()),
              IsError(AllOf(HasSubstr(server_.address()), HasSubstr("appendonly yes"))));
}

TEST_F(RedisStoreTest, RefusesAReplica) {
  server_.Start();
  RedisServer replica(files_, "replica");
  replica.Start("replicaof 127.0.0.1 1");
  RedisStoreOptions options = Options();
  options.address = replica.address();
  EXPECT_THAT(RedisStore::Create(options), IsError(HasSubstr("is a replica")));
}

TEST_F(RedisStoreTest, RefusesAServerThatAnotherCaVouchesFor) {
  server_.StartWithTls("server", User());
  EXPECT_THAT(RedisStore::Create(TlsOptions()), IsOk());
  const testing::TestCertificates others;
  RedisStoreOptions options = TlsOptions();
  options.ca_file = others.Path("ca.pem");
  EXPECT_THAT(RedisStore::Create(options),
              IsError(AllOf(HasSubstr(server_.tls_address()), HasSubstr("SSL"))));
  options.ca_file = files_.Path("none.pem");
  EXPECT_THAT(RedisStore::Create(options), IsError(HasSubstr(server_.tls_address())));
}

TEST_F(RedisStoreTest, RefusesAServerOfAnotherName) {
  files_.Issue("elsewhere", {"DNS:redis.example.com"});
  server_.StartWithTls("elsewhere", User());
  EXPECT_THAT(RedisStore::Create(TlsOptions()),
              IsError(AllOf(HasSubstr(server_.tls_address()), HasSubstr("localhost"))));
}

TEST_F(RedisStoreTest, ShowsItsCertificate) {
  files_.Issue("client", {"DNS:issuer.example.com"});
  server_.StartWithTls("server", "tls-auth-clients yes\n" + User());
  RedisStoreOptions options = TlsOptions();
  EXPECT_THAT(RedisStore::Create(options), IsError(HasSubstr(server_.tls_address())));
  options.tls_certificate_file = files_.Path("client.crt");
  options.tls_private_key_file = files_.Path("client.key");
  EXPECT_THAT(RedisStore::Create(options), IsOk());
  ASSERT_EQ(chmod(options.tls_private_key_file.c_str(), 0640), 0);
  EXPECT_THAT(RedisStore::Create(options),
              IsError(AllOf(HasSubstr("client.key"), HasSubstr("0600"))));
}

TEST_F(RedisStoreTest, LogsInWithThePasswordOfAPrivateFile) {
  server_.Start(User());
  RedisStoreOptions options = Options();
  options.user = "lanyard";
  options.password_file = files_.Write("password", "wrong horse");
  EXPECT_THAT(RedisStore::Create(options),
              IsError(AllOf(HasSubstr("WRONGPASS"), Not(HasSubstr("horse")))));
  files_.Write("password", "correct horse\n");
  EXPECT_THAT(RedisStore::Create(options), IsOk());
  ASSERT_EQ(chmod(options.password_file.c_str(), 0644), 0);
  EXPECT_THAT(RedisStore::Create(options),
              IsError(AllOf(HasSubstr("password"), HasSubstr("0600"))));
}

// As the header has it, on several lines.
std::string DocumentedUser() {
  std::ifstream header("tests/issuer/redis_store_header.txt");
  std::string line, user;
  while (std::getline(header, line)) {
    if (absl::StartsWith(line, "//   user ")) user = line.substr(5);
    if (!user.empty() && absl::StartsWith(line, "//     +")) user += line.substr(6);
  }
  return user;
}

TEST_F(RedisStoreTest, TheDocumentedRightsAreThoseThatAreNeeded) {
  std::string user = DocumentedUser();
  ASSERT_THAT(user, HasSubstr(">PASSWORD"));
  user.replace(user.find("PASSWORD"), 8, "secret");
  server_.Start(user);
  RedisStoreOptions options = Options();
  options.user = "lanyard";
  options.password_file = files_.Write("password", "secret");
  const auto use = [&](bool with_replicas) -> absl::Status {
    auto store = RedisStore::Create(options);
    if (!store.ok()) return store.status();
    const absl::Time end = clock_->Now() + absl::Hours(1);
    absl::Status status =
        Apply(**store, {Put(Kind::kSession, "s", "1", 0, end)}, {RevocationOf("s", end)});
    status.Update((*store)->Get(Kind::kSession, "s").status());
    status.Update((*store)->Keys(Kind::kSession, "", 10).status());
    status.Update((*store)->RevocationsAfter(0).status());
    server_.Do({"SCRIPT", "FLUSH"});
    clock_->Set(end);
    status.Update((*store)->RemoveExpired());
    // A loss, and what is done after it.
    server_.Do({"HDEL", "{lanyard:}state", "epoch"});
    status.Update((*store)->RemoveExpired());
    if (with_replicas) {
      RedisStoreOptions waiting = options;
      waiting.wait_replicas = 1;
      waiting.timeout = absl::Seconds(2);
      // There is none, which is not for want of a right.
      const absl::Status waited = Apply(*Open(waiting), {});
      if (waited.code() != absl::StatusCode::kUnavailable) status.Update(waited);
    }
    server_.Do({"FLUSHALL"});
    return status;
  };
  EXPECT_THAT(use(true), IsOk());
  // Without any one of them something fails.
  for (const absl::string_view right : absl::StrSplit(user, ' ', absl::SkipEmpty())) {
    if (right[0] != '+') continue;
    server_.Do({"ACL", "SETUSER", "lanyard", absl::StrCat("-", right.substr(1))});
    EXPECT_THAT(use(right == "+wait"), HasCode(absl::StatusCode::kPermissionDenied)) << right;
    server_.Do({"ACL", "SETUSER", "lanyard", right});
  }
}

TEST_F(RedisStoreTest, AServerThatStandsStillIsUnavailable) {
  server_.Start();
  RedisStoreOptions options = Options();
  options.timeout = absl::Seconds(2);
  const auto store = Open(options);
  ASSERT_THAT(Apply(*store, {Put(Kind::kUser, "alice", "1")}), IsOk());
  server_.Pause();
  // On a connection that is there, and on new ones.
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(store->Get(Kind::kUser, "alice").status(),
                AllOf(HasCode(absl::StatusCode::kUnavailable), IsError(HasSubstr("in time"))));
  }
  EXPECT_THAT(Apply(*store, {Put(Kind::kUser, "bob", "1")}),
              HasCode(absl::StatusCode::kUnavailable));
  server_.Continue();
  // The lost answers are not taken for those of other questions.
  EXPECT_EQ(Get(*Open(), Kind::kUser, "alice").value, "1");
  EXPECT_THAT(Keys(*Open(), Kind::kClient), ::testing::IsEmpty());
}

TEST_F(RedisStoreTest, ConnectsAgain) {
  server_.StartWithTls("server", User());
  for (const RedisStoreOptions& options : {Options(), TlsOptions()}) {
    const auto store = Open(options);
    const std::string epoch = Log(*store).epoch;
    for (int i = 0; i < 3; ++i) {
      const auto version = Version(*store, Kind::kUser, "alice");
      EXPECT_THAT(Apply(*store, {Put(Kind::kUser, "alice", absl::StrCat(i), version)}), IsOk());
      if (i == 0) server_.Do({"CLIENT", "KILL", "TYPE", "normal"});
      if (i == 1) server_.Restart();
      EXPECT_EQ(Get(*store, Kind::kUser, "alice").value, absl::StrCat(i));
    }
    EXPECT_EQ(Log(*store).epoch, epoch);
    server_.Stop();
    EXPECT_THAT(
        store->Get(Kind::kUser, "alice").status(),
        AllOf(HasCode(absl::StatusCode::kUnavailable), IsError(HasSubstr(options.address))));
    server_.StartWithTls("server", User());
    EXPECT_EQ(Get(*store, Kind::kUser, "alice").value, "2");
  }
}

// Not even by SIGPIPE.
TEST_F(RedisStoreTest, AConnectionThatEndsEndsNothingElse) {
  server_.StartWithTls("server", User());
  for (const std::string& address : {server_.address(), server_.tls_address()}) {
    internal::RedisEndpoint endpoint;
    endpoint.address = address;
    endpoint.ca_file = files_.Path("ca.pem");
    const internal::Deadline deadline(absl::Seconds(20));
    const auto connection = internal::RedisConnection::Connect(endpoint, deadline);
    ASSERT_THAT(connection, IsOk());
    EXPECT_TRUE((*connection)->IsOpen());
    server_.Restart();
    EXPECT_FALSE((*connection)->IsOpen());
    for (int i = 0; i < 3; ++i) {
      EXPECT_THAT((*connection)->Call({"PING"}, deadline), HasCode(absl::StatusCode::kUnavailable));
    }
  }
}

TEST_F(RedisStoreTest, SendsScriptsThatTheServerHasForgotten) {
  server_.Start();
  const auto store = Open();
  server_.Do({"SCRIPT", "FLUSH"});
  EXPECT_THAT(Apply(*store, {Put(Kind::kUser, "alice", "1")}), IsOk());
  EXPECT_EQ(Get(*store, Kind::kUser, "alice").value, "1");
}

TEST_F(RedisStoreTest, AFullServerIsUnavailable) {
  server_.Start();
  const auto store = Open();
  ASSERT_THAT(Apply(*store, {Put(Kind::kUser, "alice", "1")}), IsOk());
  server_.Do({"CONFIG", "SET", "maxmemory", "1"});
  const absl::Status status = Apply(*store, {Put(Kind::kUser, "bob", "1")});
  EXPECT_THAT(status, AllOf(HasCode(absl::StatusCode::kUnavailable), IsError(HasSubstr("OOM"))));
  EXPECT_EQ(Get(*store, Kind::kUser, "alice").value, "1");
  server_.Do({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_THAT(Apply(*store, {Put(Kind::kUser, "bob", "1")}), IsOk());
}

TEST_F(RedisStoreTest, PrefixesAreApart) {
  server_.Start();
  RedisStoreOptions options = Options();
  options.key_prefix = "other:";
  const auto one = Open(), other = Open(options);
  ASSERT_THAT(Apply(*one, {Put(Kind::kUser, "alice", "1")}), IsOk());
  EXPECT_EQ(Version(*other, Kind::kUser, "alice"), 0u);
  EXPECT_NE(Log(*one).epoch, Log(*other).epoch);
  for (const auto& key : server_.Do({"KEYS", "*"}).elements) {
    EXPECT_TRUE(absl::StartsWith(key.text, "{lanyard:}") || absl::StartsWith(key.text, "{other:}"))
        << key.text;
  }
}

// So that the server frees what nobody removes.
TEST_F(RedisStoreTest, TheServerKnowsWhenRecordsEnd) {
  server_.Start();
  const auto store = Open();
  const absl::Time end = clock_->Now() + absl::Hours(1) + absl::Microseconds(1);
  ASSERT_THAT(Apply(*store, {Put(Kind::kSession, "s", "1", 0, end), Put(Kind::kUser, "u", "1")}),
              IsOk());
  // Milliseconds, not before it ends.
  EXPECT_EQ(server_.Ask({"PEXPIRETIME", "{lanyard:}record:session:s"}),
            absl::StrCat(absl::ToUnixMillis(end) + 1));
  EXPECT_EQ(server_.Ask({"PEXPIRETIME", "{lanyard:}record:user:u"}), "-1");
}

}  // namespace
}  // namespace lanyard::test
