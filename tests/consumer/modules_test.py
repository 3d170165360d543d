#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Of the modules of this repository, where no Bazel is at hand that knows of any: each names only what
its MODULE.bazel has, and a project that depends on Lanyard needs no more than the core's libraries.

It reads BUILD files, not the .bzl files that they load, and leaves visibility to Bazel."""

import collections
import json
import os
import pathlib
import re
import unittest

# The source tree, wherever Bazel runs this.
_ROOT = pathlib.Path(os.path.realpath(__file__)).parents[2]

_PARTS = ["https", "issuer", "prometheus"]
# Not of the core's module: the other modules, wrappers of Debian's packages, and what is made.
_APART = (_ROOT / ".bazelignore").read_text().split() + ["bench/out"]

Dep = collections.namedtuple("Dep", "name version dev")


class Module:
    """What a MODULE.bazel says. It and BUILD files are read as Python, of which they are a part."""

    def __init__(self, folder):
        self.folder = folder
        self.name = self.version = None
        self.deps = {}  # By the name that BUILD files know.
        self.overrides = {}
        names = {
            "module": self._module,
            "bazel_dep": self._dep,
            "local_path_override": self._local_path_override,
            "single_version_override": lambda **_: None,
        }
        exec((_ROOT / folder / "MODULE.bazel").read_text(), names)  # pylint: disable=exec-used

    def _module(self, name, version):
        self.name, self.version = name, version

    def _dep(self, name, version, repo_name=None, dev_dependency=False):
        self.deps[repo_name or name] = Dep(name, version, dev_dependency)

    def _local_path_override(self, module_name, path):
        self.overrides[module_name] = path


class Package(dict):
    """A BUILD file: its targets with the labels that they name, and what it loads. While it is read
    this is the table of its names, where all that is not known is a rule."""

    def __init__(self, file):
        self.targets = {}
        self.public = set()
        self.loads = set()
        self._all_public = False
        super().__init__(load=lambda file, *_: self.loads.add(file), glob=lambda *_, **__: [],
                         package=self._package)
        exec(file.read_text(), self)  # pylint: disable=exec-used

    def __missing__(self, name):
        return lambda *_, **attributes: self._rule(attributes)

    def _package(self, default_visibility=(), **_):
        self._all_public = "//visibility:public" in default_visibility

    def _rule(self, attributes):
        name = attributes.pop("name", None)
        visibility = attributes.pop("visibility", None)
        if self._all_public if visibility is None else "//visibility:public" in visibility:
            self.public.add(name)
        self.targets[name] = set(labels_in(attributes))


def labels_in(value):
    """All labels in a rule's attributes, in $(location …) too."""
    if isinstance(value, str):
        if re.match(r"@|//|:", value):
            yield value
        yield from re.findall(r"\$\(\w+ ([^)]+)\)", value)
    elif isinstance(value, dict):
        yield from labels_in(list(value.items()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from labels_in(item)


def packages(folder):
    """The packages of the module in `folder`, by their paths in it."""
    found = {}
    apart = [_ROOT / path for path in _APART if path != folder]
    for file in sorted((_ROOT / folder).rglob("BUILD.bazel")):
        inside = file.relative_to(_ROOT / folder).parent
        if any(path in file.parents for path in apart) or inside.parts[:1] and (
                inside.parts[0].startswith("bazel-")):
            continue
        found["" if str(inside) == "." else str(inside)] = Package(file)
    return found


def repository(label):
    """`x` of `@x//y:z`, or None for a label of the same module."""
    match = re.match(r"@([\w.-]+)", label)
    return match and match[1]


def absolute(label, package):
    """The package and the name of a label of the module itself."""
    path, colon, name = label.partition(":")
    if not path:
        return package, name
    path = path[2:]
    return path, name if colon else path.rpartition("/")[2]


class ModulesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.core = Module(".")
        cls.modules = [cls.core] + [Module(folder) for folder in _PARTS]

    def test_each_names_only_what_it_depends_on(self):
        for module in self.modules + [Module("examples/consumer")]:
            known = set(module.deps) | {module.name}
            used = set()
            for path, package in packages(module.folder).items():
                labels = set().union(package.loads, *package.targets.values())
                for label in labels:
                    name = repository(label)
                    used.add(name)
                    if name is not None:
                        self.assertIn(name, known, f"{module.name}: //{path} has {label}")
            with self.subTest(module=module.name):
                # Nobody is to inherit what not even the module uses. A project may name versions.
                if module.name != "greeter":
                    self.assertEqual(set(module.deps) - used, set())

    def test_the_core_needs_the_core_s_libraries_alone(self):
        built = packages(".")
        dev = {name for name, dep in self.core.deps.items() if dep.dev}
        self.assertIn("lanyard_issuer", dev)
        todo = [(path, name) for path in built for name in built[path].public]
        self.assertGreater(len(todo), 10)
        seen = set()
        while todo:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            path, name = at
            package = built.get(path)
            if package is None:
                continue
            for label in package.targets.get(name, ()):
                name = repository(label)
                if name in (None, "lanyard"):
                    todo.append(absolute(label.replace("@lanyard", "", 1), path))
                else:
                    self.assertNotIn(name, dev, f"//{path}:{at[1]} has {label}")
        # A package is loaded as a whole.
        for path in {path for path, _ in seen if path in built}:
            for file in built[path].loads:
                self.assertNotIn(repository(file), dev, f"//{path} loads {file}")

    def test_versions_are_one(self):
        core = {dep.name: dep.version for dep in self.core.deps.values()}
        for module in self.modules[1:]:
            self.assertEqual(module.version, self.core.version)
            self.assertEqual(core[module.name], self.core.version)
            self.assertEqual(module.deps["lanyard"].version, self.core.version)
            for dep in module.deps.values():
                if dep.name in core:
                    self.assertEqual(dep.version, core[dep.name], f"{module.name}: {dep.name}")

    def test_both_bazels_find_them_in_the_same_place(self):
        self.assertEqual(self.core.overrides, {"lanyard_" + part: part for part in _PARTS})
        workspace = (_ROOT / "WORKSPACE").read_text()
        local = dict(re.findall(r'local_repository\(\s*name = "(\w+)",\s*path = "(\w+)"', workspace))
        self.assertEqual(local, self.core.overrides)
        ignored = (_ROOT / ".bazelignore").read_text().split()
        for part in _PARTS:
            self.assertIn(part, ignored)
            self.assertEqual(Module(part).overrides, {"lanyard": ".."})

    def test_a_registry_has_a_template_for_each(self):
        roots = re.findall(r'^  - "?([^"\n]+)"?$', (_ROOT / ".bcr/config.yml").read_text(), re.M)
        self.assertEqual(roots, [module.folder for module in self.modules])
        for module in self.modules:
            folder = _ROOT / ".bcr" / module.folder
            source = json.loads((folder / "source.template.json").read_text())
            inside = "" if module.folder == "." else "/" + module.folder
            self.assertEqual(source["strip_prefix"], "{REPO}-{VERSION}" + inside)
            json.loads((folder / "metadata.template.json").read_text())
            built = re.findall(r'- "@(\w+)//:(\w+)"', (folder / "presubmit.yml").read_text())
            self.assertTrue(built)
            public = packages(module.folder)[""].public
            for name, target in built:
                self.assertEqual(name, module.name)
                self.assertIn(target, public)


if __name__ == "__main__":
    unittest.main()
