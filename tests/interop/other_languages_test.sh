#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# docs/guides/other-languages.md: the annotated orders.proto, compiled for a language, and its client
# of examples/other_languages against a real server.
#
#   other_languages_test.sh python|typescript|browser|java|go LANYARD ORDERS_SERVER
set -euo pipefail
language=$1 tool=$PWD/$2 server=$PWD/$3 runfiles=$PWD examples=$PWD/examples/other_languages
lanyard() { "$tool" "$@"; }
fail() { echo "FAILED: $1"; exit 1; }

# As somebody has them who uses Lanyard: the .proto in one folder, Lanyard's in another.
mkdir -p "$TEST_TMPDIR/lanyard" "$TEST_TMPDIR/etc" "$TEST_TMPDIR/gen"
cp -rL examples/quickstart/orders.proto "$TEST_TMPDIR"
cp -rL proto "$TEST_TMPDIR/lanyard"
cd "$TEST_TMPDIR"

# Each leaves the command of the client in `client`.

python() {
  protoc -I . -I lanyard/proto --python_out=gen --grpc_out=gen \
    --plugin=protoc-gen-grpc="$(command -v grpc_python_plugin)" \
    orders.proto lanyard/v1/annotations.proto

  python3() { PYTHONPATH=gen /usr/bin/python3 -B -s "$@"; }
  # What the annotation says can be read there.
  python3 - <<'END' || fail "the annotation is not there"
import orders_pb2
from lanyard.v1 import annotations_pb2

method = orders_pb2.DESCRIPTOR.services_by_name["Orders"].methods_by_name["GetOrder"]
rules = method.GetOptions().Extensions[annotations_pb2.allow]
assert [list(rule.all_scopes) for rule in rules] == [["orders.read"]], rules
END
  client=(python3 "$examples/get_order.py")
}

typescript() {
  # From the folder that tests/interop/install filled.
  npx() { command node "$LANYARD_INTEROP/node_modules/.bin/$1" "${@:2}"; }
  ln -s "$LANYARD_INTEROP/node_modules" node_modules
  cp "$examples/get_order.ts" .

  npx proto-loader-gen-types --includeDirs . lanyard/proto --grpcLib=@grpc/grpc-js \
    --outDir=gen orders.proto

  npx tsc --strict --module commonjs --target es2022 --skipLibCheck get_order.ts

  grep -q 'GetOrder(' gen/shop/Orders.ts || fail "no GetOrder in gen/shop/Orders.ts"
  client=(node get_order.js)
  folders=(. lanyard/proto)
}

browser() {
  ln -s "$LANYARD_INTEROP/node_modules" node_modules
  cp "$examples/get_order_web.js" "$examples/web_proxy.mjs" .
  node_modules/.bin/esbuild get_order_web.js --bundle --loader:.proto=text --outfile=page.js --log-level=warning
  client=(node "$runfiles/tests/interop/browser.mjs" page.js web_proxy.mjs)
}

java() {
  protoc -I . -I lanyard/proto --java_out=gen --grpc_out=gen \
    --plugin=protoc-gen-grpc="$(command -v grpc_java_plugin)" \
    orders.proto lanyard/v1/annotations.proto

  local jar path=classes
  for jar in grpc-{api,context,core,netty,protobuf,protobuf-lite,stub} netty-{buffer,codec,codec-http,codec-http2,codec-socks,common,handler,handler-proxy,resolver,transport,tcnative} perfmark-{api,impl} geronimo-annotation-1.3-spec guava protobuf; do
    path+=:/usr/share/java/$jar.jar
  done
  # JVMs of several sandboxes may have one process id, and would share a file in /tmp by it.
  local jvm=(command java -XX:-UsePerfData -cp "$path")
  javac -J-XX:-UsePerfData -d classes -cp "$path" "$examples/GetOrder.java" "$runfiles/tests/interop/WithoutTls.java" $(find gen -name '*.java')
  echo token > token
  "${jvm[@]}" WithoutTls token || fail "the token leaves without TLS"
  # Debian's Netty has no ALPN but that of OpenSSL, whose library it looks for by another name.
  mkdir native
  cp "$(dpkg -L libnetty-tcnative-jni | grep '\.so$')" native/libnetty_tcnative.so
  client=("${jvm[@]}" -Djava.library.path=native GetOrder)
}

go() {
  packages=Morders.proto=shop/orders,Mlanyard/v1/annotations.proto=shop/lanyard/v1
  protoc -I . -I lanyard/proto --go_out=gen --go-grpc_out=gen \
    --go_opt="$packages" --go-grpc_opt="$packages" \
    orders.proto lanyard/v1/annotations.proto

  # Debian's Go finds packages in folders, without a network.
  mkdir -p path/src/shop/get_order
  mv gen/shop/* path/src/shop
  cp "$examples/get_order.go" path/src/shop/get_order
  cp "$runfiles/tests/interop/without_tls.go" path/src/shop/get_order/without_tls_test.go
  export GO111MODULE=off GOPATH=$PWD/path:/usr/share/gocode GOCACHE=$PWD/cache CGO_ENABLED=0
  command go test shop/get_order
  command go build -o get_order shop/get_order
  client=(./get_order)
}

folders=()
"$language"

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

call() { answer=$("${client[@]}" "$target" etc/ca.pem "$1" "${folders[@]}" 2>&1); }
call alice || fail "$answer"
[[ $answer == "OK, asked by alice" ]] || fail "$answer"
! call mallory || fail "$answer"
[[ ${answer//_/} == [Pp][Ee][Rr]*" permission denied [lanyard "* ]] || fail "$answer"
! call none || fail "$answer"
[[ $answer == *"no token"* || ${answer,,} == *"no such file"* ]] || fail "$answer"
exec 3>&-
