#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What `lanyard completion` writes, in real shells: every command and option that help knows is
# completed.
set -euo pipefail
lanyard=$PWD/$1
mapfile -t all < <("$lanyard" --help | sed -n 's/^  \([a-z]\+\( [a-z]\+\)\?\)  .*/\1/p')
declare -A options
for command in "${all[@]}"; do
  options[$command]=$("$lanyard" help $command | sed -n 's/^  \(--[a-z-]\+\).*/\1/p')
done
fail() { echo "FAILED: $*" >&2; exit 1; }
has() { [[ $'\n'$1$'\n' == *$'\n'$2$'\n'* ]] || fail "\"$2\" is not among the completions of \"$3\" in $4: ${1//$'\n'/ }"; }
hasnt() { [[ $'\n'$1$'\n' != *$'\n'$2$'\n'* ]] || fail "\"$2\" is among the completions of \"$3\" in $4"; }

# Asks complete_line, of one shell, for all that help knows.
check_all() {  # SHELL
  local shell=$1 command option known count=0
  for command in "${all[@]}"; do
    has "$(complete_line lanyard '')" "${command%% *}" 'lanyard ' "$shell"
    if [[ $command == *' '* ]]; then
      has "$(complete_line lanyard "${command% *}" '')" "${command#* }" "lanyard ${command% *} " "$shell"
    fi
    known=$(complete_line lanyard $command --)
    for option in ${options[$command]}; do
      has "$known" "$option" "lanyard $command --" "$shell"
      count=$((count + 1))
    done
  done
  ((${#all[@]} > 30 && count > 150)) || fail "help has only ${#all[@]} commands and $count options"
  hasnt "$(complete_line lanyard key new --)" --claim 'lanyard key new --' "$shell"
  hasnt "$(complete_line lanyard key '')" mint 'lanyard key ' "$shell"
  local values
  values=$(complete_line lanyard key new --format '')
  [[ $values == $'jwk\npem' ]] || fail "--format in $shell: $values"
  has "$(complete_line lanyard key new --alg '')" ES256 'lanyard key new --alg ' "$shell"
  has "$(complete_line lanyard completion '')" zsh 'lanyard completion ' "$shell"
  echo "$shell completes ${#all[@]} commands and $count options"
}

cd "$(mktemp -d)"
touch 'a config.textproto'
mkdir bin && ln -s "$lanyard" bin/lanyard

# bash: the function that readline calls, with what readline gives it.
source <("$lanyard" completion bash)
[[ $(complete -p lanyard) == 'complete -F _lanyard lanyard' ]] || fail "$(complete -p lanyard)"
complete_line() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _lanyard
  ((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
}
check_all bash
has "$(complete_line lanyard k)" key 'lanyard k' bash
has "$(complete_line lanyard help key '')" new 'lanyard help key ' bash
has "$(complete_line lanyard key new --format = p)" pem 'lanyard key new --format=p' bash
has "$(complete_line lanyard doctor a)" 'a config.textproto' 'lanyard doctor a' bash
has "$(complete_line lanyard token mint --key a)" 'a config.textproto' 'lanyard token mint --key a' bash
[[ -z $(complete_line lanyard token mint --subject '') ]] || fail 'what a subject is, nobody knows'
[[ -z $(complete_line lanyard nonsense '') ]] || fail 'nonsense has completions'

# And readline itself: the words are typed in part.
typed=$(printf '%s\n' "PATH=$PWD/bin:\$PATH" "source <(lanyard completion bash)" \
  $'lanyard tok\tmi\t--su\t' exit | TERM=dumb bash --norc --noprofile -i 2>&1 || true)
[[ $typed == *'lanyard token mint: no value after --subject'* ]] || fail "typed: $typed"
echo 'readline completes'

if command -v zsh >/dev/null; then
  "$lanyard" completion zsh >_lanyard
  zsh -n _lanyard
  # With what zsh's completion system would give it and be given.
  cat >driver.zsh <<'END'
functions[_lanyard_file]="$(<_lanyard)"
compdef() { :; }
compset() { PREFIX=${PREFIX#*=}; }
compadd() { shift; print -rl -- "$@"; }
_describe() { local array=${@[-1]}; local one; for one in "${(@P)array}"; do print -r -- "${one%%:*}"; done; }
_files() { print -rl -- *(N); }
_lanyard_file
words=("$@") CURRENT=$# PREFIX=${@[-1]}
_lanyard
END
  complete_line() { zsh -f driver.zsh "$@"; }
  check_all zsh
  has "$(complete_line lanyard key new --format=p)" pem 'lanyard key new --format=p' zsh
  has "$(complete_line lanyard doctor '')" 'a config.textproto' 'lanyard doctor ' zsh
else
  echo 'SKIPPED: zsh is not installed'
fi

if command -v fish >/dev/null; then
  "$lanyard" completion fish >lanyard.fish
  fish --no-execute lanyard.fish
  complete_line() { HOME=$PWD XDG_CONFIG_HOME=$PWD fish --no-config -c 'source lanyard.fish; complete -C "$argv"' "$*" | cut -f1; }
  check_all fish
  has "$(complete_line lanyard key new --format=p)" '--format=pem' 'lanyard key new --format=p' fish
  has "$(complete_line lanyard doctor a)" 'a config.textproto' 'lanyard doctor a' fish
else
  echo 'SKIPPED: fish is not installed'
fi
