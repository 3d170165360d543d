"""The native rule of Bazel 4, at the path where upstream protobuf has its own."""

cc_proto_library = native.cc_proto_library
