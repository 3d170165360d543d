// SPDX-License-Identifier: Apache-2.0
// What may narrow a verdict from the outside: the processor that guarded the server so far, and the
// extra check. And who may read the token after that.

#include <gmock/gmock.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <gtest/gtest.h>

#include <mutex>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "tests/interceptors/gated_server.h"

namespace lanyard::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::ValuesIn;
using Headers = std::vector<std::pair<std::string, std::string>>;

constexpr char kScoped[] = "/lanyard.test.Echo/Scoped";

std::string ObserveAll() {
  return absl::StrCat(
      "settings { method: '*' enforcement: OBSERVE observe_until: '",
      absl::FormatTime(absl::RFC3339_full, absl::Now() + absl::Hours(24), absl::UTCTimeZone()),
      "' }\n");
}

// Lets in who says the word.
class WordProcessor final : public grpc::AuthMetadataProcessor {
 public:
  explicit WordProcessor(bool blocking) : blocking_(blocking) {}
  bool IsBlocking() const override { return blocking_; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext*, OutputMetadata* consumed,
                       OutputMetadata* response) override {
    const auto word = metadata.find("x-word");
    if (word == metadata.end() || word->second != "sesame") {
      return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "say the word");
    }
    consumed->emplace("x-word", "sesame");
    for (auto [it, end] = metadata.equal_range("authorization"); it != end; ++it) {
      consumed->emplace("authorization", std::string(it->second.data(), it->second.size()));
    }
    response->emplace("x-welcome", "yes");
    return grpc::Status::OK;
  }

 private:
  const bool blocking_;
};

class ExistingProcessorTest : public ::testing::TestWithParam<std::tuple<Api, bool>> {
 protected:
  void Start(const std::string& more_config) {
    server_ = std::make_unique<GatedServer>(std::get<0>(GetParam()), more_config);
    server_->options.existing_processor =
        std::make_shared<WordProcessor>(/*blocking=*/std::get<1>(GetParam()));
    server_->echo.handled().on_enter = [this](const grpc::ServerContextBase& context) {
      saw_word_ += context.client_metadata().count("x-word");
    };
    ASSERT_NO_FATAL_FAILURE(server_->Start());
    channel_ = server_->Channel();
  }
  static Headers With(Headers headers) {
    headers.emplace_back("x-word", "sesame");
    return headers;
  }
  Headers Good() const {
    return Bearer(server_->issuer.Token().Subject("svc:a").Scopes("write").Sign());
  }
  Outcome Call(const Headers& headers, CallType type = CallType::kUnary) {
    return MakeCall(channel_, type, headers);
  }

