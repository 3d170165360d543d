// SPDX-License-Identifier: Apache-2.0
#include "lanyard/testing/test_server.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lanyard/sdk/algorithm.h"
#include "lanyard/sdk/config.h"
#include "lanyard/sdk/internal/config_text.h"

namespace lanyard::testing {
namespace {

[[noreturn]] void Die(const std::string& text) {
  std::fprintf(stderr, "lanyard::testing::TestServer: %s\n", text.c_str());
  std::abort();
}

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (!value.ok()) Die(std::string(value.status().message()));
  return *std::move(value);
}

// Whether it has issuers of its own; what is wrong with it is for LoadConfig() to say.
bool HasIssuers(const std::string& text) {
  v1::ServerConfig part;
  return internal::ConfigText().Parse(text, "", &part).ok() && part.issuers_size() > 0;
}

std::string Read(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream content;
  content << stream.rdbuf();
  return content.str();
}

// As a certificate's file, so that a wrong name is told as what it is.
std::string ReadPart(const TestCertificates& files, absl::string_view name,
                     absl::string_view extension) {
  std::string content = files.Read(absl::StrCat(name, extension));
  if (content.empty()) Die(absl::StrCat("no certificate was issued as \"", name, "\""));
  return content;
}

}  // namespace

struct TestServer::Parts {
  struct Issuer {
    v1::Issuer config;
    TestIssuer keys;
  };

  explicit Parts(TestServerOptions options) : on_unix_socket(options.on_unix_socket) {
    if (!options.key_sources.empty() || options.audit_sink != nullptr ||
        !options.tls.certificate_chain.empty() || !options.tls.private_key.empty() ||
        !options.tls.root_certificates.empty()) {
      Die("TestServerOptions.tls, .audit_sink and .key_sources are the test's own; leave them out");
    }
    MakeIssuers(options);
    options.audit_sink = audit;
    options.tls = certificates.Server(/*mutual=*/true);
    ServerAuthOptions& server_options = options;
    auth = OrDie(ServerAuth::Create(std::move(server_options)));
  }

  void MakeIssuers(TestServerOptions& options) {
    bool has_issuers = HasIssuers(options.config_text);
    for (const std::string& file : options.config_files) {
      has_issuers = has_issuers || HasIssuers(Read(file));
    }
    if (!has_issuers) {
      const TestIssuer made(Algorithm::kEs256, options.issuer, options.clock);
      options.config_text = absl::StrCat(options.config_text, "\n", made.ConfigText());
    }
    const LoadedConfig loaded = OrDie(LoadConfig(options.config_files, options.config_text));
    for (const v1::Issuer& issuer : loaded.config.issuers()) {
      const auto algorithm =
          AlgorithmFromName(v1::Algorithm_Name(static_cast<v1::Algorithm>(issuer.algorithms(0))));
      if (!algorithm.has_value()) Die(absl::StrCat("issuer \"", issuer.name(), "\": algorithms"));
      issuers.push_back({issuer, TestIssuer(*algorithm, issuer.name(), options.clock)});
      options.key_sources[issuer.name()] = issuers.back().keys.Keys();
    }
  }

  void Start(const std::function<void(grpc::ServerBuilder&)>& register_services) {
    grpc::ServerBuilder builder;
    int port = 0;
    if (on_unix_socket) {
      target = absl::StrCat("unix:", certificates.Path("server.sock"));
      auth->AddListeningPort(builder, target);
    } else {
      // Whether a certificate must be there is the policy's to say.
      PortOptions options;
      options.clients_may_lack_certificates = true;
      auth->AddListeningPort(builder, "127.0.0.1:0", options, &port);
    }
    register_services(builder);
    server = builder.BuildAndStart();
    if (server == nullptr) {
      const absl::Status error = auth->start_error();
      Die(error.ok() ? absl::StrCat("gRPC could not start it at ", target)
                     : std::string(error.message()));
    }
    if (!on_unix_socket) target = absl::StrCat("localhost:", port);
  }

  std::shared_ptr<grpc::Channel> Connect(
      const std::shared_ptr<grpc::CallCredentials>& call_credentials,
      absl::string_view certificate) const {
    std::shared_ptr<grpc::ChannelCredentials> credentials;
    if (on_unix_socket) {
      if (!certificate.empty()) Die("a Unix socket knows no certificates");
      credentials = grpc::experimental::LocalCredentials(UDS);
    } else {
      grpc::SslCredentialsOptions tls;
      tls.pem_root_certs = certificates.Read("ca.pem");
      if (!certificate.empty()) {
        tls.pem_cert_chain = ReadPart(certificates, certificate, ".crt");
        tls.pem_private_key = ReadPart(certificates, certificate, ".key");
      }
      credentials = grpc::SslCredentials(tls);
    }
    if (call_credentials != nullptr) {
      credentials = grpc::CompositeChannelCredentials(credentials, call_credentials);
    }
    grpc::ChannelArguments arguments;
    // Each channel its own connection, and none through a proxy that the environment names.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    return grpc::CreateCustomChannel(target, credentials, arguments);
  }

  const bool on_unix_socket;
  TestCertificates certificates;
  std::vector<Issuer> issuers;
  const std::shared_ptr<RecordingAuditSink> audit = std::make_shared<RecordingAuditSink>();
  std::unique_ptr<ServerAuth> auth;
  std::unique_ptr<grpc::Server> server;
  std::string target;
};

TestServer::TestServer(const std::vector<grpc::Service*>& services, TestServerOptions options)
    : TestServer(
          [&services](grpc::ServerBuilder& builder) {
            for (grpc::Service* const service : services) builder.RegisterService(service);
          },
          std::move(options)) {}

TestServer::TestServer(const std::function<void(grpc::ServerBuilder&)>& register_services,
                       TestServerOptions options)
    : parts_(std::make_unique<Parts>(std::move(options))) {
  parts_->Start(register_services);
}

TestServer::~TestServer() { Shutdown(); }

void TestServer::Shutdown() {
  // What runs is cancelled at once: the test has its answers.
  parts_->server->Shutdown(std::chrono::system_clock::now());
}

TokenBuilder TestServer::Token(absl::string_view issuer) const {
  for (const Parts::Issuer& each : parts_->issuers) {
    if (!issuer.empty() && each.config.name() != issuer) continue;
    return each.keys.Token().Issuer(each.config.issuer()).Audience(each.config.audiences(0));
  }
  Die(absl::StrCat("the config has no issuer named \"", issuer, "\""));
}

std::shared_ptr<grpc::Channel> TestServer::Channel(const std::string& token,
                                                   absl::string_view client_certificate) const {
  return parts_->Connect(grpc::AccessTokenCredentials(token), client_certificate);
}

std::shared_ptr<grpc::Channel> TestServer::ChannelAs(absl::string_view subject,
                                                     const std::vector<std::string>& scopes) const {
  return Channel(Token().Subject(subject).Scopes(absl::StrJoin(scopes, " ")).Sign());
}

std::shared_ptr<grpc::Channel> TestServer::AnonymousChannel(
    absl::string_view client_certificate) const {
  return parts_->Connect(nullptr, client_certificate);
}

const std::string& TestServer::target() const { return parts_->target; }
TestCertificates& TestServer::certificates() { return parts_->certificates; }
RecordingAuditSink& TestServer::audit() { return *parts_->audit; }
ServerAuth& TestServer::auth() { return *parts_->auth; }

}  // namespace lanyard::testing
