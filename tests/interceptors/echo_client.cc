// SPDX-License-Identifier: Apache-2.0
#include "tests/interceptors/echo_client.h"

#include <grpcpp/generic/generic_stub.h>

#include "absl/strings/str_cat.h"

namespace lanyard::test {

std::string NameOf(CallType type) {
  switch (type) {
    case CallType::kUnary:
      return "Unary";
    case CallType::kCollect:
      return "Collect";
    case CallType::kRepeat:
      return "Repeat";
    case CallType::kChat:
      return "Chat";
  }
  return "";
}

void Limit(grpc::ClientContext* context) {
  // Later than Eventually() waits: a call that must end by itself is not ended by this first.
  context->set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(3));
}

Outcome MakeCall(const std::shared_ptr<grpc::Channel>& channel, CallType type,
                 const std::vector<std::pair<std::string, std::string>>& headers) {
  auto stub = Echo::NewStub(channel);
  grpc::ClientContext context;
  Limit(&context);
  for (const auto& header : headers) context.AddMetadata(header.first, header.second);
  Message request, reply;
  request.set_text("hello");
  Outcome outcome;
  switch (type) {
    case CallType::kUnary:
      outcome.status = stub->Unary(&context, request, &reply);
      break;
    case CallType::kCollect: {
      auto writer = stub->Collect(&context, &reply);
      for (int i = 0; i < 3 && writer->Write(request); ++i) {
      }
      writer->WritesDone();
      outcome.status = writer->Finish();
      break;
    }
    case CallType::kRepeat: {
      auto reader = stub->Repeat(&context, request);
      while (reader->Read(&reply)) {
      }
      outcome.status = reader->Finish();
      break;
    }
    case CallType::kChat: {
      auto stream = stub->Chat(&context);
      for (int i = 0; i < 3 && stream->Write(request) && stream->Read(&reply); ++i) {
      }
      stream->WritesDone();
      Message rest;
      while (stream->Read(&rest)) {
      }
      outcome.status = stream->Finish();
      break;
    }
  }
  outcome.text = reply.text();
  return outcome;
}

grpc::Status CallPath(const std::shared_ptr<grpc::Channel>& channel, const std::string& path,
                      const std::vector<std::pair<std::string, std::string>>& headers,
                      const grpc::ByteBuffer& request, grpc::ByteBuffer* reply) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  Limit(&context);
  for (const auto& header : headers) context.AddMetadata(header.first, header.second);
  grpc::CompletionQueue queue;
  grpc::ByteBuffer ignored;
  grpc::Status status;
  auto call = stub.PrepareUnaryCall(&context, path, request, &queue);
  call->StartCall();
  call->Finish(reply == nullptr ? &ignored : reply, &status, nullptr);
  void* tag;
  bool ok;
  queue.Next(&tag, &ok);
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return status;
}

std::shared_ptr<grpc::Channel> PlainTls(const testing::TestCertificates& files, int port,
                                        const std::string& client_certificate) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = files.Read("ca.pem");
  if (!client_certificate.empty()) {
    tls.pem_cert_chain = files.Read(client_certificate + ".crt");
    tls.pem_private_key = files.Read(client_certificate + ".key");
  }
  grpc::ChannelArguments arguments;
  // Each channel its own connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(absl::StrCat("localhost:", port), grpc::SslCredentials(tls),
                                   arguments);
}

}  // namespace lanyard::test
