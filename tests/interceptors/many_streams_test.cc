// SPDX-License-Identifier: Apache-2.0
// Ten thousand streams whose tokens end at one time: all end, on one thread.
//
// Other numbers: LANYARD_STREAMS=30000 bazel-bin/tests/interceptors/many_streams_test. A gRPC that
// is built without NDEBUG, as Debian's is, looks each operation up among all that are pending, so
// that time goes with the square of the number.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lanyard/testing/fake_clock.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

constexpr int kChannels = 8;

int Streams() {
  const char* text = std::getenv("LANYARD_STREAMS");
  int streams = 0;
  return text != nullptr && absl::SimpleAtoi(text, &streams) ? streams : 10'000;
}

// How long what takes `ten_thousand` with that many streams may take.
absl::Duration For(int streams, absl::Duration ten_thousand) {
  const double times = streams / 10'000.0;
  return ten_thousand * std::max(1.0, times * times / 4);
}

// A number of /proc/self/status.
int ProcessStatus(const std::string& name) {
  std::ifstream file("/proc/self/status");
  std::string line;
  while (std::getline(file, line)) {
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(": \t"), absl::SkipEmpty());
    int number = 0;
    if (words.size() > 1 && words[0] == name && absl::SimpleAtoi(words[1], &number)) return number;
  }
  return 0;
}

struct Counts {
  std::atomic<int> open{0}, ended{0}, expired{0}, denied{0};
};

// A stream that is opened, and then only waits.
class IdleChat final : public grpc::ClientBidiReactor<Message, Message> {
 public:
  IdleChat(Echo::Stub* stub, const std::string& token, Counts* counts) : counts_(counts) {
    context_.AddMetadata("authorization", "Bearer " + token);
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(20));
    stub->async()->Chat(&context_, this);
    StartWrite(&message_);
    StartRead(&message_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    ++counts_->open;
    StartRead(&reply_);
  }
  void OnDone(const grpc::Status& status) override {
    if (status.error_code() == grpc::StatusCode::UNAUTHENTICATED &&
        absl::StartsWith(status.error_message(), "token expired [lanyard ")) {
      ++counts_->expired;
    }
    if (status.error_code() == grpc::StatusCode::PERMISSION_DENIED) ++counts_->denied;
    ++counts_->ended;
  }

 private:
  Counts* const counts_;
  grpc::ClientContext context_;
  Message message_, reply_;
};

TEST(ManyStreamsTest, AllEndWhenTheirTokensDoAndCostNoThreads) {
  const int streams = Streams();
  const auto clock = std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server(Api::kCallback, clock);
  std::string config = server.issuer.ConfigText();
  config.insert(config.rfind('}'), "leeway { seconds: 3 }\n");
  server.options.config_text = config;
  ASSERT_NO_FATAL_FAILURE(server.Start());
  std::vector<std::unique_ptr<Echo::Stub>> stubs;
  std::vector<std::string> tokens;
  for (int i = 0; i < kChannels; ++i) {
    stubs.push_back(Echo::NewStub(server.Channel()));
    tokens.push_back(server.issuer.Token().ExpiresIn(absl::Minutes(5)).Sign());
  }

  Counts counts;
  std::vector<std::unique_ptr<IdleChat>> chats;
  const auto open = [&](int up_to) {
    while (static_cast<int>(chats.size()) < up_to) {
      const size_t i = chats.size() % kChannels;
      chats.push_back(std::make_unique<IdleChat>(stubs[i].get(), tokens[i], &counts));
    }
    EXPECT_TRUE(Eventually([&] { return counts.open + counts.ended >= up_to; },
                           For(streams, absl::Minutes(2))));
  };
  open(streams / 20);
  const int threads = ProcessStatus("Threads"), kilobytes = ProcessStatus("VmRSS");
  open(streams);
  const int more_threads = ProcessStatus("Threads"), more_kilobytes = ProcessStatus("VmRSS");
  EXPECT_EQ(counts.open, streams);
  EXPECT_EQ(counts.ended, 0);
  std::printf("%d streams open; threads %d then %d, memory %d then %d KiB\n", counts.open.load(),
              threads, more_threads, kilobytes, more_kilobytes);
  // gRPC's own pools may still grow a little; nothing grows with the streams.
  EXPECT_LE(more_threads, threads + 16);
  // Both ends of each stream are in this process.
  EXPECT_LT(more_kilobytes - kilobytes, streams * 64);

  // One whose token ends sooner ends alone: by then all have been looked at.
  Counts first_counts;
  IdleChat first(stubs[0].get(), server.issuer.Token().ExpiresIn(absl::Minutes(3)).Sign(),
                 &first_counts);
  EXPECT_TRUE(Eventually([&] { return first_counts.open == 1; }));
  clock->Advance(absl::Minutes(4));
  EXPECT_TRUE(Eventually([&] { return first_counts.ended == 1; }));
  EXPECT_EQ(first_counts.expired, 1);
  EXPECT_EQ(counts.ended, 0);

  clock->Advance(absl::Minutes(1) + absl::Seconds(4));
  const absl::Time begin = absl::Now();
  EXPECT_TRUE(Eventually([&] { return counts.ended == streams; }, For(streams, absl::Minutes(2))));
  std::printf("ended %d, expired %d, within %s; threads %d\n", counts.ended.load(),
              counts.expired.load(), absl::FormatDuration(absl::Now() - begin).c_str(),
              ProcessStatus("Threads"));
  EXPECT_EQ(counts.expired, streams);
  EXPECT_LE(ProcessStatus("Threads"), threads + 16);
  // One event for each that began, and one for each that was ended.
  EXPECT_EQ(server.audit->events().size(), 2u * (streams + 1));
}

// Within about a second, says the feature; the limit is for busy machines, and the time is printed.
TEST(ManyStreamsTest, AllEndWhenTheirMethodIsClosed) {
  const int streams = Streams();
  GatedServer server(Api::kCallback);
  server.options.config_files = {server.files.Write("rules", "")};
  ASSERT_NO_FATAL_FAILURE(server.Start());
  std::vector<std::unique_ptr<Echo::Stub>> stubs;
  for (int i = 0; i < kChannels; ++i) stubs.push_back(Echo::NewStub(server.Channel()));
  const std::string token = server.issuer.Token().ExpiresIn(absl::Minutes(30)).Sign();
  Counts counts;
  std::vector<std::unique_ptr<IdleChat>> chats;
  for (int i = 0; i < streams; ++i) {
    chats.push_back(std::make_unique<IdleChat>(stubs[i % kChannels].get(), token, &counts));
  }
  EXPECT_TRUE(Eventually([&] { return counts.open == streams; }, For(streams, absl::Minutes(2))));
  server.files.Write("rules",
                     "rules { method: '/lanyard.test.Echo/Chat' replaces_annotation: true "
                     "nobody: true }\n");
  ASSERT_TRUE(server.auth->Reload().ok());
  const absl::Time begin = absl::Now();
  EXPECT_TRUE(Eventually([&] { return counts.ended == streams; }, For(streams, absl::Minutes(2))));
  std::printf("%d streams ended within %s of the reload\n", counts.ended.load(),
              absl::FormatDuration(absl::Now() - begin).c_str());
  EXPECT_EQ(counts.denied, streams);
}

}  // namespace
}  // namespace lanyard::test
