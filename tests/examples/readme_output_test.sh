#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What the READMEs of examples say that their programs print is what they print, but for ports,
# random ids and times.
#
#   readme_output_test.sh {README PROGRAM}...
set -euo pipefail
fail() { echo "FAILED: $1"; exit 1; }
regular() {
  sed -e 's/\[lanyard [0-9a-f]\{8\}\]/[lanyard 7f3a9c21]/' -e 's/127\.0\.0\.1:[0-9]*/127.0.0.1:43671/' \
    -e 's/after [0-9.]* s and [0-9]* messages/after 2.0 s and 20 messages/' -e 's/ *$//'
}
while (($# > 0)); do
  block=$(awk '/^```/ { inside = !inside; next } inside' "$1")
  [[ -n $block ]] || fail "$1 shows nothing"
  printed=$("$2" | regular)
  # The last lines; what comes before them may be left out.
  if ! diff <(printf '%s\n' "$block") <(printf '%s\n' "$printed" | tail -n "$(wc -l <<<"$block")"); then
    fail "$2 prints otherwise than $1 says"
  fi
  echo "$1: $(wc -l <<<"$block") lines"
  shift 2
done
