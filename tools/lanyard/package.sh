#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Puts the program, its page for man(1) and its completions into one file, the same bytes whenever
# it runs.
#
#   package.sh tar|deb LANYARD LICENSE OUT
set -euo pipefail
kind=$1 lanyard=$(realpath "$2") license=$(realpath "$3") out=$(realpath -m "$4")
export SOURCE_DATE_EPOCH=0 LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

umask 022
install -D -m 0755 "$lanyard" "$root/usr/bin/lanyard"
install -d "$root"/usr/share/{man/man1,bash-completion/completions,zsh/vendor-completions}
install -d "$root/usr/share/fish/vendor_completions.d"
"$lanyard" manual | gzip -9n >"$root/usr/share/man/man1/lanyard.1.gz"
"$lanyard" completion bash >"$root/usr/share/bash-completion/completions/lanyard"
"$lanyard" completion zsh >"$root/usr/share/zsh/vendor-completions/_lanyard"
"$lanyard" completion fish >"$root/usr/share/fish/vendor_completions.d/lanyard.fish"
install -D -m 0644 "$license" "$root/usr/share/doc/lanyard/copyright"

if [[ $kind == deb ]]; then
  # What the program is linked with, in the words of Debian.
  mkdir -p "$work/debian" "$root/DEBIAN"
  printf 'Source: lanyard\n\nPackage: lanyard\nArchitecture: any\n' >"$work/debian/control"
  depends=$(cd "$work" && dpkg-shlibdeps -O -e"$root/usr/bin/lanyard")
  cat >"$root/DEBIAN/control" <<END
Package: lanyard
Version: $("$lanyard" version | sed -n 's/^Lanyard //p')
Architecture: $(dpkg --print-architecture)
Maintainer: The Lanyard authors
Section: admin
Priority: optional
Depends: ${depends#shlibs:Depends=}
Description: keys, tokens, policies and calls for gRPC services with JWTs
 The command line of Lanyard, JWT authentication and authorization for C++
 gRPC services.
END
fi
find "$root" -exec touch -h -d @0 {} +
if [[ $kind == deb ]]; then
  dpkg-deb --root-owner-group -Zxz -z3 --build "$root" "$out" >/dev/null
else
  tar -C "$root" --sort=name --owner=0 --group=0 --numeric-owner -cf - usr | gzip -n >"$out"
fi
