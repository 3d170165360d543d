// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/revocations/file_revocation_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/temp_folder.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FakeClock;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TempFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr int64_t kNow = 1900000000;

std::string Entry(const std::string& id, int64_t expires_at = kNow + 3600,
                  const std::string& issuer = "iss") {
  return absl::StrCat("revocations { issuer: '", issuer, "' token_id: '", id,
                      "' expires_at { seconds: ", expires_at, " } }\n");
}

class FileRevocationSourceTest : public ::testing::Test {
 protected:
  // Looks only when told to.
  FileRevocationSourceOptions Options() const {
    FileRevocationSourceOptions options;
    options.path = folder_.Path("revoked");
    options.issuer = "iss";
    options.poll_interval = absl::Hours(24);
    options.clock = clock_;
    return options;
  }
  void Open(const std::string& text) {
    Write(text);
    auto source = FileRevocationSource::Create(Options());
    ASSERT_THAT(source, IsOk());
    source_ = *std::move(source);
  }
  void Write(const std::string& text) { folder_.Write("revoked", text); }
  RevocationVerdict CheckId(const std::string& id) const {
    TokenFacts token;
    token.issuer = "iss";
    token.token_id = id;
    return source_->Check(token);
  }

  TempFolder folder_;
  const std::shared_ptr<FakeClock> clock_ =
      std::make_shared<FakeClock>(absl::FromUnixSeconds(kNow));
  std::unique_ptr<FileRevocationSource> source_;
};

TEST_F(FileRevocationSourceTest, HasTheRevocationsFromTheStart) {
  ASSERT_NO_FATAL_FAILURE(Open(Entry("a") + Entry("b") + Entry("c", kNow + 3600, "other")));
  EXPECT_EQ(CheckId("a"), RevocationVerdict::kRevoked);
  EXPECT_EQ(CheckId("c"), RevocationVerdict::kGood);
  EXPECT_THAT(source_->Health(), IsOk());
  const RevocationSourceStatus status = source_->Status();
  EXPECT_EQ(status.entries, 2u);
  EXPECT_EQ(status.ignored, 1);
  EXPECT_EQ(status.successes, 1);
  EXPECT_EQ(status.age, absl::ZeroDuration());
  EXPECT_EQ(status.last_error, "");
}

TEST_F(FileRevocationSourceTest, EmptyFileRevokesNothing) {
  ASSERT_NO_FATAL_FAILURE(Open(""));
  EXPECT_EQ(CheckId("a"), RevocationVerdict::kGood);
}

TEST_F(FileRevocationSourceTest, RefusesToStartWithoutAGoodFile) {
  const std::string path = folder_.Path("revoked");
  EXPECT_THAT(FileRevocationSource::Create(Options()), IsError(HasSubstr(path)));
  for (const auto& [text, error] :
       {std::pair<std::string, std::string>("revocations {", "revoked:1:"),
        {"revocations { token: 'a' }", "no field named \"token\""},
        {Entry("a") + "revocations { issuer: 'iss' token_id: 'a' }", "revoked:2: expires_at"},
        {"revocations: [{}, {}]", "once for each"}}) {
    Write(text);
    EXPECT_THAT(FileRevocationSource::Create(Options()),
                IsError(AllOf(HasSubstr(path), HasSubstr(error))));
  }
}

TEST_F(FileRevocationSourceTest, ChecksItsOptions) {
  Write("");
  const auto with = [this](auto change) {
    FileRevocationSourceOptions options = Options();
    change(&options);
    return FileRevocationSource::Create(std::move(options));
  };
  EXPECT_THAT(with([](auto* o) { o->path = ""; }), IsError(HasSubstr(".path")));
  EXPECT_THAT(with([](auto* o) { o->issuer = ""; }), IsError(HasSubstr(".issuer")));
  EXPECT_THAT(with([](auto* o) { o->clock = nullptr; }), IsError(HasSubstr(".clock")));
  EXPECT_THAT(with([](auto* o) { o->max_entries = 0; }), IsError(HasSubstr(".max_entries")));
  EXPECT_THAT(with([](auto* o) { o->poll_interval = absl::Milliseconds(9); }),
              IsError(HasSubstr(".poll_interval")));
  EXPECT_THAT(with([](auto* o) { o->max_revocation_age = absl::Seconds(9); }),
              IsError(HasSubstr(".max_revocation_age")));
  EXPECT_THAT(with([](auto* o) { o->max_revocation_age = absl::Hours(25); }),
              IsError(HasSubstr(".max_revocation_age")));
}

TEST_F(FileRevocationSourceTest, SeesWhatIsAddedAndTakesNothingBack) {
  ASSERT_NO_FATAL_FAILURE(Open(Entry("a")));
  const uint64_t before = source_->generation();
  Write(Entry("b"));
  EXPECT_EQ(CheckId("b"), RevocationVerdict::kGood);
  EXPECT_THAT(source_->Reload(), IsOk());
  EXPECT_NE(source_->generation(), before);
  EXPECT_EQ(CheckId("a"), RevocationVerdict::kRevoked);
  EXPECT_EQ(CheckId("b"), RevocationVerdict::kRevoked);
  clock_->Advance(absl::Hours(1));
  EXPECT_THAT(source_->Reload(), IsOk());
  EXPECT_EQ(source_->Status().entries, 0u);
}

