// SPDX-License-Identifier: Apache-2.0
// Real calls over TLS, some allowed and some not, each with what became of it. Everything is made
// here and thrown away at the end: the CA, the certificate, the issuer's key, the tokens.

#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "examples/quickstart/raw_listener.h"
#include "lanyard/interceptors/client_auth.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/tokens/static_token_source.h"
#include "lanyard/testing/recording_audit_sink.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"

namespace {

using lanyard::testing::TokenBuilder;

class OrdersService final : public shop::Orders::Service {
 public:
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest* request,
                        shop::Order* order) override {
    return Answer(*context, request->id(), order);
  }
  grpc::Status Cancel(grpc::ServerContext* context, const shop::CancelRequest* request,
                      shop::Order* order) override {
    return Answer(*context, request->id(), order);
  }
  grpc::Status Watch(grpc::ServerContext* context, const shop::WatchRequest*,
                     grpc::ServerWriter<shop::Order>* writer) override {
    ++runs;
    shop::Order order;
    order.set_asked_by(lanyard::CallerOf(*context).subject());
    while (!context->IsCancelled() && writer->Write(order)) absl::SleepFor(absl::Milliseconds(100));
    return grpc::Status::OK;
  }

  std::atomic<int> runs{0};

 private:
  grpc::Status Answer(const grpc::ServerContext& context, const std::string& id,
                      shop::Order* order) {
    ++runs;
    const lanyard::Identity& caller = lanyard::CallerOf(context);
    order->set_id(id);
    order->set_asked_by(absl::StrCat(caller.subject(), " of ", caller.issuer_name()));
    return grpc::Status::OK;
  }
};

const char* CodeName(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return "OK";
    case grpc::StatusCode::UNAUTHENTICATED:
      return "UNAUTHENTICATED";
    case grpc::StatusCode::PERMISSION_DENIED:
      return "PERMISSION_DENIED";
    case grpc::StatusCode::UNAVAILABLE:
      return "UNAVAILABLE";
    default:
      return "(another code)";
  }
}

// Prints one line a call and keeps the score.
class Report {
 public:
  Report() {
    const bool terminal = isatty(STDOUT_FILENO) != 0;
    good_ = terminal ? "\033[32m  ok  \033[0m" : "  ok  ";
    bad_ = terminal ? "\033[31m FAIL \033[0m" : " FAIL ";
  }
  void Line(bool as_expected, const char* what, const std::string& outcome) {
    all_ = all_ && as_expected;
    std::printf("%s %-42s %s\n", as_expected ? good_ : bad_, what, outcome.c_str());
    std::fflush(stdout);
  }
  bool all() const { return all_; }

 private:
  const char *good_, *bad_;
  bool all_ = true;
};

// Replaces the payload of a token and keeps its signature.
std::string WithPayload(const std::string& token, const std::string& json) {
  std::string payload;
  absl::WebSafeBase64Escape(json, &payload);
  const size_t first = token.find('.'), second = token.find('.', first + 1);
  return absl::StrCat(token.substr(0, first + 1), payload, token.substr(second));
}

