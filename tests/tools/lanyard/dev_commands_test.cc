// SPDX-License-Identifier: Apache-2.0
// What `lanyard dev init` writes serves a real server and a real client.
#include <gmock/gmock.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/command_runner.h"
#include "tests/interceptors/echo_client.h"
#include "tests/interceptors/echo_server.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::Line;
using ::lanyard::testing::ReadTextFile;
using ::lanyard::testing::RunTool;
using ::lanyard::testing::TempFile;
using ::lanyard::testing::TempPath;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

namespace fs = std::filesystem;

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

mode_t ModeOf(const std::string& path) {
  struct stat facts {};
  EXPECT_EQ(stat(path.c_str(), &facts), 0) << path;
  return facts.st_mode & 0777;
}

class DevCommandsTest : public ::testing::Test {
 protected:
  void Init() {
    const auto outcome = RunTool({"dev", "init", dir_});
    ASSERT_EQ(outcome.code, 0) << outcome;
  }
  std::string File(const std::string& name) const { return absl::StrCat(dir_, "/", name); }
  std::string Mint(const std::vector<std::string>& more) const {
    std::vector<std::string> args = {"dev", "token", dir_};
    args.insert(args.end(), more.begin(), more.end());
    const auto outcome = RunTool(args);
    EXPECT_EQ(outcome.code, 0) << outcome;
    return Line(outcome.out);
  }

  // An Echo server with the folder's files.
  void Serve(bool mutual = false) {
    ServerAuthOptions options;
    options.config_files = {File("auth.textproto")};
    options.tls.certificate_chain = File("server.crt");
    options.tls.private_key = File("server.key");
    if (mutual) options.tls.root_certificates = File("ca.pem");
    auto auth = ServerAuth::Create(options);
    ASSERT_TRUE(auth.ok()) << auth.status();
    auth_ = *std::move(auth);
    auth_->AddListeningPort(echo_.builder(), "127.0.0.1:0", &port_);
    ASSERT_TRUE(echo_.Start()) << auth_->start_error();
  }
  ClientAuthOptions Client() const {
    ClientAuthOptions options;
    options.tls.root_certificates = File("ca.pem");
    return options;
  }
  ClientAuthOptions ConfiguredClient() const {
    ClientAuthOptions options = Client();
    options.config_file = File("client.textproto");
    return options;
  }
  ClientAuthOptions ClientWith(const std::string& token) const {
    ClientAuthOptions options = Client();
    options.audience = "dev";
    options.token_source = StaticTokenSource(token);
    return options;
  }
  test::Outcome Call(ClientAuthOptions options, const std::string& host = "localhost") const {
    auto channel = CreateChannel(absl::StrCat(host, ":", port_), std::move(options));
    EXPECT_TRUE(channel.ok()) << channel.status();
    return test::MakeCall(*channel, test::CallType::kUnary);
  }
  grpc::Status CallScoped(const std::string& token) const {
    auto channel = CreateChannel(absl::StrCat("localhost:", port_), ClientWith(token));
    EXPECT_TRUE(channel.ok()) << channel.status();
    return test::CallPath(*channel, "/lanyard.test.Echo/Scoped");
  }

  const std::string dir_ = TempPath("dev");
  std::unique_ptr<ServerAuth> auth_;
  test::EchoServer echo_{test::Api::kSync};
  int port_ = 0;
};

TEST_F(DevCommandsTest, AServerTakesTheClientOfTheFolder) {
  ASSERT_NO_FATAL_FAILURE(Init());
  ASSERT_NO_FATAL_FAILURE(Serve());
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const test::Outcome outcome = Call(ConfiguredClient(), host);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
    EXPECT_EQ(outcome.text, "svc:dev");
  }
}

