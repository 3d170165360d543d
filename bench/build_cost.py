#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Lanyard costs the build of those who use it: size of their programs, CPU time of a clean
build, lines of the public headers, and of an annotated .pb.h.

Makes a workspace that depends on Lanyard as examples/consumer does, with its two programs and the
same two on gRPC alone, and builds them with a Bazel server of its own. Runs where g++, strip and
size are.

Usage: bench/build_cost.py [--clean] [--folder FOLDER]

  --clean     compile all anew, without the disk cache, which the CPU time needs: seven CPU
              minutes. The first run without it takes as long
  --folder    where the workspace is made, and stays (default: a temporary one)

Rows go to stdout, one JSON object a line; a table, and what is biggest in the server, to stderr.

With Debian's libraries gRPC is a shared library, and BoringSSL counts as Lanyard's; where gRPC is
linked statically, it has brought BoringSSL already.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

_ROOT = pathlib.Path(__file__).resolve().parent.parent
_CONSUMER = _ROOT / "examples" / "consumer"
_PLAIN = _ROOT / "bench" / "build_cost"
_PROGRAMS = ("plain_client", "client", "plain_server", "server")

# What no public header may lead to.
_FORBIDDEN = re.compile(r"(^|/)(openssl/|simdjson|src/core/)")

# What a program has without Lanyard.
_BASE = '#include <grpcpp/grpcpp.h>\n#include "plain/greeter.grpc.pb.h"\n'

# To whom an object file belongs, by its path.
_PARTS = (
    ("boringssl", re.compile(r"external/[^/]*boringssl")),
    ("proto", re.compile(r"external/[^/]*lanyard[^/]*/proto/")),
    ("sdk", re.compile(r"external/[^/]*lanyard[^/]*/sdk/")),
    ("interceptors", re.compile(r"external/[^/]*lanyard[^/]*/interceptors/")),
    ("program", re.compile(r"_objs/")),
)


def say(text):
    print(f"build_cost: {text}", file=sys.stderr)


def output_of(*command, quiet=False, **options):
    """With `quiet` the command's messages are shown only if it fails."""
    errors = subprocess.PIPE if quiet else None
    run = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=errors, text=True, check=False, **options
    )
    if run.returncode != 0:
        sys.exit(f"{run.stderr or ''}build_cost: {command[0]} failed; the lines above say why")
    return run.stdout


def without_annotations(proto):
    """The same .proto without Lanyard's options."""
    proto = re.sub(r'import "lanyard/[^\n]*\n+', "", proto)
    return re.sub(r" \{\s*option \(lanyard\.[^;]*;\s*\}", ";", proto)


def core_alone(source):
    """The same program without keys over HTTPS, which are another module's cost."""
    return re.sub(r"[^\n]*(lanyard/https/|lanyard::Https)[^\n]*\n", "", source)


class Workspace:
    def __init__(self, folder):
        self._folder, self.path = folder, folder / "workspace"
        (self.path / "plain").mkdir(parents=True, exist_ok=True)
        for name in ("MODULE.bazel", "WORKSPACE", "WORKSPACE.bzlmod", ".bazelrc"):
            text = (_CONSUMER / name).read_text()
            self._write(name, text.replace('path = "../..', f'path = "{_ROOT}'))
        for name in ("client.cc", "server.cc", "greeter.cc", "greeter.h", "greeter.proto"):
            self._write(name, core_alone((_CONSUMER / name).read_text()))
        for name in ("plain_client.cc", "plain_server.cc"):
            self._write(name, (_PLAIN / name).read_text())
        self._write("BUILD.bazel", (_PLAIN / "BUILD.workspace").read_text())
        proto = without_annotations((_CONSUMER / "greeter.proto").read_text())
        self._write("plain/greeter.proto", proto)

    def _write(self, name, text):
        """Leaves alone what is the same, for Bazel's sake."""
        file = self.path / name
        if not file.exists() or file.read_text() != text:
            file.write_text(text)

    def bazel(self, *arguments, quiet=True):
        bazelw = (str(_ROOT / "bazelw"), f"--output_user_root={self._folder / 'out'}")
        idle = "--max_idle_secs=60"
        return output_of(*bazelw, idle, *arguments, quiet=quiet, cwd=self.path)

    def info(self, key):
        return self.bazel("info", "-c", "opt", key).strip()

    def labels(self, query):
        """In the order of their names, without the configuration that follows each."""
        lines = self.bazel("cquery", "-c", "opt", "--noshow_progress", query).split("\n")
        return sorted({line.split(" ")[0] for line in lines if line})

    def remove(self):
        self.bazel("shutdown")
        subprocess.run(["chmod", "-R", "u+w", str(self._folder)], check=False)
        shutil.rmtree(self._folder)