class Quickstart {
 public:
  int Run() {
    Explain();
    if (!StartServer()) return 1;
    std::printf("A server listens with TLS on 127.0.0.1:%d. Now the calls:\n\n", port_);
    TokenBuilder good = sso_.Token().Subject("alice").Audience("orders").Scopes("orders.read");

    GetOrder("a good token", good.Sign(), grpc::StatusCode::OK, "alice of sso");
    NoToken();
    GetOrder("an expired token",
             TokenBuilder(good).IssuedIn(-absl::Hours(2)).ExpiresIn(-absl::Hours(1)).Sign(),
             grpc::StatusCode::UNAUTHENTICATED, "EXPIRED");
    Raw("a token for another service", TokenBuilder(good).Audience("billing").Sign(),
        "WRONG_AUDIENCE");
    Raw("a payload changed after signing",
        WithPayload(good.Sign(), absl::StrReplaceAll(good.ClaimsJson(), {{"alice", "mallory"}})),
        "BAD_SIGNATURE");
    TokenBuilder none = TokenBuilder(good).RawHeader("{\"alg\":\"none\",\"typ\":\"at+jwt\"}");
    Raw("\"alg\": \"none\", so no signature at all", none.Sign(), "UNSUPPORTED_ALGORITHM");
    const lanyard::testing::TestIssuer stranger(lanyard::Algorithm::kEs256, "sso");
    Raw("signed by a stranger's key",
        stranger.Token().Audience("orders").Scopes("orders.read").KeyId(sso_.key().id()).Sign(),
        "BAD_SIGNATURE");
    GetOrder("a good token without the scope", TokenBuilder(good).Scopes("orders.list").Sign(),
             grpc::StatusCode::PERMISSION_DENIED, "DENIED_BY_POLICY");
    Cancel("a good token on a method for others", good.Sign(), grpc::StatusCode::PERMISSION_DENIED,
           "DENIED_BY_POLICY");
    Cancel("the one whom that method is for",
           sso_.Token().Subject("svc:refunds").Audience("orders").Sign(), grpc::StatusCode::OK,
           "svc:refunds of sso");
    Plaintext(good.Sign());
    StreamThatExpires(good);

    server_->Shutdown();
    std::printf("\nThe handlers ran %d times: once for each call that was allowed.\n",
                service_.runs.load());
    const bool good_count = service_.runs == 3;
    std::printf("%s\n", report_.all() && good_count ? "Everything went as it should."
                                                    : "Something did NOT go as it should.");
    return report_.all() && good_count ? 0 : 1;
  }

 private:
  std::string ConfigText() const {
    return absl::StrCat(
        "issuers {\n"
        "  name: \"sso\"  issuer: \"",
        sso_.issuer(),
        "\"  audiences: \"orders\"\n"
        "  algorithms: ES256  jwks_file: \"sso.jwks\"  leeway { seconds: 0 }\n"
        "}\n"
        "rules { method: \"/shop.Orders/Cancel\"  allow { issuers: \"sso\" subjects: "
        "\"svc:refunds\" } }\n");
  }

  void Explain() {
    std::printf(
        "Lanyard quickstart\n\n"
        "An issuer \"sso\" signs tokens with ES256. The service shop.Orders says in its .proto "
        "who\n"
        "may call GetOrder and Watch; this config says whom to trust, and who may call "
        "Cancel:\n\n");
    std::printf("  %s\n", absl::StrReplaceAll(ConfigText(), {{"\n", "\n  "}}).c_str());
  }

  bool StartServer() {
    files_.Write("sso.jwks", sso_.PublicJwks());
    lanyard::ServerAuthOptions options;
    options.config_files = {files_.Write("auth.textproto", ConfigText())};
    options.tls = files_.Server();
    options.audit_sink = audit_;
    auto auth = lanyard::ServerAuth::Create(options);
    if (!auth.ok()) {
      std::fprintf(stderr, "quickstart: %s\n", auth.status().ToString().c_str());
      return false;
    }
    auth_ = *std::move(auth);
    grpc::ServerBuilder builder;
    auth_->AddListeningPort(builder, "127.0.0.1:0", &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    return server_ != nullptr;
  }

  lanyard::ClientAuthOptions ClientOptions(const std::string& token) const {
    lanyard::ClientAuthOptions options;
    options.audience = "orders";
    options.token_source = lanyard::StaticTokenSource(token);
    options.tls = files_.Client();
    return options;
  }

  std::string target() const { return absl::StrCat("localhost:", port_); }

  // What the operator sees of the last decision.
  std::string Reason() const {
    const lanyard::AuditEvent event = audit_->last();
    return event.failure.has_value() ? std::string(lanyard::AuthFailureName(*event.failure)) : "";
  }

  void Judge(const char* what, const grpc::Status& status, const shop::Order& order,
             grpc::StatusCode code, const std::string& expected) {
    const std::string seen = status.ok() ? order.asked_by() : Reason();
    report_.Line(status.error_code() == code && seen == expected, what,
                 status.ok() ? absl::StrCat("OK; the handler saw ", seen)
                             : absl::StrCat(CodeName(status.error_code()), " \"",
                                            status.error_message(), "\"; audit: ", seen));
  }

  // Through a ClientAuth channel.
  void GetOrder(const char* what, const std::string& token, grpc::StatusCode code,
                const std::string& expected) {
    auto channel = lanyard::CreateChannel(target(), ClientOptions(token));
    grpc::ClientContext context;
    shop::GetOrderRequest request;
    request.set_id("42");
    shop::Order order;
    const grpc::Status status =
        shop::Orders::NewStub(*channel)->GetOrder(&context, request, &order);
    Judge(what, status, order, code, expected);
  }

  void Cancel(const char* what, const std::string& token, grpc::StatusCode code,
              const std::string& expected) {
    auto channel = lanyard::CreateChannel(target(), ClientOptions(token));
    grpc::ClientContext context;
    shop::Order order;
    const grpc::Status status = shop::Orders::NewStub(*channel)->Cancel(&context, {}, &order);
    Judge(what, status, order, code, expected);
  }

  std::shared_ptr<grpc::Channel> PlainTlsChannel() const {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = files_.Read("ca.pem");
    return grpc::CreateChannel(target(), grpc::SslCredentials(tls));
  }

  // Past Lanyard's client, as an attacker would: it would not send such a token.
  void Raw(const char* what, const std::string& token, const std::string& expected) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    shop::Order order;
    const grpc::Status status =
        shop::Orders::NewStub(PlainTlsChannel())->GetOrder(&context, {}, &order);
    Judge(what, status, order, grpc::StatusCode::UNAUTHENTICATED, expected);
  }

