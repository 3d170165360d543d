// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/rpc.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace lanyard::tools {
namespace {

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

grpc::Status BytesOf(const grpc::ByteBuffer& buffer, std::string* bytes) {
  std::vector<grpc::Slice> slices;
  bytes->clear();
  // A buffer that nothing was read into is not valid.
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) {
    return {grpc::StatusCode::INTERNAL, "the answer cannot be read"};
  }
  for (const grpc::Slice& slice : slices) {
    bytes->append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return grpc::Status::OK;
}

}  // namespace

std::string GrpcCodeName(const grpc::Status& status) {
  const std::string name =
      absl::StatusCodeToString(static_cast<absl::StatusCode>(status.error_code()));
  return name.empty() ? absl::StrCat("code ", static_cast<int>(status.error_code())) : name;
}

grpc::Status CallUnary(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                       const std::string& request, absl::Time deadline, std::string* answer) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(deadline));
  grpc::CompletionQueue queue;
  grpc::ByteBuffer buffer;
  grpc::Status status;
  auto call = stub.PrepareUnaryCall(&context, method, BufferOf(request), &queue);
  call->StartCall();
  call->Finish(&buffer, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return status.ok() ? BytesOf(buffer, answer) : status;
}

Conversation::Conversation(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                           absl::Time deadline)
    : stub_(channel) {
  context_.set_deadline(absl::ToChronoTime(deadline));
  stream_ = stub_.PrepareCall(&context_, method, &queue_);
  stream_->StartCall(nullptr);
  open_ = Next();
}

Conversation::~Conversation() {
  if (open_) {
    context_.TryCancel();
    Finish();
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

grpc::Status Conversation::Ask(const std::string& request, std::string* answer) {
  if (stream_ == nullptr) return {grpc::StatusCode::INTERNAL, "the stream has ended"};
  grpc::ByteBuffer buffer;
  if (open_) {
    stream_->Write(BufferOf(request), nullptr);
    open_ = Next();
  }
  if (open_) {
    stream_->Read(&buffer, nullptr);
    open_ = Next();
  }
  if (open_) return BytesOf(buffer, answer);
  grpc::Status end = Finish();
  // An answer is owed, so an end without an error is one too.
  return end.ok() ? grpc::Status(grpc::StatusCode::INTERNAL, "the stream has ended") : end;
}

bool Conversation::Next() {
  void* tag = nullptr;
  bool ok = false;
  return queue_.Next(&tag, &ok) && ok;
}

grpc::Status Conversation::Finish() {
  grpc::Status status;
  stream_->Finish(&status, nullptr);
  Next();
  stream_.reset();
  open_ = false;
  return status;
}

}  // namespace lanyard::tools
