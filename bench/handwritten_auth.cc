// SPDX-License-Identifier: Apache-2.0
#include "bench/handwritten_auth.h"

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "bench/rpc_setting.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/sdk/internal/jws.h"

namespace lanyard::bench {
namespace {

using internal::JsonValue;

bool IsText(const std::optional<JsonValue>& value, absl::string_view text) {
  return value.has_value() && value->is(JsonValue::Kind::kString) && value->string() == text;
}

class Processor final : public grpc::AuthMetadataProcessor {
 public:
  Processor(Key key, std::string issuer) : key_(std::move(key)), issuer_(std::move(issuer)) {}

  bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext*, OutputMetadata* consumed,
                       OutputMetadata*) override {
    const auto header = metadata.find("authorization");
    if (header == metadata.end()) {
      return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "missing token");
    }
    absl::string_view token(header->second.data(), header->second.size());
    if (!absl::ConsumePrefix(&token, "Bearer ")) return Invalid();
    const auto jws = internal::ParseJws(token, 8 * 1024);
    if (!jws.ok() || jws->header->algorithm_name != "ES256" || jws->header->key_id != key_.id() ||
        !key_.material().Verify(Algorithm::kEs256, jws->signing_input, jws->signature)) {
      return Invalid();
    }
    const auto claims = internal::JsonDocument::ParseObject(jws->payload);
    if (!claims.ok()) return Invalid();
    const JsonValue root = claims->root();
    const auto expires = root.Find("exp");
    if (!IsText(root.Find("iss"), issuer_) || !IsText(root.Find("aud"), kAudience) ||
        !expires.has_value() || !expires->is(JsonValue::Kind::kInteger) ||
        absl::FromUnixSeconds(expires->integer()) <= absl::Now()) {
      return Invalid();
    }
    const auto scope = root.Find("scope");
    if (!scope.has_value() || !scope->is(JsonValue::Kind::kString)) return Denied();
    const std::vector<absl::string_view> scopes = absl::StrSplit(scope->string(), ' ');
    if (std::count(scopes.begin(), scopes.end(), kScope) == 0) return Denied();
    consumed->emplace("authorization", std::string(header->second.data(), header->second.size()));
    return grpc::Status::OK;
  }

 private:
  static grpc::Status Invalid() {
    return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "invalid token");
  }
  static grpc::Status Denied() {
    return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "permission denied");
  }

  const Key key_;
  const std::string issuer_;
};

class Comparison final : public grpc::AuthMetadataProcessor {
 public:
  explicit Comparison(const std::string& token) : header_("Bearer " + token) {}

  bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext*, OutputMetadata* consumed,
                       OutputMetadata*) override {
    const auto header = metadata.find("authorization");
    if (header == metadata.end() || header->second != header_) {
      return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "invalid token");
    }
    consumed->emplace("authorization", header_);
    return grpc::Status::OK;
  }

 private:
  const std::string header_;
};

class Plugin final : public grpc::MetadataCredentialsPlugin {
 public:
  explicit Plugin(const std::string& token) : header_("Bearer " + token) {}

  bool IsBlocking() const override { return false; }
  grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
                           std::multimap<grpc::string, grpc::string>* metadata) override {
    metadata->emplace("authorization", header_);
    return grpc::Status::OK;
  }

 private:
  const std::string header_;
};

}  // namespace

std::shared_ptr<grpc::AuthMetadataProcessor> HandwrittenProcessor(Key key, std::string issuer) {
  return std::make_shared<Processor>(std::move(key), std::move(issuer));
}

std::shared_ptr<grpc::AuthMetadataProcessor> ComparingProcessor(const std::string& token) {
  return std::make_shared<Comparison>(token);
}

std::shared_ptr<grpc::CallCredentials> HandwrittenCredentials(std::string token) {
  return grpc::MetadataCredentialsFromPlugin(std::make_unique<Plugin>(token));
}

}  // namespace lanyard::bench
