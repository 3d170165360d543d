// SPDX-License-Identifier: Apache-2.0
#include "lanyard/testing/test_issuer.h"

#include <google/protobuf/text_format.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "lanyard/sdk/internal/base64url.h"
#include "lanyard/sdk/internal/claims_json.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/jws.h"

namespace lanyard::testing {
namespace {

// A test that cannot make its own token has no use for going on.
template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) {
    std::fprintf(stderr, "lanyard::testing: %s\n", value.status().ToString().c_str());
    std::abort();
  }
  return *std::move(value);
}

void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  out->set_seconds(absl::ToUnixSeconds(time));
  out->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(out->seconds()))));
}

}  // namespace

TokenBuilder& TokenBuilder::Subject(absl::string_view subject) {
  claims_.set_subject(std::string(subject));
  return *this;
}
TokenBuilder& TokenBuilder::Issuer(absl::string_view issuer) {
  claims_.set_issuer(std::string(issuer));
  return *this;
}
TokenBuilder& TokenBuilder::Audience(absl::string_view audience) {
  claims_.clear_audiences();
  return AddAudience(audience);
}
TokenBuilder& TokenBuilder::AddAudience(absl::string_view audience) {
  claims_.add_audiences(std::string(audience));
  return *this;
}
TokenBuilder& TokenBuilder::Scopes(absl::string_view space_separated) {
  claims_.clear_scopes();
  for (const absl::string_view scope : absl::StrSplit(space_separated, ' ', absl::SkipEmpty())) {
    claims_.add_scopes(std::string(scope));
  }
  return *this;
}
TokenBuilder& TokenBuilder::ExpiresIn(absl::Duration from_now) {
  SetTime(now_ + from_now, claims_.mutable_expires_at());
  // An expired token was issued before it expired.
  if (claims_.expires_at().seconds() <= claims_.issued_at().seconds()) {
    SetTime(now_ + from_now - absl::Minutes(5), claims_.mutable_issued_at());
  }
  return *this;
}
TokenBuilder& TokenBuilder::NotBeforeIn(absl::Duration from_now) {
  SetTime(now_ + from_now, claims_.mutable_not_before());
  return *this;
}
TokenBuilder& TokenBuilder::IssuedIn(absl::Duration from_now) {
  SetTime(now_ + from_now, claims_.mutable_issued_at());
  return *this;
}
TokenBuilder& TokenBuilder::Type(absl::string_view type) {
  type_ = std::string(type);
  return *this;
}
TokenBuilder& TokenBuilder::KeyId(absl::string_view kid) {
  key_id_ = std::string(kid);
  return *this;
}
TokenBuilder& TokenBuilder::BoundTo(absl::string_view certificate_sha256) {
  claims_.mutable_confirmation()->set_certificate_sha256(std::string(certificate_sha256));
  return *this;
}
TokenBuilder& TokenBuilder::RawClaims(absl::string_view json) {
  raw_claims_ = std::string(json);
  return *this;
}
TokenBuilder& TokenBuilder::RawHeader(absl::string_view json) {
  raw_header_ = std::string(json);
  return *this;
}

std::string TokenBuilder::ClaimsJson() const {
  return raw_claims_.empty() ? OrDie(internal::ClaimsToJson(claims_)) : raw_claims_;
}

std::string TokenBuilder::HeaderJson() const {
  if (!raw_header_.empty()) return raw_header_;
  std::string header = absl::StrCat("{\"alg\":\"", AlgorithmName(algorithm_), "\"");
  if (!type_.empty()) {
    absl::StrAppend(&header, ",\"typ\":");
    internal::AppendJsonString(type_, &header);
  }
  if (!key_id_.empty()) {
    absl::StrAppend(&header, ",\"kid\":");
    internal::AppendJsonString(key_id_, &header);
  }
  return absl::StrCat(header, "}");
}

std::string TokenBuilder::Sign() const {
  return OrDie(internal::SignCompact(key_, algorithm_, HeaderJson(), ClaimsJson()));
}

TestIssuer::TestIssuer(Algorithm algorithm, absl::string_view name,
                       std::shared_ptr<const Clock> clock)
    : algorithm_(algorithm),
      key_(OrDie(Key::Generate(algorithm))),
      name_(name),
      issuer_(absl::StrCat("https://", name, ".example.test")),
      clock_(std::move(clock)) {}

TokenBuilder TestIssuer::Token() const {
  const absl::Time now = clock_->Now();
  TokenBuilder builder(key_, algorithm_, now);
  builder.Issuer(issuer_).Subject("svc:test").Audience("test");
  builder.IssuedIn(absl::ZeroDuration()).ExpiresIn(absl::Minutes(5));
  builder.claims().set_client_id("svc:test");
  builder.claims().set_token_id(internal::Base64UrlEncode(internal::RandomBytes(9)));
  return builder;
}

v1::Issuer TestIssuer::Config() const {
  v1::Issuer config;
  config.set_name(name_);
  config.set_issuer(issuer_);
  config.add_audiences("test");
  v1::Algorithm algorithm = v1::ALGORITHM_UNSPECIFIED;
  v1::Algorithm_Parse(std::string(AlgorithmName(algorithm_)), &algorithm);
  config.add_algorithms(algorithm);
  config.set_every_verifier_can_mint(IsHmac(algorithm_));
  // So that several can stand in one config.
  config.mutable_may_assert()->set_anything(true);
  return config;
}

std::string TestIssuer::ConfigText(absl::string_view jwks_file) const {
  v1::Issuer config = Config();
  config.set_jwks_file(std::string(jwks_file));
  std::string text;
  google::protobuf::TextFormat::PrintToString(config, &text);
  return absl::StrCat("issuers {\n", text, "}\n");
}

std::string TestIssuer::PublicJwks() const {
  if (key_.is_hmac()) return absl::StrCat("{\"keys\":[", OrDie(key_.ExportPrivateJwk()), "]}");
  return OrDie(KeySet({key_}).ToPublicJwks());
}

std::shared_ptr<const KeySource> TestIssuer::Keys() const {
  return std::make_shared<StaticKeySource>(OrDie(KeySet({key_}).BindTo({algorithm_})));
}

}  // namespace lanyard::testing
