// SPDX-License-Identifier: Apache-2.0
// What a server knows of revocations, from its config or its code, counts for every call and
// stream.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/revocations/revocation_source.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "tests/interceptors/eventually.h"
#include "tests/interceptors/gated_server.h"
#include "tests/interceptors/metric_values.h"

namespace lanyard::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsOk;
using ::testing::StartsWith;

// Says of every token what the test wants.
class OneVerdict final : public RevocationSource {
 public:
  explicit OneVerdict(RevocationVerdict verdict) : verdict_(verdict) {}
  RevocationVerdict Check(const TokenFacts& /*token*/) const override { return verdict_; }
  uint64_t generation() const override { return generation_; }
  absl::Status Health() const override {
    return verdict_ == RevocationVerdict::kUnknown ? absl::UnavailableError("the line is dead")
                                                   : absl::OkStatus();
  }
  RevocationSourceStatus Status() const override { return {}; }
  void Set(RevocationVerdict verdict) {
    verdict_ = verdict;
    ++generation_;
  }

 private:
  std::atomic<RevocationVerdict> verdict_;
  std::atomic<uint64_t> generation_{0};
};

class RevocationsTest : public ::testing::Test {
 protected:
  // The config with this beside what the issuer has.
  void SetIssuer(const std::string& more, const std::string& rest = "") {
    std::string issuer = server_.issuer.ConfigText();
    issuer.insert(issuer.rfind('}'), more);
    server_.options.config_text = issuer + rest;
  }
  std::string Entry(const std::string& id) const {
    return absl::StrCat("revocations { issuer: '", server_.issuer.issuer(), "' token_id: '", id,
                        "' expires_at { seconds: ", absl::ToUnixSeconds(clock_->Now()) + 3600,
                        " } }\n");
  }
  void UseFile(const std::string& text) {
    SetIssuer(absl::StrCat("revocations { file: '", server_.files.Write("revoked", text), "' }"));
  }
  std::string Token(const std::string& id) const {
    auto token = server_.issuer.Token();
    token.claims().set_token_id(id);
    return token.Sign();
  }
  grpc::Status Call(const std::string& token) {
    return MakeCall(server_.Channel(), CallType::kUnary, Bearer(token)).status;
  }

  const std::shared_ptr<testing::FakeClock> clock_ =
      std::make_shared<testing::FakeClock>(absl::Now());
  GatedServer server_{Api::kCallback, clock_};
};

TEST_F(RevocationsTest, FileRefusesWhatItNamesAndSoonWhatIsAdded) {
  UseFile(Entry("a"));
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const grpc::Status refused = Call(Token("a"));
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(refused.error_message(), StartsWith("invalid token [lanyard "));
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kRevoked);
  const std::string token = Token("b");
  EXPECT_TRUE(Call(token).ok());
  server_.files.Write("revoked", Entry("b"));
  EXPECT_TRUE(Eventually([&] { return !Call(token).ok(); }));
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kRevoked);
  EXPECT_FALSE(Call(Token("a")).ok()) << "what has left the file is no better";
}

TEST_F(RevocationsTest, StreamEndsWhenItsTokenIsRevokedAndNoOther) {
  UseFile("");
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const auto stub = Echo::NewStub(server_.Channel());
  grpc::ClientContext context, other_context;
  for (const auto& [id, of] : {std::pair("a", &context), std::pair("b", &other_context)}) {
    Limit(of);
    of->AddMetadata("authorization", "Bearer " + Token(id));
  }
  const auto stream = stub->Chat(&context), other = stub->Chat(&other_context);
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  ASSERT_TRUE(other->Write(message) && other->Read(&message));
  server_.files.Write("revoked", Entry("a"));
  EXPECT_FALSE(stream->Read(&message));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kRevoked);
  EXPECT_THAT(server_.audit->last().detail, HasSubstr("the stream was ended"));
  EXPECT_TRUE(other->Write(message) && other->Read(&message));
  other->WritesDone();
  EXPECT_FALSE(other->Read(&message));
  EXPECT_TRUE(other->Finish().ok());
}

