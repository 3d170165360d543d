// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_ASYNC_ECHO_H_
#define LANYARD_TESTS_INTERCEPTORS_ASYNC_ECHO_H_

#include <grpcpp/generic/async_generic_service.h>

#include <memory>

#include "tests/interceptors/echo_server.h"

namespace lanyard::test {

// A tag on the completion queue.
class AsyncCall {
 public:
  virtual ~AsyncCall() = default;
  virtual void Proceed(bool ok) = 0;
};

// Ask for the first call of each method; every call asks for its successor. Contexts are deleted on
// the Finish tag, as textbooks do.
void StartAsyncEcho(Echo::AsyncService* service, grpc::ServerCompletionQueue* queue,
                    Handled* handled, bool notify_when_done);
void StartAsyncGenericEcho(grpc::AsyncGenericService* service, grpc::ServerCompletionQueue* queue,
                           Handled* handled, bool notify_when_done);

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_ASYNC_ECHO_H_
