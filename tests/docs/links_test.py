#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every link of every page leads somewhere, and every page is found from README.md."""

import os
import pathlib
import sys
import tempfile
import unittest

# Nothing is written beside the sources.
sys.dont_write_bytecode = True
import markdown_tree  # noqa: E402

# The source tree, wherever Bazel runs this.
_ROOT = pathlib.Path(os.path.realpath(__file__)).parents[2]


class LinksTest(unittest.TestCase):
    def setUp(self):
        self.tree = markdown_tree.Tree(_ROOT)

    def test_the_pages_are_there(self):
        for page in ["README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"]:
            self.assertIn(page, self.tree.pages)
        self.assertIn("docs/concepts/verification.md", self.tree.pages)
        self.assertIn("examples/consumer/README.md", self.tree.pages)

    def test_every_link_leads_somewhere(self):
        self.assertEqual(self.tree.broken_links(), [])

    def test_every_page_of_docs_is_found_from_the_readme(self):
        pages = {page for page in self.tree.pages if page.startswith("docs/")}
        self.assertEqual(sorted(pages - self.tree.reachable_from("README.md")), [])

    def test_the_index_names_every_page_of_docs(self):
        pages = {page for page in self.tree.pages if page.startswith("docs/")}
        named = self.tree.linked_from("docs/README.md")
        self.assertEqual(sorted(pages - named - {"docs/README.md"}), [])

    def test_every_page_of_examples_is_found_from_the_readme(self):
        pages = {page for page in self.tree.pages if page.startswith("examples/")}
        self.assertEqual(sorted(pages - self.tree.reachable_from("README.md")), [])


class CheckerTest(unittest.TestCase):
    """The checker itself, on pages that are wrong on purpose."""

    def tree(self, **pages):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for name, text in pages.items():
            path = pathlib.Path(folder.name, name.replace("__", "/") + ".md")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return markdown_tree.Tree(folder.name)

    def test_good_links_are_good(self):
        tree = self.tree(
            README="# A *b* `c`\n[x](docs/a.md) [y](docs/a.md#two-words) [z](#a-b-c) [d](docs)\n"
            "[e](https://example.test/no) <a href=\"docs/a.md\">f</a>\n[g]: docs/a.md\n",
            docs__a="## Two words\n[up](../README.md \"a title\") ![i](<../README.md>)\n",
        )
        self.assertEqual(tree.broken_links(), [])

    def test_a_missing_file_is_found_in_each_form_of_link(self):
        for link in ["[x](no.md)", "![x](no.md)", "[x]: no.md", "[x](<no.md>)", "[x](no.md \"t\")",
                     "[`x`](no.md)", "<a href=\"no.md\">x</a>", "`code` [x](no.md) `code`"]:
            with self.subTest(link=link):
                bad = self.tree(README=f"# A\n{link}\n").broken_links()
                self.assertEqual(bad, ["README.md:2: (no.md) there is no such file"])

    def test_a_missing_heading_is_found(self):
        bad = self.tree(README="# A\n[x](a.md#b) [y](#b)\n", a="# A\n").broken_links()
        self.assertEqual(bad, ["README.md:2: (a.md#b) a.md has no such heading",
                               "README.md:2: (#b) README.md has no such heading"])

    def test_other_ways_to_nowhere_are_found(self):
        for link, wrong in [("()", "is empty"), ("(/a.md)", "slash"), ("(../a.md)", "leads out"),
                            ("(A.md)", "no such file"), ("(docs#b)", "no page")]:
            with self.subTest(link=link):
                bad = self.tree(README=f"[x]{link}\n", a="# A\n", docs__b="# B\n").broken_links()
                self.assertEqual(len(bad), 1, bad)
                self.assertIn(wrong, bad[0])

    def test_code_holds_no_links_and_no_headings(self):
        text = "```\n[x](no.md)\n# a\n```\n`[x](no.md)` ``[x](no.md)``\n    \n"
        tree = self.tree(README=text)
        self.assertEqual(tree.broken_links(), [])
        self.assertEqual(markdown_tree.anchors(text), set())

    def test_a_link_after_a_code_block_is_looked_at(self):
        for block in ["```sh\nx\n```\n", "~~~\n```\n~~~\n", "````\n```\n````\n"]:
            with self.subTest(block=block):
                self.assertEqual(len(self.tree(README=block + "[x](no.md)\n").broken_links()), 1)

    def test_anchors_are_github_s(self):
        for heading, anchor in [
            ("# Words that weaken a check", "words-that-weaken-a-check"),
            ("## One call: what `x_y` says, and why?", "one-call-what-x_y-says-and-why"),
            ("### A [link](a.md) in it ###", "a-link-in-it"),
            ("## gRPC 1.51 – 1.8x", "grpc-151--18x"),
            ("## Ärger", "ärger"),
        ]:
            with self.subTest(heading=heading):
                self.assertEqual(markdown_tree.anchors(heading + "\n"), {anchor})
        self.assertEqual(markdown_tree.anchors("# A\n# A\n# A\n"), {"a", "a-1", "a-2"})

    def test_a_page_that_nobody_names_is_not_reachable(self):
        tree = self.tree(README="[a](docs/a.md) [c](c)\n", docs__a="[b](b.md)\n", docs__b="\n",
                         docs__lost="[a](a.md)\n", c__README="\n", c__other="\n")
        self.assertEqual(tree.reachable_from("README.md"),
                         {"README.md", "docs/a.md", "docs/b.md", "c/README.md"})
        self.assertEqual(tree.linked_from("docs/a.md"), {"docs/b.md"})


if __name__ == "__main__":
    unittest.main()
