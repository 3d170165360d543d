// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_SDK_TOKENS_TOKEN_SOURCE_H_
#define LANYARD_SDK_TOKENS_TOKEN_SOURCE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "lanyard/sdk/internal/secret.h"

namespace lanyard {

// A token to send, and how long it is good for. Overwritten in memory when it goes.
class BearerToken {
 public:
  BearerToken(absl::string_view text, absl::Time expires_at)
      : text_(text), expires_at_(expires_at) {}

  absl::string_view text() const { return text_.view(); }

  // When a new one must be had at the latest; infinite future for tokens that never change.
  absl::Time expires_at() const { return expires_at_; }

 private:
  internal::Secret text_;
  absl::Time expires_at_;
};

// What a token is asked for.
struct TokenRequest {
  // Whom the token is for: the aud that the server wants to see.
  std::string audience;

  // What it is to allow, beside what the source asks for in any case.
  std::vector<std::string> scopes = {};

  // Null: the token speaks for the client itself. Else for a caller of the client: this is the
  // caller's token, to be exchanged (RFC 8693 section 2.1, subject_token). A source that cannot
  // exchange must fail; NoExchange() is how it says so.
  std::shared_ptr<const BearerToken> subject_token = nullptr;

  // Whether the token is to name the client as well, as who acts for the caller (section 4.1, act).
  bool with_actor = false;
};

// The error of a source that gives tokens for the client alone.
inline absl::Status NoExchange() {
  return absl::UnauthenticatedError(
      "the token source gives tokens for this client alone, none that speaks for a caller");
}

using TokenCallback = std::function<void(absl::StatusOr<BearerToken>)>;

// Whether a source's failure may pass by itself: UNAVAILABLE, DEADLINE_EXCEEDED,
// RESOURCE_EXHAUSTED, ABORTED and INTERNAL.
inline bool IsTransientTokenFailure(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kInternal:
      return true;
    default:
      return false;
  }
}

// Where a client's tokens come from.
//
// The error's code says what to do: after what IsTransientTokenFailure() names calls fail as
// UNAVAILABLE and may be retried; anything else is permanent until somebody acts, and calls fail as
// UNAUTHENTICATED. Messages must not hold secrets.
//
// Thread-safe. Lanyard wraps every source in a cache that asks on a thread of its own, never on
// gRPC's, at most once at a time for the same request. A source that blocks holds up the other
// requests to it, and the end of its ClientAuth.
class TokenSource {
 public:
  virtual ~TokenSource() = default;

  // Calls `done` exactly once: before returning, after blocking for a bounded time, or later from
  // any thread. It may be called when the asker is long gone.
  virtual void Fetch(const TokenRequest& request, TokenCallback done) = 0;
};

}  // namespace lanyard

#endif  // LANYARD_SDK_TOKENS_TOKEN_SOURCE_H_
