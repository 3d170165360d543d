// SPDX-License-Identifier: Apache-2.0
// Rules for services and methods that the server does not have keep it from starting, and say what
// was probably meant.

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::ValuesIn;

std::string Rule(const std::string& method) {
  return absl::StrCat("\n\nrules { method: '", method, "' nobody: true }\n");
}

class RuleNamesTest : public ::testing::TestWithParam<Api> {
 protected:
  // Why the server does not start; OK if it does.
  absl::Status StartWith(const std::string& rules) {
    server_ = std::make_unique<GatedServer>(GetParam());
    if (!generic()) server_->options.services.clear();
    server_->options.services.insert(server_->options.services.end(), services_.begin(),
                                     services_.end());
    server_->options.descriptor_set_files = descriptor_set_files_;
    path_ = server_->files.Write("rules", rules);
    server_->options.config_files = {path_};
    auto auth = ServerAuth::Create(server_->options);
    if (!auth.ok()) return auth.status();
    server_->auth = *std::move(auth);
    server_->auth->AddListeningPort(server_->echo.builder(), "127.0.0.1:0", &server_->port);
    if (server_->echo.Start()) return absl::OkStatus();
    EXPECT_FALSE(server_->auth->start_error().ok());
    return server_->auth->start_error();
  }
  bool generic() const {
    return GetParam() == Api::kCallbackGeneric || GetParam() == Api::kAsyncGeneric;
  }

  // A service that this program knows only from a file.
  static std::string DescriptorsOfShop() {
    google::protobuf::FileDescriptorSet set;
    google::protobuf::FileDescriptorProto& file = *set.add_file();
    file.set_name("shop.proto");
    file.set_package("shop");
    file.add_message_type()->set_name("Order");
    auto& service = *file.add_service();
    service.set_name("Orders");
    auto& method = *service.add_method();
    method.set_name("GetOrder");
    method.set_input_type(".shop.Order");
    method.set_output_type(".shop.Order");
    return set.SerializeAsString();
  }

  testing::TestCertificates files_;
  std::vector<std::string> services_, descriptor_set_files_;
  std::string path_;
  std::unique_ptr<GatedServer> server_;
};

