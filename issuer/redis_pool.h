// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_REDIS_POOL_H_
#define LANYARD_ISSUER_REDIS_POOL_H_

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lanyard/issuer/redis_connection.h"

namespace lanyard::internal {

// Connections to one Redis server that may keep what must not be lost. Each is logged in, and the
// server's settings were looked at, before it is used. Thread-safe.
class RedisPool {
 public:
  struct Options {
    std::string address;
    std::string ca_file, tls_certificate_file, tls_private_key_file;
    std::string user, password_file;
  };

  explicit RedisPool(Options options) : options_(std::move(options)) {}

  // Does this with a connection, which is put back for others if it still can be used: where
  // `work` is OK.
  absl::Status With(const Deadline& deadline,
                    const std::function<absl::Status(RedisConnection&)>& work);

  // What went wrong, for an answer that is an error. Tells no more of the server's text than is
  // known to hold nothing of a command's.
  absl::Status ErrorOf(const RedisReply& reply) const;

 private:
  absl::StatusOr<std::unique_ptr<RedisConnection>> Connect(const Deadline& deadline) const;
  absl::StatusOr<std::unique_ptr<RedisConnection>> Take(const Deadline& deadline);

  const Options options_;
  std::mutex mutex_;
  std::condition_variable one_is_back_;
  int in_use_ = 0;
  std::vector<std::unique_ptr<RedisConnection>> idle_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_REDIS_POOL_H_
