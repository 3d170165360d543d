// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/sdk/keys/key_set.h"
#include "lanyard/testing/command_runner.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::Line;
using ::lanyard::testing::Outcome;
using ::lanyard::testing::ReadTextFile;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::TempFile;
using ::lanyard::testing::TempPath;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

mode_t ModeOf(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777;
}

std::string NewKey(const std::string& algorithm) {
  const Outcome outcome = RunTool({"key", "new", "--alg", algorithm});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return outcome.out;
}

class EveryAlgorithmTest : public ::testing::TestWithParam<Algorithm> {};

INSTANTIATE_TEST_SUITE_P(Algorithms, EveryAlgorithmTest, ::testing::ValuesIn(kAllAlgorithms),
                         [](const auto& info) { return std::string(AlgorithmName(info.param)); });

TEST_P(EveryAlgorithmTest, NewKeyIsPrivateAndBoundToItsAlgorithm) {
  const auto key = Key::FromJwk(NewKey(std::string(AlgorithmName(GetParam()))));
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_TRUE(key->has_private());
  EXPECT_EQ(key->algorithm(), GetParam());
  EXPECT_EQ(key->id(), key->Thumbprint());
}

TEST_P(EveryAlgorithmTest, PublicHalfHoldsNoPrivateMember) {
  const std::string jwk = NewKey(std::string(AlgorithmName(GetParam())));
  const Outcome outcome = RunTool({"key", "public", "-"}, jwk);
  if (IsHmac(GetParam())) {
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, HasSubstr("standard input: an HMAC secret"));
    return;
  }
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto document = internal::JsonDocument::ParseObject(outcome.out);
  ASSERT_TRUE(document.ok());
  for (const char* member : {"d", "p", "q", "dp", "dq", "qi", "k"}) {
    EXPECT_FALSE(document->root().Find(member).has_value()) << member;
  }
  EXPECT_TRUE(Key::FromJwk(outcome.out)->SameKeyAs(*Key::FromJwk(jwk)));
}

TEST_P(EveryAlgorithmTest, EveryFormatAndBackIsTheSameKey) {
  if (IsHmac(GetParam())) GTEST_SKIP() << "HMAC secrets have no PEM form";
  const std::string jwk = NewKey(std::string(AlgorithmName(GetParam())));
  const Key key = *Key::FromJwk(jwk);
  for (const char* format : {"jwk", "pem", "jwks"}) {
    const Outcome there = RunTool({"key", "convert", "-", "--format", format, "--private"}, jwk);
    ASSERT_EQ(there.code, 0) << there.err;
    const Outcome back = RunTool({"key", "convert", "-", "--format=jwk", "--private"}, there.out);
    ASSERT_EQ(back.code, 0) << back.err;
    EXPECT_TRUE(Key::FromJwk(back.out)->has_private());
    EXPECT_TRUE(Key::FromJwk(back.out)->SameKeyAs(key));
  }
}

TEST(KeyNewTest, WritesAFileThatOnlyItsOwnerMayRead) {
  const std::string path = TempPath("key.jwk");
  const mode_t before = umask(0);
  const Outcome outcome = RunTool({"key", "new", "--alg", "ES256", "--out", path});
  umask(before);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, HasSubstr(path));
  EXPECT_EQ(ModeOf(path), 0600u);
  EXPECT_TRUE(Key::FromJwk(ReadTextFile(path)).ok());
}

TEST(KeyNewTest, NeverOverwritesAFileUnasked) {
  const std::string path = TempFile("key.jwk", "precious");
  const Outcome outcome = RunTool({"key", "new", "--alg", "ES256", "--out", path});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(path), HasSubstr("--force")));
  EXPECT_EQ(ReadTextFile(path), "precious");
}

TEST(KeyNewTest, ForceReplacesAFileAndItsMode) {
  const std::string path = TempFile("key.jwk", "old");
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  EXPECT_EQ(RunTool({"key", "new", "--alg", "ES256", "--out", path, "--force"}).code, 0);
  EXPECT_EQ(ModeOf(path), 0600u);
  EXPECT_TRUE(Key::FromJwk(ReadTextFile(path)).ok());
}

TEST(KeyNewTest, DoesNotWriteThroughASymbolicLink) {
  const std::string target = TempFile("target", "precious");
  const std::string link = TempPath("link");
  ASSERT_EQ(symlink(target.c_str(), link.c_str()), 0);
  EXPECT_EQ(RunTool({"key", "new", "--alg", "ES256", "--out", link}).code, 1);
  EXPECT_EQ(RunTool({"key", "new", "--alg", "ES256", "--out", link, "--force"}).code, 0);
  EXPECT_EQ(ReadTextFile(target), "precious");
}