TEST_F(DevCommandsTest, AServerTakesAMintedTokenAndWhatItSays) {
  ASSERT_NO_FATAL_FAILURE(Init());
  ASSERT_NO_FATAL_FAILURE(Serve());
  EXPECT_EQ(Call(ClientWith(Mint({"--subject", "alice"}))).text, "alice");
  EXPECT_EQ(CallScoped(Mint({"--subject", "alice", "--scope", "read"})).error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_TRUE(CallScoped(Mint({"--subject", "alice", "--scope", "read write"})).ok());
  // As the config's own words say, by its other source.
  std::string config = ReadTextFile(File("client.textproto"));
  ASSERT_EQ(absl::StrReplaceAll({{"source: \"self\" }", "source: \"minted\" }"}}, &config), 1);
  std::ofstream(File("client.textproto")) << config;
  std::ofstream(File("token")) << Mint({"--subject", "bob"}) << "\n";
  EXPECT_EQ(Call(ConfiguredClient()).text, "bob");
}

TEST_F(DevCommandsTest, LanyardCallTakesTheFolderAsItStands) {
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  ASSERT_NO_FATAL_FAILURE(Init());
  ASSERT_NO_FATAL_FAILURE(Serve());
  const auto outcome =
      RunTool({"call", absl::StrCat("localhost:", port_), "lanyard.test.Echo/Unary", "{}", "--ca",
               File("ca.pem"), "--client", File("client.textproto")});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("\"text\": \"svc:dev\""));
}

TEST_F(DevCommandsTest, TheClientsCertificateIsForMutualTls) {
  ASSERT_NO_FATAL_FAILURE(Init());
  ASSERT_NO_FATAL_FAILURE(Serve(/*mutual=*/true));
  EXPECT_FALSE(Call(ConfiguredClient()).status.ok());
  ClientAuthOptions options = ConfiguredClient();
  options.tls.certificate_chain = File("client.crt");
  options.tls.private_key = File("client.key");
  EXPECT_EQ(Call(options).text, "svc:dev");
}

TEST_F(DevCommandsTest, AnotherFoldersTokensAndServersAreStrangers) {
  ASSERT_NO_FATAL_FAILURE(Init());
  ASSERT_NO_FATAL_FAILURE(Serve());
  const std::string other = TempPath("other");
  ASSERT_EQ(RunTool({"dev", "init", other}).code, 0);
  const std::string token = Line(RunTool({"dev", "token", other, "--subject", "alice"}).out);
  EXPECT_EQ(Call(ClientWith(token)).status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  ClientAuthOptions options = ConfiguredClient();
  options.tls.root_certificates = other + "/ca.pem";
  EXPECT_EQ(Call(options).status.error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(DevCommandsTest, TheDoctorAndTheChecksAreContent) {
  ASSERT_NO_FATAL_FAILURE(Init());
  const auto doctor =
      RunTool({"doctor", File("auth.textproto"), "--tls-certificate", File("server.crt"),
               "--tls-key", File("server.key"), "--tls-roots", File("ca.pem")});
  EXPECT_EQ(doctor.code, 0) << doctor;
  // The one thing to say of it is what it is for.
  const size_t warning = doctor.out.find("WARN");
  ASSERT_NE(warning, std::string::npos) << doctor;
  EXPECT_THAT(doctor.out.substr(warning),
              HasSubstr("for this machine alone: DNS:localhost, IP:127.0.0.1"));
  EXPECT_EQ(doctor.out.find("WARN", warning + 1), std::string::npos) << doctor;
  EXPECT_EQ(RunTool({"config", "check", File("auth.textproto")}).code, 0);
  const auto client = RunTool({"client", "check", File("client.textproto")});
  EXPECT_EQ(client.code, 0) << client;
  EXPECT_THAT(client.out, AllOf(HasSubstr("subject     svc:dev"), HasSubstr("target *\n")));
}

TEST_F(DevCommandsTest, ItsExampleOfARuleIsGood) {
  ASSERT_NO_FATAL_FAILURE(Init());
  std::string config = ReadTextFile(File("auth.textproto"));
  ASSERT_EQ(absl::StrReplaceAll({{"# rules", "rules"}}, &config), 1);
  const auto outcome = RunTool({"config", "check", TempFile("auth.textproto", config)});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("/shop.Orders/Get"));
}

TEST_F(DevCommandsTest, OnlyTheOwnerCanReadTheFiles) {
  ASSERT_NO_FATAL_FAILURE(Init());
  EXPECT_EQ(ModeOf(dir_), 0700u);
  EXPECT_THAT(NamesIn(dir_), ElementsAre(".gitignore", "auth.textproto", "ca.pem", "client.crt",
                                         "client.key", "client.textproto", "issuer.jwk",
                                         "issuer.jwks", "server.crt", "server.key"));
  for (const std::string& name : NamesIn(dir_)) EXPECT_EQ(ModeOf(File(name)), 0600u) << name;
}

TEST_F(DevCommandsTest, SaysLoudlyWhatItIsForAndNoKey) {
  const auto outcome = RunTool({"dev", "init", dir_});
  EXPECT_THAT(outcome.out, AllOf(HasSubstr("FOR LOCAL WORK ALONE"), HasSubstr("lanyard doctor "),
                                 HasSubstr(File("server.key")), Not(HasSubstr("PRIVATE KEY"))));
  for (const char* name : {"auth.textproto", "client.textproto"}) {
    EXPECT_THAT(ReadTextFile(File(name)), HasSubstr("FOR LOCAL WORK ALONE")) << name;
  }
  EXPECT_THAT(RunTool({"dev", "init", "--help"}).out, HasSubstr("FOR LOCAL WORK ALONE"));
  EXPECT_THAT(RunTool({"dev", "token", "--help"}).out, HasSubstr("FOR LOCAL WORK ALONE"));
}

TEST_F(DevCommandsTest, ReplacesNothing) {
  ASSERT_NO_FATAL_FAILURE(Init());
  const std::string before = ReadTextFile(File("issuer.jwk"));
  const auto again = RunTool({"dev", "init", dir_ + "/"});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.out, IsEmpty());
  EXPECT_THAT(again.err, HasSubstr("exists already"));
  EXPECT_EQ(ReadTextFile(File("issuer.jwk")), before);

  const std::string full = TempPath("full");
  fs::create_directory(full);
  std::ofstream(full + "/mine") << "mine";
  EXPECT_EQ(RunTool({"dev", "init", full}).code, 1);
  EXPECT_THAT(NamesIn(full), ElementsAre("mine"));

  const std::string file = TempFile("file", "mine");
  EXPECT_EQ(RunTool({"dev", "init", file}).code, 1);
  EXPECT_EQ(ReadTextFile(file), "mine");

  // Nothing half-made is left.
  EXPECT_THAT(NamesIn(TempPath("")), ElementsAre("dev", "file", "full"));
}

TEST_F(DevCommandsTest, AnEmptyFolderIsTaken) {
  fs::create_directory(dir_);
  ASSERT_NO_FATAL_FAILURE(Init());
  EXPECT_EQ(ModeOf(dir_), 0700u);
}

TEST_F(DevCommandsTest, AFolderThatCannotBeMadeIsNamed) {
  const auto outcome = RunTool({"dev", "init", TempPath("not/there")});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("not/there: "), HasSubstr("No such file")));
}

