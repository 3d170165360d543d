// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/file_key_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/matchers.h"
#include "tests/sdk/temp_folder.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TempFolder;
using ::testing::AllOf;
using ::testing::HasSubstr;

class FileKeySourceTest : public ::testing::Test {
 protected:
  // Looks only when told to.
  absl::StatusOr<std::unique_ptr<FileKeySource>> Open(const std::string& path) {
    FileKeySourceOptions options;
    options.path = path;
    options.algorithms = {Algorithm::kEs256};
    options.poll_interval = absl::Hours(24);
    return FileKeySource::Create(options);
  }

  static std::string Jwks(const Key& key) { return *KeySet({key}).ToPublicJwks(); }
  static std::string IdIn(const FileKeySource& source) { return source.Current()->keys()[0].id(); }

  TempFolder folder_;
  const Key first_ = *Key::Generate(Algorithm::kEs256);
  const Key second_ = *Key::Generate(Algorithm::kEs256);
};

TEST_F(FileKeySourceTest, HasTheKeysFromTheStart) {
  const auto source = Open(folder_.Write("keys", Jwks(first_)));
  ASSERT_THAT(source, IsOk());
  EXPECT_EQ(IdIn(**source), first_.id());
  EXPECT_EQ((*source)->Current()->keys()[0].algorithm(), Algorithm::kEs256);
}

TEST_F(FileKeySourceTest, TakesPemAndDropsPrivateHalves) {
  const auto source = Open(folder_.Write("keys", *first_.ExportPrivatePem()));
  ASSERT_THAT(source, IsOk());
  EXPECT_EQ(IdIn(**source), first_.Thumbprint());
  EXPECT_FALSE((*source)->Current()->keys()[0].has_private());
}

TEST_F(FileKeySourceTest, RefusesToStartWithoutGoodKeys) {
  const std::string path = folder_.Path("keys");
  EXPECT_THAT(Open(path), IsError(HasSubstr(path)));
  folder_.Write("keys", "");
  EXPECT_THAT(Open(path), IsError(AllOf(HasSubstr(path), HasSubstr("empty"))));
  folder_.Write("keys", "{\"keys\":[]}");
  EXPECT_THAT(Open(path), IsError(AllOf(HasSubstr(path), HasSubstr("empty"))));
  folder_.Write("keys", *Key::Generate(Algorithm::kEs384)->ToPublicJwk());
  EXPECT_THAT(Open(path), IsError(AllOf(HasSubstr(path), HasSubstr("no key fits"))));
  EXPECT_THAT(Open(folder_.path()), IsError(HasSubstr("no file of keys")));
  folder_.Write("keys", Jwks(first_));
  EXPECT_THAT(Open(path), IsOk());
}

TEST_F(FileKeySourceTest, DoesNotHangOnAFifo) {
  const std::string path = folder_.Path("fifo");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(Open(path), IsError(HasSubstr("not a regular file")));
}

TEST_F(FileKeySourceTest, RefusesFilesThatAreTooLong) {
  std::string text = Jwks(first_);
  text.resize(KeySet::kMaxBytes, ' ');
  EXPECT_THAT(Open(folder_.Write("keys", text)), IsOk());
  text.push_back(' ');
  EXPECT_THAT(Open(folder_.Write("keys", text)), IsError(HasSubstr("longer than")));
}

TEST_F(FileKeySourceTest, ChecksItsOptions) {
  FileKeySourceOptions options;
  options.algorithms = {Algorithm::kEs256};
  EXPECT_THAT(FileKeySource::Create(options), IsError(HasSubstr("path")));
  options.path = folder_.Write("keys", Jwks(first_));
  options.algorithms.clear();
  EXPECT_THAT(FileKeySource::Create(options), IsError(HasSubstr("algorithms")));
  options.algorithms = {Algorithm::kEs256};
  options.poll_interval = absl::Milliseconds(9);
  EXPECT_THAT(FileKeySource::Create(options), IsError(HasSubstr("poll_interval")));
  options.poll_interval = absl::Milliseconds(10);
  EXPECT_THAT(FileKeySource::Create(options), IsOk());
}

TEST_F(FileKeySourceTest, ReloadTakesNewKeys) {
  const auto source = *Open(folder_.Write("keys", Jwks(first_)));
  const auto before = source->Current();
  folder_.Write("keys", Jwks(second_));
  EXPECT_EQ(source->Current(), before) << "nobody has looked yet";
  EXPECT_THAT(source->Reload(), IsOk());
  EXPECT_NE(source->Current(), before);
  EXPECT_EQ(IdIn(*source), second_.id());
  EXPECT_EQ(before->keys()[0].id(), first_.id()) << "a set never changes";
}

