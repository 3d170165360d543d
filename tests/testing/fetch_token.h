// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TESTING_FETCH_TOKEN_H_
#define LANYARD_TESTS_TESTING_FETCH_TOKEN_H_

#include <future>
#include <memory>

#include "absl/status/statusor.h"
#include "lanyard/sdk/tokens/token_source.h"

namespace lanyard::testing {

// What a source answers, once and for all.
inline absl::StatusOr<BearerToken> FetchToken(TokenSource& source, const TokenRequest& request) {
  const auto answer = std::make_shared<std::promise<absl::StatusOr<BearerToken>>>();
  source.Fetch(request, [answer](absl::StatusOr<BearerToken> token) {
    answer->set_value(std::move(token));
  });
  return answer->get_future().get();
}

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TESTING_FETCH_TOKEN_H_
