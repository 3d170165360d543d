#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# docs/guides/other-languages.md: the annotated orders.proto, compiled for Python and for TypeScript,
# and the clients of examples/other_languages against a real server.
#
#   other_languages_test.sh LANYARD ORDERS_SERVER
set -euo pipefail
tool=$PWD/$1 server=$PWD/$2 examples=$PWD/examples/other_languages
lanyard() { "$tool" "$@"; }
fail() { echo "FAILED: $1"; exit 1; }

# As somebody has them who uses Lanyard: the .proto in one folder, Lanyard's in another.
mkdir -p "$TEST_TMPDIR/lanyard" "$TEST_TMPDIR/etc" "$TEST_TMPDIR/gen"
cp -rL examples/quickstart/orders.proto "$TEST_TMPDIR"
cp -rL proto "$TEST_TMPDIR/lanyard"
cd "$TEST_TMPDIR"

python3() { PYTHONPATH=gen /usr/bin/python3 -B -s "$@"; }
# From the folder that tests/interop/install filled.
npx() { command node "$LANYARD_INTEROP/node_modules/.bin/$1" "${@:2}"; }

protoc -I . -I lanyard/proto --python_out=gen --grpc_out=gen \
  --plugin=protoc-gen-grpc="$(command -v grpc_python_plugin)" \
  orders.proto lanyard/v1/annotations.proto

npx proto-loader-gen-types --includeDirs . lanyard/proto --grpcLib=@grpc/grpc-js \
  --outDir=gen orders.proto

cp "$examples/get_order.ts" .
ln -s "$LANYARD_INTEROP/node_modules" node_modules
npx tsc --strict --module commonjs --target es2022 --skipLibCheck get_order.ts

[[ -s gen/orders_pb2.py && -s gen/orders.ts && -s gen/shop/Orders.ts ]] || fail "$(find gen)"
grep -q 'GetOrder(' gen/shop/Orders.ts || fail "no GetOrder in gen/shop/Orders.ts"

# What the annotation says can be read there.
python3 - <<'END' || fail "the annotation is not there"
import orders_pb2
from lanyard.v1 import annotations_pb2

method = orders_pb2.DESCRIPTOR.services_by_name["Orders"].methods_by_name["GetOrder"]
rules = method.GetOptions().Extensions[annotations_pb2.allow]
assert [list(rule.all_scopes) for rule in rules] == [["orders.read"]], rules
END

cat > etc/auth.textproto <<'END'
issuers {
  name: "sso"  issuer: "https://sso.example.test"  audiences: "orders"
  algorithms: ES256  jwks_file: "sso.jwks"
}
rules { method: "/shop.Orders/Cancel"  allow { issuers: "sso" subjects: "svc:refunds" } }
END
lanyard key new --alg ES256 --out sso.jwk
lanyard key public sso.jwk --format jwks > etc/sso.jwks
mint() {
  lanyard token mint --key sso.jwk --issuer https://sso.example.test --audience orders "$@"
}
mint --subject alice --scope orders.read > alice
mint --subject mallory > mallory
exec 3> >("$server" etc 2> log)
for _ in {1..200}; do [[ -s etc/port ]] && break || sleep 0.1; done
target=localhost:$(<etc/port)

for client in "python3 $examples/get_order.py" "node get_order.js"; do
  folders=()
  [[ $client != node* ]] || folders=(. lanyard/proto)
  echo "$client"
  answer=$($client "$target" etc/ca.pem alice "${folders[@]}" 2>&1) || fail "$answer"
  [[ $answer == "OK, asked by alice" ]] || fail "$answer"
  if answer=$($client "$target" etc/ca.pem mallory "${folders[@]}" 2>&1); then fail "$answer"; fi
  [[ $answer == "PERMISSION_DENIED permission denied [lanyard "* ]] || fail "$answer"
  if answer=$($client "$target" etc/ca.pem none "${folders[@]}" 2>&1); then fail "$answer"; fi
  [[ $answer != *"OK"* ]] || fail "$answer"
done
exec 3>&-
