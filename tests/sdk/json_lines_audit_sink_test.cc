// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/json_lines_audit_sink.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/made_caller.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::MadeCaller;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

AuditEvent Allowed(int id) {
  AuditEvent event;
  event.decision_id = absl::StrCat(id);
  event.method = "/shop.Orders/GetOrder";
  event.allowed = true;
  event.caller = MadeCaller("sso", R"({"sub":"alice"})");
  return event;
}

AuditEvent Refused(AuthFailure reason) {
  AuditEvent event;
  event.decision_id = "0";
  event.failure = reason;
  return event;
}

class JsonLinesAuditSinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(::testing::TempDir(), "/",
                           ::testing::UnitTest::GetInstance()->current_test_info()->name());
    ASSERT_EQ(mkdir(folder_.c_str(), 0700), 0);
    options_.file = folder_ + "/audit.jsonl";
  }

  std::shared_ptr<AuditSink> Make() {
    auto sink = JsonLinesAuditSink(options_);
    EXPECT_TRUE(sink.ok()) << sink.status();
    return sink.ok() ? *std::move(sink) : nullptr;
  }

  static std::vector<std::string> LinesOf(const std::string& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  std::vector<std::string> Lines() const { return LinesOf(options_.file); }

  std::string folder_;
  JsonLinesAuditOptions options_;
};

