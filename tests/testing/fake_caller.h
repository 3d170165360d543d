// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_TESTS_TESTING_FAKE_CALLER_H_
#define LANYARD_TESTS_TESTING_FAKE_CALLER_H_

#include <memory>
#include <string>
#include <vector>

#include "lanyard/sdk/identity.h"
#include "lanyard/v1/claims.pb.h"

namespace grpc {
class ServerContextBase;
}

namespace lanyard::internal {
struct BoundCall;
}

namespace lanyard::testing {

// An identity that no verifier has seen, for calling handlers directly.
Identity MakeIdentity(const std::string& issuer_name, const v1::Claims& claims,
                      const std::vector<std::string>& roles = {});
Identity MakeIdentity(const std::string& issuer_name, const std::string& subject,
                      const std::vector<std::string>& scopes = {},
                      const std::vector<std::string>& roles = {});

// Makes CallerOf(context) answer with an identity of the test's choice.
//
//   grpc::ServerContext context;
//   lanyard::testing::FakeCaller caller(&context, "sso", "svc:checkout", {"orders.read"});
//   EXPECT_TRUE(service.GetOrder(&context, &request, &order).ok());
//
// Once for a context. Must outlive every use of the context.
class FakeCaller {
 public:
  FakeCaller(grpc::ServerContextBase* context, Identity identity);
  FakeCaller(grpc::ServerContextBase* context, const std::string& issuer_name,
             const std::string& subject, const std::vector<std::string>& scopes = {},
             const std::vector<std::string>& roles = {});
  ~FakeCaller();
  FakeCaller(const FakeCaller&) = delete;
  FakeCaller& operator=(const FakeCaller&) = delete;

 private:
  const std::unique_ptr<internal::BoundCall> call_;
};

}  // namespace lanyard::testing

#endif  // LANYARD_TESTS_TESTING_FAKE_CALLER_H_