TEST_P(RuleNamesTest, AMethodThatIsThereIsFine) {
  EXPECT_THAT(StartWith(Rule("/lanyard.test.Echo/Unruled")), IsOk());
  EXPECT_EQ(CallPath(server_->Channel(), "/lanyard.test.Echo/Unruled",
                     Bearer(server_->issuer.Token().Sign()))
                .error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

TEST_P(RuleNamesTest, AMethodThatIsNotThereIsAnErrorWithTheNearestName) {
  EXPECT_THAT(StartWith(Rule("/lanyard.test.Echo/Unruld")),
              IsError(AllOf(HasSubstr("rules:3"), HasSubstr("/lanyard.test.Echo/Unruld"),
                            HasSubstr("did you mean Unruled?"))));
  EXPECT_THAT(StartWith(Rule("/lanyard.test.Echo/unruled")),
              IsError(HasSubstr("did you mean Unruled?")));
}

TEST_P(RuleNamesTest, AServiceThatIsNotThereIsAnErrorWithTheNearestName) {
  for (const char* method : {"Unruled", "*"}) {
    EXPECT_THAT(StartWith(Rule(absl::StrCat("/lanyard.test.Ehco/", method))),
                IsError(AllOf(HasSubstr("rules:3"), HasSubstr("lanyard.test.Ehco"),
                              HasSubstr("lanyard.test.Echo"))));
    EXPECT_THAT(StartWith(Rule(absl::StrCat("/lanyard.test.echo/", method))),
                IsError(HasSubstr("lanyard.test.Echo")));
  }
  EXPECT_THAT(StartWith(Rule("/completely.Different/Thing")),
              IsError(AllOf(HasSubstr("rules:3"), HasSubstr("completely.Different"),
                            HasSubstr("ServerAuthOptions.services"))));
}

TEST_P(RuleNamesTest, AServiceThatIsOnlyLinkedInIsNotServed) {
  EXPECT_THAT(StartWith(Rule("/shop.Orders/GetOrder")), IsError(HasSubstr("shop.Orders")));
}

TEST_P(RuleNamesTest, ServicesFromDescriptorFilesCountOnceTheyAreListed) {
  descriptor_set_files_ = {files_.Write("shop.pb", DescriptorsOfShop())};
  EXPECT_THAT(StartWith(Rule("/shop.Orders/GetOrder")), IsError(HasSubstr("shop.Orders")));
  services_ = {"shop.Orders"};
  EXPECT_THAT(StartWith(Rule("/shop.Orders/GetOrder")), IsOk());
  EXPECT_THAT(StartWith(Rule("/shop.Orders/*")), IsOk());
  EXPECT_THAT(StartWith(Rule("/shop.Orders/GetOrdr")),
              IsError(AllOf(HasSubstr("rules:3"), HasSubstr("GetOrder"))));
}

TEST_P(RuleNamesTest, AServiceInTheOptionsThatNobodyDescribesIsAnError) {
  services_ = {"shop.Orders"};
  EXPECT_THAT(StartWith(""), IsError(AllOf(HasSubstr("ServerAuthOptions.services"),
                                           HasSubstr("descriptor_set_files"))));
}

TEST_P(RuleNamesTest, ABrokenDescriptorFileIsAnError) {
  descriptor_set_files_ = {files_.Write("broken.pb", "no descriptors")};
  EXPECT_THAT(StartWith(""), IsError(HasSubstr("broken.pb")));
  descriptor_set_files_ = {files_.Path("missing.pb")};
  EXPECT_THAT(StartWith(""), IsError(HasSubstr("missing.pb")));
}

TEST_P(RuleNamesTest, RulesForWhatGrpcServesItselfMayStandThere) {
  EXPECT_THAT(StartWith("rules { method: '/grpc.health.v1.Health/Check' allow { anyone: true } }\n"
                        "rules { method: '/grpc.reflection.v1.ServerReflection/*' nobody: true }\n"
                        "health: ANYONE\nreflection: ANY_AUTHENTICATED\n"),
              IsOk());
}

std::string Setting(const std::string& method) {
  return absl::StrCat("\n\nsettings { method: '", method, "' enforcement: ENFORCE }\n");
}

TEST_P(RuleNamesTest, SettingsAreHeldToTheSame) {
  EXPECT_THAT(StartWith(Setting("*")), IsOk());
  EXPECT_THAT(StartWith(Setting("/lanyard.test.Echo/*")), IsOk());
  EXPECT_THAT(StartWith(Setting("/lanyard.test.Echo/Unruled")), IsOk());
  EXPECT_THAT(StartWith(Setting("/lanyard.test.Echo/Unruld")), IsError(HasSubstr("Unruled")));
  EXPECT_THAT(StartWith(Setting("/lanyard.test.Ehco/*")), IsError(HasSubstr("lanyard.test.Echo")));
}

// "The message names the file, line and field", says ServerAuth::Create().
TEST_P(RuleNamesTest, ErrorsAboutSettingsNameTheLine) {
  EXPECT_THAT(StartWith(Setting("/lanyard.test.Echo/Unruld")), IsError(HasSubstr("rules:3")));
}

TEST_P(RuleNamesTest, AReloadIsHeldToTheSameAndChangesNothing) {
  ASSERT_THAT(StartWith(Rule("/lanyard.test.Echo/Unruled")), IsOk());
  server_->files.Write("rules", Rule("/lanyard.test.Ehco/Unruled"));
  EXPECT_THAT(server_->auth->Reload(),
              IsError(AllOf(HasSubstr("rules:3"), HasSubstr("lanyard.test.Echo"))));
  server_->files.Write("rules", Rule("/lanyard.test.Echo/Unrule"));
  EXPECT_THAT(server_->auth->Reload(), IsError(HasSubstr("Unruled")));
  EXPECT_GE(server_->auth->Config().failures, 2);
}

INSTANTIATE_TEST_SUITE_P(All, RuleNamesTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

// The other ways in learn of services from the options alone.
TEST(RuleNamesOfOtherWaysTest, CredentialsCheckThemAgainstTheOptions) {
  GatedServer server(Api::kSync);
  server.options.config_files = {server.files.Write("rules", Rule("/lanyard.test.Ehco/Unruled"))};
  ASSERT_NO_FATAL_FAILURE(server.Create());
  EXPECT_THAT(server.auth->Credentials(), IsError(HasSubstr("lanyard.test.Echo")));
  EXPECT_THAT(server.auth->GateOnlyCredentials(), IsError(HasSubstr("rules:3")));
}

}  // namespace
}  // namespace lanyard::test
