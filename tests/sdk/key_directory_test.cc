// SPDX-License-Identifier: Apache-2.0
//
// Our own keys: what rotation and revocation leave in a folder, and what reads it.
#include "lanyard/sdk/keys/key_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <thread>

#include "lanyard/sdk/keys/key_rotation.h"
#include "lanyard/sdk/signer.h"
#include "lanyard/sdk/tokens/self_signed_token_source.h"
#include "tests/sdk/temp_folder.h"
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::FakeClock;
using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::SwappableKeySource;
using ::lanyard::testing::TempFolder;
using ::lanyard::testing::TestIssuer;
using ::testing::HasSubstr;
using State = DatedKeys::State;

class KeyDirectoryTest : public ::testing::Test {
 protected:
  absl::StatusOr<DatedKey> Rotate(RotationOptions options = {}) {
    options.algorithm = Algorithm::kEs256;
    return RotateKeys(path_, options, now_);
  }
  std::vector<State> States() const {
    const auto keys = ReadDatedKeys(path_);
    EXPECT_THAT(keys, IsOk());
    std::vector<State> states;
    for (size_t i = 0; i < keys->keys().size(); ++i) states.push_back(keys->StateOf(i, now_));
    return states;
  }
  size_t Files() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      count += entry.path().filename() != ".lock" ? 1 : 0;
    }
    return count;
  }
  // Looks only when told to.
  absl::StatusOr<std::unique_ptr<KeyDirectory>> Open(std::shared_ptr<const Clock> clock) const {
    KeyDirectoryOptions options;
    options.path = path_;
    options.poll_interval = absl::Hours(24);
    options.clock = std::move(clock);
    return KeyDirectory::Create(std::move(options));
  }

  const TempFolder folder_;
  const std::string path_ = folder_.Path("keys");
  absl::Time now_ = absl::FromUnixSeconds(1900000000);
};

TEST_F(KeyDirectoryTest, AKeyIsNextThenActiveThenRetiredThenGone) {
  const auto first = Rotate();
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->active_from, now_) << "nobody has the set without it";
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kActive));
  now_ += absl::Hours(100);
  const auto second = Rotate();
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->active_from, now_ + absl::Hours(2));
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kActive, State::kNext));
  EXPECT_THAT(Rotate(), IsError(HasSubstr("waits")));
  now_ += absl::Hours(2) - absl::Seconds(1);
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kActive, State::kNext));
  now_ += absl::Seconds(1);
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kRetired, State::kActive));
  // A token of 24 h, the leeway of five minutes, and an hour until the next fetch.
  now_ += absl::Hours(25) + absl::Minutes(5) - absl::Seconds(1);
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kRetired, State::kActive));
  now_ += absl::Seconds(1);
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kGone, State::kActive));
  EXPECT_EQ(Files(), 2u);
  ASSERT_THAT(Rotate(), IsOk());
  EXPECT_EQ(Files(), 2u) << "its file went";
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kActive, State::kNext));
}

TEST_F(KeyDirectoryTest, FilesAreForTheirOwnerAlone) {
  ASSERT_THAT(Rotate(), IsOk());
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  const std::string file = path_ + "/" + FileNameOf(ReadDatedKeys(path_)->keys()[0].key.id());
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  for (const mode_t mode : {0640, 0604, 0620, 0660, 0777}) {
    ASSERT_EQ(chmod(file.c_str(), mode), 0);
    EXPECT_THAT(ReadDatedKeys(path_), IsError(HasSubstr(file + ": others"))) << mode;
    EXPECT_THAT(Rotate(), IsError(HasSubstr("0600")));
  }
  ASSERT_EQ(chmod(file.c_str(), 0400), 0);
  EXPECT_THAT(ReadDatedKeys(path_), IsOk());
}