TEST_F(FileRevocationSourceTest, GoesOnWithTheLastGoodFileForMaxAge) {
  ASSERT_NO_FATAL_FAILURE(Open(Entry("a")));
  Write(Entry("b") + "revocations {");
  EXPECT_THAT(source_->Reload(), IsError(HasSubstr("revoked:2:")));
  EXPECT_EQ(CheckId("b"), RevocationVerdict::kGood) << "no half of a file counts";
  const uint64_t before = source_->generation();
  clock_->Advance(absl::Minutes(5));
  EXPECT_EQ(CheckId("b"), RevocationVerdict::kGood);
  EXPECT_EQ(source_->generation(), before);
  clock_->Advance(absl::Milliseconds(1));
  EXPECT_EQ(CheckId("b"), RevocationVerdict::kUnknown);
  EXPECT_EQ(CheckId("a"), RevocationVerdict::kRevoked);
  EXPECT_NE(source_->generation(), before);
  EXPECT_THAT(source_->Health(),
              IsError(AllOf(HasSubstr("max_revocation_age, 5m"), HasSubstr("revoked:2:"))));
  EXPECT_THAT(source_->Status().failures, ElementsAre(Pair("local", 1)));
  Write(Entry("b"));
  EXPECT_THAT(source_->Reload(), IsOk());
  EXPECT_THAT(source_->Health(), IsOk());
  EXPECT_EQ(CheckId("b"), RevocationVerdict::kRevoked);
  EXPECT_EQ(CheckId("c"), RevocationVerdict::kGood);
}

TEST_F(FileRevocationSourceTest, MissingFileIsNoEmptyOne) {
  ASSERT_NO_FATAL_FAILURE(Open(Entry("a")));
  std::filesystem::remove(folder_.Path("revoked"));
  EXPECT_THAT(source_->Reload(), IsError(HasSubstr("revoked")));
  EXPECT_EQ(CheckId("a"), RevocationVerdict::kRevoked);
  clock_->Advance(absl::Minutes(6));
  EXPECT_EQ(CheckId("b"), RevocationVerdict::kUnknown);
}

TEST_F(FileRevocationSourceTest, UnchangedFileDoesNotGrowOld) {
  ASSERT_NO_FATAL_FAILURE(Open(Entry("a")));
  for (int i = 0; i < 10; ++i) {
    clock_->Advance(absl::Minutes(4));
    EXPECT_THAT(source_->Reload(), IsOk());
    EXPECT_EQ(CheckId("b"), RevocationVerdict::kGood);
  }
}

TEST_F(FileRevocationSourceTest, ReadsAnewWhatAWrongClockMadeItDrop) {
  clock_->Set(absl::FromUnixSeconds(kNow) + absl::Hours(2));
  ASSERT_NO_FATAL_FAILURE(Open(Entry("a")));
  EXPECT_EQ(source_->Status().entries, 0u);
  clock_->Set(absl::FromUnixSeconds(kNow));
  EXPECT_THAT(source_->Reload(), IsOk());
  EXPECT_EQ(CheckId("a"), RevocationVerdict::kRevoked);
}

TEST_F(FileRevocationSourceTest, KnowsNothingWhereThereAreTooMany) {
  Write(Entry("a") + Entry("b") + Entry("c"));
  FileRevocationSourceOptions options = Options();
  options.max_entries = 2;
  auto source = FileRevocationSource::Create(std::move(options));
  ASSERT_THAT(source, IsOk());
  source_ = *std::move(source);
  EXPECT_EQ(CheckId("d"), RevocationVerdict::kUnknown);
  EXPECT_THAT(source_->Health(), IsError(HasSubstr("more revocations than can be remembered")));
}

TEST_F(FileRevocationSourceTest, LooksByItself) {
  Write("");
  FileRevocationSourceOptions options = Options();
  options.poll_interval = absl::Milliseconds(10);
  auto source = FileRevocationSource::Create(std::move(options));
  ASSERT_THAT(source, IsOk());
  source_ = *std::move(source);
  Write(Entry("a"));
  while (CheckId("a") != RevocationVerdict::kRevoked) std::this_thread::yield();
}

TEST_F(FileRevocationSourceTest, IsAskedWhileItIsRead) {
  ASSERT_NO_FATAL_FAILURE(Open(Entry("0")));
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) {
      EXPECT_EQ(CheckId("0"), RevocationVerdict::kRevoked);
      EXPECT_THAT(source_->Health(), IsOk());
      (void)source_->Status();
      (void)source_->generation();
    }
  });
  for (int i = 1; i < 100; ++i) {
    Write(Entry(absl::StrCat(i)));
    EXPECT_THAT(source_->Reload(), IsOk());
  }
  done = true;
  reader.join();
  EXPECT_EQ(source_->Status().entries, 100u);
}

}  // namespace
}  // namespace lanyard