TEST_F(FileKeySourceTest, UnchangedFileKeepsTheSameSet) {
  const auto source = *Open(folder_.Write("keys", Jwks(first_)));
  const auto before = source->Current();
  EXPECT_THAT(source->Reload(), IsOk());
  EXPECT_EQ(source->Current(), before);
  // Written anew with the same contents: no verdict is thrown away for it.
  folder_.Write("keys", Jwks(first_));
  EXPECT_THAT(source->Reload(), IsOk());
  EXPECT_EQ(source->Current(), before);
}

TEST_F(FileKeySourceTest, BrokenFileNeverReplacesGoodKeys) {
  const std::string good = Jwks(first_);
  const std::string path = folder_.Write("keys", good);
  const auto source = *Open(path);
  const auto before = source->Current();
  for (const std::string& bad :
       {std::string(), std::string("{"), good.substr(0, good.size() / 2),
        std::string("{\"keys\":[]}"), *Key::Generate(Algorithm::kEs384)->ToPublicJwk(),
        std::string(KeySet::kMaxBytes + 1, ' ')}) {
    folder_.Write("keys", bad);
    EXPECT_THAT(source->Reload(), IsError(HasSubstr(path)));
    EXPECT_EQ(source->Current(), before);
  }
  folder_.Remove("keys");
  EXPECT_THAT(source->Reload(), IsError(HasSubstr(path)));
  EXPECT_EQ(source->Current(), before);
  folder_.Write("keys", good);
  EXPECT_THAT(source->Reload(), IsOk());
  EXPECT_EQ(source->Current(), before);
  folder_.Write("keys", Jwks(second_));
  EXPECT_THAT(source->Reload(), IsOk());
  EXPECT_EQ(IdIn(*source), second_.id());
}

TEST_F(FileKeySourceTest, RemovedKeyIsGone) {
  const auto source = *Open(folder_.Write("keys", *KeySet({first_, second_}).ToPublicJwks()));
  EXPECT_EQ(source->Current()->keys().size(), 2u);
  folder_.Write("keys", Jwks(second_));
  EXPECT_THAT(source->Reload(), IsOk());
  ASSERT_EQ(source->Current()->keys().size(), 1u);
  EXPECT_EQ(IdIn(*source), second_.id());
}

TEST_F(FileKeySourceTest, FollowsLinksAnewAtEachLook) {
  // As in a Kubernetes volume: keys -> ..data/keys, ..data -> the folder of one version.
  namespace fs = std::filesystem;
  for (const auto& [version, key] : {std::pair("v1", first_), std::pair("v2", second_)}) {
    fs::create_directory(folder_.Path(version));
    folder_.Write(absl::StrCat(version, "/keys"), Jwks(key));
  }
  fs::create_symlink("v1", folder_.Path("..data"));
  fs::create_symlink("..data/keys", folder_.Path("keys"));
  const auto source = *Open(folder_.Path("keys"));
  EXPECT_EQ(IdIn(*source), first_.id());
  fs::create_symlink("v2", folder_.Path("..data_tmp"));
  fs::rename(folder_.Path("..data_tmp"), folder_.Path("..data"));
  EXPECT_THAT(source->Reload(), IsOk());
  EXPECT_EQ(IdIn(*source), second_.id());
}

TEST_F(FileKeySourceTest, LooksByItself) {
  FileKeySourceOptions options;
  options.path = folder_.Write("keys", Jwks(first_));
  options.algorithms = {Algorithm::kEs256};
  options.poll_interval = absl::Milliseconds(10);
  const auto source = *FileKeySource::Create(options);
  folder_.Write("keys", Jwks(second_));
  while (IdIn(*source) != second_.id()) std::this_thread::yield();
}

TEST_F(FileKeySourceTest, ReadersAndReloadsDoNotDisturbEachOther) {
  const auto source = *Open(folder_.Write("keys", Jwks(first_)));
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const std::string id = IdIn(*source);
        EXPECT_TRUE(id == first_.id() || id == second_.id());
      }
    });
  }
  readers.emplace_back([&] {
    while (!stop) EXPECT_THAT(source->Reload(), IsOk());
  });
  for (int i = 0; i < 50; ++i) {
    folder_.Write("keys", Jwks(i % 2 == 0 ? second_ : first_));
    EXPECT_THAT(source->Reload(), IsOk());
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(IdIn(*source), first_.id());
}

