#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The commands of docs/operations.md, and the answer that it shows.
set -euo pipefail
tool=$PWD/$1 page=$PWD/docs/operations.md
lanyard() { "$tool" "$@"; }
fail() { echo "FAILED: $1"; exit 1; }
cd "$TEST_TMPDIR"
command -v openssl > /dev/null || { echo "SKIPPED: openssl is not installed"; exit 0; }
mkdir etc

cat > etc/auth.textproto <<'END'
issuers {
  name: "sso"  issuer: "https://sso.example.test"  audiences: "orders"
  algorithms: ES256  jwks_file: "sso.jwks"
}
rules { method: "/shop.Orders/Cancel"  allow { issuers: "sso" subjects: "svc:refunds" } }
END
lanyard key new --alg ES256 --out sso.jwk
lanyard key public sso.jwk --format jwks > etc/sso.jwks
# A pair that others can read, and that has just expired for a clock two days ahead.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout etc/tls.key \
  -out etc/tls.crt -days 1 -subj /CN=orders -addext subjectAltName=DNS:orders.example.test 2> log ||
  fail "$(cat log)"
chmod 644 etc/tls.key
later=$(($(date +%s) + 2 * 86400))
doctor() { lanyard doctor "$@" --at "$later"; }

# Without the time it is the command of the page; a clock cannot be set here.
if doctor etc/auth.textproto --tls-certificate etc/tls.crt --tls-key etc/tls.key > said
then fail "the doctor finds nothing"; fi
cat said
normal() {
  sed -e '/^ok   environment: this is root/d' -e 's/hash [0-9a-f]*/hash H/' \
    -e 's/Lanyard [0-9.]*/Lanyard V/' -e 's/key: [^ ]*/key: K/' -e 's/at 20[-0-9T:]*Z/at T/'
}
sed -n '/^ok   config: /,/^```$/p' "$page" | grep -vxF '```' | normal > shown
normal < said | diff shown -

# All is well today, but for the key's mode.
chmod 600 etc/tls.key
lanyard doctor etc/auth.textproto --tls-certificate etc/tls.crt --tls-key etc/tls.key > said ||
  fail "$(cat said)"
grep -qF "expires soon" said || fail "$(cat said)"
if grep -q "FAIL\|other users" said; then fail "$(cat said)"; fi

lanyard doctor etc/auth.textproto --weakenings > said
diff said - <<< "no word weakens a check"
echo 'health: ANYONE' >> etc/auth.textproto
lanyard doctor etc/auth.textproto --weakenings | grep -qF "health  health: ANYONE" || fail "ANYONE"
