// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_REDIS_CONNECTION_H_
#define LANYARD_ISSUER_REDIS_CONNECTION_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard::internal {

// When to give up. No clock that somebody sets moves it.
class Deadline {
 public:
  explicit Deadline(absl::Duration in)
      : at_(std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(in)) {}

  // Zero once it has passed.
  absl::Duration left() const;
  std::chrono::steady_clock::time_point at() const { return at_; }

 private:
  std::chrono::steady_clock::time_point at_;
};

// What a Redis server answers.
struct RedisReply {
  enum class Kind { kNil, kInteger, kText, kError, kArray };

  Kind kind = Kind::kNil;
  int64_t integer = 0;
  std::string text;  // Any bytes; of an error, its message.
  std::vector<RedisReply> elements;
};

// Where a server is, and what is needed to trust it. There is no plaintext TCP.
struct RedisEndpoint {
  // "unix:/path", or "host:port", which is TLS.
  std::string address;

  // For TLS, required: whose certificates are believed, for that host.
  std::string ca_file;

  // For TLS: the client's certificate chain and key as PEM, or both empty.
  std::string client_certificate;
  Secret client_key;
};

// INVALID_ARGUMENT where the address is neither.
absl::Status CheckRedisAddress(absl::string_view address);

// One connection to a Redis server. Not thread-safe. After an error it is of no more use.
class RedisConnection {
 public:
  // UNAVAILABLE if the server cannot be reached by then, or is not who it should be.
  static absl::StatusOr<std::unique_ptr<RedisConnection>> Connect(const RedisEndpoint& endpoint,
                                                                  const Deadline& deadline);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // One command, and its answer, which may be an error of the server's. UNAVAILABLE if none comes
  // by then: it is unknown whether the command was carried out.
  absl::StatusOr<RedisReply> Call(const std::vector<absl::string_view>& words,
                                  const Deadline& deadline);

  // Whether the server has not closed it, as far as that can be seen without asking.
  bool IsOpen();

 private:
  struct State;
  explicit RedisConnection(std::unique_ptr<State> state);

  absl::Status Send(absl::string_view bytes, const Deadline& deadline);

  const std::unique_ptr<State> state_;
};

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_REDIS_CONNECTION_H_
