// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_REDIS_STORE_H_
#define LANYARD_ISSUER_REDIS_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "lanyard/issuer/issuer_store.h"
#include "lanyard/sdk/clock.h"

namespace lanyard {

struct RedisStoreOptions {
  // Required. "unix:/run/redis/redis.sock", or "redis.example.com:6380", which is TLS. There is no
  // other way: over plaintext TCP anybody on the way could read sessions and undo revocations.
  // Whoever may make files in the socket's folder can pose as the server.
  std::string address;

  // For TLS, required: PEM certificates of those whose word on who the server is counts.
  std::string ca_file;

  // For TLS: the client's certificate chain and key as PEM files, the latter for its owner alone.
  // Both or neither.
  std::string tls_certificate_file;
  std::string tls_private_key_file;

  // The user, and a file with the password, for its owner alone (mode 0600). For TLS, required:
  // whoever reaches the port must not be able to use it.
  std::string user = "default";
  std::string password_file;

  // What all keys begin with, in braces, so that several issuers can share a server.
  std::string key_prefix = "lanyard:";

  // How many replicas must have a change before it counts. With less the failure of a server loses
  // changes that were acknowledged; that is noticed, and everybody must sign in again.
  int wait_replicas = 0;

  // For a call as a whole.
  absl::Duration timeout = absl::Seconds(1);

  std::shared_ptr<const Clock> clock = SystemClock();
};

// A store in Redis 6 or newer, for issuers on several machines. A target of its own links hiredis
// and libcurl.
//
//   lanyard::RedisStoreOptions options;
//   options.address = "redis.example.com:6380";
//   options.ca_file = "/etc/lanyard/redis-ca.pem";
//   options.user = "lanyard";
//   options.password_file = "/etc/lanyard/redis-password";
//   options.wait_replicas = 1;
//   auto store = lanyard::RedisStore::Create(options);
//
// The server must keep what it is told: "appendonly yes" and "maxmemory-policy noeviction", which
// is looked at on each connection. Set "appendfsync always" too, which a store may not look at:
// with Redis's default, "everysec", a server that is killed loses up to two seconds, unless a
// replica takes its place that has them. The user needs no more rights than
//
//   user lanyard on >PASSWORD resetchannels ~{lanyard:}* -@all
//     +info +evalsha +eval +script|load +wait +time +del +pexpireat +hmget +hset +hget +hdel
//     +hincrby +zadd +zscore +zrem +zrangebylex +zrangebyscore +zremrangebyrank +zremrangebyscore
//
// A server that has lost changes which it had acknowledged, by a failover or an old copy of its
// data, is found out by the next call of a store that made or has seen one of them. The log of
// revocations then has another epoch, and sessions are gone. Nobody can tell if no such store is
// left: end no issuer in the middle of a failover, and remove the key "{lanyard:}state" whenever
// you bring back old data by hand.
class RedisStore {
 public:
  // Fails if an option is missing or wrong, or the server cannot be reached or used.
  static absl::StatusOr<std::unique_ptr<IssuerStore>> Create(RedisStoreOptions options);
};

}  // namespace lanyard

#endif  // LANYARD_ISSUER_REDIS_STORE_H_
