// SPDX-License-Identifier: Apache-2.0
// A user buys at the edge, which places the order with orders, which has payments charge it: each
// service speaks for the user, and payments sees the user and both services. Whoever takes another
// way is refused. Everything is made here and thrown away at the end.

#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "examples/chain/exchange.h"
#include "examples/chain/shop.grpc.pb.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/on_behalf_of.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"

namespace {

using lanyard::OnBehalf;
using lanyard::testing::TestCertificates;
using lanyard::testing::TestIssuer;

// [hop]
class Orders final : public chain::Orders::Service {
 public:
  explicit Orders(const std::shared_ptr<grpc::Channel>& payments)
      : payments_(chain::Payments::NewStub(payments)) {}

  grpc::Status Place(grpc::ServerContext* context, const chain::Order* order,
                     chain::Receipt* receipt) override {
    const auto call = grpc::ClientContext::FromServerContext(*context);
    lanyard::OnBehalfOf(*context, OnBehalf::kDelegation, call.get());
    return payments_->Charge(call.get(), *order, receipt);
  }
  // [end]

 private:
  const std::unique_ptr<chain::Payments::Stub> payments_;
};

class Edge final : public chain::Edge::Service {
 public:
  explicit Edge(const std::shared_ptr<grpc::Channel>& orders)
      : orders_(chain::Orders::NewStub(orders)) {}

  grpc::Status Buy(grpc::ServerContext* context, const chain::Order* order,
                   chain::Receipt* receipt) override {
    const auto call = grpc::ClientContext::FromServerContext(*context);
    lanyard::OnBehalfOf(*context, OnBehalf::kDelegation, call.get());
    return orders_->Place(call.get(), *order, receipt);
  }

 private:
  const std::unique_ptr<chain::Orders::Stub> orders_;
};

class Payments final : public chain::Payments::Service {
  grpc::Status Charge(grpc::ServerContext* context, const chain::Order*,
                      chain::Receipt* receipt) override {
    const lanyard::Identity& caller = lanyard::CallerOf(*context);
    receipt->set_user(caller.subject());
    // For the receipt alone: rules have looked at the first actor, and nobody should at the rest.
    const lanyard::v1::Claims& claims = caller.claims();
    for (const auto* actor = &claims.actor(); !actor->subject().empty(); actor = &actor->actor()) {
      receipt->add_actors(actor->subject());
    }
    return grpc::Status::OK;
  }
};

// A service on a port of its own, for tokens of its own audience.
class Server {
 public:
  Server(const std::string& audience, const TestIssuer& sso, const TestCertificates& files,
         grpc::Service* service) {
    lanyard::ServerAuthOptions options;
    options.config_text =
        absl::StrReplaceAll(sso.ConfigText(), {{"\"test\"", absl::StrCat("\"", audience, "\"")}});
    options.key_sources["sso"] = sso.Keys();
    options.tls = files.Server();
    options.keep_callers_tokens = true;
    auto auth = lanyard::ServerAuth::Create(options);
    if (!auth.ok()) {
      std::fprintf(stderr, "%s\n", std::string(auth.status().message()).c_str());
      return;
    }
    auth_ = *std::move(auth);
    grpc::ServerBuilder builder;
    auth_->AddListeningPort(builder, "127.0.0.1:0", &port_);
    builder.RegisterService(service);
    server_ = builder.BuildAndStart();
  }

  std::string target() const { return absl::StrCat("localhost:", port_); }