TEST_F(KeyDirectoryTest, WhatIsNoKeyOfOursIsAnError) {
  ASSERT_THAT(Rotate(), IsOk());
  const Key key = *Key::Generate(Algorithm::kEs256);
  const auto expect_error = [&](const std::string& name, const std::string& text,
                                const std::string& says) {
    const std::string path = folder_.Write("keys/" + name, text);
    chmod(path.c_str(), 0600);
    EXPECT_THAT(ReadDatedKeys(path_), IsError(::testing::AllOf(HasSubstr(name), HasSubstr(says))));
    folder_.Remove("keys/" + name);
  };
  const std::string jwk = *key.ExportPrivateJwk();
  const std::string dates = ",\"iat\":1,\"nbf\":1,\"keep\":1}";
  const std::string dated = jwk.substr(0, jwk.size() - 1) + dates;
  const std::string half = *key.ToPublicJwk();
  expect_error("other.jwk", dated, "its name");
  expect_error(FileNameOf(key.id()), jwk, "lanyard key rotate");
  expect_error(FileNameOf(key.id()), half.substr(0, half.size() - 1) + dates, "private");
  const Key renamed = *key.WithId("s/" + std::string(41, 'a'));
  const std::string odd = *renamed.ExportPrivateJwk();
  expect_error("x.jwk", odd.substr(0, odd.size() - 1) + dates, "thumbprint");
  expect_error(FileNameOf(key.id()), "{", "");
  expect_error(FileNameOf(key.id()), "", "");
  for (const char* bad : {"-1", "1.5", "\"1\"", "null", "253402300800"}) {
    expect_error(FileNameOf(key.id()),
                 jwk.substr(0, jwk.size() - 1) + ",\"iat\":1,\"keep\":1,\"nbf\":" + bad + "}",
                 "nbf");
  }
  folder_.Write("keys/README", "not a key");
  folder_.Write("keys/.hidden.jwk", "not a key");
  EXPECT_THAT(ReadDatedKeys(path_), IsOk());
}

TEST_F(KeyDirectoryTest, OptionsOutOfRangeAreRefused) {
  RotationOptions options;
  options.publish_ahead = absl::Minutes(9);
  EXPECT_THAT(Rotate(options), IsError(HasSubstr("publish_ahead")));
  options = {};
  options.token_lifetime = absl::Hours(24 * 32);
  EXPECT_THAT(Rotate(options), IsError(HasSubstr("token_lifetime")));
  EXPECT_THAT(RotateKeys(path_, {}, now_), IsError(HasSubstr("algorithm")));
  options = {};
  options.algorithm = Algorithm::kHs256;
  EXPECT_THAT(RotateKeys(path_, options, now_), IsError(HasSubstr("HMAC")));
  EXPECT_THAT(RotateKeys(path_ + "/no/such", options, now_), ::testing::Not(IsOk()));
  ASSERT_THAT(Rotate(), IsOk());
  now_ += absl::Hours(1);
  EXPECT_EQ(RotateKeys(path_, {}, now_)->key.algorithm(), Algorithm::kEs256) << "as the one before";
}

TEST_F(KeyDirectoryTest, RevokedKeyHandsOverToTheNext) {
  const auto first = Rotate();
  now_ += absl::Hours(100);
  const auto second = Rotate();
  now_ += absl::Minutes(1);
  const auto active = RevokeKey(path_, first->key.id(), now_);
  ASSERT_THAT(active, IsOk());
  EXPECT_EQ(active->active.key.id(), second->key.id());
  EXPECT_EQ(active->active.active_from, now_) << "now, though it was to wait";
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kActive));
}

TEST_F(KeyDirectoryTest, RevokedKeyWithoutNextIsReplaced) {
  const auto first = Rotate();
  now_ += absl::Hours(100);
  const auto active = RevokeKey(path_, first->key.id(), now_);
  ASSERT_THAT(active, IsOk());
  EXPECT_NE(active->active.key.id(), first->key.id());
  EXPECT_EQ(active->active.key.algorithm(), first->key.algorithm());
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kActive));
}

TEST_F(KeyDirectoryTest, RevokedNextLeavesTheActiveOneInPlace) {
  const auto first = Rotate();
  now_ += absl::Hours(100);
  const auto second = Rotate();
  EXPECT_EQ(RevokeKey(path_, second->key.id(), now_)->active.key.id(), first->key.id());
  now_ += absl::Hours(1000);
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kActive)) << "nothing ends it any more";
  EXPECT_FALSE(RevokeKey(path_, second->key.id(), now_)->found);
  EXPECT_THAT(RevokeKey(path_ + "x", "k", now_), ::testing::Not(IsOk()));
}

TEST_F(KeyDirectoryTest, RevokingBringsNoGoneKeyBack) {
  const auto first = Rotate();
  now_ += absl::Hours(100);
  const auto second = Rotate();
  now_ += absl::Hours(100);
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kGone, State::kActive));
  ASSERT_THAT(RevokeKey(path_, second->key.id(), now_), IsOk());
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kGone, State::kActive));
  ASSERT_THAT(Rotate(), IsOk());
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kActive, State::kNext));
  EXPECT_NE(ReadDatedKeys(path_)->keys()[0].key.id(), first->key.id());
}