TEST(KeyNewTest, NamesTheFolderThatIsNotThere) {
  const std::string path = TempPath("no/such/key.jwk");
  for (const bool force : {false, true}) {
    std::vector<std::string> args = {"key", "new", "--alg", "ES256", "--out", path};
    if (force) args.push_back("--force");
    const Outcome outcome = RunTool(args);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err, HasSubstr(path));
  }
}

TEST(KeyNewTest, KeepsAKeyThatWentToAFileOutOfTheJsonAnswer) {
  const std::string path = TempPath("key.jwk");
  const Outcome outcome = RunTool({"key", "new", "--alg", "ES256", "--out", path, "--json"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(internal::JsonDocument::ParseObject(outcome.out).ok()) << outcome.out;
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("\"ok\":true"), HasSubstr("\"thumbprint\""),
                                 Not(HasSubstr("\"d\":"))));
}

TEST(KeyNewTest, GivesTheKeyTheIdAskedFor) {
  EXPECT_EQ(Key::FromJwk(RunTool({"key", "new", "--alg=ES256", "--kid", "2024-a"}).out)->id(),
            "2024-a");
}

TEST(KeyNewTest, MakesRsaKeysOfTheLengthAskedFor) {
  const Outcome outcome =
      RunTool({"key", "new", "--alg", "RS256", "--rsa-bits", "3072", "--format", "pem"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("-----BEGIN PRIVATE KEY-----\n"));
  const auto document =
      internal::JsonDocument::ParseObject(*Key::FromPem(outcome.out)->ToPublicJwk());
  EXPECT_EQ(document->root().Find("n")->string().size(), 512u);  // 3072 bits in base64.
}

TEST(KeyNewTest, RefusesOptionsThatDoNotFit) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "missing --alg"},
      {{"--alg", "none"}, "--alg"},
      {{"--alg", "RS256", "--rsa-bits", "1024"}, "2048 to 8192"},
      {{"--alg", "RS256", "--rsa-bits", "2049"}, "multiple of 8"},
      {{"--alg", "ES256", "--rsa-bits", "2048"}, "--rsa-bits is for RSA"},
      {{"--alg", "HS256", "--format", "pem"}, "no PEM form"},
      {{"--alg", "ES256", "--format", "pem", "--kid", "a"}, "--kid"},
      {{"--alg", "ES256", "--format", "jwks"}, "--format"},
      {{"--alg", "ES256", "--force"}, "--force is for --out"},
      {{"--alg", "ES256", "--out", "-"}, "--out -"},
  };
  for (const auto& [options, message] : cases) {
    std::vector<std::string> args = {"key", "new"};
    args.insert(args.end(), options.begin(), options.end());
    const Outcome outcome = RunTool(args);
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(message));
    EXPECT_THAT(outcome.out, IsEmpty());
  }
}

TEST(KeyPublicTest, PrintsAJwkSetForServers) {
  const std::string path = TempFile("key.jwk", NewKey("ES256"));
  const Outcome outcome = RunTool({"key", "public", path, "--format", "jwks"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto keys = KeySet::FromJwks(outcome.out);
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_FALSE(keys->keys().front().has_private());
}

TEST(KeyPublicTest, ReadsPem) {
  const Outcome pem = RunTool({"key", "new", "--alg", "EdDSA", "--format", "pem"});
  EXPECT_THAT(RunTool({"key", "public", "-", "--format", "pem"}, pem.out).out,
              StartsWith("-----BEGIN PUBLIC KEY-----"));
}

TEST(KeyPublicTest, SeveralKeysNeedASet) {
  const std::string set = absl::StrCat("{\"keys\":[", NewKey("ES256"), ",", NewKey("EdDSA"), "]}");
  const Outcome one = RunTool({"key", "public", "-"}, set);
  EXPECT_EQ(one.code, 1);
  EXPECT_THAT(one.err, AllOf(HasSubstr("2 keys"), HasSubstr("--format jwks")));
  EXPECT_EQ(
      KeySet::FromJwks(RunTool({"key", "public", "-", "--format=jwks"}, set).out)->keys().size(),
      2u);
  EXPECT_EQ(
      KeySet::FromText(RunTool({"key", "public", "-", "--format=pem"}, set).out)->keys().size(),
      2u);
}

TEST(KeyPublicTest, NamesTheFileInErrors) {
  const std::string missing = TempPath("missing.jwk");
  EXPECT_THAT(RunTool({"key", "public", missing}).err, HasSubstr(missing));
  EXPECT_EQ(RunTool({"key", "public", missing}).code, 1);
  const std::string broken = TempFile("broken.jwk", "{\"kty\":\"EC\",\"d\":\"topsecret\"");
  const Outcome outcome = RunTool({"key", "public", broken, "--json"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr(broken), Not(HasSubstr("topsecret"))));
  EXPECT_THAT(outcome.out, AllOf(StartsWith("{\"ok\":false"), Not(HasSubstr("topsecret"))));
  EXPECT_EQ(RunTool({"key", "public", TempPath("")}).code, 1);
}

TEST(KeyPublicTest, DoesNotRepeatAKeyGivenInPlaceOfAFile) {
  for (const char* key : {"{\"kty\":\"oct\",\"k\":\"topsecret\"}", "-----BEGIN topsecret"}) {
    const Outcome outcome = RunTool({"key", "public", "--", key});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("a key or token itself"), Not(HasSubstr("topsecret"))));
  }
}