 private:
  std::unique_ptr<lanyard::ServerAuth> auth_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
};

class Chain {
 public:
  int Run() {
    std::printf(
        "A user buys at the edge; edge, orders and payments each have a port with TLS.\n\n");
    const auto edge = chain::Edge::NewStub(Connect(edge_.target(), "edge", User("edge")));
    Report("edge -> orders -> payments", true, Call(&chain::Edge::Stub::Buy, *edge));

    // The ways that the .proto does not describe.
    const auto orders = chain::Orders::NewStub(Connect(orders_.target(), "orders", User("orders")));
    Report("the user goes to orders directly", false, Call(&chain::Orders::Stub::Place, *orders));
    const auto payments =
        chain::Payments::NewStub(Connect(payments_.target(), "payments", Delegated("svc:edge")));
    Report("the edge goes to payments directly", false,
           Call(&chain::Payments::Stub::Charge, *payments));
    const auto own = chain::Payments::NewStub(
        Connect(payments_.target(), "payments",
                sso_.Token().Subject("svc:orders").Audience("payments").Sign()));
    Report("orders charges without a user", false, Call(&chain::Payments::Stub::Charge, *own));
    // A service that was passed on the way is no reason to let anybody in.
    const auto stranger = chain::Payments::NewStub(
        Connect(payments_.target(), "payments", Delegated("svc:stranger", "svc:orders")));
    Report("a stranger, after orders", false, Call(&chain::Payments::Stub::Charge, *stranger));
    std::printf("\n%s\n", good_ ? "All as it should be." : "NOT as it should be.");
    return good_ ? 0 : 1;
  }

 private:
  std::string User(const std::string& audience) const {
    return sso_.Token().Subject("user:alice").Audience(audience).Sign();
  }
  // What the issuer would give an actor, and one before it.
  std::string Delegated(const std::string& actor, const std::string& before = "") const {
    auto token = sso_.Token().Subject("user:alice").Audience("payments");
    token.claims().mutable_actor()->set_subject(actor);
    if (!before.empty()) token.claims().mutable_actor()->mutable_actor()->set_subject(before);
    return token.Sign();
  }

  // A channel whose calls carry that token.
  std::shared_ptr<grpc::Channel> Connect(const std::string& target, const std::string& audience,
                                         const std::string& token) const {
    lanyard::ClientAuthOptions options;
    options.audience = audience;
    options.token_source = lanyard::StaticTokenSource(token);
    options.tls = files_.Client();
    return *lanyard::CreateChannel(target, options);
  }
  // [service]
  // A channel of a service to the next one, for calls on behalf of callers.
  std::shared_ptr<grpc::Channel> Hop(const std::string& service, const std::string& target,
                                     const std::string& audience) const {
    lanyard::ClientAuthOptions options;
    options.audience = audience;
    options.token_source = lanyard::StaticTokenSource(
        sso_.Token().Subject(service).Audience(audience).Sign());  // For calls of its own.
    options.exchange_source = std::make_shared<chain::Exchange>(sso_, service);
    options.tls = files_.Client();
    return *lanyard::CreateChannel(target, options);
  }
  // [end]

  struct Outcome {
    grpc::Status status;
    chain::Receipt receipt;
  };
  template <typename Stub>
  static Outcome Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const chain::Order&,
                                                   chain::Receipt*),
                      Stub& stub) {
    grpc::ClientContext context;
    chain::Order order;
    order.set_item("book");
    Outcome outcome;
    outcome.status = (stub.*method)(&context, order, &outcome.receipt);
    return outcome;
  }
  void Report(const char* what, bool allowed, const Outcome& outcome) {
    const bool as_expected =
        allowed ? outcome.status.ok()
                : outcome.status.error_code() == grpc::StatusCode::PERMISSION_DENIED;
    good_ = good_ && as_expected;
    const std::string result =
        outcome.status.ok() ? absl::StrCat("payments saw ", outcome.receipt.user(), ", by ",
                                           absl::StrJoin(outcome.receipt.actors(), ", for it "))
                            : absl::StrCat("PERMISSION_DENIED  ", outcome.status.error_message());
    std::printf("%s %-34s %s\n", as_expected ? "  ok  " : " FAIL ", what, result.c_str());
  }

  const TestCertificates files_;
  const TestIssuer sso_{lanyard::Algorithm::kEs256, "sso"};
  Payments payments_service_;
  Server payments_{"payments", sso_, files_, &payments_service_};
  Orders orders_service_{Hop("svc:orders", payments_.target(), "payments")};
  Server orders_{"orders", sso_, files_, &orders_service_};
  Edge edge_service_{Hop("svc:edge", orders_.target(), "orders")};
  Server edge_{"edge", sso_, files_, &edge_service_};
  bool good_ = true;
};

}  // namespace

int main() { return Chain().Run(); }