TEST_F(KeyDirectoryTest, RevokingLengthensNoOthersLife) {
  ASSERT_THAT(Rotate(), IsOk());
  now_ += absl::Hours(100);
  const auto second = Rotate();
  now_ += absl::Hours(3);
  EXPECT_THAT(States(), ::testing::ElementsAre(State::kRetired, State::kActive));
  const absl::Time gone = ReadDatedKeys(path_)->GoneFrom(0);
  for (int i = 0; i < 3; ++i) {
    now_ += absl::Hours(1);
    const std::string active = ReadDatedKeys(path_)->Active(now_)->key.id();
    ASSERT_THAT(RevokeKey(path_, active, now_), IsOk());
    EXPECT_EQ(ReadDatedKeys(path_)->GoneFrom(0), gone);
  }
}

// What a leak needs must not fail for another reason.
TEST_F(KeyDirectoryTest, RevokesBesideFilesThatAreBroken) {
  const auto first = Rotate();
  chmod(folder_.Write("keys/broken.jwk", "{").c_str(), 0600);
  EXPECT_THAT(Rotate(), IsError(HasSubstr("broken.jwk")));
  const auto revocation = RevokeKey(path_, first->key.id(), now_);
  ASSERT_THAT(revocation, IsOk());
  ASSERT_EQ(revocation->broken.size(), 1u);
  EXPECT_THAT(revocation->broken[0], IsError(HasSubstr("broken.jwk")));
  // And the broken one itself, if it is the one.
  const std::string file = path_ + "/" + FileNameOf(revocation->active.key.id());
  folder_.Remove("keys/broken.jwk");
  now_ += absl::Hours(100);
  ASSERT_THAT(Rotate(), IsOk());
  chmod(file.c_str(), 0644);
  EXPECT_TRUE(RevokeKey(path_, revocation->active.key.id(), now_)->found);
  EXPECT_FALSE(std::filesystem::exists(file));
  for (const char* id : {"", "x", "../../../../../../../../../../../../../../../etc"}) {
    EXPECT_FALSE(RevokeKey(path_, id, now_)->found);
  }
}

TEST_F(KeyDirectoryTest, TokenLifetimeGoesWithTheKey) {
  RotationOptions options;
  options.token_lifetime = absl::Hours(24 * 31);
  ASSERT_THAT(Rotate(options), IsOk());
  now_ += absl::Hours(100);
  ASSERT_THAT(Rotate(), IsOk());
  const auto gone = [this](size_t i) { return ReadDatedKeys(path_)->GoneFrom(i) - now_; };
  EXPECT_EQ(gone(0), absl::Hours(2 + 24 * 31 + 1) + absl::Minutes(5));
  now_ += absl::Hours(100);
  options.token_lifetime = absl::Hours(1);
  ASSERT_THAT(Rotate(options), IsOk());
  EXPECT_EQ(gone(1), absl::Hours(2 + 24 * 31 + 1) + absl::Minutes(5)) << "as the one before";
}

TEST_F(KeyDirectoryTest, NoMoreKeysThanVerifiersTake) {
  RotationOptions options;
  options.publish_ahead = absl::Minutes(10);
  absl::Status status;
  int keys = 0;
  for (; status.ok() && keys < 200; ++keys) {
    status = Rotate(options).status();
    now_ += absl::Minutes(10);
  }
  EXPECT_THAT(status, IsError(HasSubstr("rotate less often")));
  EXPECT_EQ(keys, 91);
  now_ += absl::Hours(100);
  EXPECT_THAT(Rotate(options), IsOk()) << "and goes on when some are gone";
}

