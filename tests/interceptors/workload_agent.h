// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_INTERCEPTORS_WORKLOAD_AGENT_H_
#define LANYARD_TESTS_INTERCEPTORS_WORKLOAD_AGENT_H_

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "lanyard/interceptors/workload_api.h"
#include "lanyard/sdk/log_sink.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/workload_api_server.h"

namespace lanyard::test {

inline constexpr char kCheckout[] = "spiffe://prod.example/checkout";
inline constexpr char kBilling[] = "spiffe://prod.example/billing";
inline constexpr char kOrders[] = "spiffe://prod.example/orders";

// Asks, and waits for the answer.
inline absl::StatusOr<BearerToken> Fetch(TokenSource& source, const std::string& audience) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<BearerToken>>>();
  auto answer = promise->get_future();
  TokenRequest request;
  request.audience = audience;
  source.Fetch(request, [promise](absl::StatusOr<BearerToken> token) {
    promise->set_value(std::move(token));
  });
  return answer.get();
}

// An agent, and what is logged.
class WorkloadAgentTest : public ::testing::Test {
 protected:
  WorkloadAgentTest() {
    SetLogSink([this](absl::string_view line) {
      std::lock_guard<std::mutex> lock(mutex_);
      lines_.emplace_back(line);
    });
    agent_.SetIdentities({kCheckout, kBilling});
  }
  ~WorkloadAgentTest() override { SetLogSink(nullptr); }

  WorkloadApiOptions Options() const {
    WorkloadApiOptions options;
    options.endpoint = agent_.endpoint();
    options.timeout = absl::Minutes(1);  // For busy machines.
    return options;
  }
  std::shared_ptr<TokenSource> Tokens(const WorkloadApiOptions& options) const {
    auto source = WorkloadApiTokenSource(options);
    EXPECT_TRUE(source.ok()) << source.status();
    return *source;
  }
  std::shared_ptr<const KeySource> Keys(const WorkloadApiOptions& options,
                                        const std::string& trust_domain = "prod.example") const {
    auto source = WorkloadApiKeySource(options, trust_domain, {Algorithm::kEs256});
    EXPECT_TRUE(source.ok()) << source.status();
    return *source;
  }
  // How many lines hold that.
  int Logged(const std::string& text) const {
    std::lock_guard<std::mutex> lock(mutex_);
    int count = 0;
    for (const std::string& line : lines_) count += absl::StrContains(line, text) ? 1 : 0;
    return count;
  }

  testing::TestCertificates files_;
  testing::WorkloadApiServer agent_{files_.folder()};

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace lanyard::test

#endif  // LANYARD_TESTS_INTERCEPTORS_WORKLOAD_AGENT_H_
