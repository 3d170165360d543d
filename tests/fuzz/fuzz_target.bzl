# SPDX-License-Identifier: Apache-2.0
"""Fuzz targets, as a test without a fuzzer and as a fuzzer."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_test")

def fuzz_target(name, deps, changes = 20000):
    """NAME_fuzz_test replays the corpus and changes of it; NAME_fuzz is for tests/fuzz/run.

    Args:
      name: NAME_fuzz.cc has the target, corpus/NAME/ the seeds.
      deps: what NAME_fuzz.cc includes.
      changes: how many changes of the corpus the test runs.
    """
    cc_test(
        name = name + "_fuzz_test",
        size = "medium",
        srcs = [
            name + "_fuzz.cc",
            "replay_main.cc",
        ],
        args = [
            str(changes),
            "tests/fuzz/corpus/" + name,
        ],
        # The one glob: seeds come and go.
        data = native.glob(["corpus/%s/*" % name]),
        deps = deps,
    )
    cc_binary(
        name = name + "_fuzz",
        testonly = True,
        srcs = [name + "_fuzz.cc"],
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = deps,
    )
