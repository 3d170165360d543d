// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_SDK_VERIFIER_FIXTURE_H_
#define LANYARD_TESTS_SDK_VERIFIER_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/jws.h"
#include "lanyard/sdk/verifier.h"
#include "lanyard/testing/fake_clock.h"
#include "lanyard/testing/matchers.h"
#include "lanyard/testing/test_issuer.h"

namespace lanyard::testing {

// Keys that the test may change, or take away with null.
class SwappableKeySource final : public KeySource {
 public:
  explicit SwappableKeySource(std::shared_ptr<const KeySet> keys) : keys_(std::move(keys)) {}

  std::shared_ptr<const KeySet> Current() const override {
    std::lock_guard<std::mutex> lock(mutex_);
    return keys_;
  }
  void Set(std::shared_ptr<const KeySet> keys) {
    std::lock_guard<std::mutex> lock(mutex_);
    keys_ = std::move(keys);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const KeySet> keys_;
};

// A claims set as text, member by member; values are JSON.
class ClaimsText {
 public:
  ClaimsText& Set(const std::string& name, const std::string& json) {
    for (auto& member : members_) {
      if (member.first == name) {
        member.second = json;
        return *this;
      }
    }
    return Add(name, json);
  }
  // Even if it is there already.
  ClaimsText& Add(const std::string& name, const std::string& json) {
    members_.emplace_back(name, json);
    return *this;
  }
  ClaimsText& Remove(const std::string& name) {
    for (auto it = members_.begin(); it != members_.end();) {
      it = it->first == name ? members_.erase(it) : std::next(it);
    }
    return *this;
  }
  std::string str() const {
    std::string text;
    for (const auto& [name, json] : members_) {
      absl::StrAppend(&text, text.empty() ? "{" : ",", "\"", name, "\":", json);
    }
    return absl::StrCat(text.empty() ? "{" : text, "}");
  }

 private:
  std::vector<std::pair<std::string, std::string>> members_;
};

// Counts the signatures that are checked.
class CountingConnection final : public TokenConnection {
 public:
  bool BeginSignatureCheck() override { return ++begun_ != 0; }
  void OnGoodSignature() override { ++good_; }

  int begun() const { return begun_; }
  int good() const { return good_; }

 private:
  int begun_ = 0, good_ = 0;
};

// An issuer "test" with an ES256 key, a clock that stands at 1900000000, and a verifier that trusts
// the one and looks at the other.
class VerifierFixture : public ::testing::Test {
 protected:
  static constexpr int64_t kNow = 1900000000;

  std::unique_ptr<Verifier> Make(std::vector<TrustedIssuer> issuers) const {
    VerifierOptions options;
    options.issuers = std::move(issuers);
    options.clock = clock_;
    auto verifier = Verifier::Create(std::move(options));
    EXPECT_THAT(verifier, IsOk());
    return *std::move(verifier);
  }

  // Another config for issuer_.
  std::unique_ptr<Verifier> MakeFor(const v1::Issuer& config) const {
    return Make({{config, issuer_.Keys()}});
  }

  v1::Issuer Config(v1::Profile profile, const std::vector<std::string>& custom_types = {}) const {
    v1::Issuer config = issuer_.Config();
    config.set_profile(profile);
    for (const std::string& type : custom_types) {
      config.add_custom_types(type);
      if (type == "JWT" || type == "NO_TYP") config.set_issuer_signs_access_tokens_only(true);
    }
    return config;
  }

  // The claims of a good token of issuer_.
  ClaimsText Claims() const {
    return ClaimsText()
        .Add("iss", absl::StrCat("\"", issuer_.issuer(), "\""))
        .Add("sub", "\"svc:test\"")
        .Add("aud", "\"test\"")
        .Add("exp", absl::StrCat(kNow + 300))
        .Add("iat", absl::StrCat(kNow))
        .Add("jti", "\"1\"")
        .Add("client_id", "\"svc:test\"")
        .Add("kubernetes.io", "{\"namespace\":\"test\"}");
  }

  std::string SignClaims(const std::string& claims) const {
    return issuer_.Token().RawClaims(claims).Sign();
  }
  std::string SignHeader(const std::string& header) const {
    return issuer_.Token().RawHeader(header).RawClaims(Claims().str()).Sign();
  }

  // EXPECT that a token verifies, or fails for that reason, and that whatever it is it costs at
  // most one check of a signature.
  static void ExpectVerdict(const Verifier& verifier, const std::string& token,
                            std::optional<AuthFailure> failure) {
    CountingConnection connection;
    const auto caller = verifier.Verify(token, connection);
    if (failure.has_value()) {
      EXPECT_THAT(caller, FailsWith(*failure));
    } else {
      EXPECT_THAT(caller, IsOk());
    }
    EXPECT_LE(connection.begun(), 1);
    EXPECT_EQ(connection.good(), failure == AuthFailure::kBadSignature ? 0 : connection.begun());
  }

  std::shared_ptr<FakeClock> clock_ = std::make_shared<FakeClock>(absl::FromUnixSeconds(kNow));
  TestIssuer issuer_{Algorithm::kEs256, "test", clock_};
  std::unique_ptr<Verifier> verifier_ = MakeFor(issuer_.Config());
};

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_SDK_VERIFIER_FIXTURE_H_
