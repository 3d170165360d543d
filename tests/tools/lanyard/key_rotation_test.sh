#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The life of a key directory from the command line, as the guide on keys has it.
set -euo pipefail
tool=$PWD/$1
lanyard() { "$tool" "$@"; }
fail() { echo "FAILED: $1"; exit 1; }
cd "$TEST_TMPDIR"

lanyard key rotate keys --alg ES256
lanyard key public keys --format jwks > jwks.json

[[ $(stat -c %a keys) == 700 ]] || fail "keys has mode $(stat -c %a keys)"
[[ $(lanyard key list keys) == *"  ES256  active   signs from "* ]] || fail "no active key"
if [[ $(cat jwks.json) == *'"d":'* ]]; then fail "a private half was published"; fi
lanyard token mint --key keys --issuer https://issuer.example --subject svc:a --audience orders \
  --lifetime 5m > token
kid=$(lanyard key list keys | cut -d' ' -f1)
lanyard token verify --jwks jwks.json --issuer https://issuer.example --audience orders - < token

# A second key is published beside the first, which goes on signing; a third has to wait.
[[ $(lanyard key rotate keys --json) == *'"state":"next"'* ]] || fail "the second key is not next"
[[ $(lanyard key list keys --json) == *'"state":"active"'*'"gone_from":'*'"state":"next"'* ]] ||
  fail "$(lanyard key list keys --json)"
if lanyard key rotate keys 2> errors; then fail "a third key while one waits"; fi
grep -q "a next key waits: .* signs from 2" errors || fail "$(cat errors)"
[[ $(lanyard key public keys --format jwks | grep -o '"kid"' | wc -l) == 2 ]] || fail "not two"
lanyard token mint --key keys --issuer i --subject s --audience a --lifetime 5m > second
[[ $(lanyard token inspect - < second) == *"$kid"* ]] || fail "another key signed"

lanyard key public keys --format jwks > jwks.new && mv jwks.new jwks.json

# A key that leaked goes at once, and the next signs.
lanyard key revoke keys --kid "$kid"
[[ $(lanyard key list keys) != *"$kid"* ]] || fail "it is still there"
[[ $(lanyard key list keys) == *"  active  "* ]] || fail "nothing signs"
lanyard key public keys --format jwks > jwks.json
if lanyard token verify --jwks jwks.json --issuer https://issuer.example --audience orders - < token
then fail "a token of the revoked key is good"; fi

# A key for JWT-SVIDs signs no access tokens.
lanyard key new --alg ES256 --kid k | sed 's/"use":"sig"/"use":"jwt-svid"/' > svid.jwk
lanyard token mint --key svid.jwk --typ JWT --issuer i --subject spiffe://a/b --audience a > svid
if lanyard token mint --key svid.jwk --issuer i --subject s --audience a 2> errors; then
  fail "a key for JWT-SVIDs signed an access token"
fi
grep -q -- "--typ JWT makes a JWT-SVID" errors || fail "$(cat errors)"
if lanyard token verify --jwks svid.jwk --issuer i --audience a - < svid 2> errors; then
  fail "a key for JWT-SVIDs is good for another token"
fi
grep -q 'use' errors || fail "$(cat errors)"

# Mistakes say what would be right.
says() {  # WORDS COMMAND...
  local words=$1
  shift
  if lanyard "$@" 2> errors; then fail "$* went well"; fi
  grep -q -- "$words" errors || fail "$*: $(cat errors)"
}
says "required for the first key" key rotate empty
[[ ! -e empty ]] || fail "a folder was left behind"
mkdir -m 0700 empty
says "required for the first key" key rotate empty
says "HMAC secrets have no public half" key rotate keys2 --alg HS256
says "publish-ahead" key rotate keys2 --alg ES256 --publish-ahead 9m
says "token-lifetime" key rotate keys2 --alg ES256 --token-lifetime 800h
says "no key here has that id" key revoke keys --kid other
says "missing --kid" key revoke keys
says "lanyard key rotate" key public empty
says "says which key signs" token mint --key keys --alg ES256 --issuer i --subject s --audience a
says "No such file" key list nowhere
chmod 0644 keys/*.jwk
says "make its mode 0600" key list keys
echo "passed"