TEST_F(JsonLinesAuditSinkTest, WritesEachEventOnceAndInOrder) {
  {
    const auto sink = Make();
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(sink->Record(Allowed(i)));
  }
  const auto lines = Lines();
  ASSERT_THAT(lines, SizeIs(1000));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_THAT(lines[i], HasSubstr(absl::StrCat("\"id\":\"", i, "\"")));
    EXPECT_TRUE(internal::JsonDocument::ParseObject(lines[i]).ok()) << lines[i];
  }
  struct stat info;
  ASSERT_EQ(stat(options_.file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(JsonLinesAuditSinkTest, TakesEventsFromManyThreads) {
  {
    const auto sink = Make();
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&sink] {
        for (int i = 0; i < 500; ++i) {
          sink->Record(Allowed(i));
          sink->Status();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_THAT(Lines(), SizeIs(4000));
}

TEST_F(JsonLinesAuditSinkTest, KeepsAllowsAndKnownCallersInAFloodAndCountsTheRest) {
  options_.max_waiting = 64 * 1024;
  options_.refusals_per_second = 3;
  AuditEvent denied = Refused(AuthFailure::kDeniedByPolicy);
  denied.decision_id = "known";
  denied.caller = MadeCaller("sso", R"({"sub":"alice"})");
  AuditEvent from_peer = Refused(AuthFailure::kExpired);
  from_peer.peer = "spiffe://prod/web";
  {
    const auto sink = Make();
    for (int i = 0; i < 20'000; ++i) {
      EXPECT_TRUE(sink->Record(Refused(AuthFailure::kBadSignature)));
      EXPECT_TRUE(sink->Record(from_peer));
      if (i % 10'000 == 5'000) {
        EXPECT_TRUE(sink->Record(Allowed(i)));
        EXPECT_TRUE(sink->Record(denied));
      }
    }
  }
  int allowed = 0, known = 0;
  std::map<std::string, int64_t> counts;  // By reason, each line and each summary.
  for (const std::string& line : Lines()) {
    const auto document = internal::JsonDocument::ParseObject(line);
    ASSERT_TRUE(document.ok()) << line;
    const std::string decision(document->root().Find("decision")->string());
    allowed += decision == "allowed";
    known += absl::StrContains(line, "\"id\":\"known\"");
    const auto reason = document->root().Find("reason");
    if (!reason.has_value() || absl::StrContains(line, "\"known\"")) continue;
    int64_t count = 1;
    if (decision == "sampled") {
      const size_t at = line.rfind(':') + 1;
      ASSERT_TRUE(absl::SimpleAtoi(line.substr(at, line.size() - at - 1), &count)) << line;
      EXPECT_EQ(document->root().Find("peer").has_value(), reason->string() == "EXPIRED");
    }
    counts[std::string(reason->string())] += count;
  }
  EXPECT_EQ(allowed, 2);
  EXPECT_EQ(known, 2);
  EXPECT_EQ(counts["BAD_SIGNATURE"], 20'000);
  EXPECT_EQ(counts["EXPIRED"], 20'000);
  EXPECT_LT(Lines().size(), 1000u);
}

TEST_F(JsonLinesAuditSinkTest, MovesFullFilesAwayWithoutSplittingALine) {
  options_.max_file_bytes = 1 << 16;
  options_.keep_files = 3;
  {
    const auto sink = Make();
    for (int i = 0; i < 3000; ++i) EXPECT_TRUE(sink->Record(Allowed(1'000'000 + i)));
  }
  std::vector<std::string> lines;
  for (const char* name : {".3", ".2", ".1", ""}) {
    const std::string path = options_.file + name;
    struct stat info;
    ASSERT_EQ(stat(path.c_str(), &info), 0) << path;
    EXPECT_LE(info.st_size, 1 << 16) << path;
    for (std::string& line : LinesOf(path)) lines.push_back(std::move(line));
  }
  EXPECT_NE(access((options_.file + ".4").c_str(), F_OK), 0);
  // The newest ones, without a gap.
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t id = 1'003'000 - lines.size() + i;
    ASSERT_THAT(lines[i], HasSubstr(absl::StrCat("\"id\":\"", id, "\""))) << i;
  }
  EXPECT_GT(lines.size(), 1000u);
}

TEST_F(JsonLinesAuditSinkTest, SaysWhenTheDiskIsFullAndWritesAgainLater) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 1000;
  auto sink = Make();
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  // An event is not kept either where too many wait.
  bool kept = true;
  while (kept || sink->Status().last_error.empty()) kept = sink->Record(Allowed(7));
  EXPECT_THAT(sink->Status().last_error, HasSubstr(options_.file));
  EXPECT_GT(sink->Status().dropped, 0);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  while (!kept) kept = sink->Record(Allowed(8));
  EXPECT_EQ(sink->Status().last_error, "");
  sink.reset();  // The last line is whole then.
  // What was cut off spoils one line, not the next.
  int broken = 0;
  for (const std::string& line : Lines()) broken += !internal::JsonDocument::ParseObject(line).ok();
  EXPECT_LE(broken, 1);
}

// Standard output as a pipe, until this goes.
class PipedOutput {
 public:
  PipedOutput() : saved_(dup(STDOUT_FILENO)) {
    std::fflush(stdout);
    EXPECT_EQ(pipe(ends_), 0);
    EXPECT_GE(dup2(ends_[1], STDOUT_FILENO), 0);
    close(ends_[1]);
  }
  ~PipedOutput() {
    dup2(saved_, STDOUT_FILENO);
    close(saved_);
    if (ends_[0] >= 0) close(ends_[0]);
  }
  void StopReading() { close(std::exchange(ends_[0], -1)); }

  // Lets the pipe be read, to the end of what is written before this goes.
  std::string ReadUntil(absl::string_view last) {
    std::string text;
    char buffer[4096];
    while (!absl::StrContains(text, last)) {
      const ssize_t count = read(ends_[0], buffer, sizeof(buffer));
      if (count <= 0) break;
      text.append(buffer, static_cast<size_t>(count));
    }
    return text;
  }

 private:
  const int saved_;
  int ends_[2];
};

TEST_F(JsonLinesAuditSinkTest, LosesAndCountsWhatFindsNoRoomStrangersFirst) {
  PipedOutput output;
  options_.file = "";
  options_.max_waiting = 64;
  const auto sink = Make();
  // More than the pipe holds, so that the writer waits. It may only have been slow, and then takes
  // all that wait at once.
  int lost = 0;
  do {
    for (const int before = lost; lost < before + 100;) lost += !sink->Record(Allowed(1));
    EXPECT_EQ(sink->Status().dropped, lost);
  } while (sink->Record(Refused(AuthFailure::kBadSignature)));
  EXPECT_EQ(sink->Status().dropped, lost + 1);
  // Room for one more, and it is not a stranger's.
  std::thread reader([&] { output.ReadUntil("\"id\":\"last\""); });
  AuditEvent last = Allowed(0);
  last.decision_id = "last";
  while (!sink->Record(last)) {
  }
  reader.join();
}

TEST_F(JsonLinesAuditSinkTest, GivesUpOnOutputThatNobodyReads) {
  PipedOutput output;
  options_.file = "";
  options_.max_waiting = 4096;
  const auto sink = Make();
  for (int i = 0; i < 4096; ++i) sink->Record(Allowed(i));
  // Destroying it ends.
}

TEST_F(JsonLinesAuditSinkTest, SaysThatTheReaderOfItsOutputIsGone) {
  PipedOutput output;
  options_.file = "";
  const auto sink = Make();
  output.StopReading();
  // The signal for that ends a process that does not expect it.
  while (sink->Status().last_error.empty()) sink->Record(Allowed(1));
  EXPECT_THAT(sink->Status().last_error, HasSubstr("standard output"));
}

TEST_F(JsonLinesAuditSinkTest, StrangersWhoMayCallLeaveRoomForThoseWhoAreKnown) {
  PipedOutput output;
  options_.file = "";
  options_.max_waiting = 64;
  const auto sink = Make();
  AuditEvent stranger;
  stranger.method = "/grpc.health.v1.Health/Check";
  stranger.allowed = true;
  // More than the pipe holds, so that the writer waits.
  for (int lost = 0; lost < 100;) lost += !sink->Record(stranger);
  EXPECT_TRUE(sink->Record(Allowed(1)));
}

TEST_F(JsonLinesAuditSinkTest, HidesNamesBehindAKey) {
  options_.hash_subjects_with = folder_ + "/key";
  std::ofstream(options_.hash_subjects_with)
      << std::string("\x01\x02\x80", 3) << std::string(40, '\x91');
  EXPECT_THAT(JsonLinesAuditSink(options_).status(), IsError(HasSubstr("0600")));
  ASSERT_EQ(chmod(options_.hash_subjects_with.c_str(), 0600), 0);
  {
    const auto sink = Make();
    sink->Record(Allowed(1));
    sink->Record(Allowed(2));
  }
  const auto lines = Lines();
  ASSERT_THAT(lines, SizeIs(2));
  const size_t at = lines[0].find("\"subject\":\"hmac:");
  ASSERT_NE(at, std::string::npos) << lines[0];
  EXPECT_THAT(lines[1], HasSubstr(lines[0].substr(at, 48)));
  EXPECT_THAT(lines[0], Not(HasSubstr("alice")));
}

TEST_F(JsonLinesAuditSinkTest, RefusesOptionsOutOfRange) {
  const auto expect = [this](const std::string& text) {
    EXPECT_THAT(JsonLinesAuditSink(options_).status(), IsError(HasSubstr(text)));
    options_ = JsonLinesAuditOptions();
    options_.file = folder_ + "/audit.jsonl";
  };
  options_.max_file_bytes = 65535;
  expect("max_file_bytes: must be 65536 to");
  options_.keep_files = 0;
  expect("keep_files: must be 1 to 1000, and is 0");
  options_.max_waiting = 63;
  expect("max_waiting: must be 64 to 10000000");
  options_.refusals_per_second = 0;
  expect("refusals_per_second: must be 1 to 1000000");
  options_.file = folder_ + "/none/audit.jsonl";
  expect("none/audit.jsonl: No such file");
  options_.file = "/dev/full";
  expect("/dev/full: not a regular file");
  options_.hash_subjects_with = folder_ + "/none";
  expect("none: No such file");
}

}  // namespace
}  // namespace lanyard
