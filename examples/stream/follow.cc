// SPDX-License-Identifier: Apache-2.0
// Follows prices on a bidirectional stream and misses none. A server ends a stream with its token;
// the next one begins with a fresh token, where the last one ended.

#include <algorithm>
#include <chrono>
#include <thread>

#include "examples/stream/prices.grpc.pb.h"
#include "examples/tokens/get_order.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/failure.h"
#include "lanyard/sdk/tokens/file_token_source.h"

// Reads until the stream ends, and says why it did.
grpc::Status FollowOnce(shop::Prices::Stub& prices, int64_t last, int64_t* seen) {
  grpc::ClientContext context;
  const auto stream = prices.Follow(&context);
  shop::Subscription subscription;
  subscription.set_after(*seen);
  stream->Write(subscription);
  shop::Price price;
  while (*seen < last && stream->Read(&price)) {
    *seen = price.sequence();
    std::printf("price %lld\n", static_cast<long long>(*seen));
  }
  stream->WritesDone();
  if (*seen >= last) context.TryCancel();
  return stream->Finish();
}

int main() {
  lanyard::ClientAuthOptions options;
  options.audience = "prices";
  options.token_source = lanyard::FileTokenSource(Env("TOKEN_FILE"));
  options.tls.root_certificates = Env("CA_FILE");
  auto channel = lanyard::CreateChannel(Env("TARGET"), options);
  if (!channel.ok()) return Fail(channel.status());
  const auto prices = shop::Prices::NewStub(*channel);

  int64_t seen = 0;
  const int64_t last = std::stoll(Env("LAST"));
  for (std::chrono::seconds pause(1); seen < last;) {
    const int64_t before = seen;
    const grpc::Status status = FollowOnce(*prices, last, &seen);
    if (seen >= last) break;
    std::printf("ended: %s\n", status.error_message().c_str());
    // A token that the server's gate refuses is mended by the next one; an outage passes.
    const bool again = status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                       (status.error_code() == grpc::StatusCode::UNAUTHENTICATED &&
                        lanyard::FailureOf(status).has_value());
    if (!again) return 1;
    // Not at once where nothing came, or a server that refuses everything would be asked for ever.
    if (seen != before) pause = std::chrono::seconds(0);
    std::this_thread::sleep_for(pause);
    pause = std::min(std::chrono::seconds(30), pause * 2 + std::chrono::seconds(1));
  }
  return 0;
}
