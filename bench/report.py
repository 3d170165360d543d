#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs all benchmarks and says what they mean: a table with ratios and aims on the terminal, and in
bench/out the figures (results.json), the table (report.md) and a page with plots (index.html).

    ./bazelw run -c opt //bench:report
    ./bazelw run -c opt //bench:report -- --only=first,cached --rounds=3

Every ratio is of two things that were measured in turn in the same run: the median of the ratios of
the rounds. bench/install installs what others are measured with; what is missing is said and left
out.
"""

import argparse
import datetime
import html
import json
import math
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

# Where Bazel puts what this runs; by itself it stands in bench/.
RUNFILES = os.path.abspath(__file__) + ".runfiles"
HERE = os.path.join(RUNFILES, "lanyard", "bench") if os.path.isdir(RUNFILES) else os.path.dirname(os.path.abspath(__file__))
WORKSPACE = os.environ.get("BUILD_WORKSPACE_DIRECTORY", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---- Running. Every program's measurements become {name: {"unit": …, "values": one a round}}.


def run(command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def merge(into, rows):
    for name, row in rows.items():
        if name in into:
            into[name]["values"] += row["values"]
        else:
            into[name] = row


def json_lines(command, **more):
    rows = {}
    for line in run(command, **more).splitlines():
        row = json.loads(line)
        rows[row["name"]] = {"unit": row["unit"], "values": row["values"]}
    return rows


def google_benchmark(program, filter, rounds, min_time):
    """In an order that is drawn anew for each round, so that all are measured in turn."""
    text = run([
        os.path.join(HERE, program), f"--benchmark_filter={filter}", "--benchmark_format=json",
        f"--benchmark_repetitions={rounds}", "--benchmark_enable_random_interleaving=true",
        f"--benchmark_min_time={min_time}"
    ], stderr=subprocess.DEVNULL)
    rows = {}
    for one in json.loads(text)["benchmarks"]:
        if one["run_type"] != "iteration":
            continue
        # Of threads side by side the time that passes counts, else that of the processor.
        clock = "real_time" if one["run_name"].find("real_time") >= 0 else "cpu_time"
        name = one["run_name"].replace("/real_time", "")
        rows.setdefault(name, {"unit": one["time_unit"], "values": []})["values"].append(one[clock])
        for counter in ("allocations", "token_bytes"):
            if counter in one:
                key = f"{name}#{counter}"
                rows.setdefault(key, {"unit": "", "values": []})["values"].append(one[counter])
    return rows


def instructions(algorithm):
    """Of a first sight outside of the signature's check, by callgrind; noise does not touch it."""
    if shutil.which("valgrind") is None:
        say("report: SKIPPED instructions: valgrind is not installed; bench/install installs it")
        return {}
    count = 300
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        subprocess.run([
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
            "--toggle-collect=lanyard::Verifier::Verify(*TokenConnection&)*",
            os.path.join(HERE, "verify"), f"--benchmark_filter=^verify/first/{algorithm}(/|$)"
        ], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "LANYARD_BENCH_ITERATIONS": str(count)})
        text = run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", out],
                   stderr=subprocess.DEVNULL)
    total = checks = 0
    for line in text.splitlines():
        found = re.match(r"\s*([\d,]+) ?\(.*?\)\s+(.*)", line)
        if not found:
            continue
        number = int(found.group(1).replace(",", ""))
        if "PROGRAM TOTALS" in found.group(2):
            total = number
        elif re.search(r"\b(Hmac|Ec|Rsa|Ed25519)Key::Verify\(", found.group(2)):
            checks = max(checks, number)
    if total == 0 or checks == 0:
        say(f"report: SKIPPED instructions of {algorithm}: callgrind's output is not understood")
        return {}
    return {f"verify/instructions/{algorithm}": {"unit": "", "values": [(total - checks) / count]}}