class Report:
    def __init__(self):
        self._rows = []

    def row(self, name, unit, value):
        self._rows.append((f"build/{name}", unit, value))

    def print(self):
        for name, unit, value in self._rows:
            print(json.dumps({"name": name, "unit": unit, "values": [value]}))
            print(f"{name:<62} {value:>12,} {unit}", file=sys.stderr)


# The build.


def children_cpu(process):
    """CPU seconds of the processes that this one has waited for."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def build(workspace, clean, report):
    options = ["build", "--symlink_prefix=/", "--noshow_progress", "-c", "opt"]
    options += [f"//:{program}" for program in _PROGRAMS]
    if not clean:
        workspace.bazel(*options, quiet=False)
        return
    profile = workspace.path.parent / "profile.json"
    workspace.bazel("clean")
    server = workspace.info("server_pid")
    before = children_cpu(server)
    profiling = (f"--profile={profile}", "--experimental_profile_include_target_label")
    workspace.bazel(*options, "--disk_cache=", *profiling, quiet=False)
    clean_cpu(workspace, profile, children_cpu(server) - before, report)


def clean_cpu(workspace, profile, cpu, report):
    """The profile has the time that each action took, and Bazel's server the CPU time of all."""
    by_target = collections.Counter()
    for event in json.loads(profile.read_text())["traceEvents"]:
        if event.get("cat") == "action processing":
            by_target[event["args"].get("target", "")] += event["dur"]
    share = cpu / sum(by_target.values())
    seconds = {}
    for program in _PROGRAMS:
        needed = workspace.labels(f"deps(//:{program})")
        seconds[program] = sum(by_target[name] for name in needed) * share
        report.row(f"clean_cpu/{program}", "s", round(seconds[program], 1))
    for side in ("client", "server"):
        added = seconds[side] - seconds[f"plain_{side}"]
        report.row(f"clean_cpu/added/{side}", "s", round(added, 1))
    boringssl = sum(time for name, time in by_target.items() if "boringssl" in name)
    report.row("clean_cpu/boringssl", "s", round(boringssl * share, 1))


# Sizes.


def sizes(workspace, report):
    binaries = pathlib.Path(workspace.info("bazel-bin"))
    bytes_of = {}
    for program in _PROGRAMS:
        stripped = workspace.path.parent / f"{program}.stripped"
        output_of("strip", "-o", str(stripped), str(binaries / program))
        bytes_of[program] = stripped.stat().st_size
        report.row(f"size/{program}", "bytes", bytes_of[program])
    for side in ("client", "server"):
        report.row(f"size/added/{side}", "bytes", bytes_of[side] - bytes_of[f"plain_{side}"])


def biggest(workspace, report):
    """By the linker's map of the server, linked once more as Bazel does."""
    root = pathlib.Path(workspace.info("execution_root"))
    binary = pathlib.Path(workspace.info("bazel-bin")) / "server"
    arguments = pathlib.Path(f"{binary}-2.params").read_text().split("\n")
    folder = workspace.path.parent
    arguments[arguments.index("-o") + 1] = str(folder / "server.linked")
    parameters, map_file = folder / "link.params", folder / "server.map"
    parameters.write_text("\n".join([*arguments, f"-Wl,-Map={map_file}"]))
    output_of("g++", f"@{parameters}", cwd=root)
    # SECTION ADDRESS SIZE OBJECT, of which a long name has a line of its own.
    line = re.compile(r"^ (\.\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$", re.M)
    parts, objects = collections.Counter(), collections.Counter()
    memory = map_file.read_text().split("\nMemory map\n")[1]
    for section, address, size, file in line.findall(memory):
        if int(address, 16) == 0 or section.startswith((".bss", ".tbss")):
            continue
        part = next((name for name, path in _PARTS if path.search(file)), "toolchain")
        parts[part] += int(size, 16)
        objects[re.sub(r".*/(external|bin)/", "", file)] += int(size, 16)
    for part, size in parts.most_common():
        report.row(f"size/server/part/{part}", "bytes", size)
    # What the linker makes of all of them: symbols, relocations, unwinding tables, merged strings.
    stripped = folder / "server.stripped"
    rest = stripped.stat().st_size - sum(parts.values())
    report.row("size/server/part/linker", "bytes", rest)
    say("the biggest sections of the server:")
    lines = [line.split() for line in output_of("size", "-A", str(stripped)).split("\n")]
    sections = [(int(line[1]), line[0]) for line in lines if len(line) == 3 and line[1].isdigit()]
    for size, name in sorted(sections, reverse=True)[:10]:
        print(f"{size:>12,}  {name}", file=sys.stderr)
    say("the biggest object files of the server:")
    for name, size in objects.most_common(25):
        print(f"{size:>12,}  {name}", file=sys.stderr)


