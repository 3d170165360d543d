// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/tokens/file_token_source.h"
#include "lanyard/sdk/tokens/self_signed_token_source.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "tests/sdk/temp_folder.h"
#include "tests/sdk/verifier_fixture.h"

namespace lanyard {
namespace {

using ::lanyard::testing::IsError;
using ::lanyard::testing::IsOk;
using ::lanyard::testing::TempFolder;
using ::lanyard::testing::VerifierFixture;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<BearerToken> Fetch(TokenSource& source, const std::string& audience = "test") {
  absl::StatusOr<BearerToken> got = absl::UnknownError("no answer");
  int answers = 0;
  source.Fetch({audience}, [&](absl::StatusOr<BearerToken> result) {
    got = std::move(result);
    ++answers;
  });
  EXPECT_EQ(answers, 1);
  return got;
}

TEST(StaticTokenSourceTest, GivesTheSameTokenForEver) {
  const auto source = StaticTokenSource("the.static.token");
  for (const char* audience : {"a", "b", ""}) {
    const auto token = Fetch(*source, audience);
    ASSERT_THAT(token, IsOk());
    EXPECT_EQ(token->text(), "the.static.token");
    EXPECT_EQ(token->expires_at(), absl::InfiniteFuture());
  }
}

class FileTokenSourceTest : public VerifierFixture {
 protected:
  absl::StatusOr<BearerToken> FetchOf(const std::string& content) {
    const auto source = FileTokenSource(folder_.Write("token", content), clock_);
    return Fetch(*source);
  }
  TempFolder folder_;
};

TEST_F(FileTokenSourceTest, GivesTheFilesTokenUntilItExpires) {
  const std::string text = issuer_.Token().ExpiresIn(absl::Seconds(77)).Sign();
  for (const std::string& content : {text, text + "\n", "\n\t " + text + " \r\n"}) {
    const auto token = FetchOf(content);
    ASSERT_THAT(token, IsOk());
    EXPECT_EQ(token->text(), text);
    EXPECT_EQ(token->expires_at(), clock_->Now() + absl::Seconds(77));
  }
}

TEST_F(FileTokenSourceTest, GivesOpaqueTokensForFiveMinutes) {
  const auto token = FetchOf("opaque~token+/==\n");
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->text(), "opaque~token+/==");
  EXPECT_EQ(token->expires_at(), clock_->Now() + absl::Minutes(5));
}

TEST_F(FileTokenSourceTest, ReadsTheFileAnew) {
  const auto source = FileTokenSource(folder_.Write("token", "first"), clock_);
  EXPECT_EQ(Fetch(*source)->text(), "first");
  folder_.Write("token", "second");
  EXPECT_EQ(Fetch(*source)->text(), "second");
}

TEST_F(FileTokenSourceTest, FollowsLinksAnew) {
  folder_.Write("one", "first");
  folder_.Write("two", "second");
  std::filesystem::create_symlink("one", folder_.Path("token"));
  const auto source = FileTokenSource(folder_.Path("token"), clock_);
  EXPECT_EQ(Fetch(*source)->text(), "first");
  std::filesystem::create_symlink("two", folder_.Path("token.new"));
  std::filesystem::rename(folder_.Path("token.new"), folder_.Path("token"));
  EXPECT_EQ(Fetch(*source)->text(), "second");
}

TEST_F(FileTokenSourceTest, MissingFileIsAPassingFault) {
  const auto source = FileTokenSource(folder_.Path("token"), clock_);
  const auto missing = Fetch(*source);
  EXPECT_THAT(missing, IsError(HasSubstr(folder_.Path("token"))));
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kUnavailable);
  folder_.Write("token", "first");
  EXPECT_THAT(Fetch(*source), IsOk());
  EXPECT_EQ(Fetch(*FileTokenSource(folder_.path(), clock_)).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(FileTokenSourceTest, FileWithoutATokenIsFinal) {
  for (const std::string& content :
       {std::string(), std::string(" \n"), std::string("two tokens"), std::string("line\nline"),
        std::string("hidden\0", 7), std::string("Bearer hidden"), std::string("{\"hidden\":1}"),
        std::string("hidden\r\nx-header: 1")}) {
    const auto token = FetchOf(content);
    EXPECT_THAT(token, IsError(AllOf(HasSubstr(folder_.Path("token")), Not(HasSubstr("hidden")))));
    EXPECT_EQ(token.status().code(), absl::StatusCode::kUnauthenticated);
  }
}

TEST_F(FileTokenSourceTest, HalfOfATokenIsAPassingFault) {
  const std::string text = issuer_.Token().Sign();
  const size_t claims = text.find('.') + 1, signature = text.rfind('.') + 1;
  for (const size_t length : {claims, (claims + signature) / 2, signature - 1, signature,
                              signature + 1, text.size() - 1}) {
    const auto token = FetchOf(text.substr(0, length));
    EXPECT_THAT(token, IsError(AllOf(HasSubstr(folder_.Path("token")), HasSubstr("cut short"))))
        << length;
    EXPECT_EQ(token.status().code(), absl::StatusCode::kUnavailable);
  }
}

TEST_F(FileTokenSourceTest, RefusesFilesThatAreTooLong) {
  EXPECT_THAT(FetchOf(std::string(64 * 1024, 'x')), IsOk());
  EXPECT_THAT(FetchOf(std::string(64 * 1024 + 1, 'x')), IsError(HasSubstr("longer than")));
}

class SelfSignedTokenSourceTest : public VerifierFixture {
 protected:
  SelfSignedTokenSourceTest() {
    SignerOptions signer;
    signer.key = issuer_.key();
    options_.signer = *Signer::Create(signer);
    options_.issuer = issuer_.issuer();
    options_.subject = "svc:a";
    options_.clock = clock_;
  }
  SelfSignedTokenOptions options_;
};

TEST_F(SelfSignedTokenSourceTest, MakesTokensThatServersTake) {
  options_.scopes = {"read", "write"};
  const auto source = SelfSignedTokenSource(options_);
  ASSERT_THAT(source, IsOk());
  const auto token = Fetch(**source);
  ASSERT_THAT(token, IsOk());
  EXPECT_EQ(token->expires_at(), clock_->Now() + absl::Minutes(10));
  const auto caller = verifier_->Verify(token->text());
  ASSERT_THAT(caller, IsOk());
  EXPECT_TRUE(caller->Is("test", "svc:a"));
  EXPECT_EQ(caller->client_id(), "svc:a");
  EXPECT_THAT(caller->audiences(), ElementsAre("test"));
  EXPECT_THAT(caller->scopes(), ElementsAre("read", "write"));
  EXPECT_EQ(caller->expires_at(), token->expires_at());
}

TEST_F(SelfSignedTokenSourceTest, TokenIsForItsAudienceAlone) {
  const auto source = *SelfSignedTokenSource(options_);
  EXPECT_THAT(verifier_->Verify(Fetch(*source, "other")->text()),
              testing::FailsWith(AuthFailure::kWrongAudience));
}

TEST_F(SelfSignedTokenSourceTest, EachHasItsOwnId) {
  const auto source = *SelfSignedTokenSource(options_);
  const auto first = verifier_->Verify(Fetch(*source)->text());
  const auto second = verifier_->Verify(Fetch(*source)->text());
  EXPECT_NE(first->token_id(), second->token_id());
  EXPECT_GE(first->token_id().size(), 16u);
}

TEST_F(SelfSignedTokenSourceTest, LivesAsLongAsTold) {
  options_.lifetime = absl::Minutes(1);
  const auto source = *SelfSignedTokenSource(options_);
  clock_->Advance(absl::Hours(5));
  EXPECT_EQ(Fetch(*source)->expires_at(), clock_->Now() + absl::Minutes(1));
}

TEST_F(SelfSignedTokenSourceTest, ChecksItsOptions) {
  auto with = [this](auto change) {
    SelfSignedTokenOptions options = options_;
    change(&options);
    return SelfSignedTokenSource(options);
  };
  using O = SelfSignedTokenOptions;
  EXPECT_THAT(with([](O* o) { o->signer = nullptr; }), IsError(HasSubstr("signer")));
  EXPECT_THAT(with([](O* o) { o->issuer.clear(); }), IsError(HasSubstr("issuer")));
  EXPECT_THAT(with([](O* o) { o->subject.clear(); }), IsError(HasSubstr("subject")));
  EXPECT_THAT(with([](O* o) { o->clock = nullptr; }), IsError(HasSubstr("clock")));
  for (const auto& [seconds, good] :
       {std::pair(59, false), std::pair(60, true), std::pair(3600, true), std::pair(3601, false)}) {
    const int value = seconds;
    EXPECT_EQ(with([value](O* o) { o->lifetime = absl::Seconds(value); }).ok(), good) << seconds;
  }
}

}  // namespace
}  // namespace lanyard
