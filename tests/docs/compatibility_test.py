#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/reference/compatibility.md has the versions and the public targets that the build has."""

import os
import pathlib
import re
import unittest

# The source tree, wherever Bazel runs this.
_ROOT = pathlib.Path(os.path.realpath(__file__)).parents[2]

# The rows of the table, by the names of the modules.
_ROWS = {
    "abseil-cpp": "Abseil",
    "boringssl": "BoringSSL",
    "googletest": "GoogleTest",
    "grpc": "gRPC",
    "protobuf": "Protobuf",
    "simdjson": "simdjson",
}

_MODULES = [".", "https", "issuer", "prometheus"]


def table(text):
    """The cells of each row, by the first word of the first cell."""
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 4:
            rows[cells[0].partition(" ")[0]] = cells[1:]
    return rows


class CompatibilityTest(unittest.TestCase):
    def setUp(self):
        self.page = (_ROOT / "docs/reference/compatibility.md").read_text()
        self.module = (_ROOT / "MODULE.bazel").read_text()

    def test_versions_are_those_of_the_module(self):
        least = dict(re.findall(r'bazel_dep\(name = "([^"]+)", version = "([^"]+)"', self.module))
        own = dict(re.findall(r'_override\(\s*module_name = "([^"]+)",\s*version = "([^"]+)"',
                              self.module))
        self.assertIn("grpc", own)
        rows = table(self.page)
        for module, name in _ROWS.items():
            with self.subTest(module=module):
                self.assertEqual(rows[name][1], least[module])
                self.assertEqual(rows[name][2], own.get(module, least[module]))

    def test_debian_s_boringssl_is_the_one_that_is_set_up(self):
        setup = (_ROOT / "third_party/debian/setup").read_text()
        version = re.search(r"boringssl_version=(\S+)-\d+", setup)[1]
        self.assertTrue(table(self.page)["BoringSSL"][0].startswith(version + " "))

    def test_lanyard_s_version_is_one(self):
        header = (_ROOT / "sdk/version.h").read_text()
        version = re.search(r'kLanyardVersion\[\] = "([^"]+)"', header)[1]
        module = re.search(r'name = "lanyard",\s*version = "([^"]+)"', self.module)
        self.assertEqual(module[1], version)
        self.assertIn(f"What Lanyard {version} builds with", self.page)
        # Also where users copy from.
        consumer = (_ROOT / "examples/consumer/MODULE.bazel").read_text()
        for text in (self.page, consumer):
            named = re.findall(r'bazel_dep\(name = "lanyard\w*", version = "([^"]+)"', text)
            self.assertEqual(named, [version, version])

    def test_public_targets_are_those_of_the_build(self):
        targets = set()
        for folder in _MODULES:
            build = (_ROOT / folder / "BUILD.bazel").read_text()
            for body in re.findall(r"^cc_library\((.*?)^\)", build, re.MULTILINE | re.DOTALL):
                if '"//visibility:public"' in body:
                    repository = "" if folder == "." else f"@lanyard_{folder}"
                    targets.add(f"{repository}//:" + re.search(r'name = "([^"]+)"', body)[1])
        self.assertGreater(len(targets), 5)
        line = next(l for l in self.page.splitlines() if l.startswith("| headers that the public"))
        self.assertEqual(set(re.findall(r"`([@\w]*//:\w+)`", line)), targets)

    def test_modules_and_their_libraries_are_those_of_the_build(self):
        of_core = set(re.findall(r'bazel_dep\(name = "([^"]+)"', self.module))
        dev = set(re.findall(r'bazel_dep\(name = "([^"]+)".*dev_dependency', self.module))
        for folder in _MODULES[1:]:
            module = (_ROOT / folder / "MODULE.bazel").read_text()
            deps = set(re.findall(r'bazel_dep\(name = "([^"]+)"', module)) - {"lanyard"}
            row = next(l for l in self.page.splitlines() if l.startswith(f"| `lanyard_{folder}`"))
            cells = [cell.strip() for cell in row.strip("|").split("|")]
            self.assertEqual(cells[1], f"`{folder}`")
            for library in deps - (of_core - dev):
                self.assertIn(library, cells[3])


if __name__ == "__main__":
    unittest.main()
