// SPDX-License-Identifier: Apache-2.0
#ifndef LANYARD_INTERCEPTORS_INTERNAL_MESSAGE_BYTES_H_
#define LANYARD_INTERCEPTORS_INTERNAL_MESSAGE_BYTES_H_

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>

namespace lanyard::internal {

// Messages as generic calls carry them.
template <typename Message>
grpc::ByteBuffer BytesOf(const Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

// False if the bytes are no such message.
template <typename Message>
bool ParseBytes(grpc::ByteBuffer* bytes, Message* message) {
  if (!bytes->Valid()) return false;
  grpc::ProtoBufferReader reader(bytes);
  return message->ParseFromZeroCopyStream(&reader);
}

}  // namespace lanyard::internal

#endif  // LANYARD_INTERCEPTORS_INTERNAL_MESSAGE_BYTES_H_
