#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# docs/guides/sign-in.md: from nothing to a token, and back to none.
set -euo pipefail
tool=$PWD/$1 client=$PWD/$2 password="correct horse battery"
fail() { echo "FAILED: $1"; exit 1; }
# The page has the password typed at the terminal.
lanyard() {
  if [[ "$1 $2" == "user add" ]]; then "$tool" "$@" --password-stdin <<< "$password"
  elif [[ $1 == serve ]]; then exec "$tool" "$@"  # In the background: it takes the shell's place.
  else "$tool" "$@"; fi
}
cd "$TEST_TMPDIR"
command -v openssl > /dev/null || { echo "SKIPPED: openssl is not installed"; exit 0; }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt \
  -days 1 -subj /CN=tokens -addext subjectAltName=DNS:localhost 2> log || fail "$(cat log)"
chmod 600 tls.key
cp tls.crt ca.pem

lanyard key rotate keys --alg ES256
(umask 077; head -c 32 /dev/urandom > session-secret)

cat > issuer.textproto <<'END'
issuer: "https://tokens.example.com"
key_directory: "keys"
sqlite { file: "issuer.db" }
sign_in { session_secret_file: "session-secret" }
serve {
  listen: "0.0.0.0:8443"
  certificate_chain: "tls.crt"
  private_key: "tls.key"
  client_roots: "ca.pem"
  website_listen: "0.0.0.0:8444"
  health_listen: "0.0.0.0:8081"
}
END
sed -i -E 's/"0.0.0.0:[0-9]+"/"127.0.0.1:0"/' issuer.textproto

lanyard user add ada --config issuer.textproto --grant orders=orders.read
lanyard client add web --config issuer.textproto --signs-users-in --grant orders=orders.read
lanyard client add orders --config issuer.textproto --certificate-name spiffe://prod/orders \
  --grant https://tokens.example.com=tokens.revocations

lanyard user show ada --config issuer.textproto
[[ $(lanyard client list --config issuer.textproto) == $'orders\nweb' ]] || fail "the clients"

lanyard serve issuer.textproto > said & server=$!
trap 'kill -9 $server 2> /dev/null || true' EXIT
until grep -q '^health on ' said; do kill -0 $server || fail "it does not serve"; sleep 0.05; done
cat said
port=$(sed -n 's/^gRPC on 127.0.0.1://p' said)
website=$(sed -n 's/^website on 127.0.0.1://p' said)

"$client" signin "$port" ca.pem <<< "$password" > tokens
head -n 1 tokens > token
tail -n 1 tokens > refresh-token
lanyard key public keys --format jwks > jwks.json
lanyard token verify --jwks jwks.json --issuer https://tokens.example.com --audience orders - < token
"$client" refresh "$port" ca.pem < refresh-token > tokens || fail "refresh"
tail -n 1 tokens > refresh-token

# The website has the same keys.
openssl s_client -quiet -connect "127.0.0.1:$website" -servername localhost -CAfile ca.pem \
  -verify_return_error <<< $'GET /.well-known/jwks.json HTTP/1.1\r\nHost: localhost\r\n\r' \
  > page 2> log || true
kid=$(grep -o '"kid":"[^"]*"' jwks.json)
grep -qF "$kid" page || fail "the website: $(cat page log)"

lanyard revoke --config issuer.textproto --token - < token
lanyard user disable ada --config issuer.textproto
lanyard revoke --config issuer.textproto --client orders

if "$client" refresh "$port" ca.pem < refresh-token 2> errors; then fail "the session goes on"; fi
grep -q invalid_grant errors || fail "$(cat errors)"
if "$client" signin "$port" ca.pem <<< "$password" 2> errors; then fail "a disabled user got in"; fi
grep -q invalid_grant errors || fail "$(cat errors)"

kill -TERM $server
wait $server || fail "exit code $?"
trap - EXIT
echo "passed"
