// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/http_request.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace lanyard::internal {
namespace {

constexpr char kHost[] = "Host: localhost\r\n";

RequestRead Read(absl::string_view text, ReceivedRequest* request = nullptr) {
  ReceivedRequest ignored;
  return ReadHttpRequest(text, request != nullptr ? request : &ignored);
}

TEST(HttpRequestTest, ReadsMethodPathAndTags) {
  ReceivedRequest request;
  ASSERT_EQ(Read("GET /a/%2e?b=/c HTTP/1.1\r\nhost:x\r\nIf-None-Match: \"a\"\r\n"
                 "IF-NONE-MATCH:W/\"b\" \r\nX:\r\n\r\nbody",
                 &request),
            RequestRead::kComplete);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.path, "/a/%2e");
  EXPECT_EQ(request.if_none_match, "\"a\",W/\"b\"");
  ASSERT_EQ(Read("get * HTTP/1.0\r\n\r\n", &request), RequestRead::kComplete);
  EXPECT_EQ(request.method, "get");
  EXPECT_EQ(request.path, "*");
  EXPECT_EQ(request.if_none_match, "");
}

TEST(HttpRequestTest, WaitsForTheEndOfTheHead) {
  const std::string whole = absl::StrCat("GET / HTTP/1.1\r\n", kHost, "\r\n");
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(Read(whole.substr(0, size)), RequestRead::kIncomplete) << size;
  }
  EXPECT_EQ(Read(whole), RequestRead::kComplete);
}

TEST(HttpRequestTest, HasABound) {
  const std::string head = absl::StrCat("GET / HTTP/1.1\r\n", kHost, "x: ");
  const std::string most = head + std::string(kMaxRequestBytes - head.size() - 4, 'x') + "\r\n\r\n";
  ASSERT_EQ(most.size(), kMaxRequestBytes);
  EXPECT_EQ(Read(most), RequestRead::kComplete);
  EXPECT_EQ(Read(head + "x" + most.substr(head.size())), RequestRead::kTooLong);
  EXPECT_EQ(Read(std::string(kMaxRequestBytes, 'x')), RequestRead::kTooLong);
  EXPECT_EQ(Read(most + std::string(100000, 'x')), RequestRead::kComplete);
}

TEST(HttpRequestTest, RefusesWhatCouldBeReadInTwoWays) {
  for (const char* line :
       {"", "GET", "GET /", "GET  / HTTP/1.1", " GET / HTTP/1.1", "GET / HTTP/1.1 ",
        "GET / HTTP/1.2", "GET / HTTP/2.0", "GET / http/1.1", "GET /a b HTTP/1.1",
        "GET\t/ HTTP/1.1", "G(T / HTTP/1.1", "GET /\xc3\xa9 HTTP/1.1", "GET /\x01 HTTP/1.1",
        "GET  HTTP/1.1", "GET /\r HTTP/1.1", "GET /\n HTTP/1.1"}) {
    EXPECT_EQ(Read(absl::StrCat(line, "\r\n", kHost, "\r\n")), RequestRead::kMalformed) << line;
  }
  for (const std::string& header :
       {std::string("x"), std::string(": x"), std::string("x : y"), std::string(" x: y"),
        std::string("\tx"), std::string("x(: y"), std::string("Host: other"),
        std::string("x: a\nb"), std::string("x: a\rb"), std::string("x: a\0b", 6),
        std::string("x: y\r\n z")}) {
    EXPECT_EQ(Read(absl::StrCat("GET / HTTP/1.1\r\n", kHost, header, "\r\n\r\n")),
              RequestRead::kMalformed)
        << header;
  }
  EXPECT_EQ(Read("GET / HTTP/1.1\r\n\r\n"), RequestRead::kMalformed) << "no host";
}

}  // namespace
}  // namespace lanyard::internal