// Whoever holds the lock for good holds nobody else up for good.
TEST_F(KeyDirectoryTest, LockThatIsNeverReleasedIsAnError) {
  const auto key = Rotate();
  const int lock = open((path_ + "/.lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  EXPECT_THAT(RevokeKey(path_, key->key.id(), now_), IsError(HasSubstr("held this lock")));
  close(lock);
  EXPECT_THAT(RevokeKey(path_, key->key.id(), now_), IsOk());
}

// A file that has no name yet is what a process leaves that dies while it writes.
TEST_F(KeyDirectoryTest, UnfinishedFilesAreNoKeysAndGo) {
  ASSERT_THAT(Rotate(), IsOk());
  folder_.Write("keys/.abcdefghijkl.jwk.XyZ123", "half a key");
  EXPECT_THAT(ReadDatedKeys(path_), IsOk());
  EXPECT_FALSE(RevokeKey(path_, "x", now_)->found);
  EXPECT_FALSE(std::filesystem::exists(path_ + "/.abcdefghijkl.jwk.XyZ123"));
}

TEST_F(KeyDirectoryTest, FoldersThatOthersMayWriteToAreRefused) {
  ASSERT_THAT(Rotate(), IsOk());
  for (const mode_t mode : {0770, 0702, 0777, 01777}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    EXPECT_THAT(ReadDatedKeys(path_), IsError(HasSubstr("0700")));
    EXPECT_THAT(Rotate(), IsError(HasSubstr("0700")));
    EXPECT_THAT(RevokeKey(path_, "x", now_), IsError(HasSubstr("0700")));
  }
  ASSERT_EQ(chmod(path_.c_str(), 0700), 0);
}

TEST_F(KeyDirectoryTest, WhatBelongsToAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "SKIPPED: needs root to give a file away";
  ASSERT_THAT(Rotate(), IsOk());
  const std::string file = path_ + "/" + FileNameOf(ReadDatedKeys(path_)->keys()[0].key.id());
  ASSERT_EQ(chown(file.c_str(), 65534, 65534), 0);
  EXPECT_THAT(ReadDatedKeys(path_), IsError(HasSubstr("another user's")));
  ASSERT_EQ(chown(file.c_str(), 0, 0), 0);
  ASSERT_EQ(chown(path_.c_str(), 65534, 65534), 0);
  EXPECT_THAT(Rotate(), IsError(HasSubstr("run this as its owner")));
}

TEST_F(KeyDirectoryTest, TwoWhoRotateAtOnceMakeOneKey) {
  ASSERT_THAT(Rotate(), IsOk());
  now_ += absl::Hours(100);
  std::atomic<int> made{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { made += RotateKeys(path_, {}, now_).ok(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(Files(), 2u);
}

TEST_F(KeyDirectoryTest, SignerFollowsTheTimesOfTheFolder) {
  auto clock = std::make_shared<FakeClock>(now_);
  EXPECT_THAT(Open(clock), ::testing::Not(IsOk()));
  const auto first = Rotate();
  const std::shared_ptr<KeyDirectory> keys = *Open(clock);
  SignerOptions options;
  options.key_directory = keys;
  const auto signer = Signer::Create(std::move(options));
  ASSERT_THAT(signer, IsOk());
  const auto signs = [&] {
    v1::Claims claims;
    claims.set_subject("svc:a");
    const auto jws = internal::ParseJws(*(*signer)->Sign(claims), 1 << 14);
    return jws.ok() ? jws->header->key_id.value_or("") : "";
  };
  EXPECT_EQ(signs(), first->key.id());
  now_ += absl::Hours(100);
  clock->Set(now_);
  const auto second = Rotate();
  EXPECT_EQ(keys->Current()->keys().size(), 1u);
  EXPECT_THAT(keys->Reload(), IsOk());
  EXPECT_EQ(keys->Current()->keys().size(), 2u) << "published before it signs";
  EXPECT_THAT(keys->Current()->ToPublicJwks(), IsOk());
  EXPECT_EQ(signs(), first->key.id());
  clock->Advance(absl::Hours(2));
  EXPECT_EQ(signs(), second->key.id()) << "without another look at the folder";
  const auto published = keys->Current();
  EXPECT_THAT(keys->Reload(), IsOk());
  EXPECT_EQ(keys->Current(), published) << "the same keys keep their verdicts";
  clock->Advance(absl::Hours(26));
  EXPECT_THAT(keys->Reload(), IsOk());
  EXPECT_EQ(keys->Current()->keys().size(), 1u);
  // A broken folder replaces nothing, but keys whose time or whose file is over go; a clock that is
  // behind has a key to sign with.
  folder_.Write("keys/bad.jwk", "{");
  EXPECT_THAT(keys->Reload(), ::testing::Not(IsOk()));
  EXPECT_THAT(keys->Health(), ::testing::Not(IsOk()));
  EXPECT_EQ(signs(), second->key.id());
  std::filesystem::remove(path_ + "/" + FileNameOf(first->key.id()));
  EXPECT_THAT(keys->Reload(), ::testing::Not(IsOk()));
  clock->Set(absl::FromUnixSeconds(1));
  EXPECT_EQ(signs(), second->key.id()) << "a clock that is behind has a key to sign with";
  folder_.Remove("keys/bad.jwk");
  EXPECT_THAT(keys->Reload(), IsOk());
  EXPECT_THAT(keys->Health(), IsOk());
}

TEST_F(KeyDirectoryTest, SignerTakesAKeyOrADirectory) {
  ASSERT_THAT(Rotate(), IsOk());
  SignerOptions options;
  options.key_directory = *Open(SystemClock());
  options.key = *Key::Generate(Algorithm::kEs256);
  EXPECT_THAT(Signer::Create(options), IsError(HasSubstr("key_directory")));
  options.key.reset();
  options.algorithm = Algorithm::kEs256;
  EXPECT_THAT(Signer::Create(options), IsError(HasSubstr("key_directory")));
}

// Rotations under way for a day: two replicas of the issuer whose clocks are 20 s apart, verifiers
// that fetch once an hour at any minute of it, tokens verified when they are made and at their end.
// Returns how many were refused, and adds up those that were looked at.
int RefusedInADay(const std::string& path, absl::Duration publish_ahead, int* looked_at) {
  const absl::Time start = absl::FromUnixSeconds(1900000000);
  auto clock = std::make_shared<FakeClock>(start);
  auto ahead = std::make_shared<FakeClock>(start + absl::Seconds(10));
  auto behind = std::make_shared<FakeClock>(start - absl::Seconds(10));
  RotationOptions rotation;
  rotation.algorithm = Algorithm::kEs256;
  rotation.publish_ahead = publish_ahead;
  rotation.token_lifetime = absl::Minutes(30);
  EXPECT_THAT(RotateKeys(path, rotation, clock->Now()), IsOk());

  std::vector<std::shared_ptr<KeyDirectory>> directories;
  std::vector<std::shared_ptr<TokenSource>> signers;
  for (const auto& skewed : {ahead, behind}) {
    KeyDirectoryOptions options;
    options.path = path;
    options.clock = skewed;
    options.poll_interval = absl::Hours(24);
    directories.push_back(*KeyDirectory::Create(options));
    SignerOptions signer;
    signer.key_directory = directories.back();
    SelfSignedTokenOptions tokens;
    tokens.signer = *Signer::Create(std::move(signer));
    tokens.issuer = "https://issuer.test";
    tokens.subject = "svc:a";
    tokens.lifetime = absl::Minutes(30);
    tokens.clock = skewed;
    signers.push_back(*SelfSignedTokenSource(std::move(tokens)));
  }
  struct Server {
    std::shared_ptr<SwappableKeySource> keys;
    std::unique_ptr<Verifier> verifier;
  };
  std::vector<Server> servers;
  v1::Issuer config = TestIssuer().Config();
  config.set_issuer("https://issuer.test");
  for (int i = 0; i < 6; ++i) {
    Server server;
    server.keys = std::make_shared<SwappableKeySource>(directories[0]->Current());
    VerifierOptions options;
    options.issuers = {{config, server.keys}};
    options.clock = clock;
    options.cache_bytes = 0;
    server.verifier = *Verifier::Create(std::move(options));
    servers.push_back(std::move(server));
  }
  std::deque<std::pair<absl::Time, std::string>> old;  // When to look at a token again.
  int refused = 0;
  const auto look_at = [&](absl::string_view token) {
    for (const Server& server : servers) {
      ++*looked_at;
      refused += server.verifier->Verify(token).ok() ? 0 : 1;
    }
  };
  for (int minute = 1; minute <= 24 * 60; ++minute) {
    for (const auto& c : {clock, ahead, behind}) c->Advance(absl::Minutes(1));
    if (minute % 300 == 30) {
      EXPECT_THAT(RotateKeys(path, rotation, clock->Now()), IsOk());
    }
    for (const auto& directory : directories) EXPECT_THAT(directory->Reload(), IsOk());
    for (int i = 0; i < 6; ++i) {
      // From either replica, as it would publish them.
      if (minute % 60 == i * 10) servers[i].keys->Set(directories[minute % 2]->Current());
    }
    if (minute % 3 != 0) continue;
    for (const auto& signer : signers) {
      signer->Fetch({"test"}, [&](absl::StatusOr<BearerToken> token) {
        look_at(token->text());
        old.emplace_back(clock->Now() + absl::Minutes(30), std::string(token->text()));
      });
    }
    for (; !old.empty() && old.front().first <= clock->Now(); old.pop_front()) {
      look_at(old.front().second);
    }
  }
  return refused;
}

TEST_F(KeyDirectoryTest, RotationRefusesNobodyAtTheLongestRefreshInterval) {
  int looked_at = 0;
  EXPECT_EQ(RefusedInADay(path_, RotationOptions().publish_ahead, &looked_at), 0);
  EXPECT_GT(looked_at, 10000);
  std::cout << looked_at << " verdicts, none of them a refusal\n";
}

// That the test above can fail.
TEST_F(KeyDirectoryTest, KeysThatArePublishedTooLateAreMissed) {
  int looked_at = 0;
  EXPECT_GT(RefusedInADay(path_, absl::Minutes(10), &looked_at), 0);
}

}  // namespace
}  // namespace lanyard
