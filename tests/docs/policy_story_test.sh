#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The story of docs/guides/policy.md, told to a real server: deny, explain, fix, reload, allow.
set -euo pipefail
tool=$PWD/$1 server=$PWD/$2 client=$PWD/$3
lanyard() { "$tool" "$@"; }
orders_server() { "$server" "$@"; }
orders_client() { "$client" "$@"; }
fail() { echo "FAILED: $1"; exit 1; }
wait_for() {  # FILE TEXT
  for _ in {1..200}; do
    if grep -qF "$2" "$1" 2>/dev/null; then return; fi
    sleep 0.1
  done
  cat "$1" && fail "no \"$2\" in $1"
}
cd "$TEST_TMPDIR"
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
lanyard token mint --key sso.jwk --issuer https://sso.example.test --audience orders \
  --subject alice --scope orders.read > alice

exec 3> >(orders_server etc 2> log)
for _ in {1..200}; do [[ -s etc/port ]] && break || sleep 0.1; done

orders_client etc get alice > answer
[[ $(cat answer) == "OK, asked by alice" ]] || fail "$(cat answer; cat log)"

# Denied.
if orders_client etc cancel alice > answer; then fail "$(cat answer)"; fi
[[ $(cat answer) =~ ^"code 7, permission denied [lanyard "([0-9a-f]{8})"]"$ ]] || fail "$(cat answer)"
id=${BASH_REMATCH[1]}
wait_for etc/audit.jsonl "\"id\":\"$id\""

# Explained.
if grep "$id" etc/audit.jsonl | lanyard policy explain etc/auth.textproto --audit-line - > why
then fail "explain allows"; fi
cat why
sed -i -e 's/^id .*/id      7f3a9c21/' -e 's/^when .*/when    2026-11-29T03:07:12.402113Z/' \
  -e 's/^policy  [0-9a-f]*; this config is [0-9a-f]*,/policy  85d3f9a06b7c; this config is 0c41b7e29f35,/' why
diff why - <<'END'
DENIED  DENIED_BY_POLICY
id      7f3a9c21
when    2026-11-29T03:07:12.402113Z
method  /shop.Orders/Cancel
rule    etc/auth.textproto:5
caller  sso / alice, client alice, scopes orders.read
why     the subject is not "svc:refunds"
do      lanyard policy explain says what the rule asks for; change the rule, or what the issuer grants the caller
policy  85d3f9a06b7c; this config is 0c41b7e29f35, without annotations
today   DENIED by etc/auth.textproto:5: the subject is not "svc:refunds"; claims, the header's type and certificates do not stand in the line and count as missing
END

# The same from the config alone.
if lanyard policy explain etc/auth.textproto --method /shop.Orders/Cancel --token-file alice > why
then fail "explain allows"; fi
cat why
diff why - <<'END'
DENIED  DENIED_BY_POLICY
method  /shop.Orders/Cancel
rule    etc/auth.textproto:5
caller  sso / alice, client alice, scopes orders.read
why     the subject is not "svc:refunds"
END

# A mistake changes nothing, and is said.
cp etc/auth.textproto old.textproto
echo 'rules { method: "/shop.Orders/Cancle"  allow { issuers: "sso" subjects: "alice" } }' \
  >> etc/auth.textproto
wait_for log "has no method Cancle (did you mean Cancel?)"
cp old.textproto etc/auth.textproto

# Fixed.
cat > new.textproto <<'END'
issuers {
  name: "sso"  issuer: "https://sso.example.test"  audiences: "orders"
  algorithms: ES256  jwks_file: "sso.jwks"
}
rules {
  method: "/shop.Orders/Cancel"
  allow { issuers: "sso" subjects: "svc:refunds" }
  allow { issuers: "sso" all_scopes: "orders.read" }
}
END
lanyard policy diff old.textproto new.textproto > difference
diff difference - <<'END'
/shop.Orders/Cancel
  + may call now   issuers: "sso" all_scopes: "orders.read"
END
mv new.textproto etc/auth.textproto

# Read again, allowed.
wait_for log "the config has been read again"
for _ in {1..100}; do if orders_client etc cancel alice > answer; then break; fi; sleep 0.1; done
[[ $(cat answer) == "OK, asked by alice" ]] || fail "$(cat answer; cat log)"

# What the handler itself asks for is refused in the same words.
if orders_client etc cancel alice 42 > answer; then fail "order 42 was cancelled"; fi
[[ $(cat answer) == "code 7, permission denied [lanyard "* ]] || fail "$(cat answer)"
wait_for etc/audit.jsonl 'the handler requires the scope \"orders.cancel.any\"'
exec 3>&-
