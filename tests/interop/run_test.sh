#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs a script against other implementations, or says that it is skipped, and why.
#
#   run_test.sh NEEDS... -- SCRIPT ARGUMENTS...
#
#   python:MODULE     Debian's Python, with that module
#   npm:PACKAGE       Node.js, with that package in $LANYARD_INTEROP
#   program:NAME      a program in PATH
#   file:PATH         a file or folder
set -euo pipefail

# Debian's, because another Python before it in PATH would not have Debian's modules. -B: nothing is
# written beside the sources; -E and -s: modules are Debian's, and not the user's.
python=(/usr/bin/python3 -B -E -s)
export LANYARD_INTEROP=${LANYARD_INTEROP:-${HOME:-}/.cache/lanyard/interop}

skip() {
  echo "SKIPPED: $*; tests/interop/install installs it"
  # So that the test does not count as one that passed.
  if [[ -n ${XML_OUTPUT_FILE:-} ]]; then
    printf '<testsuites><testsuite name="interop"><testcase name="%s"><skipped/></testcase></testsuite></testsuites>\n' "${TEST_TARGET:-interop}" >"$XML_OUTPUT_FILE"
  fi
  exit 0
}

while [[ $1 != -- ]]; do
  name=${1#*:}
  case $1 in
    python:*)
      [[ -x ${python[0]} ]] || skip "there is no ${python[0]}"
      "${python[@]}" -c "import $name" 2>/dev/null || skip "Debian's Python has no module \"$name\""
      ;;
    npm:*)
      command -v node >/dev/null || skip "there is no Node.js"
      [[ -f $LANYARD_INTEROP/node_modules/$name/package.json ]] || skip "npm's \"$name\" is not in $LANYARD_INTEROP"
      ;;
    file:*) [[ -e $name ]] || skip "there is no $name" ;;
    program:*) command -v "$name" >/dev/null || skip "there is no program \"$name\"" ;;
    *)
      echo "run_test.sh: what is \"$1\"?"
      exit 2
      ;;
  esac
  shift
done
shift

case $1 in
  *.py) exec "${python[@]}" "$@" ;;
  *.mjs) exec node "$@" ;;
  *.sh) exec bash "$@" ;;
esac
echo "run_test.sh: what language is \"$1\"?"
exit 2
