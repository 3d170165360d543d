// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_EXAMPLES_TESTING_ORDERS_H_
#define LANYARD_EXAMPLES_TESTING_ORDERS_H_

#include "examples/quickstart/orders.grpc.pb.h"

namespace shop {

// One order, number 42, which is alice's.
class OrdersService final : public Orders::Service {
 public:
  // For its owner, and for nobody else does it exist.
  grpc::Status GetOrder(grpc::ServerContext* context, const GetOrderRequest* request,
                        Order* order) override;

  // For whom the config lets in.
  grpc::Status Cancel(grpc::ServerContext* context, const CancelRequest* request,
                      Order* order) override;
};

}  // namespace shop

#endif  // LANYARD_EXAMPLES_TESTING_ORDERS_H_
