// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/plaintext_credentials.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpcpp/version_info.h>

#include <string>
#include <utility>

namespace lanyard::internal {

#if GRPC_CPP_VERSION_MAJOR > 1 || GRPC_CPP_VERSION_MINOR >= 60

std::shared_ptr<grpc::ServerCredentials> PlaintextCredentials(
    std::shared_ptr<grpc::AuthMetadataProcessor> gate) {
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  credentials->SetAuthMetadataProcessor(gate);
  return credentials;
}

#else

namespace {

using grpc::AuthMetadataProcessor;

grpc::string_ref Ref(const grpc_slice& slice) {
  return {reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)), GRPC_SLICE_LENGTH(slice)};
}

// The context of a connection that proves nothing.
class NoContext final : public grpc::AuthContext {
 public:
  bool IsPeerAuthenticated() const override { return false; }
  std::vector<grpc::string_ref> GetPeerIdentity() const override { return {}; }
  std::string GetPeerIdentityPropertyName() const override { return ""; }
  std::vector<grpc::string_ref> FindPropertyValues(const std::string&) const override { return {}; }
  grpc::AuthPropertyIterator begin() const override { return end(); }
  grpc::AuthPropertyIterator end() const override {
    struct Nothing : grpc::AuthPropertyIterator {};
    return Nothing();
  }
  void AddProperty(const std::string&, const grpc::string_ref&) override {}
  bool SetPeerIdentityPropertyName(const std::string&) override { return false; }
};

class Credentials final : public grpc::ServerCredentials {
 public:
  explicit Credentials(std::shared_ptr<AuthMetadataProcessor> gate)
      : credentials_(grpc_insecure_server_credentials_create()) {
    // The core frees the state with the last of the server's own credentials.
    auto* state = new std::shared_ptr<AuthMetadataProcessor>(std::move(gate));
    grpc_server_credentials_set_auth_metadata_processor(credentials_, {Process, Destroy, state});
  }
  ~Credentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(const std::shared_ptr<AuthMetadataProcessor>&) override {}

 private:
  using State = std::shared_ptr<AuthMetadataProcessor>;

  static void Destroy(void* state) { delete static_cast<State*>(state); }

  static void Process(void* state, grpc_auth_context*, const grpc_metadata* headers, size_t count,
                      grpc_process_auth_metadata_done_cb done, void* user_data) {
    AuthMetadataProcessor::InputMetadata metadata;
    for (size_t i = 0; i < count; ++i) {
      metadata.emplace(Ref(headers[i].key), Ref(headers[i].value));
    }
    NoContext context;
    AuthMetadataProcessor::OutputMetadata consumed, response;
    const grpc::Status status =
        (*static_cast<State*>(state))->Process(metadata, &context, &consumed, &response);
    done(user_data, nullptr, 0, nullptr, 0, static_cast<grpc_status_code>(status.error_code()),
         status.error_message().c_str());
  }

  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* const credentials_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> PlaintextCredentials(
    std::shared_ptr<AuthMetadataProcessor> gate) {
  return std::make_shared<Credentials>(std::move(gate));
}

#endif

}  // namespace lanyard::internal