TEST(KeyPublicTest, RefusesAnInputWithoutEnd) {
  const Outcome outcome = RunTool({"key", "public", "-"}, std::string(10 << 20, ' '));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("longer than the limit"));
}

TEST(KeyPublicTest, WarnsOfKeysThatItLeavesOut) {
  const std::string set = absl::StrCat("{\"keys\":[{\"kty\":\"AKP\"},", NewKey("ES256"), "]}");
  const Outcome outcome = RunTool({"key", "public", "-", "--format=jwks"}, set);
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err, HasSubstr("warning: standard input: keys[0] left out"));
}

TEST(KeyThumbprintTest, IsThatOfRfc7638Section31) {
  const char jwk[] =
      R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"})";
  const Outcome outcome = RunTool({"key", "thumbprint", "-"}, jwk);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(Line(outcome.out), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(Line(RunTool({"key", "thumbprint", "-", "--json"}, jwk).out),
            "{\"ok\":true,\"thumbprints\":[{\"kid\":\"2011-04-29\",\"thumbprint\":"
            "\"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs\"}]}");
}

TEST(KeyThumbprintTest, WarnsOfPublishingThatOfASecret) {
  EXPECT_THAT(RunTool({"key", "thumbprint", "-"}, NewKey("HS256")).err,
              HasSubstr("do not publish"));
}

TEST(KeyConvertTest, WritesThePublicHalfUnlessAskedOtherwise) {
  const std::string jwk = NewKey("ES256");
  EXPECT_THAT(RunTool({"key", "convert", "-", "--format", "pem"}, jwk).out,
              StartsWith("-----BEGIN PUBLIC KEY-----"));
  EXPECT_THAT(RunTool({"key", "convert", "-", "--format", "pem", "--private"}, jwk).out,
              StartsWith("-----BEGIN PRIVATE KEY-----"));
}

TEST(KeyConvertTest, WritesPrivateKeysToAFileThatOnlyItsOwnerMayRead) {
  const std::string path = TempPath("key.pem");
  EXPECT_EQ(
      RunTool({"key", "convert", "-", "--format=pem", "--private", "--out", path}, NewKey("ES256"))
          .code,
      0);
  EXPECT_EQ(ModeOf(path), 0600u);
}

TEST(KeyConvertTest, RefusesHalvesThatAreNotThere) {
  const Outcome public_half = RunTool({"key", "public", "-"}, NewKey("ES256"));
  const Outcome outcome =
      RunTool({"key", "convert", "-", "--format=pem", "--private"}, public_half.out);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("without its private half"));
  EXPECT_EQ(RunTool({"key", "convert", "-", "--format=pem", "--private"}, NewKey("HS256")).code, 1);
  EXPECT_EQ(RunTool({"key", "convert", "-", "--format=jwk", "--private"}, NewKey("HS256")).code, 0);
}

TEST(KeyConvertTest, NeedsAFormatAndAFile) {
  EXPECT_THAT(RunTool({"key", "convert", "-"}).err, HasSubstr("missing --format"));
  EXPECT_THAT(RunTool({"key", "convert", "--format=jwk"}).err, HasSubstr("missing FILE|-"));
  EXPECT_EQ(RunTool({"key", "convert", "--format=jwk"}).code, 2);
}

}  // namespace
}  // namespace lanyard::tools