  std::atomic<int> saw_word_{0};
  std::unique_ptr<GatedServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_P(ExistingProcessorTest, ItsConsentAndTheRulesAreBothNeeded) {
  ASSERT_NO_FATAL_FAILURE(Start(""));
  for (const CallType type : kAllCallTypes) {
    const Outcome both = Call(With(Good()), type);
    EXPECT_TRUE(both.status.ok()) << both.status.error_message();
    EXPECT_EQ(both.text, "svc:a");
  }
  EXPECT_EQ(server_->echo.handled().saw_bearer, 0);
  EXPECT_EQ(saw_word_, 0);
  const int runs = server_->echo.handled().runs;
  const Outcome without_word = Call(Good());
  EXPECT_EQ(without_word.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(without_word.status.error_message(), "say the word");
  EXPECT_EQ(server_->audit->last().failure, AuthFailure::kDeniedByPolicy);
  EXPECT_THAT(server_->audit->last().detail, HasSubstr("existing"));
  EXPECT_THAT(Call(With({})).status.error_message(), StartsWith("missing token"));
  EXPECT_THAT(Call(With(Bearer("x"))).status.error_message(), StartsWith("invalid token"));
  EXPECT_EQ(server_->echo.handled().runs, runs);
}

TEST_P(ExistingProcessorTest, ItAloneDecidesWhereTheConfigObserves) {
  ASSERT_NO_FATAL_FAILURE(Start(ObserveAll()));
  EXPECT_EQ(Call(With({})).text, "(anonymous)");
  EXPECT_EQ(Call(With(Bearer("x"))).text, "(anonymous)");
  EXPECT_EQ(Call(With(Good())).text, "svc:a");
  const int runs = server_->echo.handled().runs;
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(Call({}).status.error_message(), "say the word");
  EXPECT_EQ(Call(Good()).status.error_message(), "say the word");
  EXPECT_EQ(server_->echo.handled().runs, runs);
  EXPECT_FALSE(server_->audit->last().allowed);
}

// would_deny is for calls that went through.
TEST_P(ExistingProcessorTest, ACallThatItRefusesIsNotCountedAsLetThrough) {
  ASSERT_NO_FATAL_FAILURE(Start(ObserveAll()));
  EXPECT_FALSE(Call({}).status.ok());
  EXPECT_TRUE(server_->audit->last().failure.has_value());
  EXPECT_EQ(server_->audit->last().would_deny, std::nullopt);
  EXPECT_THAT(server_->WouldDeny(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, ExistingProcessorTest,
                         ::testing::Combine(ValuesIn(kAllApis), ::testing::Bool()),
                         [](const auto& info) {
                           return NameOf(std::get<0>(info.param)) +
                                  (std::get<1>(info.param) ? "Blocking" : "");
                         });

class ExtraCheckTest : public ::testing::TestWithParam<Api> {
 protected:
  void Start(const std::string& more_config = "") {
    server_ = std::make_unique<GatedServer>(GetParam(), more_config);
    server_->options.extra_check = [this](const AllowedCall& call) {
      std::lock_guard<std::mutex> lock(mutex_);
      methods_.emplace_back(call.method());
      saw_token_ += call.Header("authorization").size();
      subject_ = call.caller().authenticated() ? call.caller().subject() : "(anonymous)";
      const auto words = call.Header("x-word");
      words_.clear();
      for (const absl::string_view word : words) words_.emplace_back(word);
      return words_.empty() ? absl::PermissionDeniedError("no word, said the check")
                            : absl::OkStatus();
    };
    ASSERT_NO_FATAL_FAILURE(server_->Start());
    channel_ = server_->Channel();
  }
  Headers Token() const { return Bearer(server_->issuer.Token().Subject("svc:a").Sign()); }

  std::mutex mutex_;
  std::vector<std::string> methods_, words_;
  std::string subject_;
  size_t saw_token_ = 0;
  std::unique_ptr<GatedServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_P(ExtraCheckTest, NarrowsWhatThePolicyAllowsAndSeesNoToken) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const CallType type : kAllCallTypes) {
    Headers headers = Token();
    const grpc::Status refused = MakeCall(channel_, type, headers).status;
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_THAT(refused.error_message(), StartsWith("permission denied [lanyard "));
    EXPECT_THAT(server_->audit->last().detail, HasSubstr("no word, said the check"));
    headers.emplace_back("x-word", "a");
    headers.emplace_back("x-word", "b");
    EXPECT_EQ(MakeCall(channel_, type, headers).text, "svc:a");
    EXPECT_THAT(words_, ElementsAre("a", "b"));
    EXPECT_EQ(subject_, "svc:a");
    EXPECT_EQ(methods_.back(), "/lanyard.test.Echo/" + NameOf(type));
  }
  EXPECT_EQ(saw_token_, 0u);
  EXPECT_EQ(server_->echo.handled().runs, 4);
}

TEST_P(ExtraCheckTest, IsNotAskedAboutCallsThatThePolicyDenies) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const char* path : {kScoped, "/lanyard.test.Echo/Unruled", "/lanyard.test.Echo/Nothing"}) {
    for (Headers headers : {Headers(), Bearer("x"), Token()}) {
      headers.emplace_back("x-word", "a");
      EXPECT_FALSE(CallPath(channel_, path, headers).ok());
    }
  }
  EXPECT_THAT(methods_, IsEmpty());
  EXPECT_TRUE(CallPath(channel_, "/lanyard.test.Echo/Open", {{"x-word", "a"}}).ok());
  EXPECT_EQ(subject_, "(anonymous)");
}

TEST_P(ExtraCheckTest, IsOnlyObservedWhereTheConfigObserves) {
  ASSERT_NO_FATAL_FAILURE(Start(ObserveAll()));
  EXPECT_EQ(MakeCall(channel_, CallType::kUnary, Token()).text, "svc:a");
  EXPECT_EQ(server_->audit->last().would_deny, AuthFailure::kDeniedByPolicy);
}

INSTANTIATE_TEST_SUITE_P(All, ExtraCheckTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

class KeepBearerTest : public ::testing::TestWithParam<Api> {};

TEST_P(KeepBearerTest, LeavesTheTokenToHandlersThatPassItOn) {
  GatedServer server(GetParam());
  server.options.keep_bearer_in_metadata = true;
  server.options.existing_processor = std::make_shared<WordProcessor>(false);
  ASSERT_NO_FATAL_FAILURE(server.Start());
  Headers headers = Bearer(server.issuer.Token().Subject("svc:a").Sign());
  headers.emplace_back("x-word", "sesame");
  for (const CallType type : kAllCallTypes) {
    EXPECT_EQ(MakeCall(server.Channel(), type, headers).text, "svc:a");
  }
  EXPECT_EQ(server.echo.handled().saw_bearer, 4);
}

INSTANTIATE_TEST_SUITE_P(All, KeepBearerTest, ValuesIn(kAllApis),
                         [](const auto& info) { return NameOf(info.param); });

}  // namespace
}  // namespace lanyard::test
