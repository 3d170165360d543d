// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "absl/strings/str_split.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/testing/command_runner.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::Outcome;
using ::lanyard::testing::RunTool;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kCommands[] = {
    "key new",      "key public",     "key thumbprint", "key convert",  "key rotate",
    "key revoke",   "key list",       "config check",   "client check", "client add",
    "client set",   "client disable", "client enable",  "client list",  "client show",
    "policy check", "policy list",    "policy explain", "policy diff",  "policy export",
    "token mint",   "token inspect",  "token verify",   "user add",     "user passwd",
    "user set",     "user disable",   "user enable",    "user list",    "user show",
    "dev init",     "dev token",      "call",           "revoke",       "serve",
    "doctor",       "completion",     "manual",         "version"};

std::vector<std::string> Words(absl::string_view line) { return absl::StrSplit(line, ' '); }

class EveryCommandTest : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Commands, EveryCommandTest, ::testing::ValuesIn(kCommands),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

TEST_P(EveryCommandTest, HasHelpOnStandardOutput) {
  for (const char* option : {"--help", "-h"}) {
    std::vector<std::string> args = Words(GetParam());
    args.push_back(option);
    const Outcome outcome = RunTool(args);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.out,
                AllOf(HasSubstr(std::string("Usage: lanyard ") + GetParam()), HasSubstr("--json")));
    EXPECT_THAT(outcome.err, IsEmpty());
  }
}

TEST_P(EveryCommandTest, AnswersAnUnknownOptionWithOneLineAndCode2) {
  std::vector<std::string> args = Words(GetParam());
  args.push_back("--jsn");
  const Outcome outcome = RunTool(args);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, StartsWith(std::string("lanyard ") + GetParam() + ": "));
  EXPECT_THAT(outcome.err, HasSubstr("--jsn"));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1);
}

TEST_P(EveryCommandTest, SaysErrorsToMachinesAsWell) {
  std::vector<std::string> args = Words(GetParam());
  args.insert(args.end(), {"--json", "--nonsense"});
  const Outcome outcome = RunTool(args);
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.out, StartsWith("{\"ok\":false,\"error\":\""));
  EXPECT_TRUE(internal::JsonDocument::ParseObject(outcome.out).ok()) << outcome.out;
}

TEST_P(EveryCommandTest, IsListed) { EXPECT_THAT(RunTool({"--help"}).out, HasSubstr(GetParam())); }

TEST(RunCommandTest, HelpIsThereOnEveryLevel) {
  for (const auto& args : std::vector<std::vector<std::string>>{
           {"--help"}, {"-h"}, {"help"}, {"key", "--help"}, {"help", "key"}, {"token", "-h"}}) {
    const Outcome outcome = RunTool(args);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.out, HasSubstr("Usage: lanyard"));
    EXPECT_THAT(outcome.err, IsEmpty());
  }
  EXPECT_THAT(RunTool({"key", "--help"}).out, Not(HasSubstr("token")));
  EXPECT_THAT(RunTool({"help", "key", "new"}).out, HasSubstr("Usage: lanyard key new"));
}

TEST(RunCommandTest, HelpInATokensPlaceIsNoSuccess) {
  for (const char* token : {"--help", "-h"}) {
    const std::vector<std::string> rest = {"--jwks", "f", "--issuer", "i", "--audience", "a"};
    std::vector<std::string> last = {"token", "verify"}, first = {"token", "verify", token};
    last.insert(last.end(), rest.begin(), rest.end());
    last.push_back(token);
    first.insert(first.end(), rest.begin(), rest.end());
    for (const auto& args : {last, first, {"token", "verify", "x", token}}) {
      const Outcome outcome = RunTool(args);
      EXPECT_EQ(outcome.code, 2);
      EXPECT_THAT(outcome.out, IsEmpty());
    }
  }
  EXPECT_EQ(RunTool({"help", "token", "verify", "x"}).code, 2);
}

TEST(RunCommandTest, AMissingOrUnknownCommandIsCode2AndNamesTheChoice) {
  EXPECT_EQ(RunTool({}).code, 2);
  EXPECT_THAT(RunTool({}).err, HasSubstr("key, config, client, policy, token, user, dev, call, "
                                         "revoke, serve, doctor, completion, manual, version"));
  EXPECT_EQ(RunTool({"key"}).code, 2);
  EXPECT_THAT(RunTool({"key"}).err, HasSubstr("new, public, thumbprint, convert"));
  EXPECT_THAT(RunTool({"tokne", "verify"}).err, HasSubstr("did you mean token?"));
  EXPECT_THAT(RunTool({"token", "verfy"}).err, HasSubstr("did you mean verify?"));
  EXPECT_EQ(RunTool({"toknn", "--help"}).code, 2);
}

TEST(RunCommandTest, DoesNotRepeatAWordThatMayBeAToken) {
  const Outcome outcome = RunTool({"eyJhbGciOiJub25lIn0.e30.c2VjcmV0"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, Not(HasSubstr("eyJ")));
}

TEST(RunCommandTest, OutputThatCannotBeWrittenIsAFailure) {
  std::istringstream in;
  std::ostringstream out, err;
  out.setstate(std::ios::badbit);
  EXPECT_EQ(RunCommand({"version"}, in, out, err), 1);
  EXPECT_THAT(err.str(), HasSubstr("cannot be written"));
}

TEST(VersionTest, NamesLanyardAndItsLibraries) {
  const Outcome outcome = RunTool({"version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("Lanyard 0.1.0\n"), HasSubstr("\ngRPC "),
                                 HasSubstr("\nprotobuf "), HasSubstr("SSL")));
  EXPECT_EQ(RunTool({"--version"}).out, outcome.out);
}

TEST(VersionTest, AnswersInJson) {
  const auto document = internal::JsonDocument::ParseObject(RunTool({"version", "--json"}).out);
  ASSERT_TRUE(document.ok());
  for (const char* name : {"ok", "lanyard", "grpc", "protobuf", "crypto"}) {
    EXPECT_TRUE(document->root().Find(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace lanyard::tools
