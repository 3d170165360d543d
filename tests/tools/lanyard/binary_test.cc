// SPDX-License-Identifier: Apache-2.0

// The program itself: exit codes, standard input and output of a real process.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/command_runner.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::Outcome;
using ::lanyard::testing::ReadTextFile;
using ::lanyard::testing::TempFile;
using ::lanyard::testing::TempPath;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Runs a line of shell in which $lanyard is the program and $dir this test's folder.
Outcome Shell(const std::string& line) {
  const char* binary = std::getenv("LANYARD_BINARY");
  if (binary == nullptr) {
    ADD_FAILURE() << "LANYARD_BINARY is not set";
    return {-1, "", ""};
  }
  const std::string out = TempPath("stdout"), err = TempPath("stderr");
  const std::string script = TempFile(
      "script", absl::StrCat("lanyard='", binary, "'\ndir='", TempPath(""), "'\n", line, "\n"));
  const int status = std::system(
      absl::StrCat("exec bash '", script, "' >'", out, "' 2>'", err, "' </dev/null").c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadTextFile(out), ReadTextFile(err)};
}

constexpr char kSetUp[] =
    "set -e; $lanyard key new --alg ES256 --out $dir/key.jwk --force 2>/dev/null; "
    "$lanyard key public $dir/key.jwk --format jwks >$dir/jwks.json; "
    "$lanyard token mint --key $dir/key.jwk --issuer https://i --subject svc:a --audience orders "
    ">$dir/token; set +e; verify=\"$lanyard token verify --jwks $dir/jwks.json --issuer "
    "https://i\";";

TEST(BinaryTest, AGoodTokenIsCode0) {
  const Outcome outcome = Shell(absl::StrCat(kSetUp, "$verify --audience orders - <$dir/token"));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("{\"iss\":\"https://i\",\"sub\":\"svc:a\""));
}

TEST(BinaryTest, ARefusedTokenIsCode1) {
  const Outcome outcome =
      Shell(absl::StrCat(kSetUp, "$verify --audience billing $(cat $dir/token)"));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, StartsWith("WRONG_AUDIENCE: "));
}

TEST(BinaryTest, WrongUsageIsCode2) {
  EXPECT_EQ(Shell("$lanyard").code, 2);
  EXPECT_EQ(Shell("$lanyard token verify").code, 2);
  EXPECT_EQ(Shell("$lanyard --help").code, 0);
}

TEST(BinaryTest, ReadsKeysFromAPipe) {
  const Outcome outcome = Shell(absl::StrCat(
      kSetUp,
      "$lanyard token verify --jwks <(cat $dir/jwks.json) --issuer https://i --audience "
      "orders --token-file <(cat $dir/token)"));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST(BinaryTest, TenThousandDotsAndAnEndlessInputAreMalformed) {
  for (const char* token : {"\"$(printf '%10000s' | tr ' ' .)\"", "- </dev/zero",
                            "- < <(head -c 1000000 /dev/zero | tr '\\0' .)"}) {
    const Outcome outcome = Shell(absl::StrCat(kSetUp, "$verify --audience orders ", token));
    EXPECT_EQ(outcome.code, 1) << token;
    EXPECT_THAT(outcome.err, StartsWith("MALFORMED_TOKEN: "));
  }
}

TEST(BinaryTest, OutputThatCannotBeWrittenIsNoSuccess) {
  EXPECT_EQ(Shell("$lanyard version >/dev/full").code, 1);
  const Outcome outcome =
      Shell(absl::StrCat(kSetUp, "$verify --audience orders - <$dir/token >/dev/full"));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("cannot be written"));
}

TEST(BinaryTest, VersionNamesTheLibrariesThatAreLinked) {
  const Outcome outcome = Shell("$lanyard version");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("BoringSSL"));
}

}  // namespace
}  // namespace lanyard::tools
