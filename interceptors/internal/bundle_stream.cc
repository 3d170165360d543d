// SPDX-License-Identifier: Apache-2.0
#include "lanyard/interceptors/internal/bundle_stream.h"

#include <utility>

#include "interceptors/internal/workload_api.pb.h"
#include "lanyard/interceptors/internal/message_bytes.h"
#include "lanyard/interceptors/internal/workload_endpoint.h"

namespace lanyard::internal {

BundleStream::BundleStream(const std::shared_ptr<grpc::Channel>& channel,
                           grpc::CompletionQueue* queue) {
  WorkloadEndpoint::Mark(&context_);
  call_ = grpc::GenericStub(channel).PrepareCall(&context_, "/SpiffeWorkloadAPI/FetchJWTBundles",
                                                 queue);
  call_->StartCall(this);
}

bool BundleStream::Advance(bool ok) {
  if (step_ == Step::kFinishing) return false;
  if (!ok) {
    step_ = Step::kFinishing;
    call_->Finish(&status_, this);
    return true;
  }
  if (step_ == Step::kStarting) {
    step_ = Step::kWriting;
    call_->WriteLast(BytesOf(workload_api::JWTBundlesRequest()), grpc::WriteOptions(), this);
    return true;
  }
  if (step_ == Step::kReading) answer_ = response_;
  step_ = Step::kReading;
  call_->Read(&response_, this);
  return true;
}

std::optional<grpc::ByteBuffer> BundleStream::TakeAnswer() {
  return std::exchange(answer_, std::nullopt);
}

}  // namespace lanyard::internal
