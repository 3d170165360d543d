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
for word in 'ServerConfig' '`jwks_file`' '`max_idle_time`' '**Weakens.**' '`OBSERVE` | **Weakens.**' '`tls_private_key_file` | text | **`${VAR}`** The certificate'; do
  grep -qF -- "$word" "$TEST_TMPDIR/config.md" || { echo "FAILED: no $word"; exit 1; }
done
