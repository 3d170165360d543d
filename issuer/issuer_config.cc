// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/issuer_config.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "lanyard/issuer/issuer_settings.h"
#include "lanyard/sdk/internal/config_text.h"
#include "lanyard/sdk/internal/file.h"
#include "lanyard/sdk/internal/terminal_text.h"

namespace lanyard {
namespace {

constexpr size_t kMaxConfigBytes = 1 << 20;

// Makes the paths relative to the config's folder. Touches no message that is not there.
void Anchor(const std::string& folder, v1::IssuerConfig* config) {
  internal::AnchorPath(folder, config->mutable_key_directory());
  if (config->has_sqlite()) internal::AnchorPath(folder, config->mutable_sqlite()->mutable_file());
  if (config->has_redis()) {
    v1::RedisStore* redis = config->mutable_redis();
    for (std::string* path :
         {redis->mutable_ca_file(), redis->mutable_tls_certificate_file(),
          redis->mutable_tls_private_key_file(), redis->mutable_password_file()}) {
      internal::AnchorPath(folder, path);
    }
  }
  if (config->has_sign_in()) {
    internal::AnchorPath(folder, config->mutable_sign_in()->mutable_session_secret_file());
    internal::AnchorPath(folder, config->mutable_sign_in()->mutable_password_blocklist_file());
  }
  if (config->has_serve()) {
    v1::Serve* serve = config->mutable_serve();
    for (std::string* path : {serve->mutable_certificate_chain(), serve->mutable_private_key(),
                              serve->mutable_client_roots()}) {
      internal::AnchorPath(folder, path);
    }
  }
}

absl::StatusOr<v1::IssuerConfig> Load(absl::string_view content, const std::string& path) {
  internal::ConfigText text;
  v1::IssuerConfig config;
  if (absl::Status status = text.Parse(content, path, &config); !status.ok()) return status;
  if (absl::Status status = internal::ExpandConfigPart(&config, path, "the config"); !status.ok()) {
    return status;
  }
  if (absl::Status status = internal::CheckIssuerSettings(config); !status.ok()) {
    // It begins with the field, "sign_in.max_idle_time", whose first part stands somewhere.
    const std::string message(status.message());
    const std::string field = message.substr(0, message.find_first_of(".:"));
    const auto* known = v1::IssuerConfig::descriptor()->FindFieldByName(field);
    return absl::InvalidArgumentError(
        absl::StrCat(known == nullptr ? path : text.PlaceOf(field.c_str()), ": ", message));
  }
  if (config.store_case() == v1::IssuerConfig::STORE_NOT_SET) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": one of sqlite, redis and memory is required"));
  }
  Anchor(internal::FolderOf(path), &config);
  return config;
}

}  // namespace

absl::StatusOr<v1::IssuerConfig> LoadIssuerConfig(const std::string& path) {
  const auto content = internal::ReadFile(path, kMaxConfigBytes);
  if (!content.ok()) return content.status();
  auto config = Load(content->view(), path);
  if (config.ok()) return config;
  // It repeats words of the config, which may be anything.
  return absl::Status(config.status().code(), internal::Printable(config.status().message(), 1000));
}

}  // namespace lanyard
