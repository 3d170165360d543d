#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# That the report runs and says what it measured; what that was does not matter here.
set -euo pipefail
out=$TEST_TMPDIR/out
bench/report --only=refusals,tokens --rounds=2 --min_time=0.01 --quick --out="$out" | tee "$TEST_TMPDIR/table"
for row in 'Refusals' 'forged signature' 'GetToken, one that is kept' 'HS256: a token made'; do
  grep -q "$row" "$TEST_TMPDIR/table" || { echo "the table has no \"$row\""; exit 1; }
  grep -q "$row" "$out/report.md" || { echo "report.md has no \"$row\""; exit 1; }
  grep -q "$row" "$out/index.html" || { echo "index.html has no \"$row\""; exit 1; }
done
grep -q '<svg' "$out/index.html" || { echo "index.html has no plot"; exit 1; }
python3 - "$out/results.json" <<'END'
import json, sys
results = json.load(open(sys.argv[1]))
values = results["measurements"]["refusal/forged_signature"]["values"]
assert len(values) == 2 and min(values) > 0, values
assert results["machine"] and results["date"], results
END
! bench/report --only=nonsense 2>"$TEST_TMPDIR/error" || { echo "a chapter that is not there is taken"; exit 1; }
grep -q 'there are first, cached' "$TEST_TMPDIR/error"
