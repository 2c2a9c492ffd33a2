"""What of the last commit a working tree lacks, or has otherwise, and nobody has committed so.

git is asked, for it knows what was never laid out (large files, a sparse checkout) and what its filters make of a file (Git LFS).
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plaint.store.git import Git
from plaint.store.objects import Objects
from plaint.store.trees import FILE_MODES

_STATUS = ("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames", "--ignore-submodules=all")


@dataclass(frozen=True, slots=True)
class Adrift:
    """A file that is not as HEAD has it: the blob there, and the command that brings it back, at the top of the repository."""

    blob: str
    restore: str


def adrift(git: Git, objects: Objects, folders: Sequence[str]) -> Mapping[str, Adrift]:
    """The files below these folders that are not as HEAD has them, by their path from the top.

    Files that HEAD does not have are none of them. Empty, too, where git cannot read its index: then it is the index that needs help.
    """
    done = git.call(*_STATUS, "--", *folders)
    lines = [line for line in done.output.split(b"\0") if line] if done.code == 0 else []
    if not lines:
        return {}
    committed = {entry.path: entry.sha for folder in folders for entry in objects.ls_tree("HEAD", folder) if entry.mode in FILE_MODES}
    staged = {path: line[:1] != b" " for line in lines if (path := line[3:].decode("utf-8", "surrogateescape")) in committed}
    there = [path for path in staged if "\n" not in path and (git.folder / path).is_file()]  # no record is named so, and git reads them by line
    hashed = git.text("hash-object", "--stdin-paths", stdin=b"".join(os.fsencode(path) + b"\n" for path in there)).split() if there else []
    as_committed = {path for path, sha in zip(there, hashed, strict=True) if sha == committed[path]}  # only the index is behind
    return {path: Adrift(committed[path], _restore(path, both=both)) for path, both in sorted(staged.items()) if path not in as_committed}


def _restore(path: str, *, both: bool) -> str:
    return f"git restore {'--staged --worktree ' if both else ''}{shlex.quote(path)}"
