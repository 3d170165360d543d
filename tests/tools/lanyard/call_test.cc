// SPDX-License-Identifier: Apache-2.0
// `lanyard call`, as a program that knows nothing of the service, against a real server behind a
// policy.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "examples/quickstart/orders.grpc.pb.h"
#include "examples/quickstart/raw_listener.h"
#include "lanyard/interceptors/caller.h"
#include "lanyard/interceptors/server_auth.h"
#include "lanyard/sdk/internal/json.h"
#include "lanyard/testing/command_runner.h"
#include "lanyard/testing/recording_audit_sink.h"
#include "lanyard/testing/test_certificates.h"
#include "lanyard/testing/test_issuer.h"
#include "tests/tools/lanyard/binary_process.h"

namespace lanyard::tools {
namespace {

using ::lanyard::testing::BinaryProcess;
using ::lanyard::testing::Outcome;
using ::lanyard::testing::ReadTextFile;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class Orders final : public shop::Orders::Service {
 public:
  grpc::Status GetOrder(grpc::ServerContext* context, const shop::GetOrderRequest* request,
                        shop::Order* order) override {
    if (request->id() == "none") return {grpc::StatusCode::NOT_FOUND, "no such \x1b[31morder"};
    order->set_id(request->id());
    order->set_asked_by(CallerOf(*context).authenticated() ? CallerOf(*context).subject() : "");
    ++runs;
    return grpc::Status::OK;
  }

  int runs = 0;
};

// The file of the service and all that it imports.
void AddFile(const google::protobuf::FileDescriptor& file,
             google::protobuf::FileDescriptorSet* set) {
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), set);
  for (const auto& there : set->file()) {
    if (there.name() == file.name()) return;
  }
  file.CopyTo(set->add_file());
}

class CallTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { grpc::reflection::InitProtoReflectionServerBuilderPlugin(); }

  void Start(const std::string& more_config = "reflection: ANY_AUTHENTICATED\n",
             const TlsFiles* tls = nullptr, const std::string& address = "127.0.0.1:0") {
    ServerAuthOptions options;
    options.config_text = issuer_.ConfigText() + more_config;
    options.key_sources["test"] = issuer_.Keys();
    options.tls = tls == nullptr ? files_.Server() : *tls;
    options.audit_sink = audit_;
    auto auth = ServerAuth::Create(options);
    ASSERT_TRUE(auth.ok()) << auth.status();
    auth_ = *std::move(auth);
    grpc::ServerBuilder builder;
    auth_->AddListeningPort(builder, address, &port_);
    builder.RegisterService(&orders_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr) << auth_->start_error();
    token_file_ = files_.Write("token", Token("orders.read") + "\n");
  }
  std::string Token(const std::string& scopes) const {
    return issuer_.Token().Subject("alice").Scopes(scopes).Sign();
  }
  std::string target() const { return absl::StrCat("localhost:", port_); }

  // "lanyard call …", in a process of its own. No output of it may hold the token.
  Outcome Run(const std::vector<std::string>& args, const std::string& input = "") const {
    std::vector<std::string> all = {"call"};
    all.insert(all.end(), args.begin(), args.end());
    const std::string error_file = files_.Write("stderr", "");
    Outcome outcome;
    {
      BinaryProcess process(all, input, error_file);
      for (std::string line = process.ReadLine(); !line.empty(); line = process.ReadLine()) {
        absl::StrAppend(&outcome.out, line, "\n");
      }
      outcome.code = process.Wait();
    }
    outcome.err = ReadTextFile(error_file);
    EXPECT_THAT(outcome.out, Not(HasSubstr("eyJ")));
    EXPECT_THAT(outcome.err, Not(HasSubstr("eyJ")));
    return outcome;
  }
  Outcome Call(const std::string& method, const std::string& json,
               const std::vector<std::string>& more = {}) const {
    std::vector<std::string> args = {
        target(), method, json, "--ca", files_.Path("ca.pem"), "--token-file", token_file_};
    if (more.empty() || more[0] != "--audience") {
      args.insert(args.end(), {"--audience", "test"});
    }
    args.insert(args.end(), more.begin(), more.end());
    return Run(args);
  }
  std::string DescriptorFile() const {
    google::protobuf::FileDescriptorSet set;
    AddFile(*shop::Order::descriptor()->file(), &set);
    return files_.Write("orders.pb", set.SerializeAsString());
  }

  testing::TestCertificates files_;
  const testing::TestIssuer issuer_;
  const std::shared_ptr<testing::RecordingAuditSink> audit_ =
      std::make_shared<testing::RecordingAuditSink>();
  Orders orders_;
  std::unique_ptr<ServerAuth> auth_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  std::string token_file_;
};

