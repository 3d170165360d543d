// SPDX-License-Identifier: Apache-2.0
#include "lanyard/issuer/configured_store.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "lanyard/issuer/memory_store.h"
#include "lanyard/issuer/redis_store.h"
#include "lanyard/issuer/sqlite_store.h"
#include "lanyard/sdk/internal/duration.h"

namespace lanyard {
namespace {

absl::StatusOr<std::shared_ptr<IssuerStore>> Named(
    const char* field, absl::StatusOr<std::unique_ptr<IssuerStore>> store) {
  if (store.ok()) return std::shared_ptr<IssuerStore>(*std::move(store));
  return absl::Status(store.status().code(), absl::StrCat(field, ": ", store.status().message()));
}

RedisStoreOptions OptionsOf(const v1::RedisStore& redis, std::shared_ptr<const Clock> clock) {
  RedisStoreOptions options;
  options.address = redis.address();
  options.ca_file = redis.ca_file();
  options.tls_certificate_file = redis.tls_certificate_file();
  options.tls_private_key_file = redis.tls_private_key_file();
  if (!redis.user().empty()) options.user = redis.user();
  options.password_file = redis.password_file();
  if (!redis.key_prefix().empty()) options.key_prefix = redis.key_prefix();
  options.wait_replicas = static_cast<int>(redis.wait_replicas());
  if (redis.has_timeout()) options.timeout = internal::DurationOf(redis.timeout());
  options.clock = std::move(clock);
  return options;
}

}  // namespace

absl::StatusOr<std::shared_ptr<IssuerStore>> OpenConfiguredStore(
    const v1::IssuerConfig& config, std::shared_ptr<const Clock> clock) {
  switch (config.store_case()) {
    case v1::IssuerConfig::kMemory:
      return std::shared_ptr<IssuerStore>(std::make_shared<MemoryStore>(std::move(clock)));
    case v1::IssuerConfig::kSqlite: {
      SqliteStoreOptions options;
      options.file = config.sqlite().file();
      options.clock = std::move(clock);
      return Named("sqlite", SqliteStore::Create(std::move(options)));
    }
    case v1::IssuerConfig::kRedis:
      return Named("redis", RedisStore::Create(OptionsOf(config.redis(), std::move(clock))));
    case v1::IssuerConfig::STORE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("store: one of sqlite, redis and memory is required");
}

}  // namespace lanyard
