// SPDX-License-Identifier: Apache-2.0
#include "lanyard/sdk/keys/key_fetcher.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/keys/remote_keys.h"

namespace lanyard::test {
namespace {

using internal::HttpFailure;
using ::testing::HasSubstr;

class KeyFetcherTest : public RemoteKeysTest {
 protected:
  // Again where a busy machine has let its time run out.
  absl::StatusOr<internal::HttpResponse> Get(const internal::KeyFetcher& fetcher,
                                             const std::string& url) const {
    auto response = fetcher.Get(url, "", stop_);
    for (int i = 0; i < 5 && internal::HttpFailureOf(response.status()) == HttpFailure::kTimeout;
         ++i) {
      response = fetcher.Get(url, "", stop_);
    }
    return response;
  }
  absl::StatusOr<internal::HttpResponse> Get(const RemoteKeySourceOptions& options) const {
    const auto fetcher = internal::KeyFetcher::Create(options);
    EXPECT_THAT(fetcher, testing::IsOk());
    return Get(**fetcher, options.jwks_url);
  }
  HttpFailure FailureWith(const RemoteKeySourceOptions& options) const {
    return internal::HttpFailureOf(Get(options).status());
  }

  const std::atomic<bool> stop_{false};
};

TEST_F(KeyFetcherTest, FetchesStepByStep) {
  nginx_.Start();
  const auto fetcher = internal::KeyFetcher::Create(Options());
  ASSERT_THAT(fetcher, testing::IsOk());
  const auto url = (*fetcher)->Locate(stop_);
  ASSERT_THAT(url, testing::IsOk());
  EXPECT_EQ(*url, nginx_.Url("jwks"));
  const auto response = Get(**fetcher, *url);
  ASSERT_THAT(response, testing::IsOk());
  const auto keys = (*fetcher)->KeysIn(*url, *response);
  ASSERT_THAT(keys, testing::IsOk());
  EXPECT_EQ(keys->keys().size(), 1u);
  internal::HttpResponse redirect;
  redirect.status = 302;
  EXPECT_THAT((*fetcher)->KeysIn(*url, redirect),
              testing::IsError(HasSubstr("HTTP status 302; redirects are not followed")));
}

TEST_F(KeyFetcherTest, TellsTheServersTime) {
  nginx_.Start();
  const absl::Time before = absl::Now();
  const auto response = Get(Options());
  ASSERT_THAT(response, testing::IsOk());
  ASSERT_TRUE(response->date.has_value());
  // Whole seconds, and nginx looks at its clock every so often.
  EXPECT_GE(*response->date, before - absl::Seconds(2));
  EXPECT_LE(*response->date, absl::Now());
}

TEST_F(KeyFetcherTest, ADateThatIsNoneDoesNotCount) {
  nginx_.Start("location = /jwks { return 200 \"{}\"; add_header date \"yesterday\"; }");
  const absl::Time before = absl::Now();
  const auto response = Get(Options());
  ASSERT_THAT(response, testing::IsOk());
  ASSERT_TRUE(response->date.has_value());
  EXPECT_GE(*response->date, before - absl::Seconds(2));  // nginx's own, which stands first.
}

TEST_F(KeyFetcherTest, TellsFailuresApart) {
  RemoteKeySourceOptions options = Options();
  EXPECT_EQ(FailureWith(options), HttpFailure::kConnection);
  // A label that is too long for any name: no name server is asked, so none can be slow.
  options.jwks_url = absl::StrCat("https://", std::string(64, 'a'), ".invalid/jwks");
  EXPECT_EQ(FailureWith(options), HttpFailure::kName);
  nginx_.Start();
  options = Options();
  options.ca_file.clear();
  EXPECT_EQ(FailureWith(options), HttpFailure::kTls);
  options.ca_file = files_.Path("missing");
  EXPECT_EQ(FailureWith(options), HttpFailure::kTls);
  EXPECT_THAT(Get(Options()), testing::IsOk());
  EXPECT_EQ(internal::HttpFailureOf(absl::UnavailableError("x")), HttpFailure::kOther);
}

}  // namespace
}  // namespace lanyard::test
