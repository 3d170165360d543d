"""The canonical repository names, resolved to the libraries of Debian 12.

A project that builds with Debian's Bazel calls lanyard_debian_repositories() from its WORKSPACE.
third_party/debian/setup installs what these wrappers stand for.
"""

# Where third_party/debian/setup unpacks BoringSSL. It does not depend on $HOME, which Bazel's
# tests change.
_BORINGSSL_VARIABLE = "LANYARD_BORINGSSL"
_BORINGSSL_DEFAULT = "/var/cache/lanyard/boringssl"

_HERE = Label("//third_party/debian:repositories.bzl")

# Files of the system that a wrapper needs, by repository: {path in the repository: path here}.
_SYSTEM = {
    "com_github_grpc_grpc": {"bin/grpc_cpp_plugin": "/usr/bin/grpc_cpp_plugin"},
    "com_google_protobuf": {
        "bin/protoc": "/usr/bin/protoc",
        "google": "/usr/include/google",
    },
}

def _wrapper_impl(ctx):
    name = ctx.attr.wrapper
    wrapper = ctx.path(_HERE).dirname.get_child("repos").get_child(name)
    ctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % name)
    for entry in wrapper.readdir():
        ctx.symlink(entry, entry.basename)
    for target, path in _SYSTEM.get(name, {}).items():
        ctx.symlink(path, target)
    if name == "boringssl":
        root = ctx.path(ctx.os.environ.get(_BORINGSSL_VARIABLE, _BORINGSSL_DEFAULT))
        if not root.get_child("BUILD.generated.bzl").exists:
            fail("BoringSSL's source is not in %s: run third_party/debian/setup, or set %s" % (root, _BORINGSSL_VARIABLE))
        for entry in ["BUILD.generated.bzl", "err_data.c", "linux-x86_64", "linux-aarch64"]:
            ctx.symlink(root.get_child(entry), entry)
        for entry in ["crypto", "include", "ssl", "third_party"]:
            ctx.symlink(root.get_child("src").get_child(entry), "src/" + entry)

_debian_wrapper = repository_rule(
    implementation = _wrapper_impl,
    attrs = {"wrapper": attr.string(mandatory = True)},
    environ = [_BORINGSSL_VARIABLE],
    local = True,
)

def lanyard_debian_repositories():
    """Declares every repository that Lanyard's BUILD files name, unless the caller has it already."""
    for name in [
        "boringssl",
        "com_github_grpc_grpc",
        "com_google_absl",
        "com_google_googletest",
        "com_google_protobuf",
        "curl",
        "google_benchmark",
        "hiredis",
        "prometheus-cpp",
        "remote_coverage_tools",
        "rules_cc",
        "rules_shell",
        "simdjson",
        "utf8proc",
        "sqlite3",
    ]:
        if name not in native.existing_rules():
            _debian_wrapper(name = name, wrapper = name)
    if "rules_java" not in native.existing_rules():
        native.local_repository(name = "rules_java", path = "/usr/share/bazel/rules/java")