TEST_F(RevocationsTest, RefusesAsUnavailableAndEndsStreamsWhileNobodyKnows) {
  SetIssuer("revocations {}");
  const auto source = std::make_shared<OneVerdict>(RevocationVerdict::kUnknown);
  server_.options.revocation_sources["test"] = source;
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const grpc::Status status = Call(Token("a"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), StartsWith("token cannot be verified now [lanyard "));
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kRevocationUnknown);
  EXPECT_THAT(server_.audit->last().detail, HasSubstr("the line is dead"));
  EXPECT_THAT(server_.auth->Ready(), IsError(HasSubstr("issuer test: the line is dead")));
  EXPECT_EQ(ValuesOf(server_.auth->Metrics()).at("lanyard_issuer_ready{issuer=test}"), 0);

  source->Set(RevocationVerdict::kGood);
  EXPECT_TRUE(Call(Token("a")).ok());
  EXPECT_THAT(server_.auth->Ready(), IsOk());
  const auto stub = Echo::NewStub(server_.Channel());
  grpc::ClientContext context;
  Limit(&context);
  context.AddMetadata("authorization", "Bearer " + Token("a"));
  const auto stream = stub->Chat(&context);
  Message message;
  ASSERT_TRUE(stream->Write(message) && stream->Read(&message));
  source->Set(RevocationVerdict::kUnknown);
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(RevocationsTest, SourceOfTheServersCodeNeedsNoWordInTheConfig) {
  server_.options.revocation_sources["test"] =
      std::make_shared<OneVerdict>(RevocationVerdict::kRevoked);
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  EXPECT_FALSE(Call(Token("a")).ok());
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kRevoked);
}

TEST_F(RevocationsTest, ServerDoesNotStartWithoutWhatItsConfigAsksFor) {
  SetIssuer("revocations {}");
  EXPECT_THAT(ServerAuth::Create(server_.options),
              IsError(AllOf(HasSubstr("issuer \"test\""), HasSubstr("revocations: name a file"))));
  SetIssuer("revocations { file: '/no/such/file' }");
  EXPECT_THAT(ServerAuth::Create(server_.options),
              IsError(AllOf(HasSubstr("issuer \"test\""), HasSubstr("/no/such/file"))));
  UseFile("");
  server_.options.revocation_sources["test"] =
      std::make_shared<OneVerdict>(RevocationVerdict::kGood);
  EXPECT_THAT(ServerAuth::Create(server_.options), IsError(HasSubstr("only one of them")));
  SetIssuer("revocations {}");
  server_.options.revocation_sources["test"] = nullptr;
  EXPECT_THAT(ServerAuth::Create(server_.options), IsError(HasSubstr("the source is null")));
  SetIssuer("");
  server_.options.revocation_sources = {
      {"other", std::make_shared<OneVerdict>(RevocationVerdict::kGood)}};
  EXPECT_THAT(ServerAuth::Create(server_.options), IsError(HasSubstr("no issuer named \"other\"")));
}

TEST_F(RevocationsTest, ReloadKeepsWhatIsRememberedAndMayAddAFile) {
  UseFile(Entry("a"));
  const std::string with_file = server_.options.config_text;
  SetIssuer("");
  server_.options.config_files = {server_.files.Write("config", server_.options.config_text)};
  server_.options.config_text.clear();
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  EXPECT_TRUE(Call(Token("a")).ok());
  server_.files.Write("config", with_file);
  ASSERT_THAT(server_.auth->Reload(), IsOk());
  EXPECT_FALSE(Call(Token("a")).ok());
  server_.files.Write("revoked", "");
  server_.files.Write("config", with_file + "health: ANYONE\n");
  ASSERT_THAT(server_.auth->Reload(), IsOk());
  EXPECT_FALSE(Call(Token("a")).ok());
  EXPECT_EQ(server_.audit->last().failure, AuthFailure::kRevoked);
}

TEST_F(RevocationsTest, AreCountedAndDescribed) {
  UseFile(Entry("a") + "revocations { issuer: 'other' token_id: 'b' expires_at { seconds: 9 } }\n");
  ASSERT_NO_FATAL_FAILURE(server_.Start());
  const auto values = ValuesOf(server_.auth->Metrics());
  EXPECT_EQ(values.at("lanyard_revocations{issuer=test}"), 1);
  EXPECT_EQ(values.at("lanyard_revocations_ignored_total{issuer=test}"), 1);
  EXPECT_EQ(values.at("lanyard_revocation_age_seconds{issuer=test}"), 0);
  EXPECT_GE(values.at("lanyard_revocation_reads_total{issuer=test,outcome=ok}"), 1);
  EXPECT_EQ(server_.auth->Revocations().at("test").entries, 1u);
  EXPECT_THAT(server_.auth->Describe().text,
              AllOf(HasSubstr("    revocations:\n      entries: 1\n"),
                    HasSubstr("      of_other_issuers: 1\n")));
  server_.files.Write("revoked", "revocations {");
  EXPECT_TRUE(
      Eventually([this] { return !server_.auth->Revocations().at("test").last_error.empty(); }));
  EXPECT_THAT(server_.auth->Describe().text, HasSubstr("revoked:1:"));
}

}  // namespace
}  // namespace lanyard::test