TEST_F(DevCommandsTest, AnAudienceOfOnesOwnIsThatOfItsTokensToo) {
  ASSERT_EQ(RunTool({"dev", "init", dir_, "--audience", "say \"orders\""}).code, 0);
  const auto outcome = RunTool({"dev", "token", dir_, "--subject", "alice", "--json"});
  const auto document = internal::JsonDocument::ParseObject(outcome.out);
  ASSERT_TRUE(document.ok()) << outcome;
  EXPECT_EQ(document->root().Find("claims")->Find("aud")->string(), "say \"orders\"");
  ASSERT_NO_FATAL_FAILURE(Serve());
  EXPECT_EQ(Call(ConfiguredClient()).text, "svc:dev");
}

TEST_F(DevCommandsTest, ATokenNeedsAFolderOfInit) {
  const auto missing = RunTool({"dev", "token", TempPath("none"), "--subject", "alice"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("none/auth.textproto"));
  ASSERT_NO_FATAL_FAILURE(Init());
  EXPECT_EQ(RunTool({"dev", "token", dir_}).code, 2);
  std::string config = ReadTextFile(File("auth.textproto"));
  absl::StrReplaceAll({{"name: \"dev\"", "name: \"sso\""}}, &config);
  std::ofstream(File("auth.textproto")) << config;
  const auto other = RunTool({"dev", "token", dir_, "--subject", "alice"});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.err, HasSubstr("no issuer \"dev\" in it"));
  EXPECT_THAT(other.out, IsEmpty());
}

TEST_F(DevCommandsTest, PrintsJson) {
  const auto outcome = RunTool({"dev", "init", dir_, "--json"});
  const auto document = internal::JsonDocument::ParseObject(outcome.out);
  ASSERT_TRUE(document.ok()) << outcome;
  EXPECT_EQ(document->root().Find("folder")->string(), dir_);
  std::vector<std::string> files;
  for (const auto& file : *document->root().Find("files")) files.emplace_back(file.string());
  EXPECT_EQ(files, NamesIn(dir_));
}

}  // namespace
}  // namespace lanyard::tools