TEST_F(CallTest, PrintsTheAnswerOfAnAllowedCall) {
  ASSERT_NO_FATAL_FAILURE(Start());
  for (const char* method : {"shop.Orders/GetOrder", "/shop.Orders/GetOrder"}) {
    const Outcome outcome = Call(method, R"({"id": "o-1"})");
    EXPECT_EQ(outcome.code, 0) << outcome;
    EXPECT_THAT(outcome.out, AllOf(StartsWith("{\n"), HasSubstr("\"id\": \"o-1\""),
                                   HasSubstr("\"askedBy\": \"alice\"")));
    EXPECT_THAT(outcome.err, IsEmpty());
  }
  const auto document = internal::JsonDocument::ParseObject(
      Call("shop.Orders/GetOrder", R"({"id": "o-1"})", {"--json"}).out);
  ASSERT_TRUE(document.ok());
  EXPECT_TRUE(document->root().Find("ok")->boolean());
  EXPECT_EQ(document->root().Find("answer")->Find("id")->string(), "o-1");
}

TEST_F(CallTest, SaysWhyAndByWhichDecisionACallWasDenied) {
  ASSERT_NO_FATAL_FAILURE(Start());
  token_file_ = files_.Write("token", Token("orders.write"));
  const Outcome outcome = Call("shop.Orders/GetOrder", "{}", {"--json"});
  EXPECT_EQ(outcome.code, 1);
  const std::string id = audit_->last().decision_id;
  EXPECT_EQ(audit_->last().failure, AuthFailure::kDeniedByPolicy);
  EXPECT_THAT(outcome.err,
              AllOf(StartsWith(absl::StrCat("PERMISSION_DENIED: permission denied [lanyard ", id)),
                    HasSubstr(absl::StrCat("audit event ", id, " has the reason"))));
  const auto document = internal::JsonDocument::ParseObject(outcome.out);
  ASSERT_TRUE(document.ok()) << outcome;
  EXPECT_FALSE(document->root().Find("ok")->boolean());
  EXPECT_EQ(document->root().Find("status")->string(), "PERMISSION_DENIED");
  EXPECT_EQ(document->root().Find("decision_id")->string(), id);
  EXPECT_EQ(orders_.runs, 0);
}

TEST_F(CallTest, ShowsAHandlersOwnErrorHarmlessly) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const Outcome outcome = Call("shop.Orders/GetOrder", R"({"id": "none"})");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "NOT_FOUND: no such ?[31morder\n");
}

TEST_F(CallTest, ARefusedTokenIsSaidWhileReflectionIsAsked) {
  ASSERT_NO_FATAL_FAILURE(Start());
  token_file_ = files_.Write("token", testing::TestIssuer().Token().Sign());
  const Outcome outcome = Call("shop.Orders/GetOrder", "{}");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err,
              HasSubstr("the server's reflection: UNAUTHENTICATED: invalid token [lanyard "));
  EXPECT_THAT(outcome.err, Not(HasSubstr("--descriptors")));
  const Outcome json = Call("shop.Orders/GetOrder", "{}", {"--json"});
  EXPECT_THAT(json.out,
              AllOf(HasSubstr("\"status\":\"UNAUTHENTICATED\""), HasSubstr("\"decision_id\":\"")));
}

TEST_F(CallTest, NamesTheNearestServiceAndMethod) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const Outcome method = Call("shop.Orders/GetOrdr", "{}");
  EXPECT_EQ(method.code, 1);
  EXPECT_THAT(method.err, HasSubstr("shop.Orders has no method \"GetOrdr\" (did you mean "
                                    "GetOrder?); it has [\"GetOrder\", \"Cancel\", \"Watch\"]"));
  for (const auto& more : {std::vector<std::string>{}, {"--descriptors", DescriptorFile()}}) {
    // One is the name of a message, the other of nothing.
    for (const std::string name : {"shop.Order", "shop.Ordres"}) {
      const Outcome service = Call(name + "/GetOrder", "{}", more);
      EXPECT_EQ(service.code, 1);
      EXPECT_THAT(service.err,
                  HasSubstr(absl::StrCat("no service \"", name, "\" (did you mean shop.Orders?)")));
    }
  }
  EXPECT_EQ(Call("shop.Orders.GetOrder", "{}").code, 2);
  EXPECT_THAT(Call("shop.Orders/Watch", "{}").err,
              HasSubstr("shop.Orders.Watch is a stream; this command makes unary calls"));
}

