# SPDX-License-Identifier: Apache-2.0
"""Markdown as GitHub shows it: anchors of headings, links, and whether these lead somewhere."""

import os
import posixpath
import re
import urllib.parse

# Folders that hold none of the project's own pages.
_NOT_OURS = {"node_modules", "third_party", "out"}

_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
_INLINE = re.compile(r"\]\(\s*(?:<([^<>]*)>|([^()\s]*))(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)")
_DEFINITION = re.compile(r" {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?")
_HTML = re.compile(r"<(?:a|img)\s[^>]*?(?:href|src)=\"([^\"]*)\"", re.IGNORECASE)
_HEADING = re.compile(r" {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$")
_ANCHOR = re.compile(r"<a\s[^>]*?(?:id|name)=\"([^\"]*)\"", re.IGNORECASE)


def lines_of(text):
    """Yields (number, line) of what is no code block."""
    fence = None
    for number, line in enumerate(text.splitlines(), 1):
        found = _FENCE.match(line)
        if fence is None and found:
            fence = found[1]
        elif fence is None:
            yield number, line
        elif found and found[1].startswith(fence) and not line.strip().strip(fence[0]):
            fence = None


def slug(heading):
    """The anchor of a heading, without the number that tells it from an equal one."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def anchors(text):
    """All that a #fragment of this page can name."""
    found, seen = set(), {}
    for _, line in lines_of(text):
        found.update(_ANCHOR.findall(line))
        heading = _HEADING.match(line)
        if not heading:
            continue
        name = slug(heading[1])
        count = seen.get(name, 0)
        seen[name] = count + 1
        found.add(f"{name}-{count}" if count else name)
    return found


def links(text):
    """Yields (line number, target) of each link and image outside of code."""
    for number, line in lines_of(text):
        bare = _CODE.sub("``", line)
        for inline in _INLINE.finditer(bare):
            yield number, inline[1] if inline[1] is not None else inline[2]
        definition = _DEFINITION.match(bare)
        if definition:
            yield number, definition[1]
        for target in _HTML.findall(bare):
            yield number, target


class Tree:
    """The pages below a folder, by their paths from there."""

    def __init__(self, root):
        self._root = str(root)
        self.pages = {}
        for folder, folders, files in os.walk(self._root):
            folders[:] = [
                name
                for name in folders
                if name not in _NOT_OURS and not name.startswith((".", "bazel-"))
                and not os.path.islink(os.path.join(folder, name))
            ]
            for name in files:
                if name.endswith(".md"):
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8") as page:
                        self.pages[os.path.relpath(path, self._root)] = page.read()

    def _follow(self, page, target):
        """(path from the root, fragment, what is wrong or None) of a link of this repository."""
        path, _, fragment = target.partition("#")
        path = urllib.parse.unquote(path)
        if path.startswith("/"):
            return None, fragment, "begins with a slash, which leads elsewhere in each viewer"
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
        if path == ".." or path.startswith("../"):
            return None, fragment, "leads out of the repository"
        if not self._exists(path):
            return None, fragment, "there is no such file"
        if os.path.isdir(os.path.join(self._root, path)):
            path = posixpath.normpath(posixpath.join(path, "README.md"))
        return path, urllib.parse.unquote(fragment), None

    def _exists(self, path):
        # By the names that folders list, since some file systems do not care about case.
        folder = self._root
        for name in [] if path == "." else path.split("/"):
            if not os.path.isdir(folder) or name not in os.listdir(folder):
                return False
            folder = os.path.join(folder, name)
        return True

    def _inner_links(self, page):
        for number, target in links(self.pages[page]):
            if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", target):
                yield number, target

    def broken_links(self):
        """One line of text for each link that leads nowhere. Other sites are not asked."""
        bad = []
        for page in sorted(self.pages):
            for number, target in self._inner_links(page):
                path, fragment, wrong = self._follow(page, target)
                if not target:
                    wrong = "is empty"
                elif wrong is None and "#" in target:
                    if path not in self.pages:
                        wrong = "has a fragment, and is no page"
                    elif fragment not in anchors(self.pages[path]):
                        wrong = f"{path} has no such heading"
                if wrong:
                    bad.append(f"{page}:{number}: ({target}) {wrong}")
        return bad

    def linked_from(self, page):
        """The pages that a page names itself."""
        found = set()
        for _, target in self._inner_links(page):
            path, _, wrong = self._follow(page, target)
            if wrong is None and path in self.pages:
                found.add(path)
        return found

    def reachable_from(self, page):
        """The pages that can be reached by following links."""
        found, ahead = {page}, [page]
        while ahead:
            for path in self.linked_from(ahead.pop()) - found:
                found.add(path)
                ahead.append(path)
        return found
