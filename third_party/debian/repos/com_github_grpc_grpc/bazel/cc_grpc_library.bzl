"""cc_grpc_library of upstream gRPC, in the one form that Lanyard uses (grpc_only = True)."""

load("@rules_cc//cc:defs.bzl", "cc_library")

def _grpc_codegen_impl(ctx):
    headers, sources = [], []
    info = ctx.attr.proto[ProtoInfo]
    root = info.proto_source_root + "/"
    names = []
    for source in info.direct_sources:
        name = source.path[len(root):] if source.path.startswith(root) else source.short_path
        names.append(name)
        stem = ctx.label.name + "/" + name[:-len(".proto")]
        headers.append(ctx.actions.declare_file(stem + ".grpc.pb.h"))
        sources.append(ctx.actions.declare_file(stem + ".grpc.pb.cc"))
    suffix = "/" + names[0][:-len(".proto")] + ".grpc.pb.h"
    out = headers[0].path[:-len(suffix)]
    arguments = ctx.actions.args()
    arguments.add("--plugin=protoc-gen-grpc=" + ctx.executable._plugin.path)
    arguments.add("--grpc_out=" + out)
    arguments.add_joined(info.transitive_descriptor_sets, join_with = ":", format_joined = "--descriptor_set_in=%s")
    arguments.add_all(names)
    ctx.actions.run(
        executable = ctx.executable._protoc,
        arguments = [arguments],
        inputs = info.transitive_descriptor_sets,
        tools = [ctx.executable._plugin],
        outputs = headers + sources,
        mnemonic = "GrpcCodegen",
    )
    return [
        DefaultInfo(files = depset(headers + sources)),
        OutputGroupInfo(hdrs = depset(headers), srcs = depset(sources)),
    ]

_grpc_codegen = rule(
    implementation = _grpc_codegen_impl,
    attrs = {
        "proto": attr.label(providers = [ProtoInfo], mandatory = True),
        "_plugin": attr.label(default = "//:grpc_cpp_plugin", executable = True, cfg = "host", allow_single_file = True),
        "_protoc": attr.label(default = "@com_google_protobuf//:protoc", executable = True, cfg = "host", allow_single_file = True),
    },
)

def cc_grpc_library(name, srcs, deps, grpc_only = False, **kwargs):
    """Generates and compiles the gRPC stubs of one proto_library.

    Args:
      name: the cc_library to make.
      srcs: exactly one proto_library.
      deps: its cc_proto_library.
      grpc_only: must be True, as everywhere in Lanyard.
      **kwargs: passed to cc_library.
    """
    if not grpc_only or len(srcs) != 1:
        fail("cc_grpc_library: only grpc_only = True with one proto_library in srcs is supported here")
    codegen = "_" + name + "_grpc_codegen"
    _grpc_codegen(name = codegen, proto = srcs[0])
    native.filegroup(name = codegen + "_hdrs", srcs = [codegen], output_group = "hdrs")
    native.filegroup(name = codegen + "_srcs", srcs = [codegen], output_group = "srcs")
    cc_library(
        name = name,
        srcs = [codegen + "_srcs"],
        hdrs = [codegen + "_hdrs"],
        includes = [codegen],
        deps = deps + ["@com_github_grpc_grpc//:grpc++"],
        **kwargs
    )
