#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# docs/reference/config.md is what tools/config_reference makes of the .proto files.
set -euo pipefail
root=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../..

"$root/tools/config_reference" >"$TEST_TMPDIR/config.md"
diff "$TEST_TMPDIR/config.md" "$root/docs/reference/config.md" || {
  echo "FAILED: run tools/config_reference > docs/reference/config.md"
  exit 1
}
for word in 'ServerConfig' '`jwks_file`' '`max_idle_time`' '**Weakens.**' '`OBSERVE` | **Weakens.**'; do
  grep -qF -- "$word" "$TEST_TMPDIR/config.md" || { echo "FAILED: no $word"; exit 1; }
done

# A field without a comment of its own is told by its name.
mkdir "$TEST_TMPDIR/tools"
cp "$root/tools/config_reference" "$TEST_TMPDIR/tools/"
cp -RL "$root/proto" "$TEST_TMPDIR/proto"
chmod -R u+w "$TEST_TMPDIR/proto"
sed -i '/^  \/\/ How the user signed in/d' "$TEST_TMPDIR/proto/lanyard/v1/annotations.proto"
if "$TEST_TMPDIR/tools/config_reference" >/dev/null 2>"$TEST_TMPDIR/error"; then
  echo "FAILED: a field without a comment went through"
  exit 1
fi
grep -qF 'Allow.any_acr has no comment' "$TEST_TMPDIR/error"
