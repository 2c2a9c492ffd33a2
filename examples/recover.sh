#!/bin/sh
# Reads the sealed texts of one case with git, age, sed and awk alone, for the day when plaint is not there.
#
#   sh recover.sh REPOSITORY CASE IDENTITY
#
# REPOSITORY  a clone with its keyrings (git clone --mirror, or: git fetch origin 'refs/plaint/*:refs/plaint/*'), or a git bundle
# CASE        as Q7M4-K2XD
# IDENTITY    an age identity file: a member's (age asks for its passphrase), or the organisation's recovery key
#
# Standard output is YAML, one document for each sealed text, in the order of events: exactly what was sealed, less its padding.
# Standard error says which compartments the identity does not open.
# Ends with 0 if it opened something, 1 if it opened nothing or met something damaged, 2 for wrong use, 3 if a tool or the repository is missing.
#
# No secret and no clear text is written to disk or stands in a command line: secrets go through pipes, and the temporary folder
# holds sealed text only.
set -u
umask 077
LC_ALL=C
export LC_ALL

say() { printf 'recover.sh: %s\n' "$*" >&2; }
stop() { status=$1; shift; say "$*"; exit "$status"; }

[ $# -eq 3 ] || stop 2 'usage: sh recover.sh REPOSITORY CASE IDENTITY'
repository=$1 id=$2 identity_file=$3
case $id in
  [A-Z][0-9A-Z][0-9A-Z][0-9A-Z]-[0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z]) ;;
  *) stop 2 "$id is not a case id; it looks like Q7M4-K2XD" ;;
esac
for tool in git age sed awk; do
  command -v "$tool" >/dev/null || stop 3 "$tool was not found; install it"
done
[ -r "$identity_file" ] || stop 2 "the identity file $identity_file cannot be read"

folder=$(mktemp -d) || stop 3 'no temporary folder could be made'
trap 'rm -rf "$folder"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

# 1. The repository. A bundle is unpacked first, with all its refs.
if [ -f "$repository" ]; then
  git clone -q --mirror "$repository" "$folder/repository" || stop 3 "$repository is not a git bundle"
  repository=$folder/repository
fi
git -C "$repository" rev-parse -q --verify 'HEAD^{commit}' >/dev/null || stop 3 "$repository is not a git repository with a commit"

# 2. The case's record, and its sealed texts: each into a numbered file, and a line on each of them.
path=$(git -C "$repository" ls-tree -r --name-only --full-tree HEAD | sed -n "/cases\/[0-9]*\/$id\.yaml\$/p")
[ -n "$path" ] || stop 2 "there is no case $id in $repository"
git -C "$repository" cat-file blob "HEAD:$path" | awk -v folder="$folder" '
  /^- event: /                      { kind = $3 }
  /^  id: /                         { id = $2 }
  /^  at: /                         { at = $2; gsub(/\047/, "", at) }
  /^  by: /                         { by = $2 }
  /^    [a-z]+: \|$/                { compartment = substr($1, 1, length($1) - 1) }
  /^      -----BEGIN AGE ENCRYPTED/ { inside = 1; file = folder "/" ++count ".age" }
  inside                            { print substr($0, 7) > file }
  /^      -----END AGE ENCRYPTED/   { inside = 0; close(file); print count, kind, id, at, by, compartment }
' >"$folder/list"
[ -s "$folder/list" ] || stop 3 "the record $path holds no sealed text"

# 3. The keyring: for each compartment its secret key, sealed to the members who may open it and to the recovery key.
keyring=refs/plaint/keys/$id
git -C "$repository" rev-parse -q --verify "$keyring^{tree}" >/dev/null || stop 1 "there is no keyring $keyring:" \
  "the case was disposed of, or this is a plain clone (git fetch origin 'refs/plaint/*:refs/plaint/*' brings the keyrings)"
case $(sed -n 1p "$identity_file") in
  age-encryption.org/* | '-----BEGIN AGE'*) # under a passphrase, for which age asks
    identity=$(age -d "$identity_file") || stop 1 "the identity file $identity_file was not opened" ;;
  *) identity=$(sed -n '/^AGE-SECRET-KEY-/p' "$identity_file") ;;
esac
case $identity in *AGE-SECRET-KEY-*) ;; *) stop 2 "$identity_file holds no line AGE-SECRET-KEY-…" ;; esac
secrets='' opened=' '
for compartment in $(git -C "$repository" ls-tree --name-only --full-tree "$keyring" | sed -n 's/\.age$//p'); do
  git -C "$repository" cat-file blob "$keyring:$compartment.age" >"$folder/key"
  if secret=$(printf '%s\n' "$identity" | age -d -i - "$folder/key" 2>/dev/null); then
    secrets=$(printf '%s\n%s' "$secrets" "$secret")
    opened="$opened$compartment "
  else
    say "this identity does not open the compartment $compartment of $id"
  fi
done
unset identity secret
[ "$opened" != ' ' ] || stop 1 "this identity opens nothing of $id"

# 4. The sealed texts, with the secrets found. Each says inside which case, event and compartment it belongs to.
status=0
while read -r number kind event at by compartment; do
  case $opened in *" $compartment "*) ;; *) continue ;; esac
  if ! text=$(printf '%s\n' "$secrets" | age -d -i - "$folder/$number.age" 2>/dev/null); then
    say "the $compartment text of $kind $event is damaged"
    status=1
    continue
  fi
  belongs=$(printf '%s\n' "$text" | sed -n '1,3p')
  if [ "$belongs" != "$(printf 'case: %s\nevent: %s\ncompartment: %s' "$id" "$event" "$compartment")" ]; then
    say "the $compartment text of $kind $event belongs elsewhere, and was moved or copied here"
    status=1
  fi
  printf -- '---\n# %s, %s, by %s\n' "$kind" "$at" "$by"
  printf '%s\n' "$text" | sed '/^pad: /d'
done <"$folder/list"
exit "$status"