TEST_F(CallTest, ABadRequestNamesTheField) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const Outcome unknown = Call("shop.Orders/GetOrder", R"({"order": "o-1"})");
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err,
              AllOf(HasSubstr("the request is no shop.GetOrderRequest: "), HasSubstr("order")));
  const Outcome type = Call("shop.Orders/GetOrder", R"({"id": {"deep": 1}})");
  EXPECT_EQ(type.code, 1);
  EXPECT_THAT(type.err, HasSubstr("id"));
  EXPECT_EQ(Call("shop.Orders/GetOrder", R"({"id": )").code, 1);
  EXPECT_EQ(orders_.runs, 0);
}

TEST_F(CallTest, WhereReflectionIsDeniedDescriptorsDo) {
  ASSERT_NO_FATAL_FAILURE(Start(""));
  const Outcome denied = Call("shop.Orders/GetOrder", R"({"id": "o-1"})");
  EXPECT_EQ(denied.code, 1);
  EXPECT_THAT(denied.err, AllOf(HasSubstr("reflection: PERMISSION_DENIED"),
                                HasSubstr("--descriptors FILE calls without it")));
  const Outcome allowed =
      Call("shop.Orders/GetOrder", R"({"id": "o-1"})", {"--descriptors", DescriptorFile()});
  EXPECT_EQ(allowed.code, 0) << allowed;
  EXPECT_THAT(allowed.out, HasSubstr("\"id\": \"o-1\""));
}

TEST_F(CallTest, TakesAClientsConfig) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::string config =
      files_.Write("client.textproto",
                   "sources { name: \"file\" file { path: \"token\" } }\n"
                   "targets { names: \"*\" audience: \"test\" source: \"file\" }\n");
  const Outcome outcome = Run({target(), "shop.Orders/GetOrder", R"({"id": "o-1"})", "--ca",
                               files_.Path("ca.pem"), "--client", config});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("alice"));
}

TEST_F(CallTest, ReadsTheTokenOrTheRequestFromStandardInput) {
  ASSERT_NO_FATAL_FAILURE(Start());
  const std::string ca = files_.Path("ca.pem");
  const Outcome token =
      Run({target(), "shop.Orders/GetOrder", "--ca", ca, "--audience", "test", "--token-file", "-"},
          Token("orders.read") + "\n");
  EXPECT_EQ(token.code, 0) << token;
  const Outcome request = Run({target(), "shop.Orders/GetOrder", "-", "--ca", ca, "--audience",
                               "test", "--token-file", token_file_},
                              R"({"id": "o-2"})");
  EXPECT_THAT(request.out, HasSubstr("o-2"));
  EXPECT_EQ(Run({target(), "shop.Orders/GetOrder", "-", "--ca", ca, "--audience", "test",
                 "--token-file", "-"})
                .code,
            2);
}

TEST_F(CallTest, ATokenForSomebodyElseIsNotSent) {
  ASSERT_NO_FATAL_FAILURE(Start());
  audit_->Clear();
  const Outcome outcome =
      Call("shop.Orders/GetOrder", "{}", {"--audience", "orders", "--timeout", "60s"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("the token is not for \"orders\""));
  EXPECT_THAT(audit_->events(), IsEmpty());
}

TEST_F(CallTest, NothingButTlsIsSpokenToATarget) {
  token_file_ = files_.Write("token", Token("orders.read"));
  quickstart::RawListener listener;
  port_ = listener.port();
  const Outcome outcome = Call("shop.Orders/GetOrder", "{}");
  EXPECT_EQ(outcome.code, 1);
  const std::string bytes = listener.Stop();
  ASSERT_FALSE(bytes.empty());
  EXPECT_EQ(bytes[0], '\x16') << "not a TLS handshake";
  EXPECT_THAT(bytes, Not(HasSubstr("eyJ")));
}

TEST_F(CallTest, APlaintextServerGetsNoCall) {
  token_file_ = files_.Write("token", Token("orders.read"));
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.RegisterService(&orders_);
  server_ = builder.BuildAndStart();
  const Outcome outcome = Call("shop.Orders/GetOrder", "{}", {"--descriptors", DescriptorFile()});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, StartsWith("UNAVAILABLE: "));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome;
  EXPECT_EQ(orders_.runs, 0);
  // And there is no option for it.
  const Outcome usage =
      Run({target(), "shop.Orders/GetOrder", "--token-file", token_file_, "--audience", "test"});
  EXPECT_EQ(usage.code, 2);
  EXPECT_THAT(usage.err, HasSubstr("missing --ca FILE"));
}

