// SPDX-License-Identifier: Apache-2.0
#include "examples/testing/orders.h"

#include "lanyard/interceptors/caller.h"

namespace shop {
namespace {

constexpr char kOwner[] = "alice";

}  // namespace

grpc::Status OrdersService::GetOrder(grpc::ServerContext* context, const GetOrderRequest* request,
                                     Order* order) {
  if (request->id() != "42" || !lanyard::CallerOf(*context).Is("sso", kOwner)) {
    return {grpc::StatusCode::NOT_FOUND, "no such order"};
  }
  order->set_id(request->id());
  order->set_owner(kOwner);
  return grpc::Status::OK;
}

grpc::Status OrdersService::Cancel(grpc::ServerContext*, const CancelRequest* request,
                                   Order* order) {
  order->set_id(request->id());
  return grpc::Status::OK;
}

}  // namespace shop
