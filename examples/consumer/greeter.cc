// SPDX-License-Identifier: Apache-2.0
#include "greeter.h"

#include "lanyard/interceptors/caller.h"

namespace acme {

grpc::Status GreeterService::Greet(grpc::ServerContext* context, const GreetRequest* request,
                                   GreetReply* reply) {
  reply->set_text(request->greeting() + ", " + lanyard::CallerOf(*context).subject());
  return grpc::Status::OK;
}

}  // namespace acme