TEST_F(CallTest, AnUnknownCertificateOrNameEndsIt) {
  files_.Issue("other", {"DNS:orders.example.test"});
  TlsFiles tls = files_.Server();
  tls.certificate_chain = files_.Path("other.crt");
  tls.private_key = files_.Path("other.key");
  ASSERT_NO_FATAL_FAILURE(Start("reflection: ANY_AUTHENTICATED\n", &tls));
  EXPECT_THAT(Call("shop.Orders/GetOrder", "{}").err, HasSubstr("UNAVAILABLE"));
  const Outcome named =
      Call("shop.Orders/GetOrder", "{}", {"--server-name", "orders.example.test"});
  EXPECT_EQ(named.code, 0) << named;
  const testing::TestCertificates strangers;
  EXPECT_EQ(Run({target(), "shop.Orders/GetOrder", "--ca", strangers.Path("ca.pem"), "--token-file",
                 token_file_, "--audience", "test", "--server-name", "orders.example.test"})
                .code,
            1);
  EXPECT_EQ(orders_.runs, 1);
}

TEST_F(CallTest, ShowsACertificateForMutualTls) {
  const TlsFiles mutual = files_.Server(/*mutual=*/true);
  files_.Issue("client", {"DNS:client.example.test"});
  ASSERT_NO_FATAL_FAILURE(Start("reflection: ANY_AUTHENTICATED\n", &mutual));
  const Outcome without = Call("shop.Orders/GetOrder", "{}");
  EXPECT_EQ(without.code, 1);
  EXPECT_THAT(without.err, HasSubstr("UNAVAILABLE"));
  EXPECT_EQ(orders_.runs, 0);
  const Outcome outcome =
      Call("shop.Orders/GetOrder", "{}",
           {"--certificate", files_.Path("client.crt"), "--key", files_.Path("client.key")});
  EXPECT_EQ(outcome.code, 0) << outcome;
}

TEST_F(CallTest, GoesOverAUnixSocketWithoutTls) {
  const std::string address = "unix:" + files_.Path("socket");
  ASSERT_NO_FATAL_FAILURE(Start("reflection: ANY_AUTHENTICATED\n", nullptr, address));
  const Outcome outcome = Run({address, "shop.Orders/GetOrder", R"({"id": "o-3"})", "--token-file",
                               token_file_, "--audience", "test"});
  EXPECT_EQ(outcome.code, 0) << outcome;
  EXPECT_THAT(outcome.out, HasSubstr("o-3"));
}

TEST_F(CallTest, SaysWhatOfTheCommandLineIsWrong) {
  const auto error = [&](const std::vector<std::string>& more) {
    std::vector<std::string> args = {"localhost:1", "shop.Orders/GetOrder", "--ca", "ca.pem"};
    args.insert(args.end(), more.begin(), more.end());
    const Outcome outcome = Run(args);
    EXPECT_EQ(outcome.code, 2) << outcome;
    return outcome.err;
  };
  EXPECT_THAT(error({}), HasSubstr("missing --token-file FILE"));
  EXPECT_THAT(error({"--client", "c", "--token-file", "t"}), HasSubstr("one is enough"));
  EXPECT_THAT(error({"--client", "c", "--audience", "a"}), HasSubstr("--audience"));
  EXPECT_THAT(error({"--token-file", "t"}), HasSubstr("missing --audience AUD"));
  EXPECT_THAT(error({"--token-file", "t", "--audience", "a", "--key", "k"}),
              HasSubstr("--certificate"));
  EXPECT_THAT(error({"--token-file", "t", "--audience", "a", "--timeout", "1"}),
              HasSubstr("--timeout"));
  EXPECT_THAT(error({"{}", "more", "--token-file", "t"}), HasSubstr("one argument too many"));
  EXPECT_THAT(Run({"localhost:1"}).err, HasSubstr("missing TARGET METHOD [JSON|-]"));
}

}  // namespace
}  // namespace lanyard::tools
