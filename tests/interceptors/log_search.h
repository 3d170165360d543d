// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_LOG_SEARCH_H_
#define LANYARD_TESTS_INTERCEPTORS_LOG_SEARCH_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "lanyard/sdk/keys/key.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/interceptors/output_search.h"

namespace lanyard::test {

// gRPC reads it when it starts, which is after this.
inline const int kVerbose = setenv("GRPC_VERBOSITY", "DEBUG", 1);

// Stands in tokens and nowhere else.
constexpr char kPrivateClaim[] = "what-only-the-payload-says";

// The key in a JWK Set, with its private half.
inline std::string PrivateJwks(const Key& key) {
  return absl::StrCat("{\"keys\":[", key.ExportPrivateJwk().value(), "]}");
}

// Collects what a test prints and what it is given, and searches all of it at the end: no secret
// may stand there, and nothing that is not safe to show.
class LogSearchTest : public ::testing::Test {
 protected:
  LogSearchTest() {
    secrets_.AddText("a private claim", kPrivateClaim);
    AddKey("the issuer's key", ec_.key());
    AddKey("the issuer's HMAC secret", hmac_.key());
  }

  void TearDown() override {
    if (HasFailure()) std::fprintf(stderr, "%s", Printed().c_str());
    haystack_.Add("the output", Printed(), Haystack::Kind::kOutput);
    EXPECT_THAT(secrets_.FoundIn(haystack_), ::testing::IsEmpty());
    EXPECT_THAT(haystack_.Unsafe(), ::testing::IsEmpty());
    EXPECT_THAT("\n" + Printed(), ::testing::Not(::testing::HasSubstr("\nFORGED")));
    std::printf("searched %zu texts, %zu bytes, for %zu tokens\n", haystack_.texts().size(),
                haystack_.bytes(), secrets_.tokens());
  }

  // What was printed; nothing is captured after the first call.
  const std::string& Printed() {
    printed_ += output_.End();
    return printed_;
  }

  void AddKey(const std::string& name, const Key& key) {
    secrets_.AddJwk(name, key.ExportPrivateJwk().value());
    if (!key.is_hmac()) secrets_.AddPem(name, key.ExportPrivatePem().value());
  }

  // A token that will be looked for.
  std::string Sign(testing::TokenBuilder token) {
    (*token.claims().mutable_private_claims())["card"].set_string_value(kPrivateClaim);
    return Secret(token.Sign());
  }
  std::string Secret(const std::string& token) {
    secrets_.AddToken(token);
    return token;
  }

  template <typename T>
  void AddError(absl::string_view where, const absl::StatusOr<T>& value) {
    EXPECT_FALSE(value.ok()) << where;
    haystack_.Add(where, value.status());
  }

  OutputCapture output_;
  Haystack haystack_;
  Secrets secrets_;
  const testing::TestIssuer ec_{Algorithm::kEs256, "test"}, hmac_{Algorithm::kHs256, "mac"};

 private:
  std::string printed_;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_LOG_SEARCH_H_
