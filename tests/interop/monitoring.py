# SPDX-License-Identifier: Apache-2.0
"""The alerts and the dashboard of examples/monitoring, by promtool and against the documented
metrics.

Usage: monitoring.py docs/reference/metrics.md examples/monitoring/README.md
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys

import yaml

import lanyard

# What Prometheus itself, a scrape config or a histogram adds to a metric's own labels.
_ADDED_LABELS = {"job", "instance", "le"}
_SUFFIXES = ("_bucket", "_count", "_sum")
# What Grafana puts in.
_VARIABLES = {"$__rate_interval": "5m", "$__range": "6h", "$job": ".*", "$instance": ".*"}

_METRIC = re.compile(r"\b(lanyard_[a-z_]+)(\{[^}]*\})?")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")


def promtool(*arguments):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"promtool {' '.join(arguments[:2])}: {done.stdout}{done.stderr}")


def documented(reference):
    """{name: (kind, {label: its values, empty where any}), …}."""
    metrics = {}
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", reference, re.M):
        metrics[name] = kind, {
            label: set(re.findall(r"`(\w+)`", values))
            for label, values in re.findall(r"`(\w+)`(?: \(([^)]*)\))?", labels)
        }
    return metrics


def check_expression(metrics, expression):
    """Every metric, label and value in it is documented."""
    found = _METRIC.findall(expression)
    if not found:
        raise AssertionError(f"no metric in {expression}")
    labels = set(_ADDED_LABELS)
    for name, matchers in found:
        base = name
        for suffix in _SUFFIXES:
            if name.endswith(suffix) and metrics.get(name[: -len(suffix)], "")[:1] == ("histogram",):
                base = name[: -len(suffix)]
        if base not in metrics:
            raise AssertionError(f"{name} is not documented")
        if base == name and metrics[name][0] == "histogram":
            raise AssertionError(f"{name} is a histogram: it has only {_SUFFIXES}")
        own = metrics[base][1]
        labels |= own.keys()
        for label, value in _MATCHER.findall(matchers):
            if label not in own.keys() | _ADDED_LABELS:
                raise AssertionError(f"{name} has no label {label}")
            if own.get(label) and value not in own[label]:
                raise AssertionError(f"{name} has no {label} {value}")
    for group in _GROUPING.findall(expression):
        for label in filter(None, re.split(r"[\s,]+", group)):
            if label not in labels:
                raise AssertionError(f"nothing in {expression} has a label {label}")


def check_alerts(checks, metrics, folder, readme):
    rules = yaml.safe_load((folder / "alerts.yml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    tests = yaml.safe_load((folder / "alerts_test.yml").read_text())
    fired = {
        name
        for test in tests["tests"]
        for check in test["promql_expr_test"]
        for sample in check["exp_samples"]
        for name in re.findall(r'alertname="(\w+)"', sample["labels"])
    }
    for alert in alerts:
        with checks.check(alert["alert"]):
            check_expression(metrics, alert["expr"])
            if alert["labels"].keys() != {"severity"}:
                raise AssertionError("one label, the severity")
            if alert["annotations"].keys() != {"summary", "description", "runbook"}:
                raise AssertionError("summary, description and runbook")
            for text in alert["annotations"].values():
                for name in re.findall(r"\blanyard_[a-z_]+", text):
                    if name not in metrics:
                        raise AssertionError(f"{name} is not documented")
            if alert["alert"] not in fired:
                raise AssertionError("no test lets it fire")
    with checks.check("the alerts that README.md lists"):
        listed = set(re.findall(r"`(Lanyard\w+)`", readme))
        if listed != {alert["alert"] for alert in alerts}:
            raise AssertionError(f"{listed}")
    with checks.check("promtool check rules"):
        promtool("check", "rules", str(folder / "alerts.yml"))
    with checks.check("promtool test rules"):
        promtool("test", "rules", str(folder / "alerts_test.yml"))
    with checks.check("README.md's config for Prometheus"):
        config = lanyard.FOLDER / "prometheus.yml"
        config.write_text(re.search(r"```yaml\n(.*?)```", readme, re.S)[1])
        shutil.copy(folder / "alerts.yml", lanyard.FOLDER)
        promtool("check", "config", str(config))


def check_dashboard(checks, metrics, folder):
    dashboard = json.loads((folder / "grafana-dashboard.json").read_text())
    expressions = []
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            continue
        with checks.check("panel", panel["title"]):
            for target in panel["targets"]:
                check_expression(metrics, target["expr"])
                expressions.append(target["expr"])
                for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                    if not re.search(rf"\bby \([^)]*\b{label}\b", target["expr"]):
                        raise AssertionError(f"the legend's {label} is not in the result")
    for variable in dashboard["templating"]["list"]:
        for name in re.findall(r"\blanyard_[a-z_]+", str(variable["query"])):
            with checks.check("variable", variable["name"], name):
                check_expression(metrics, name)
    with checks.check("panels have ids and places of their own"):
        panels = dashboard["panels"]
        if len({panel["id"] for panel in panels}) != len(panels):
            raise AssertionError("two panels have the same id")
        cells = [
            (x, y)
            for at in (panel["gridPos"] for panel in panels)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        ]
        if len(set(cells)) != len(cells) or max(x for x, _ in cells) > 23:
            raise AssertionError("panels overlap, or stand out")
    with checks.check("every metric is on the dashboard"):
        shown = " ".join(expressions)
        missing = [name for name in metrics if not re.search(rf"\b{name}(_bucket)?\b", shown)]
        if missing:
            raise AssertionError(f"{missing}")
    # As rules, so that promtool parses them.
    with checks.check("PromQL of the dashboard"):
        rules = []
        for i, expression in enumerate(expressions):
            for variable, value in _VARIABLES.items():
                expression = expression.replace(variable, value)
            rules.append({"record": f"panel:{i}", "expr": expression})
        path = lanyard.FOLDER / "panels.yml"
        path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
        promtool("check", "rules", str(path))


def main():
    checks = lanyard.Checks()
    metrics = documented(pathlib.Path(sys.argv[1]).read_text())
    readme = pathlib.Path(sys.argv[2])
    with checks.check("the documented metrics are found"):
        if len(metrics) < 24:
            raise AssertionError(f"only {len(metrics)}")
    check_alerts(checks, metrics, readme.parent, readme.read_text())
    check_dashboard(checks, metrics, readme.parent)
    checks.finish()


if __name__ == "__main__":
    main()
