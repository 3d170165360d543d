// SPDX-License-Identifier: Apache-2.0
#ifndef ACME_GREETER_H_
#define ACME_GREETER_H_

#include "greeter.grpc.pb.h"

namespace acme {

// Greets callers by the name that their token gives them. Who may call stands in greeter.proto, so
// nothing here asks.
class GreeterService final : public Greeter::Service {
 public:
  grpc::Status Greet(grpc::ServerContext* context, const GreetRequest* request,
                     GreetReply* reply) override;
};

}  // namespace acme

#endif  // ACME_GREETER_H_
