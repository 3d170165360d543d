#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A file that is really a mount of its own is told from one in a directory that is mounted.
set -euo pipefail
tool=$PWD/$1
fail() { echo "FAILED: $1"; exit 1; }
cd "$TEST_TMPDIR"
if ! unshare --mount true 2>/dev/null; then
  echo "SKIPPED: this user may not mount anything"
  exit 0
fi
mkdir -p volume/..2027_01_31 etc
"$tool" key new --alg ES256 --out sso.jwk
"$tool" key public sso.jwk --format jwks > volume/..2027_01_31/sso.jwks
ln -s ..2027_01_31 volume/..data
ln -s ..data/sso.jwks volume/sso.jwks
: > etc/one.jwks
mkdir etc/all

config() {  # PATH
  echo "issuers { name: \"sso\" issuer: \"https://sso.example.test\" audiences: \"orders\"
    algorithms: ES256 jwks_file: \"$1\" }
  rules { method: \"/shop.Orders/Get\" allow { subjects: \"svc:a\" } }" > auth.textproto
}
mounted() {  # SOURCE TARGET: what the doctor says with that mounted there
  unshare --mount bash -c 'mount --bind "$1" "$2" && "$3" doctor auth.textproto' - "$1" "$2" "$tool"
}

config etc/one.jwks
mounted volume/sso.jwks etc/one.jwks > said
cat said
grep -qF "WARN files: etc/one.jwks (issuer sso: jwks_file): a mount of its own" said ||
  fail "a file by subPath is not told"
config etc/all/sso.jwks
mounted volume etc/all > said
cat said
grep -qF "ok   files: etc/all/sso.jwks (issuer sso: jwks_file), follows its ConfigMap or Secret" said ||
  fail "a directory is not good"
