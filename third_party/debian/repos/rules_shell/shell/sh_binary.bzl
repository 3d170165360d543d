"""The native rule of Bazel 4, at the path where upstream rules_shell has its own."""

sh_binary = native.sh_binary
