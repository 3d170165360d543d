# SPDX-License-Identifier: Apache-2.0
"""Which tests BUILD.bazel files define, read as the plain text that buildifier leaves them in."""

import re

# Each rule with its arguments, up to the parenthesis at the beginning of a line.
_RULE = re.compile(r"^(\w+)\(\n(.*?)^\)", re.MULTILINE | re.DOTALL)


def _strings(body, attribute):
    found = re.search(rf"^    {attribute} = (\[.*?\]|\"[^\"]*\")", body, re.MULTILINE | re.DOTALL)
    return re.findall(r'"([^"]*)"', found[1]) if found else []


def _tests(build_file):
    """Yields (name, names of sources) of the cc_tests and sh_tests that //... runs.

    A test without sources of its own is made of the libraries beside it that it names.
    """
    rules = [
        (kind, _strings(body, "name"), body)
        for kind, body in _RULE.findall(build_file.read_text())
    ]
    libraries = {
        name[0]: _strings(body, "srcs") for kind, name, body in rules if kind == "cc_library"
    }
    for kind, name, body in rules:
        if kind in ("cc_test", "sh_test") and "manual" not in _strings(body, "tags"):
            sources = _strings(body, "srcs") or [
                source
                for dep in _strings(body, "deps")
                for source in libraries.get(dep.lstrip(":"), [])
            ]
            yield name[0], sources


def test_sources(root, label):
    """The files that a test is made from, or None for what is no test or lacks one of them."""
    package, _, name = label[2:].partition(":")
    folder = root / package
    if not (folder / "BUILD.bazel").is_file():
        return None
    for test, sources in _tests(folder / "BUILD.bazel"):
        if test == name:
            files = [folder / source for source in sources]
            return files if files and all(file.is_file() for file in files) else None
    return None


def all_tests(folder):
    """The labels of all tests below a folder, seen from there."""
    return {
        f"//{path.parent.relative_to(folder)}:{name}"
        for path in folder.rglob("BUILD.bazel")
        for name, _ in _tests(path)
    }
