// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_EXPIRY_NOTICE_H_
#define LANYARD_INTERCEPTORS_EXPIRY_NOTICE_H_

#include <functional>
#include <memory>

#include "absl/time/time.h"

namespace grpc {
class ServerContextBase;
}

namespace lanyard {

// Tells a stream's handler that the stream will soon be ended because its token expires, so that it
// can say goodbye and finish, and the client can come back with a fresh token.
//
//   auto notice = lanyard::ExpiryNotice::Of(*context, absl::Seconds(10), [this] { Goodbye(); });
//
// Keep it as long as what the callback uses.
class ExpiryNotice {
 public:
  // `callback` runs once, `lead` before the stream ends, or at once if less is left; never for
  // unary calls, nor for callers without a token. It runs on the one thread that ends streams: it
  // must not block and must not throw.
  static std::unique_ptr<ExpiryNotice> Of(const grpc::ServerContextBase& context,
                                          absl::Duration lead, std::function<void()> callback);

  // Takes it back; waits while the callback runs, unless that is what destroys this.
  ~ExpiryNotice();
  ExpiryNotice(const ExpiryNotice&) = delete;
  ExpiryNotice& operator=(const ExpiryNotice&) = delete;

 private:
  struct Registration;
  explicit ExpiryNotice(std::unique_ptr<Registration> registration);
  const std::unique_ptr<Registration> registration_;
};

}  // namespace lanyard

#endif  // LANYARD_INTERCEPTORS_EXPIRY_NOTICE_H_
