// SPDX-License-Identifier: Apache-2.0
#include "lanyard/tools/version.h"

#include <google/protobuf/stubs/common.h>
#include <grpcpp/grpcpp.h>

#include "absl/strings/str_cat.h"
#include "lanyard/sdk/internal/crypto/key_material.h"
#include "lanyard/sdk/internal/json_text.h"
#include "lanyard/sdk/version.h"

namespace lanyard::tools {
namespace {

// The version of the headers: 3021012 is 3.21.12. The library that is linked must be of the same
// minor version, or protobuf itself stops the program.
std::string ProtobufVersion() {
  constexpr int kVersion = GOOGLE_PROTOBUF_VERSION;
  return absl::StrCat(kVersion / 1000000, ".", kVersion / 1000 % 1000, ".", kVersion % 1000);
}

absl::StatusOr<int> Run(const Arguments& arguments, Streams& streams) {
  const std::string grpc = grpc::Version();
  const std::string protobuf = ProtobufVersion();
  const std::string crypto = internal::CryptoLibraryVersion();
  if (arguments.json()) {
    streams.out << internal::JsonObject()
                       .Bool("ok", true)
                       .Text("lanyard", kLanyardVersion)
                       .Text("grpc", grpc)
                       .Text("protobuf", protobuf)
                       .Text("crypto", crypto)
                       .Finish()
                << "\n";
    return 0;
  }
  streams.out << "Lanyard " << kLanyardVersion << "\n"
              << "gRPC " << grpc << "\n"
              << "protobuf " << protobuf << "\n"
              << crypto << "\n";
  return 0;
}

}  // namespace

Command VersionCommand() {
  Command command;
  command.name = "version";
  command.summary = "Says the version of Lanyard and of the libraries in it";
  command.run = Run;
  return command;
}

}  // namespace lanyard::tools
