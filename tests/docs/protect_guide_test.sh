#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The commands of docs/guides/protect-a-service.md and docs/guides/bind-to-certificates.md, beside a
# real server, and what docs/concepts/token.md shows of a token.
set -euo pipefail
tool=$PWD/$1 server=$PWD/$2 client=$PWD/$3 descriptors=$PWD/$4 docs=$PWD/docs
lanyard() { "$tool" "$@"; }
orders_server() { "$server" "$@"; }
orders_client() { "$client" "$@"; }
fail() { echo "FAILED: $1"; exit 1; }
# Whether a page shows this answer.
shown() {  # PAGE
  [[ $(cat "$docs/$1") == *'```'$'\n'"$(cat answer)"$'\n''```'* ]] || fail "$1 does not show: $(cat answer)"
}
cd "$TEST_TMPDIR"
mkdir etc
cp "$descriptors" orders.pb

cat > etc/auth.textproto <<'END'
issuers {
  name: "sso"  issuer: "https://sso.example.test"  audiences: "orders"
  algorithms: ES256  jwks_file: "sso.jwks"
}
rules { method: "/shop.Orders/Cancel"  allow { issuers: "sso" subjects: "svc:refunds" } }
END

lanyard policy check etc/auth.textproto --descriptors orders.pb > answer
shown guides/protect-a-service.md
lanyard policy list etc/auth.textproto --descriptors orders.pb > answer
shown guides/protect-a-service.md

lanyard key new --alg ES256 --out sso.jwk
lanyard key public sso.jwk --format jwks > etc/sso.jwks
lanyard token mint --key sso.jwk --issuer https://sso.example.test --audience orders \
  --subject alice --scope orders.read > alice
lanyard token mint --key sso.jwk --issuer https://sso.example.test --audience orders \
  --subject mallory > mallory

exec 3> >(orders_server etc 2> log)
for _ in {1..200}; do [[ -s etc/port ]] && break || sleep 0.1; done
orders_client etc get alice > answer || fail "$(cat answer log)"
[[ $(cat answer) == "OK, asked by alice" ]] || fail "$(cat answer)"
if orders_client etc get mallory > answer; then fail "$(cat answer)"; fi
[[ $(cat answer) == "code 7, permission denied [lanyard "* ]] || fail "$(cat answer)"
if orders_client etc cancel alice > answer; then fail "$(cat answer)"; fi
[[ $(cat answer) == "code 7, permission denied [lanyard "* ]] || fail "$(cat answer)"

# A token, as docs/concepts/token.md shows it: but for what is random in it.
lanyard token mint --key sso.jwk --issuer https://sso.example.test --audience orders \
  --subject svc:checkout --scope orders.read --at 1900000000 > token
lanyard token inspect - --at 1900000060 < token > answer 2> warning
[[ $(cat warning) == "NOT VERIFIED: "* ]] || fail "$(cat warning)"
sed -i -e 's/"kid": "[^"]*"/"kid": "dlMlkjBls7zx2f-Kic8djoPoWSX8yFmPqUkSinxz2CQ"/' \
  -e 's/"jti": "[^"]*"/"jti": "z7dJ6ou6C556aDy2yZ8wpw"/' answer
shown concepts/token.md

# A token that is bound to a certificate.
cp etc/ca.pem client.crt
lanyard token mint --key sso.jwk --issuer https://sso.example.test --audience orders \
  --subject svc:checkout --scope orders.read --bind-to client.crt > bound
lanyard token inspect - < bound 2> warning | grep -A1 '"cnf": {' | grep -q '"x5t#S256": "' || fail "the token is not bound"
if orders_client etc get bound > answer; then fail "a bound token without its certificate"; fi
[[ $(cat answer) == "code 16, invalid token [lanyard "* ]] || fail "$(cat answer)"
for _ in {1..200}; do grep -qF NOT_BOUND etc/audit.jsonl && break || sleep 0.1; done
grep -qF NOT_BOUND etc/audit.jsonl || fail "$(tail -n 1 etc/audit.jsonl)"
exec 3>&-
