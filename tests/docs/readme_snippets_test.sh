#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Every code block of the README, the guides and operations.md stands, but for its white space, in a
# file that a test builds and runs; the two commands are the ones that continuous integration runs.
set -euo pipefail
# Line breaks may differ, so the slashes of a comment that was broken do not count.
squeezed() { tr -d '[:space:]' | sed 's#//##g'; }
sources=$(cat tests/docs/readme_test.cc examples/quickstart/orders.proto \
  tests/interop/oidc_server_test.cc tests/interop/oauth_client_test.cc interceptors/client_auth.cc \
  tests/keys/spiffe_bundle_test.cc tests/sdk/key_directory_test.cc \
  tests/tools/lanyard/key_rotation_test.sh tests/docs/policy_story_test.sh \
  examples/policy/orders_server.cc tests/interceptors/rollout_test.cc \
  tests/docs/observe_guide_test.cc tests/docs/revocation_guide_test.cc examples/monitoring/alerts.yml \
  examples/kubernetes/*.cc examples/kubernetes/manifests/*.yaml \
  tests/examples/kubernetes_test.cc tests/interceptors/forwarded_peer_test.cc \
  tests/docs/operations_test.sh tests/docs/sign_in_guide_test.sh tests/docs/sign_in_client.cc \
  tests/interceptors/workload_api_test.cc \
  examples/oidc/*.textproto examples/oidc/server.cc \
  examples/other_languages/get_order.* examples/other_languages/GetOrder.java examples/other_languages/get_order_web.js examples/other_languages/web_proxy.mjs tests/interop/other_languages_test.sh \
  tests/docs/bind_guide_test.cc tests/docs/migrate_guide_test.cc tests/docs/protect_guide_test.sh \
  examples/stream/follow.cc \
  examples/tokens/*.cc examples/tokens/client.textproto \
  examples/chain/main.cc examples/chain/shop.proto examples/signin/main.cc tests/interceptors/client_targets_test.cc \
  examples/testing/*_test.cc \
  tests/interceptors/on_behalf_of_test.cc | squeezed)

check_blocks() {  # FILE LEAST
  local blocks=0 block="" language="" inside=0 line
  while IFS= read -r line; do
    if [[ $inside == 0 && $line =~ ^'```'(.*)$ ]]; then
      inside=1 block="" language=${BASH_REMATCH[1]}
    elif [[ $inside == 1 && $line == '```' ]]; then
      inside=0
      [[ -n $language ]] || continue
      blocks=$((blocks + 1))
      if [[ $sources != *"$(squeezed <<<"$block")"* ]]; then
        echo "this block of $1 is in no file that a test runs:"
        printf '%s\n' "$block"
        exit 1
      fi
    elif [[ $inside == 1 ]]; then
      block+=$line$'\n'
    fi
  done <"$1"
  ((blocks >= $2)) || { echo "only $blocks code blocks were found in $1"; exit 1; }
  echo "$1: $blocks blocks, all of them in tested files"
}
check_blocks README.md 6
check_blocks docs/operations.md 4
check_blocks docs/concepts/when-to-use-jwt.md 8
check_blocks examples/policy/README.md 2
for guide in docs/guides/*.md; do check_blocks "$guide" 1; done

for command in './bazelw run //examples/quickstart' './bazelw test //...'; do
  grep -qxF "$command" README.md || { echo "README.md does not have the command: $command"; exit 1; }
  words=${command#./bazelw }
  grep -F "./bazelw ${words%% *}" .ci/run | grep -qF "${words#* }" || { echo ".ci/run does not run: $command"; exit 1; }
done