  void NoToken() {
    grpc::ClientContext context;
    shop::Order order;
    const grpc::Status status =
        shop::Orders::NewStub(PlainTlsChannel())->GetOrder(&context, {}, &order);
    Judge("no token", status, order, grpc::StatusCode::UNAUTHENTICATED, "MISSING_TOKEN");
  }

  // A channel without TLS, to a listener that writes down every byte it gets.
  void Plaintext(const std::string& token) {
    quickstart::RawListener listener;
    auto client = lanyard::ClientAuth::Create(ClientOptions(token));
    std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>
        interceptors;
    interceptors.push_back((*client)->InterceptorFactory());
    auto channel = grpc::experimental::CreateCustomChannelWithInterceptors(
        absl::StrCat("127.0.0.1:", listener.port()), grpc::InsecureChannelCredentials(), {},
        std::move(interceptors));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    shop::Order order;
    const grpc::Status status = shop::Orders::NewStub(channel)->GetOrder(&context, {}, &order);
    channel.reset();
    const bool leaked = listener.Stop().find(token.substr(0, 16)) != std::string::npos;
    report_.Line(status.error_code() == grpc::StatusCode::UNAUTHENTICATED && !leaked,
                 "a channel without TLS",
                 absl::StrCat(CodeName(status.error_code()),
                              leaked ? "; THE TOKEN WAS SENT" : "; the token was not sent"));
  }

  void StreamThatExpires(TokenBuilder token) {
    const auto channel = PlainTlsChannel();  // Connected before the token's two seconds begin.
    channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10));
    // The client would not start with a token that is about to expire, so this goes past it too.
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token.ExpiresIn(absl::Seconds(2)).Sign());
    auto stub = shop::Orders::NewStub(channel);
    auto reader = stub->Watch(&context, shop::WatchRequest());
    shop::Order order;
    int messages = 0;
    const absl::Time start = absl::Now();
    while (reader->Read(&order)) ++messages;
    const grpc::Status status = reader->Finish();
    report_.Line(status.error_code() == grpc::StatusCode::UNAUTHENTICATED && messages > 0 &&
                     status.error_message().rfind("token expired [lanyard ", 0) == 0,
                 "a stream whose token ends after 2 s",
                 absl::StrFormat("%s \"%s\" after %.1f s and %d messages",
                                 CodeName(status.error_code()), status.error_message(),
                                 absl::ToDoubleSeconds(absl::Now() - start), messages));
  }

  const lanyard::testing::TestIssuer sso_{lanyard::Algorithm::kEs256, "sso"};
  lanyard::testing::TestCertificates files_;
  const std::shared_ptr<lanyard::testing::RecordingAuditSink> audit_ =
      std::make_shared<lanyard::testing::RecordingAuditSink>();
  std::unique_ptr<lanyard::ServerAuth> auth_;
  OrdersService service_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  Report report_;
};

}  // namespace

int main() { return Quickstart().Run(); }
