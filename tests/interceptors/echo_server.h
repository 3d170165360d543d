// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_ECHO_SERVER_H_
#define LANYARD_TESTS_INTERCEPTORS_ECHO_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lanyard/interceptors/server_auth.h"
#include "tests/interceptors/echo.grpc.pb.h"

namespace lanyard::test {

// How the server's handlers are written.
enum class Api { kSync, kCallback, kAsync, kCallbackGeneric, kAsyncGeneric };
inline constexpr Api kAllApis[] = {Api::kSync, Api::kCallback, Api::kAsync, Api::kCallbackGeneric,
                                   Api::kAsyncGeneric};
std::string NameOf(Api api);

// What the handlers did.
struct Handled {
  std::atomic<int> runs{0};
  // Handlers that saw an unauthenticated caller.
  std::atomic<int> anonymous{0};
  // Handlers that still saw the bearer token.
  std::atomic<int> saw_bearer{0};
  // Streams that saw that they were cancelled.
  std::atomic<int> cancelled{0};
  // Calls of async servers that are not deleted yet, those that wait to be made among them.
  std::atomic<int> live{0};
  // The subject that a handler of the callback API saw in OnDone.
  std::atomic<int> right_on_done{0};

  // Called in each handler first, if set; before the server starts.
  std::function<void(const grpc::ServerContextBase&)> on_enter;

  // Counts the call and gives the subject that its handler sees.
  std::string Enter(const grpc::ServerContextBase& context);
};

// The Echo service by one of the APIs, on whatever ports the caller adds to the builder.
class EchoServer {
 public:
  explicit EchoServer(Api api);
  ~EchoServer();

  grpc::ServerBuilder& builder() { return builder_; }
  Handled& handled() { return handled_; }

  // Async servers ask for calls only after this; without it that is when they start.
  void RequestCallsLater() { request_later_ = true; }
  void RequestCalls();

  // Async servers: whether each context asks to be told when its call is done.
  void set_notify_when_done(bool notify) { notify_when_done_ = notify; }

  bool Start();  // False if BuildAndStart() returned null.
  void Shutdown();

  grpc::Server& server() { return *server_; }

 private:
  class Handlers;
  struct Parts;

  const Api api_;
  Handled handled_;
  grpc::ServerBuilder builder_;
  std::unique_ptr<Parts> parts_;
  std::unique_ptr<grpc::Server> server_;
  bool request_later_ = false;
  bool notify_when_done_ = false;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_ECHO_SERVER_H_