// A folder of key files, as of a Kubernetes volume.
TEST_F(FileKeySourceTest, FolderIsAllItsFiles) {
  const TempFolder folder;
  EXPECT_THAT(Open(folder.path()), IsError(HasSubstr("no file of keys")));
  const Key a = *Key::Generate(Algorithm::kEs256), b = *Key::Generate(Algorithm::kEs256);
  folder.Write("a.jwks", Jwks(a));
  folder.Write("b.pem", *b.ToPublicPem());
  folder.Write(".hidden", "no keys");
  folder.Write("a.jwks~", "no keys");
  folder.Write("README", "no keys");
  folder.Write("a.jwks.bak", "no keys");
  std::filesystem::create_directory(folder.Path("..data"));
  std::filesystem::create_directory(folder.Path("more"));
  const auto source = Open(folder.path());
  ASSERT_THAT(source, IsOk());
  EXPECT_EQ((*source)->Current()->keys().size(), 2u);
  const auto before = (*source)->Current();
  EXPECT_THAT((*source)->Reload(), IsOk());
  EXPECT_EQ((*source)->Current(), before);

  // What is broken replaces nothing; what is gone is gone.
  folder.Write("c.jwk", "{");
  folder.Write("a.jwks", "{");
  EXPECT_THAT((*source)->Reload(), IsError(HasSubstr("a.jwks")));
  EXPECT_EQ((*source)->Current(), before);
  folder.Remove("b.pem");
  EXPECT_THAT((*source)->Reload(), ::testing::Not(IsOk()));
  ASSERT_EQ((*source)->Current()->keys().size(), 1u);
  EXPECT_TRUE((*source)->Current()->keys()[0].SameKeyAs(a));
  folder.Write("a.jwks", Jwks(a));
  folder.Write("c.jwk", *a.ToPublicJwk());
  EXPECT_THAT((*source)->Reload(), IsError(HasSubstr("same id")));
  folder.Remove("c.jwk");
  EXPECT_THAT((*source)->Reload(), IsOk());
  folder.Remove("a.jwks");
  EXPECT_THAT((*source)->Reload(), IsOk());
  EXPECT_TRUE((*source)->Current()->keys().empty()) << "an emptied folder trusts nobody";
  folder.Write("b.pem", *b.ToPublicPem());
  EXPECT_THAT((*source)->Reload(), IsOk());
  EXPECT_EQ((*source)->Current()->keys().size(), 1u);
}

// An emptied folder withdraws its keys; one that is not there, or holds nothing that can be read,
// does not.
TEST_F(FileKeySourceTest, FolderThatIsGoneReplacesNothing) {
  const std::string folder = folder_.Path("keys.d");
  std::filesystem::create_directory(folder);
  folder_.Write("keys.d/a.jwks", Jwks(first_));
  const auto source = Open(folder);
  ASSERT_THAT(source, IsOk());
  const auto before = (*source)->Current();
  std::filesystem::rename(folder, folder + ".away");
  EXPECT_THAT((*source)->Reload(), IsError(HasSubstr("keys.d")));
  EXPECT_EQ((*source)->Current(), before);
  std::filesystem::rename(folder + ".away", folder);
  EXPECT_THAT((*source)->Reload(), IsOk());
  std::filesystem::rename(folder + "/a.jwks", folder + "/b.jwks");
  folder_.Write("keys.d/b.jwks", "{");
  EXPECT_THAT((*source)->Reload(), IsError(HasSubstr("b.jwks")));
  EXPECT_EQ((*source)->Current(), before);
}

TEST_F(FileKeySourceTest, FolderIsHeldToTheLimitsOfASet) {
  const TempFolder folder;
  folder.Write("a.jwk", *Key::Generate(Algorithm::kEs256)->ToPublicJwk());
  folder.Write("secret.jwk", *Key::Generate(Algorithm::kHs256)->ExportPrivateJwk());
  EXPECT_THAT(Open(folder.path()), IsError(HasSubstr("HMAC")));
  folder.Remove("secret.jwk");
  for (int file = 0; file < 3; ++file) {
    std::string keys;
    for (int i = 0; i < 40; ++i) {
      absl::StrAppend(&keys, keys.empty() ? "" : ",",
                      *Key::Generate(Algorithm::kEs256)->ToPublicJwk());
    }
    folder.Write(absl::StrCat(file, ".jwks"), "{\"keys\":[" + keys + "]}");
  }
  EXPECT_THAT(Open(folder.path()), IsError(HasSubstr("at most 100")));
}

}  // namespace
}  // namespace lanyard