def peers(rounds):
    """The programs in turn, each with the same tokens."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        tokens = os.path.join(folder, "tokens")
        with open(tokens, "w") as file:
            file.write(run([os.path.join(HERE, "peer_tokens")]))
        programs = [[os.path.join(HERE, "same_tokens"), tokens, "1"]]
        native = os.path.join(folder, "peers")
        if subprocess.run([os.path.join(HERE, "peers", "build"), native]).returncode == 0:
            programs.append([native, tokens, "--rounds=1"])
        # PyJWT is Debian's, so it is its own Python that has it.
        if os.path.exists("/usr/bin/python3"):
            programs.append(["/usr/bin/python3", os.path.join(HERE, "peers", "peers.py"), tokens, "--rounds=1"])
        if shutil.which("node") is not None:
            programs.append(["node", os.path.join(HERE, "peers", "peers.mjs"), tokens, "--rounds=1"])
        for _ in range(rounds):
            for program in programs:
                try:
                    merge(rows, json_lines(program))
                except subprocess.CalledProcessError:
                    say(f"report: SKIPPED {os.path.basename(program[-3])}")
    return rows


def fleet(results):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        for name, row in results.items():
            file.write(json.dumps({"name": name, **row}) + "\n")
        file.flush()
        return json_lines([os.path.join(HERE, "fleet.py"), f"--results={file.name}"])


# ---- Meaning.


class Row:
    """One line of a table: `of`, and how it relates to `by`, which was measured in turn with it.

    `aim` is what the ratio, or without `by` the value, should be: "<= 1.05", ">= 300".
    `invert` turns the ratio around, for what should be many times faster. `plus` has the difference
    in place of the ratio.
    """

    def __init__(self, label, of, by=None, aim="", invert=False, plus=False):
        self.label, self.of, self.by, self.aim = label, of, by, aim
        self.invert, self.plus = invert, plus

    def measure(self, results):
        values = results[self.of]["values"]
        self.value, self.unit = statistics.median(values), results[self.of]["unit"]
        self.ratio = None
        if self.by is not None:
            others = results[self.by]["values"]
            if len(others) != len(values):
                others = [statistics.median(others)] * len(values)
            if self.plus:
                ratios = [a - b for a, b in zip(values, others)]
            else:
                ratios = [b / a if self.invert else a / b for a, b in zip(values, others)]
            self.ratio = statistics.median(ratios)
        judged = self.value if self.ratio is None else self.ratio
        self.met = None
        if self.aim:
            sign, limit = self.aim.split()[:2]
            self.met = judged <= float(limit) if sign == "<=" else judged >= float(limit)

    def cells(self):
        aim = self.aim + (f" {self.unit}" if self.aim and self.ratio is None else "")
        met = "" if self.met is None else ("yes" if self.met else "no")
        ratio = "" if self.ratio is None else figure(self.ratio) + (f" {self.unit} more" if self.plus else " x")
        return [self.label, f"{figure(self.value)} {self.unit}".strip(), ratio, aim, met]


def figure(value):
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


ALGORITHMS = ["HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA"]
FIRST_AIMS = {"ES256": "<= 1.05", "EdDSA": "<= 1.05", "RS256": "<= 1.10"}
MEASURED_WITH_OTHERS = ["HS256", "RS256", "ES256", "EdDSA"]
OTHERS = ["libjwt", "cpp-jwt", "pyjwt", "jose"]
REFUSALS = ["no_token", "no_json", "too_long", "alg_none", "wrong_type", "unknown_issuer",
            "unknown_key", "unknown_key_id", "forged_signature", "expired", "wrong_audience"]
LOADS = ["unary", "inflight16", "stream_messages", "streams_opened"]
RAW = "verify/raw/ES256"


def first_rows():
    for name in ALGORITHMS:
        first, raw = f"verify/first/{name}", f"verify/raw/{name}"
        yield Row(f"{name}: BoringSSL's check alone", raw)
        yield Row(f"{name}: Verify, beside it", first, raw, FIRST_AIMS.get(name, ""))
        if name == "HS256":
            yield Row("HS256: Verify, beyond it", first, raw, "<= 1000", plus=True)
        yield Row(f"{name}: allocations", first + "#allocations")
        yield Row(f"{name}: instructions outside of the check", f"verify/instructions/{name}")


def cached_rows():
    yield Row("ES256, BoringSSL's check alone", RAW)
    for count in [1, 1000, 100000, 1000000]:
        name = f"verify/cached/{count}"
        yield Row(f"one of {count:,} cached tokens: faster than it", name, RAW,
                  ">= 300" if count <= 1000 else "", invert=True)
        yield Row(f"one of {count:,} cached tokens: allocations", name + "#allocations", aim="<= 0.01")
    for count in [100000, 1000000]:
        yield Row(f"one of {count:,}, beside one of 1,000", f"verify/cached/{count}", "verify/cached/1000")
    for count in [1, 1000]:
        # Google Benchmark's time of an operation is the time that passed by the operations of all.
        yield Row(f"{count:,} tokens: two threads, beside one", f"verify/cached_by_threads/{count}/threads:2",
                  f"verify/cached_by_threads/{count}/threads:1", ">= 1.8", invert=True)
    yield Row("arithmetic: two threads, beside one", "arithmetic/threads:2", "arithmetic/threads:1", invert=True)
    for count in [1, 100, 10000]:
        yield Row(f"decision of a policy of {count:,} rules", f"decide/{count}", "decide/1")


def peer_rows():
    for name in MEASURED_WITH_OTHERS:
        ours = f"peer/lanyard/{name}"
        yield Row(f"{name}: Lanyard", ours)
        for other in OTHERS:
            aim = (">= 4" if name == "HS256" else ">= 1") if other in OTHERS[:2] else ""
            yield Row(f"{name}: {other}, beside it", f"peer/{other}/{name}", ours, aim)
        yield Row(f"{name}: OpenSSL's check alone", f"raw_openssl/{name}", ours)


def rpc_rows():
    for load in LOADS:
        for mode, label, aim in [("none", "no authentication", ""), ("carried", "the token only carried and compared", ""),
                                 ("lanyard", "Lanyard", ">= 0.97"), ("handwritten", "a processor that checks each time", "")]:
            name = f"rpc/{load}/{mode}"
            yield Row(f"{load}: {label}", name, f"rpc/{load}/none" if mode != "none" else None, aim)
    for what in ["unary_p50", "unary_p99", "unary_server_cpu", "unary_client_cpu", "inflight16_server_cpu", "inflight16_client_cpu"]:
        for mode in ["carried", "lanyard", "handwritten"]:
            yield Row(f"{what}: {mode}", f"rpc/{what}/{mode}", f"rpc/{what}/none")


def refusal_rows():
    yield Row("ES256, BoringSSL's check alone", RAW)
    yield Row("a good token, first sight", "verify/first/ES256", RAW)
    for name in REFUSALS:
        yield Row(name.replace("_", " "), f"refusal/{name}", "verify/first/ES256",
                  "<= 1.05" if name in ("forged_signature", "expired", "wrong_audience") else "<= 0.1")


def token_rows():
    for name in MEASURED_WITH_OTHERS:
        yield Row(f"{name}: BoringSSL's signature alone", f"sign/raw/{name}")
        yield Row(f"{name}: a token made, beside it", f"mint/{name}", f"sign/raw/{name}")
    yield Row("GetToken, one that is kept", "get_token/threads:1", aim="<= 200")
    yield Row("GetToken: allocations", "get_token/threads:1#allocations", aim="<= 0")


def memory_rows():
    yield Row("a token's text", "memory/token")
    yield Row("its verdict in the cache, text and all", "memory/verdict", "memory/token")
    yield Row("the same, beyond twice the text", "memory/beyond_twice", aim="<= 256")
    yield Row("the same once a handler has asked for names", "memory/verdict_asked", "memory/token")
    yield Row("a cache that a million tokens went through twice: limit", "memory/bounded_cache/limit")
    yield Row("what it counted", "memory/bounded_cache/counted", "memory/bounded_cache/limit", "<= 1")
    yield Row("what the allocator gave", "memory/bounded_cache/allocated", "memory/bounded_cache/limit", "<= 1")
    yield Row("10,000 ES256 keys", "memory/10000_keys")
    yield Row("an open stream, beside gRPC's", "memory/stream")


def build_rows():
    for side, aim in (("server", "<= 1500000"), ("client", "")):
        yield Row(f"a stripped {side} on gRPC alone", f"build/size/plain_{side}")
        yield Row("what Lanyard adds to it", f"build/size/added/{side}", aim=aim)
        yield Row("seconds of processor that it adds to a clean build", f"build/clean_cpu/added/{side}")
        yield Row("lines that gRPC's headers have", f"build/headers/{side}/grpc_alone/lines")
        yield Row(f"lines that all public headers of //:{side} add", f"build/headers/{side}/all/beyond_grpc")
    for part in ("boringssl", "sdk", "interceptors", "proto", "linker"):
        yield Row(f"of the server: {part}", f"build/size/server/part/{part}", "build/size/server")
    yield Row("public headers that lead to BoringSSL, simdjson or gRPC's core", "build/headers/forbidden", aim="<= 0")
    yield Row("an annotated .pb.h, lines beside a plain one's", "build/pb/annotated/lines", "build/pb/plain/lines")


def fleet_rows(results):
    """Whatever there is: mean and peak of each."""
    names = [name for name in sorted(results) if name.startswith("fleet/")]
    return [Row(name[len("fleet/"):].replace("_", " "), name) for name in names]


def with_beyond_twice(rows):
    token, verdict = rows["memory/token"]["values"][0], rows["memory/verdict"]["values"][0]
    rows["memory/beyond_twice"] = {"unit": "bytes", "values": [verdict - 2 * token]}
    return rows


def chapters(options):
    rounds = options.rounds
    bench = lambda program, filter: google_benchmark(program, filter, rounds, options.min_time)

    def first(results):
        merge(results, bench("verify", "^verify/(raw|first)/"))
        if not options.quick:
            for algorithm in MEASURED_WITH_OTHERS:
                merge(results, instructions(algorithm))

    def cached(results):
        results.pop(RAW, None)
        merge(results, bench("verify", "^(verify/raw/ES256$|verify/cached|arithmetic)"))
        merge(results, bench("decide", "."))

    def refusals(results):
        for name in (RAW, "verify/first/ES256"):
            results.pop(name, None)
        merge(results, bench("verify", "^(verify/(raw|first)/ES256$|refusal/)"))

    def rpc(results):
        merge(results, json_lines([os.path.join(HERE, "rpc"), f"--rounds={rounds}"]))

    def build(results):
        program = [os.path.join(WORKSPACE, "bench", "build_cost.py")]
        merge(results, json_lines(program if options.quick else program + ["--clean"]))

    return {
        "first": ("First sight of a token", first, first_rows),
        "cached": ("Later sights", cached, cached_rows),
        "peers": ("Other libraries, same tokens and keys", lambda r: merge(r, peers(rounds)), peer_rows),
        "rpc": ("Calls over TLS on loopback", rpc, rpc_rows),
        "refusals": ("Refusals", refusals, refusal_rows),
        "tokens": ("Tokens of clients", lambda r: merge(r, bench("tokens", ".")), token_rows),
        "memory": ("Memory", lambda r: merge(r, with_beyond_twice(json_lines([os.path.join(HERE, "memory")]))), memory_rows),
        "build": ("A user's build", build, build_rows),
        "fleet": ("A fleet of 10,000 instances, simulated", lambda r: merge(r, fleet(r)), fleet_rows),
    }


# ---- Showing.

HEADER = ["", "median", "ratio", "aim", "met"]


def terminal_table(rows):
    lines = [HEADER] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    for line in lines:
        yield "  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(line, widths))).rstrip()


def markdown_table(rows):
    yield "| " + " | ".join(HEADER) + " |"
    yield "|---|---:|---:|---:|:---:|"
    for row in rows:
        yield "| " + " | ".join(row.cells()) + " |"


def plot(rows):
    """Horizontal bars of the ratios, 1 marked: by their logarithm, for they go from 0.01 to 1000."""
    shown = [row for row in rows if row.ratio is not None and row.ratio > 0 and not row.plus]
    if not shown:
        return ""
    low = min(0.5, min(row.ratio for row in shown) / 1.2)
    high = max(2.0, max(row.ratio for row in shown) * 1.2)
    left, width, height = 380, 420, 22

    def x(value):
        return left + width * math.log(value / low) / math.log(high / low)

    parts = []
    for i, row in enumerate(shown):
        y = i * height + 4
        begin, end = sorted((x(1), x(row.ratio)))
        color = {True: "#2a7f3f", False: "#b3472f", None: "#5b6b7b"}[row.met]
        parts.append(f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{html.escape(row.label)}</text>')
        parts.append(f'<rect x="{begin:.1f}" y="{y + 3}" width="{max(end - begin, 1.5):.1f}" height="14" fill="{color}"/>')
        parts.append(f'<text x="{max(end, x(1)) + 6:.1f}" y="{y + 14}">{figure(row.ratio)}</text>')
        if row.aim:
            limit = float(row.aim.split()[1])
            if limit > 0:
                parts.append(f'<line x1="{x(limit):.1f}" x2="{x(limit):.1f}" y1="{y}" y2="{y + 20}" class="aim"/>')
    total = len(shown) * height + 8
    parts.append(f'<line x1="{x(1):.1f}" x2="{x(1):.1f}" y1="0" y2="{total}" class="one"/>')
    return f'<svg viewBox="0 0 {left + width + 80} {total}" role="img">{"".join(parts)}</svg>'


STYLE = """
:root { color-scheme: light dark; --text: #1c2430; --back: #fff; --line: #d5dbe2; }
@media (prefers-color-scheme: dark) { :root { --text: #dde3ea; --back: #15191f; --line: #39424d; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
td, th { border-bottom: 1px solid var(--line); padding: .2rem .6rem; text-align: right; }
td:first-child { text-align: left; }
svg { width: 100%; height: auto; margin: .5rem 0; } svg text { font-size: 12px; fill: var(--text); }
.one { stroke: var(--text); stroke-width: 1; } .aim { stroke: #d08a00; stroke-width: 2; }
.no { color: #b3472f; font-weight: bold; } .yes { color: #2a7f3f; }
"""


def page(title, intro, tables):
    parts = [f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>"
             f"<meta name=viewport content='width=device-width'><style>{STYLE}</style>"
             f"<h1>{title}</h1><p>{html.escape(intro)}</p>"
             "<p>Bars show ratios by their logarithm, from 1; a yellow line is the aim.</p>"]
    for heading, rows in tables:
        parts.append(f"<h2>{html.escape(heading)}</h2>{plot(rows)}<table><tr>")
        parts += [f"<th>{cell}</th>" for cell in HEADER]
        for row in rows:
            cells = row.cells()
            parts.append("<tr>" + "".join(
                f"<td{' class=' + cell if i == 4 and cell else ''}>{html.escape(cell)}</td>"
                for i, cell in enumerate(cells)))
        parts.append("</table>")
    return "\n".join(parts) + "\n"


def machine():
    model = "unknown processor"
    try:
        with open("/proc/cpuinfo") as file:
            model = re.search(r"model name\s*: (.*)", file.read()).group(1)
    except (OSError, AttributeError):
        pass
    return f"{model}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="how often each is measured (default 7)")
    parser.add_argument("--only", default="", help="chapters, with commas between")
    parser.add_argument("--min_time", type=float, default=0.1,
                        help="seconds that each is measured in a round (default 0.1)")
    parser.add_argument("--quick", action="store_true", help="without callgrind, and builds from the disk cache")
    parser.add_argument("--out", default=os.path.join(WORKSPACE, "bench", "out"))
    options = parser.parse_args()
    wanted = [name for name in options.only.split(",") if name]
    known = chapters(options)
    if set(wanted) - set(known):
        parser.error(f"--only: there are {', '.join(known)}")
    results, tables = {}, []
    for name, (title, measure, rows_of) in known.items():
        if wanted and name not in wanted:
            continue
        say(f"report: {title} …")
        try:
            measure(results)
        except (OSError, subprocess.CalledProcessError) as error:
            say(f"report: FAILED {title}: {error}")
            sys.exit(1)
        rows = rows_of(results) if rows_of.__code__.co_argcount else rows_of()
        rows = [row for row in rows if row.of in results and (row.by is None or row.by in results)]
        for row in rows:
            row.measure(results)
        tables.append((title, rows))
        print(f"\n{title}\n" + "\n".join(terminal_table(rows)), flush=True)
    os.makedirs(options.out, exist_ok=True)
    today = datetime.date.today().isoformat()
    intro = f"{machine()}; {today}; {options.rounds} rounds."

    def write(name, text):
        with open(os.path.join(options.out, name), "w") as file:
            file.write(text)

    write("results.json", json.dumps({"machine": machine(), "date": today, "rounds": options.rounds,
                                      "measurements": results}, indent=1) + "\n")
    write("report.md", intro + "\n" + "".join(
        f"\n### {title}\n\n" + "\n".join(markdown_table(rows)) + "\n" for title, rows in tables))
    write("index.html", page("Lanyard: what it costs", intro, tables))
    say(f"report: {options.out}/index.html, report.md and results.json are written")


if __name__ == "__main__":
    main()
