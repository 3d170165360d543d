// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_ISSUER_REDIS_SCRIPTS_H_
#define LANYARD_ISSUER_REDIS_SCRIPTS_H_

#include <string>

// What RedisStore has the server do. A script runs whole, with nothing in between.
//
// All keys begin with "{PREFIX}", so that they share a slot of a cluster. Beside what the scripts
// say of their own keys there are
//
//   KEYS[1]  state: a hash of
//            epoch         RevocationLog::epoch
//            commits       the number of the last change, which is the version of what it wrote
//            acknowledged  that of the last change of which it is known that it was acknowledged
//            sequence      that of the last revocation
//            sweep         there while sessions of an earlier epoch may be left: an "x", and up to
//                          which of them RemoveExpired() has come
//   KEYS[2]  writers: sorted set of stores by the last change that each of them made; of 10,000
//            stores, which each command line's is one of
//
// and, as all scripts begin alike, these arguments:
//
//   ARGV[1]  the store that asks, a random word
//   ARGV[2]  the highest number of an acknowledged change that it knows of
//   ARGV[3]  that of the last one of its own; 0 for none in this epoch
//   ARGV[4]  the epoch that it knows
//   ARGV[5]  another one, for the case that something was lost
//   ARGV[6]  the time
//
// Times are microseconds as in store_change.h. Answers begin with the epoch and
// the number of the last change that was acknowledged.
namespace lanyard::internal {

// A record is a hash of v (version), e (expiry), p (epoch) and d (data).
//
//   KEYS[3]  the record
//   ARGV[7]  its kind
//
// Adds its version and data, or nothing.
extern const char kRedisGet[];

//   KEYS[3]  revocations: sorted set of "SEQUENCE:EXPIRY:BYTES" by sequence
//   KEYS[4]  sorted set of sequences by expiry
//   KEYS[5]  sorted set of "KIND:KEY" by expiry, of records that have one
//   KEYS[6…] for each write its record, and the sorted set of the keys of its kind
//   ARGV[7]  how many writes; then for each: kind, key, expected version, "put" or "delete",
//            expiry, data
//   …        then for each revocation: expiry, bytes
//
// Adds 0 and the change's number; or the place, from 1, of the first write whose version is not the
// expected one, and 0.
extern const char kRedisApply[];

//   KEYS[3]  the sorted set of the keys of the kind
//   ARGV[7]  the kind, then the beginning of its records' keys, the key after which to begin, and
//            how many
//
// Adds the keys.
extern const char kRedisKeys[];

//   KEYS[3]  revocations
//   ARGV[7]  the sequence after which to begin, then how many
//
// Adds the sequence, and the revocations' bytes.
extern const char kRedisRevocations[];

//   KEYS[3], KEYS[4], KEYS[5]  as for changes
//   KEYS[6]  the sorted set of the sessions' keys
//   ARGV[7]  the beginning of records' keys, then that of the sets of keys, and how many of each
//
// Adds 1 if there may be more.
extern const char kRedisRemove[];

// A script with what all begin with.
std::string WholeRedisScript(const char* script);

}  // namespace lanyard::internal

#endif  // LANYARD_ISSUER_REDIS_SCRIPTS_H_
