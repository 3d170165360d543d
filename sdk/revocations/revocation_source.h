// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_REVOCATIONS_REVOCATION_SOURCE_H_
#define LANYARD_SDK_REVOCATIONS_REVOCATION_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace lanyard {

// What of a verified token says whether it is revoked. What the token does not have is empty.
struct TokenFacts {
  absl::string_view issuer;      // iss, as Identity::issuer() has it.
  absl::string_view token_id;    // jti
  absl::string_view subject;     // sub
  absl::string_view actor;       // act.sub, of the outermost act.
  absl::string_view session_id;  // sid
  absl::string_view key_id;      // Of the key that verified, whether the header has a kid or not.
  std::optional<absl::Time> issued_at;
};

enum class RevocationVerdict {
  kGood,
  kRevoked,
  // Nobody can say now: the call is refused as UNAVAILABLE.
  kUnknown,
};

// How a source is doing, for metrics and for people.
struct RevocationSourceStatus {
  // What is remembered now, and the memory it takes.
  size_t entries = 0, bytes = 0;

  // What was heard of other issuers' tokens, which counts for nothing.
  int64_t ignored = 0;

  // How long ago it was last known to be all there is; none while there has been no success.
  std::optional<absl::Duration> age;

  // How many readings, or streams, have brought all there is, and how many have not, by kind:
  // "unreachable" (no connection, or nothing heard for too long), "refused" (the issuer's error),
  // "bad_answer" (nothing that can be understood, or a gap), "local" (a file of this machine).
  int64_t successes = 0;
  std::map<std::string, int64_t> failures;

  // What was wrong the last time; empty if nothing was.
  std::string last_error;
};

// Which tokens of an issuer are good no more before their time.
//
// What has been revoked stays so until its entry expires, whatever is heard later. A source that
// cannot say, because it has heard nothing yet, nothing for too long, or more than it can remember,
// says kUnknown.
//
// Thread-safe. Check() and generation() are asked for every call and must not block or do I/O.
class RevocationSource {
 public:
  virtual ~RevocationSource() = default;

  virtual RevocationVerdict Check(const TokenFacts& token) const = 0;

  // Another number whenever a token that was good may be good no more, so that running streams are
  // looked at again.
  virtual uint64_t generation() const = 0;

  // OK if Check() can say; else why it cannot.
  virtual absl::Status Health() const = 0;

  virtual RevocationSourceStatus Status() const = 0;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_REVOCATIONS_REVOCATION_SOURCE_H_
