#!/bin/sh
# Verifies a dossier of plaint with git and ssh-keygen alone; run it in the folder of a bare clone of the bundle:
#
#   git clone -q --bare CASE.bundle CASE.git && cd CASE.git && git cat-file blob HEAD:verify.sh | sh
#
# It proves: the whole was signed by one member; each event of the case by the member it names, with a key that was theirs then; the record
# only grew; the files of evidence and the records of members and policy are those of the last signed commit; the document is the one signed.
# Whose keys these are, only the organisation can tell: compare the fingerprints. Ends with 0 if all is in order, 1 if not.
set -u
export GIT_NO_REPLACE_OBJECTS=1 LC_ALL=C
wrong=0 events=0 number=0
say() { printf '%s\n' "$*"; }
no() { printf 'NOT IN ORDER 不符: %s\n' "$*"; wrong=1; }
g() { git -c gpg.format=ssh -c gpg.ssh.allowedSignersFile=allowed_signers -c core.commitGraph=false "$@" </dev/null; }
put() { git cat-file blob "$2" | git hash-object -t "$1" -w --stdin; }
signer() { g log -1 --format='%G? %GS' "$1" 2>/dev/null; }

case_id=$(g cat-file blob HEAD:case) path=$(g cat-file blob HEAD:path)
g cat-file blob HEAD:allowed_signers >allowed_signers

# 1. The whole.
case $(signer HEAD) in
  'G '*) g log -1 --format='Made by · 制作: %GS, %GF, %ci' HEAD ;;
  *) no 'the dossier is not signed by a member' ;;
esac

# 2. The case's commits, as git made them, with the folders that they name.
for name in $(g ls-tree --name-only HEAD folders/); do
  put tree "HEAD:$name" >/dev/null || no "$name is no folder"
done
: >before
while g cat-file -e "HEAD:steps/$(printf %03d $((number + 1))).commit" 2>/dev/null; do
  number=$((number + 1))
  step=steps/$(printf %03d "$number") here=0
  commit=$(put commit "HEAD:$step.commit") || { no "$step is no commit"; continue; }
  say "$commit" >>shallow # the commits before it are not here, and git is not to look for them
  signed=$(signer "$commit")
  [ "$(g rev-parse -q --verify "$commit:$path")" = "$(g rev-parse "HEAD:$step.yaml")" ] || no "$step: the record is not the one that was signed"
  g cat-file blob "HEAD:$step.yaml" >now
  exec 3<before 4<now # line by line: shells take very long to compare long texts
  while IFS= read -r line <&3; do
    IFS= read -r same <&4 || same=
    [ "$line" = "$same" ] || { no "$step: the record did not only grow"; break; }
  done
  first=yes case_seen=
  while IFS= read -r line <&4; do
    if [ "$first" ] && [ "$number" != 1 ]; then
      case $line in '- event: '*) ;; *) no "$step: what came with it is no event" ;; esac
    fi
    first=
    case $line in
      "case: $case_id") case_seen=yes ;;
      '- event: '*) kind=${line#- event: } here=$((here + 1)) ;;
      '  id: '*) id=${line#  id: } ;;
      '  by: '*)
        by=${line#  by: } by=${by#\'} by=${by%\'} events=$((events + 1))
        if [ "$signed" = "G $by" ]; then say "$step $kind $id: $by"; else no "$step $kind $id: not signed by $by"; fi ;;
      '  digest: '*)
        file=${line#  digest: } file=${file#\'} file=${file%\'}
        if g cat-file -e "HEAD:evidence/$file.lfs" 2>/dev/null; then file=$file.lfs; else file=$file.age; fi
        [ "$(g rev-parse -q --verify "$commit:${path%.yaml}/$file")" = "$(g rev-parse -q --verify "HEAD:evidence/$file")" ] ||
          no "$step: the file $file is not the one that was signed, or not here" ;;
    esac
  done
  exec 3<&- 4<&-
  [ "$number$case_seen" != 1 ] || no "$step: it is the record of another case"
  [ "$here" = 1 ] || no "$step: not one event came with it, but $here"
  g cat-file blob "HEAD:$step.yaml" >before
done
last=$(printf %03d "$number")
[ "$(g rev-parse -q --verify "HEAD:steps/$last.yaml")" = "$(g rev-parse HEAD:record.yaml)" ] || no 'the steps do not end with the record as it is'

# 3. Members and policy, as the last of these commits has them.
prefix=${path%cases/*}
for name in $(g ls-tree --name-only HEAD members/ policy/); do
  [ "$(g rev-parse -q --verify "$commit:$prefix$name")" = "$(g rev-parse "HEAD:$name")" ] || no "$name is not the one that was signed"
done

# 4. The document beside the bundle.
for name in $(g ls-tree --name-only HEAD); do
  case $name in
    "$case_id".*)
      if [ ! -e "../$name" ]; then say "The document is not here · 文件不在此处: ../$name"
      elif [ "$(git hash-object --no-filters "../$name")" = "$(g rev-parse "HEAD:$name")" ]; then say "The document is the one signed · 文件与签名相符: $name"
      else no "../$name is not the document that was signed"; fi ;;
  esac
done

[ "$wrong" = 0 ] && say "In order · 全部相符: $case_id, $events events · 条记录"
exit "$wrong"
