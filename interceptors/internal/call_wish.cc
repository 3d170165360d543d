// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/call_wish.h"

#include <utility>

namespace lanyard::internal {
namespace {

// Keeps the credentials, and the wish with them.
struct WishHolder {
  std::shared_ptr<grpc::CallCredentials> credentials;
  std::shared_ptr<const CallWish> wish;
  void operator()(grpc::CallCredentials*) { credentials.reset(); }
};

}  // namespace

std::shared_ptr<grpc::CallCredentials> WithWish(std::shared_ptr<grpc::CallCredentials> credentials,
                                                CallWish wish) {
  grpc::CallCredentials* const raw = credentials.get();
  return std::shared_ptr<grpc::CallCredentials>(
      raw, WishHolder{std::move(credentials), std::make_shared<const CallWish>(std::move(wish))});
}

std::shared_ptr<const CallWish> WishOf(const std::shared_ptr<grpc::CallCredentials>& credentials) {
  const WishHolder* holder = std::get_deleter<WishHolder>(credentials);
  return holder == nullptr ? nullptr : holder->wish;
}

}  // namespace lanyard::internal
