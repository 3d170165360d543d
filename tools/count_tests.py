# SPDX-License-Identifier: Apache-2.0
"""Counts the test cases in Bazel's test.xml files: prints PASSED FAILED SKIPPED."""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def count(path):
    passed = failed = skipped = 0
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError:
        return 0, 1, 0
    for case in root.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None or case.get("result") == "skipped":
            skipped += 1
        elif case.get("status") in (None, "run"):
            passed += 1
    return passed, failed, skipped


def main():
    totals = [0, 0, 0]
    for path in pathlib.Path(sys.argv[1]).rglob("test.xml"):
        for i, number in enumerate(count(path)):
            totals[i] += number
    print(*totals)


main()
