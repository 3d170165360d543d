#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# docs/reference/cli.md is what `lanyard manual --format markdown` writes; the page for man(1) has
# all commands and options, and formatters find nothing wrong with it.
set -euo pipefail
lanyard=$1
fail() { echo "FAILED: $*" >&2; exit 1; }
folder=$(mktemp -d)

"$lanyard" manual --format markdown >"$folder/cli.md"
diff -u docs/reference/cli.md "$folder/cli.md" ||
  fail 'docs/reference/cli.md is of yesterday; write it anew: ./bazelw run //tools/lanyard -- manual --format markdown >docs/reference/cli.md'

# The list of commands, from another place than the page.
mapfile -t commands < <("$lanyard" --help | sed -n 's/^  \([a-z]\+\( [a-z]\+\)\?\)  .*/\1/p')
((${#commands[@]} > 30)) || fail "only ${#commands[@]} commands"
mapfile -t headings < <(sed -n 's/^## lanyard //p' "$folder/cli.md")
[[ "${commands[*]}" == "${headings[*]}" ]] || fail "the page has ${headings[*]}, help has ${commands[*]}"

"$lanyard" manual >"$folder/lanyard.1"
[[ $("$lanyard" manual --format man) == "$(<"$folder/lanyard.1")" ]] || fail 'man is not the default'
cmp "$folder/lanyard.1" "$2" || fail 'the target //tools/lanyard:man_page is another page'
for command in "${commands[@]}"; do
  grep -q "^\.SS lanyard $command " "$folder/lanyard.1" || fail "no $command in the page for man(1)"
  while read -r option; do
    grep -qF -- "${option//-/\\-}" "$folder/lanyard.1" || fail "no $option in the page for man(1)"
  done < <("$lanyard" help $command | sed -n 's/^  \(--[a-z-]\+\).*/\1/p')
done

checked=0
if command -v groff >/dev/null; then
  warnings=$(groff -man -Tutf8 -ww "$folder/lanyard.1" 2>&1 >"$folder/text")
  [[ -z $warnings ]] || fail "groff: $warnings"
  checked=1
fi
if command -v mandoc >/dev/null; then
  # The page has no date, so that it is the same whenever it is written.
  warnings=$(mandoc -T lint -W warning "$folder/lanyard.1" | grep -v 'missing date' || true)
  [[ -z $warnings ]] || fail "mandoc: $warnings"
  mandoc -T utf8 "$folder/lanyard.1" >"$folder/text"
  checked=1
fi
if ((checked)); then
  plain=$(sed 's/.\x08//g; s/\x1b\[[0-9;]*m//g' "$folder/text" | tr -s '[:space:]' ' ')
  # Quotes and dashes are those that a shell takes.
  [[ $plain == *"lanyard key new --alg ALG [OPTION...]"* ]] || fail 'the text of the page'
  [[ $plain == *"'{\"id\": \"42\"}'"* ]] || fail 'quotes of the page'
else
  echo 'SKIPPED: neither groff nor mandoc is installed'
fi
echo "the manual has ${#commands[@]} commands"
