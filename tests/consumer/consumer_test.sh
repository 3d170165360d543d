#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds and tests examples/consumer as what it is: another project, with its own workspace and a
# Bazel server of its own, that depends on Lanyard; does what its README says, and has a call answered.
# From there the tests of what Lanyard needs of gRPC are found as well, which run in Lanyard's own
# workspace.
set -euo pipefail
tool=$PWD/$1

root=$(dirname "$(readlink -f "$TEST_SRCDIR/$TEST_WORKSPACE/WORKSPACE")")
output=$TEST_TMPDIR/bazel

skip() {
  echo "SKIPPED: $*"
  # So that it is counted as what it is.
  printf '<testsuites><testsuite name="consumer_test" tests="1"><testcase name="consumer_test"><skipped/></testcase></testsuite></testsuites>\n' >"$XML_OUTPUT_FILE"
  exit 0
}

# As bazelw looks for one.
has_newer_bazel() {
  local candidate version
  for candidate in bazel bazelisk; do
    version=$(cd / && "$candidate" --version 2>/dev/null | sed -n 's/^bazel \([0-9][0-9]*\)\..*/\1/p') || true
    [[ -n $version && $version -ge 7 ]] && return
  done
  return 1
}
registry_answers() { timeout 10 bash -c '</dev/tcp/bcr.bazel.build/443' 2>/dev/null; }

if has_newer_bazel; then
  registry_answers ||
    skip "this Bazel takes libraries from the Bazel Central Registry, and there is no network"
else
  "$root/third_party/debian/setup" --check ||
    skip "there is neither Debian's Bazel with its libraries nor a Bazel 7 or newer"
fi

bazel() { "$root/bazelw" --max_idle_secs=5 "--output_user_root=$output" "$@"; }

server_pid=
finish() {
  if [[ -n $server_pid ]]; then kill "$server_pid" && wait "$server_pid" || true; fi
  (cd "$root/examples/consumer" && bazel shutdown) || true
  chmod -R u+w "$output" && rm -rf "$output" || true
}

# The other Bazel must not find this test's files by the variables that point to them. It gets the
# PATH that this Bazel had: tests have "." before it, and results in the cache go by PATH.
export HOME=$TEST_TMPDIR PATH=${PATH#.:}
unset JAVA_RUNFILES PYTHON_RUNFILES RUNFILES_DIR RUNFILES_MANIFEST_FILE TEST_SRCDIR TEST_WORKSPACE

cd "$root/examples/consumer"
trap finish EXIT
# No links into the output tree: they would stand in the source tree, for the wrong Bazel.
flags=(--symlink_prefix=/ --color=no --curses=no --noshow_progress)
bazel test "${flags[@]}" --test_output=all //...
[[ $(bazel query --color=no --curses=no --noshow_progress 'kind(cc_binary, //...)') == *//:server* ]]
bazel build "${flags[@]}" --nobuild @lanyard//:lanyard_conformance_test
for program in server client; do
  bazel run "${flags[@]}" "--script_path=$TEST_TMPDIR/$program" "//:$program"
done

# The README's steps, in a folder of their own and on a port that no other test has.
lanyard() { "$tool" "$@"; }
block() {  # LANGUAGE NUMBER
  awk -v fence="\`\`\`$1" -v number="$2" '
    inside && /^```$/ { inside = 0 }
    inside && blocks == number { print }
    $0 == fence { inside = 1; blocks++ }' "$root/examples/consumer/README.md"
}
step() {  # NUMBER PROGRAM
  block sh "$1" | sed -e "s#^../../bazelw run //:$2 --#exec $TEST_TMPDIR/$2#" -e "s/8443/$port/"
}
cd "$(mktemp -d -p "$TEST_TMPDIR")"
block textproto 1 >auth.textproto
eval "$(block sh 1)"
for _ in {1..120}; do
  if [[ -z $server_pid ]] || ! kill -0 "$server_pid"; then
    port=$((10000 + RANDOM % 20000))
    (eval "$(step 2 server)") &
    server_pid=$!
  fi
  if (eval "$(step 3 client)") >answer; then break; fi
  sleep 0.5
done
[[ $(cat answer) == "Hello, alice" ]]
