"""The native rule of Bazel 4, at the path where upstream protobuf has its own."""

proto_library = native.proto_library
