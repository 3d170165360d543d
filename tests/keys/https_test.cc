// SPDX-License-Identifier: Apache-2.0
#include "lanyard/https/https.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/http.h"
#include "lanyard/sdk/internal/secret.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_certificates.h"
#include "tests/keys/nginx_server.h"

namespace lanyard::test {
namespace {

using internal::HttpFailure;
using internal::HttpRequest;
using internal::Secret;

class HttpsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!NginxServer::IsInstalled()) GTEST_SKIP() << "SKIPPED: nginx is not installed";
    nginx_.Start("ssl_client_certificate " + files_.Client().root_certificates +
                 R"(; ssl_verify_client optional;
        location = /said {
          return 200 "$request_method,$http_authorization,$content_type,$content_length"; }
        location = /shown { return 200 "$ssl_client_verify"; })");
  }

  HttpRequest To(const std::string& path) const {
    HttpRequest request;
    request.url = nginx_.Url(path);
    request.ca_file = files_.Client().root_certificates;
    request.timeout = absl::Minutes(1);
    return request;
  }
  // The body of the answer, or what is wrong.
  std::string Post(const HttpRequest& request) const {
    const auto response = Https()->Post(request, stop_);
    return response.ok() ? response->body : std::string(response.status().message());
  }
  std::string Get(const HttpRequest& request) const {
    auto response = Https()->Get(request, stop_);
    // A GET is given up after four silent seconds, which a busy machine may have.
    for (int i = 0; i < 5 && internal::HttpFailureOf(response.status()) == HttpFailure::kTimeout;
         ++i) {
      response = Https()->Get(request, stop_);
    }
    return response.ok() ? response->body : std::string(response.status().message());
  }

  testing::TestCertificates files_;
  NginxServer nginx_{files_};
  std::atomic<bool> stop_{false};
};

TEST_F(HttpsTest, PostsAForm) {
  HttpRequest request = To("said");
  request.form = Secret("a=1&b=2");
  EXPECT_EQ(Post(request), "POST,,application/x-www-form-urlencoded,7");
  request.basic = Secret("YTpi");
  EXPECT_EQ(Post(request), "POST,Basic YTpi,application/x-www-form-urlencoded,7");
  EXPECT_EQ(Post(To("said")), "POST,,application/x-www-form-urlencoded,0");
}

// nginx answers here without waiting for the form.
TEST_F(HttpsTest, AnAnswerThatComesBeforeTheFormIsReadCounts) {
  HttpRequest request = To("said");
  request.form = Secret(std::string(256 * 1024, 'x'));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Post(request), "POST,,application/x-www-form-urlencoded,262144");
  }
}

TEST_F(HttpsTest, AGetHasNoForm) {
  HttpRequest request = To("said");
  request.form = Secret("a=1");
  EXPECT_EQ(Get(request), "GET,,,");
}

TEST_F(HttpsTest, ShowsACertificateWhereThereIsOne) {
  EXPECT_EQ(Post(To("shown")), "NONE");
  files_.Issue("client", {"DNS:client.example.test"});
  HttpRequest request = To("shown");
  request.client_certificate = files_.Read("client.crt");
  request.client_key = Secret(files_.Read("client.key"));
  EXPECT_EQ(Post(request), "SUCCESS");
  EXPECT_EQ(Get(request), "SUCCESS");
}

TEST_F(HttpsTest, AKeyOfAnotherCertificateIsAFailureOfTls) {
  files_.Issue("client", {"DNS:client.example.test"});
  HttpRequest request = To("shown");
  request.client_certificate = files_.Read("client.crt");
  request.client_key = Secret(files_.Read("server.key"));
  const auto response = Https()->Post(request, stop_);
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(internal::HttpFailureOf(response.status()), HttpFailure::kTls) << response.status();
}

TEST_F(HttpsTest, APostEndsWhenItIsStopped) {
  stop_ = true;
  EXPECT_EQ(Https()->Post(To("said"), stop_).status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace lanyard::test
