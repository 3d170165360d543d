// SPDX-License-Identifier: Apache-2.0
// Calls by gRPC's callback API: each carries the channel's token, and no thread waits for one.

#include <condition_variable>
#include <mutex>

#include "examples/quickstart/orders.grpc.pb.h"
#include "examples/tokens/get_order.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/sdk/tokens/file_token_source.h"

namespace {

// How a call ended, for the thread that waits for that.
class End {
 public:
  void Set(const grpc::Status& status) {
    std::lock_guard<std::mutex> lock(mutex_);
    status_ = status;
    ended_ = true;
    changed_.notify_one();
  }
  grpc::Status Await() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return ended_; });
    return status_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;   // Guarded by mutex_.
  grpc::Status status_;  // Guarded by mutex_.
};

class Watching final : public grpc::ClientReadReactor<shop::Order> {
 public:
  Watching(shop::Orders::Stub& stub, End* end) : end_(end) {
    stub.async()->Watch(&context_, &request_, this);
    StartRead(&order_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    std::printf("order %s, asked by %s\n", order_.id().c_str(), order_.asked_by().c_str());
    StartRead(&order_);
  }
  void OnDone(const grpc::Status& status) override { end_->Set(status); }

 private:
  grpc::ClientContext context_;
  const shop::WatchRequest request_;
  shop::Order order_;
  End* const end_;  // Not owned.
};

int Say(const grpc::Status& status) {
  if (status.ok()) return 0;
  std::printf("code %d, %s\n", status.error_code(), status.error_message().c_str());
  return 1;
}

}  // namespace

int main() {
  lanyard::ClientAuthOptions options;
  options.audience = "orders";
  options.token_source = lanyard::FileTokenSource(Env("TOKEN_FILE"));
  options.tls.root_certificates = Env("CA_FILE");
  const auto channel = lanyard::CreateChannel(Env("TARGET"), options);
  if (!channel.ok()) return Fail(channel.status());
  const auto stub = shop::Orders::NewStub(*channel);

  End got;
  grpc::ClientContext context;
  const shop::GetOrderRequest request;
  shop::Order order;
  stub->async()->GetOrder(&context, &request, &order,
                          [&got](const grpc::Status& status) { got.Set(status); });
  if (const int failed = Say(got.Await()); failed != 0) return failed;
  std::printf("OK, asked by %s\n", order.asked_by().c_str());

  End watched;
  const Watching watching(*stub, &watched);
  return Say(watched.Await());
}
