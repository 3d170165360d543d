// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/password_hash.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "lanyard/testing/matchers.h"

namespace lanyard::internal {
namespace {

using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::StartsWith;

constexpr ScryptCost kCurrent{7, 8, 1};
const Secret kRight("correct horse battery staple");
const Secret kWrong("correct horse battery stable");

std::unique_ptr<PasswordHashes> With(ScryptCost cost, uint64_t max_memory = 64 << 20) {
  auto hashes = PasswordHashes::Create({cost, max_memory});
  EXPECT_THAT(hashes, IsOk());
  return *std::move(hashes);
}

std::string RecordOf(const Secret& password, ScryptCost cost) {
  return With(cost)->Hash(password).value();
}

// What a check did.
struct Seen {
  PasswordHashes::Verdict verdict;
  absl::Status status;
  int64_t derivations = 0;
  uint64_t cost = 0;
};
Seen Check(const PasswordHashes& hashes, std::optional<absl::string_view> record,
           const Secret& password) {
  const PasswordHashes::Work before = hashes.work();
  const auto verdict = hashes.Check(record, password);
  Seen seen;
  if (verdict.ok()) seen.verdict = *verdict;
  seen.status = verdict.status();
  seen.derivations = hashes.work().derivations - before.derivations;
  seen.cost = hashes.work().cost - before.cost;
  return seen;
}

TEST(PasswordHashTest, KnowsThePasswordAgain) {
  const auto hashes = With(kCurrent);
  const std::string record = *hashes->Hash(kRight);
  EXPECT_THAT(record, StartsWith("$scrypt$ln=7,r=8,p=1$"));
  EXPECT_FALSE(absl::StrContains(record, "horse"));
  const Seen right = Check(*hashes, record, kRight);
  EXPECT_TRUE(right.verdict.matches);
  EXPECT_FALSE(right.verdict.needs_rehash);
  EXPECT_FALSE(Check(*hashes, record, kWrong).verdict.matches);
  EXPECT_FALSE(Check(*hashes, record, Secret()).verdict.matches);
}

TEST(PasswordHashTest, TheSamePasswordHasAnotherRecordEachTime) {
  const auto hashes = With(kCurrent);
  EXPECT_NE(*hashes->Hash(kRight), *hashes->Hash(kRight));
}

// As Python's hashlib.scrypt makes it.
TEST(PasswordHashTest, KnowsRecordsOfOthersAgain) {
  const auto hashes = With(kCurrent);
  const absl::string_view record =
      "$scrypt$ln=10,r=4,p=2$AAECAwQFBgcICQoLDA0ODw$"
      "D7onDztpvQrFnPjxZx8IoIheyiv1i65eheldc62GUjE";
  EXPECT_TRUE(Check(*hashes, record, kRight).verdict.matches);
  EXPECT_FALSE(Check(*hashes, record, kWrong).verdict.matches);
}

TEST(PasswordHashTest, TheDefaultIsWhatTheDesignSays) {
  const PasswordHashesOptions options;
  EXPECT_EQ(options.cost, (ScryptCost{17, 8, 1}));
  const auto hashes = PasswordHashes::Create({});
  ASSERT_THAT(hashes, IsOk());
  const auto record = (*hashes)->Hash(kRight);
  ASSERT_THAT(record, IsOk());
  EXPECT_THAT(*record, StartsWith("$scrypt$ln=17,r=8,p=1$"));
  EXPECT_EQ(record->size(), 22 + 22 + 1 + 43u) << "16 bytes of salt, 32 of hash";
  EXPECT_TRUE(Check(**hashes, *record, kRight).verdict.matches);
}

TEST(PasswordHashTest, WhoIsThereCannotBeLearntFromTheWork) {
  const auto hashes = With(kCurrent);
  const std::string record = *hashes->Hash(kRight);
  for (const Seen& seen :
       {Check(*hashes, record, kRight), Check(*hashes, record, kWrong),
        Check(*hashes, PasswordHashes::kNobody, kRight),
        Check(*hashes, PasswordHashes::kNobody, Secret()), Check(*hashes, record, Secret()),
        Check(*hashes, "$scrypt$ln=7,r=8,p=1$broken", kRight), Check(*hashes, "", kRight)}) {
    EXPECT_EQ(seen.derivations, 1);
    EXPECT_EQ(seen.cost, kCurrent.work());
  }
}

TEST(PasswordHashTest, OldRecordsCostTheSameAsNewOnes) {
  for (const ScryptCost current : {kCurrent, ScryptCost{9, 8, 2}, ScryptCost{6, 16, 3}}) {
    const auto hashes = With(current);
    for (const ScryptCost old : {ScryptCost{1, 8, 1}, ScryptCost{4, 8, 1}, ScryptCost{6, 8, 1},
                                 ScryptCost{5, 8, 3}, ScryptCost{3, 16, 1}}) {
      const std::string record = RecordOf(kRight, old);
      const Seen right = Check(*hashes, record, kRight), wrong = Check(*hashes, record, kWrong);
      EXPECT_TRUE(right.verdict.matches && right.verdict.needs_rehash);
      EXPECT_FALSE(wrong.verdict.matches || wrong.verdict.needs_rehash);
      EXPECT_EQ(right.cost, wrong.cost);
      // To within the smallest derivation that there is.
      EXPECT_LE(wrong.cost, current.work());
      EXPECT_GT(wrong.cost + 2 * static_cast<uint64_t>(current.r), current.work());
      EXPECT_LE(wrong.derivations, 12);
    }
  }
  const Seen wrong = Check(*With(kCurrent), RecordOf(kRight, {4, 8, 1}), kWrong);
  EXPECT_EQ(wrong.cost, kCurrent.work()) << "to the last where only N has grown";
}

TEST(PasswordHashTest, DearerRecordsAreReplacedToo) {
  const ScryptCost dear{8, 8, 1};
  const Seen seen = Check(*With(kCurrent), RecordOf(kRight, dear), kRight);
  EXPECT_TRUE(seen.verdict.matches);
  EXPECT_TRUE(seen.verdict.needs_rehash);
  EXPECT_EQ(seen.cost, dear.work());
}

TEST(PasswordHashTest, ARecordThatIsNoneIsAnErrorAfterTheSameWork) {
  const auto hashes = With(kCurrent);
  for (const char* record :
       {"", "correct horse battery staple", "$argon2id$v=19$m=1,t=1,p=1$a$b"}) {
    const Seen seen = Check(*hashes, record, kRight);
    EXPECT_EQ(seen.status.code(), absl::StatusCode::kDataLoss);
    EXPECT_FALSE(absl::StrContains(seen.status.message(), "horse"));
    EXPECT_EQ(seen.cost, kCurrent.work());
  }
}

// Whoever can write to the store cannot take the memory of the service, nor its time.
TEST(PasswordHashTest, ARecordThatTakesTooMuchMemoryIsRefused) {
  const std::string record = RecordOf(kRight, {12, 8, 1});
  const auto hashes = With(kCurrent, ScryptMemory({12, 8, 1}).value() - 1);
  const Seen seen = Check(*hashes, record, kRight);
  EXPECT_THAT(seen.status, IsError(HasSubstr("takes more memory than is allowed")));
  EXPECT_EQ(seen.status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(seen.cost, kCurrent.work());
  EXPECT_TRUE(
      Check(*With(kCurrent, ScryptMemory({12, 8, 1}).value()), record, kRight).verdict.matches);
}

TEST(PasswordHashTest, RefusesACostThatMakesNoSense) {
  EXPECT_THAT(PasswordHashes::Create({{17, 8, 1}, 1 << 20}), IsError(HasSubstr("max_memory is")));
  EXPECT_THAT(PasswordHashes::Create({{0, 8, 1}, 1 << 20}), IsError(HasSubstr("out of bounds")));
}

TEST(PasswordHashTest, ManyThreadsMayCheck) {
  const auto hashes = With(kCurrent);
  const std::string record = *hashes->Hash(kRight);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) {
        EXPECT_TRUE(hashes->Check(record, kRight)->matches);
        EXPECT_FALSE(hashes->Check(record, kWrong)->matches);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(hashes->work().derivations, 1 + 4 * 40);
}

}  // namespace
}  // namespace lanyard::internal
