#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The packages hold a program that runs, and what belongs to it.
set -euo pipefail
fail() { echo "FAILED: $*" >&2; exit 1; }
folder=$(mktemp -d)
"$1" tar "$2" "$3" "$folder/again.tar.gz"
cmp "$4" "$folder/again.tar.gz"
mkdir "$folder/tar"
tar -C "$folder/tar" -xzf "$4"

root=$folder/tar
"$root/usr/bin/lanyard" version
zcat "$root/usr/share/man/man1/lanyard.1.gz" | diff - <("$2" manual)
diff "$root/usr/share/bash-completion/completions/lanyard" <("$2" completion bash)
diff "$root/usr/share/zsh/vendor-completions/_lanyard" <("$2" completion zsh)
diff "$root/usr/share/fish/vendor_completions.d/lanyard.fish" <("$2" completion fish)
diff "$root/usr/share/doc/lanyard/copyright" "$3"
[[ -z $(find "$root" -perm /022 ! -type l) ]] || fail "others may write: $(find "$root" -perm /022)"

if ! command -v dpkg-shlibdeps >/dev/null; then
  echo 'SKIPPED: dpkg-dev is not installed'
  exit 0
fi
"$1" deb "$2" "$3" "$folder/lanyard.deb"
"$1" deb "$2" "$3" "$folder/again.deb"
deb=$folder/lanyard.deb
cmp "$deb" "$folder/again.deb"
dpkg-deb --extract "$deb" "$folder/deb"
diff -r "$folder/deb" "$folder/tar" || fail 'the two packages differ'
version=$("$2" version | sed -n 's/^Lanyard //p')
[[ $(dpkg-deb --field "$deb" Package Version) == $'Package: lanyard\nVersion: '"$version" ]] ||
  fail "$(dpkg-deb --info "$deb")"
[[ $(dpkg-deb --field "$deb" Depends) == *libc6* ]] || fail 'it depends on nothing'
dpkg-deb --contents "$deb" | awk '$2 != "root/root" { exit 1 }' || fail 'files of somebody else'
