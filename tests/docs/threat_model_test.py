#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each threat of docs/threat-model.md is answered by test cases that are there, what is not
supported is written down with them, and each word that SECURITY.md tells to search for stands in
the code."""

import os
import pathlib
import re
import sys
import tempfile
import unittest

# Nothing is written beside the sources.
sys.dont_write_bytecode = True
import build_files  # noqa: E402
import markdown_tree  # noqa: E402

# The source tree, wherever Bazel runs this.
_ROOT = pathlib.Path(os.path.realpath(__file__)).parents[2]

_PROOF = re.compile(r"`(//[^`\s]+)`((?:,? `\w+\.\w+`)*)")
_CASE = re.compile(r"^(?:TEST|TEST_F|TEST_P|TYPED_TEST)\(\s*(\w+),\s*(\w+)\)", re.MULTILINE)


def rows(text):
    """Yields the cells of each row that begins with a number, such as T1."""
    for _, line in markdown_tree.lines_of(text):
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("|") and re.fullmatch(r"T\d+", cells[0]):
            yield cells


def proof_faults(text, root):
    """What is wrong with the tests that a text names, a line of text each."""
    for label, cases in _PROOF.findall(text):
        sources = build_files.test_sources(root, label)
        if sources is None:
            yield f"{label} is no test"
            continue
        there = {
            f"{suite}.{name}"
            for source in sources if source.suffix == ".cc"
            for suite, name in _CASE.findall(source.read_text())
        }
        wanted = re.findall(r"`(\w+\.\w+)`", cases)
        if not wanted:
            yield f"{label} without a case"
        for case in wanted:
            if case not in there:
                yield f"{label} has no case {case}"


def faults_of(text, root):
    """What is wrong with the tables of a threat model, a line of text each."""
    faults = []
    numbers = []
    for cells in rows(text):
        number = cells[0]
        numbers.append(int(number[1:]))
        if len(cells) != 6 or not all(cells):
            faults.append(f"{number}: not six cells")
            continue
        proofs = _PROOF.findall(cells[5])
        if not proofs:
            faults.append(f"{number}: no test")
        if _PROOF.sub("", cells[5]).strip(" ,;"):
            faults.append(f"{number}: more than tests in the last cell")
        faults.extend(f"{number}: {fault}" for fault in proof_faults(cells[5], root))
    if numbers != list(range(1, len(numbers) + 1)):
        faults.append(f"the numbers are not 1 to {len(numbers)}: {numbers}")
    return faults


class ThreatModelTest(unittest.TestCase):
    def test_each_threat_is_answered_by_tests_that_are_there(self):
        text = (_ROOT / "docs/threat-model.md").read_text()
        self.assertGreaterEqual(len(list(rows(text))), 27)
        self.assertEqual(faults_of(text, _ROOT), [])


class NotSupportedTest(unittest.TestCase):
    def setUp(self):
        self.page = (_ROOT / "docs/reference/not-supported.md").read_text()

    def test_the_tests_that_it_names_are_there(self):
        self.assertGreater(len(_PROOF.findall(self.page)), 10)
        self.assertEqual(list(proof_faults(self.page, _ROOT)), [])

    def test_it_has_all_that_the_readme_says_is_not_checked(self):
        readme = (_ROOT / "README.md").read_text()
        section = readme.partition("## What is not checked")[2].partition("\n## ")[0]
        self.assertIn("docs/reference/not-supported.md", section)
        cells = [line.split(" | ")[0] for line in self.page.splitlines() if line.startswith("| ")]
        for word in ["DPoP", "JWE", "x5c", "introspection", "replay", "revocation", "payload"]:
            with self.subTest(word=word):
                self.assertIn(word, section)
                self.assertTrue(any(word in cell for cell in cells))

    def test_each_row_says_what_becomes_of_it(self):
        rows = [line for line in self.page.splitlines() if line.startswith("| ")]
        for line in rows:
            with self.subTest(line=line):
                self.assertEqual(len(re.findall(r"(?<!\\)\|", line)), 4)
                self.assertTrue(line.strip("| ").split(" | ")[1].strip())


class TestNamesTest(unittest.TestCase):
    def test_the_tests_that_concepts_name_are_there(self):
        names = {label.rpartition(":")[2] for label in build_files.all_tests(_ROOT / "tests")}
        for page in sorted((_ROOT / "docs/concepts").glob("*.md")):
            wanted = re.findall(r"`([a-z0-9_*]+_test)`", page.read_text())
            for name in wanted:
                pattern = re.compile(name.replace("*", "[a-z0-9_]+"))
                with self.subTest(page=page.name, name=name):
                    self.assertTrue(any(pattern.fullmatch(other) for other in names))


class WeakeningWordsTest(unittest.TestCase):
    def test_each_word_stands_in_a_header_or_a_proto(self):
        text = (_ROOT / "SECURITY.md").read_text()
        lists = [line for line in text.splitlines() if line.startswith("Search a config")]
        self.assertEqual(len(lists), 1)
        words = re.findall(r"`([^`]+)`", lists[0])
        self.assertGreater(len(words), 30)
        self.assertEqual(len(words), len(set(words)))
        code = set()
        for folder, kind in [("proto", "*.proto"), ("sdk", "*.h"), ("interceptors", "*.h"),
                             ("https", "*.h"), ("issuer", "*.h"), ("prometheus", "*.h")]:
            for path in (_ROOT / folder).rglob(kind):
                code.update(re.findall(r"\w+", path.read_text()))
        for word in words:
            with self.subTest(word=word):
                self.assertIn(re.findall(r"\w+", word)[-1], code)


class CheckerTest(unittest.TestCase):
    """The checker itself, on threat models that are wrong on purpose."""

    def faults(self, *lines):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = pathlib.Path(folder.name)
        (root / "tests/a").mkdir(parents=True)
        (root / "tests/a/BUILD.bazel").write_text(
            'cc_test(\n    name = "x_test",\n    srcs = [\n        "x_test.cc",\n    ],\n)\n'
            '# cc_test(name = "y_test", srcs = ["x_test.cc"])\n'
            'cc_library(\n    name = "z_test",\n    srcs = ["x_test.cc"],\n)\n'
            'cc_test(\n    name = "gone_test",\n    srcs = ["gone_test.cc"],\n)\n'
            'cc_test(\n    name = "manual_test",\n    srcs = ["x_test.cc"],\n'
            '    tags = ["manual"],\n)\n')
        (root / "tests/a/x_test.cc").write_text(
            "TEST(XTest, Works) {}\nTEST_P(YTest,\n       AlsoWorks) {}\n"
            "// TEST(XTest, IsAComment) {}\n")
        return faults_of("\n".join(lines), root)

    def test_what_is_there_is_fine(self):
        self.assertEqual(self.faults(
            "| T1 | a | b | c | d | `//tests/a:x_test` `XTest.Works`, `YTest.AlsoWorks` |"), [])

    def test_what_is_not_there_is_found(self):
        for proof in ["", "none", "`//tests/a:x_test`", "`//tests/a:x_test` `XTest.IsAComment`",
                      "`//tests/a:x_test` `YTest.Works`", "`//tests/a:y_test` `XTest.Works`",
                      "`//tests/a:z_test` `XTest.Works`", "`//tests/b:x_test` `XTest.Works`",
                      "`//tests/a:gone_test` `XTest.Works`", "`XTest.Works`",
                      "`//tests/a:manual_test` `XTest.Works`",
                      "`//tests/a:x_test` `XTest.Works` `XTest.Other`"]:
            with self.subTest(proof=proof):
                self.assertNotEqual(self.faults(f"| T1 | a | b | c | d | {proof} |"), [])

    def test_rows_that_are_missing_or_cut_are_found(self):
        good = "| T%d | a | b | c | d | `//tests/a:x_test` `XTest.Works` |"
        self.assertEqual(self.faults(good % 1, good % 2), [])
        self.assertNotEqual(self.faults(good % 1, good % 3), [])
        self.assertNotEqual(self.faults(good % 1, good % 1), [])
        self.assertNotEqual(
            self.faults("| T1 | a | b | c | `//tests/a:x_test` `XTest.Works` |"), [])


if __name__ == "__main__":
    unittest.main()