# Headers.


class Preprocessor:
    """Runs g++ -E as Bazel would for a source of those programs."""

    def __init__(self, workspace, *programs):
        self._root = workspace.info("execution_root")
        self._options = ["-std=c++17", "-O2", "-DNDEBUG"]
        for program in programs:
            actions = workspace.bazel(
                "aquery",
                "-c",
                "opt",
                "--noshow_progress",
                "--output=jsonproto",
                f"mnemonic('CppCompile', //:{program})",
            )
            arguments = json.loads(actions)["actions"][0]["arguments"]
            for option, value in zip(arguments, arguments[1:]):
                if option in ("-iquote", "-isystem", "-I"):
                    self._options += [option, value]
                elif option.startswith(("-I", "-iquote", "-isystem")):
                    self._options.append(option)

    def _run(self, source, *options):
        command = ("g++", *self._options, *options, "-x", "c++", "-")
        return output_of(*command, input=source, cwd=self._root)

    def lines(self, source):
        return self._run(source, "-E", "-P").count("\n")

    def files(self, source):
        return self._run(source, "-M").replace("\\\n", " ").split()[1:]


def headers(workspace, report):
    forbidden = 0
    for side in ("client", "server"):
        preprocessor = Preprocessor(workspace, side, f"plain_{side}")
        base = preprocessor.lines(_BASE)
        report.row(f"headers/{side}/grpc_alone/lines", "lines", base)
        everything = ""
        query = f"labels(hdrs, kind(cc_library, deps(@lanyard//:{side}, 1)))"
        for label in workspace.labels(query):
            name = re.sub(r"^@+[^/]*//", "lanyard/", label).replace(":", "/")
            include = f'#include "{name}"\n'
            everything += include
            lines = preprocessor.lines(include)
            report.row(f"headers/{side}/{name}/lines", "lines", lines)
            beyond = preprocessor.lines(_BASE + include) - base
            report.row(f"headers/{side}/{name}/beyond_grpc", "lines", beyond)
            for file in preprocessor.files(include):
                if _FORBIDDEN.search(file):
                    forbidden += 1
                    say(f"FORBIDDEN: {name} leads to {file}")
        beyond = preprocessor.lines(_BASE + everything) - base
        report.row(f"headers/{side}/all/beyond_grpc", "lines", beyond)
    report.row("headers/forbidden", "files", forbidden)


def generated(workspace, report):
    """An annotated .proto beside the same one without annotations."""
    preprocessor = Preprocessor(workspace, "server", "plain_server")
    binaries = pathlib.Path(workspace.info("bazel-bin"))
    for kind, header, target in (
        ("plain", "plain/greeter.pb.h", "plain_greeter_proto"),
        ("annotated", "greeter.pb.h", "greeter_proto"),
    ):
        report.row(f"pb/{kind}/lines", "lines", preprocessor.lines(f'#include "{header}"\n'))
        report.row(f"pb/{kind}/header", "bytes", (binaries / header).stat().st_size)
        (compiled,) = (binaries / "_objs" / target).rglob("greeter.pb.o")
        size = output_of("size", str(compiled)).split("\n")[1].split()[3]
        report.row(f"pb/{kind}/object", "bytes", int(size))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clean", action="store_true")
    parser.add_argument("--folder", type=pathlib.Path)
    options = parser.parse_args()
    folder = options.folder or pathlib.Path(tempfile.mkdtemp(prefix="lanyard-build-cost-"))
    workspace, report = Workspace(folder.resolve()), Report()
    try:
        build(workspace, options.clean, report)
        sizes(workspace, report)
        biggest(workspace, report)
        headers(workspace, report)
        generated(workspace, report)
    finally:
        if options.folder is None:
            workspace.remove()
    report.print()


if __name__ == "__main__":
    main()
