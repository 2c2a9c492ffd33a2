"""Forgetting a case for good: no keyring that was ever its own is left among git's objects, wherever git may keep them.

Rules:
- A keyring that nothing names is dropped, of whichever case, in force no more: loose or packed, replaced long ago or just now.
- What somebody made to name the keyring of a case that is forgotten (a tag, a branch, another remote's ref, a line of a reflog) is dropped with it.
- Nothing else is lost: what git keeps unnamed for its user (a stash dropped, a commit reset away) comes out of the packs as it was.
- What cannot be dropped is told: a file of it on a branch or in a stash, a pack marked to be kept, objects borrowed from another repository.

A server's other pushes may just be bringing keyrings in; so there (`settled`) what is younger is left for the next time, but for the keyrings of
the cases that are forgotten, which nobody may bring.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from plaint.i18n import _
from plaint.store.git import Git
from plaint.store.keyrings import PREFIX, SUFFIX, drop_commit_graph
from plaint.store.objects import GitObject, Objects
from plaint.store.trees import FILE_MODES, parse_tree

SETTLED = 10.0
"""Seconds after which what was pushed has its name, or never will."""
_ABANDONED = 3600.0  # seconds: no transfer pauses so long
_ARMOUR = b"-----BEGIN AGE ENCRYPTED FILE-----"
_LARGEST = 100_000  # bytes: a keyring's file for a thousand members
_LINE = re.compile(r"([0-9a-f]{40,64}) ([0-9a-f]{40,64}) ")
_EVERYTHING = ("--all", "--reflog", "--indexed-objects")


@dataclass(frozen=True, slots=True)
class Remnant:
    """A part of a keyring that is still there, and why."""

    sha: str
    why: str


def forget_for_good(git: Git, objects: Objects, common: Path, cases: Collection[str], *, settled: float = 0.0) -> tuple[Remnant, ...]:
    """Drops every keyring of the cases, and all that nothing names; what is left of them. `common` is git's common folder."""
    _drop_names(git, objects, common, cases)
    found = _unnamed_keyrings(git, objects)
    unnamed = [each.sha for each in found]
    if unnamed:
        doomed = _parts_of(objects, found, cases)
        folder = common / "objects"
        if any(not (folder / sha[:2] / sha[2:]).exists() for sha in unnamed):
            git.call("repack", "-A", "-d", "-q")
        objects.close()  # a process that has a pack open would keep it on some systems
        for sha in unnamed:
            path = folder / sha[:2] / sha[2:]
            with suppress(FileNotFoundError):
                if not settled or sha in doomed or time.time() - path.stat().st_mtime >= settled:
                    path.unlink()
        drop_commit_graph(folder)
    _drop_leftovers(common)
    return remnants(git, objects, common, cases)


def remnants(git: Git, objects: Objects, common: Path, cases: Collection[str]) -> tuple[Remnant, ...]:
    """What is there of the cases' keyrings, or of any that nothing names; nothing is changed."""
    objects.close()
    named = [Remnant(sha, _("{ref} names it").format(ref=ref)) for ref, sha in _names(git, objects, cases)]
    logged = [Remnant(sha, _("the reflog {file} names it").format(file=path.name)) for path, _number, sha in _logged(objects, common, cases)]
    return (*named, *logged, *(Remnant(each.sha, _why(common, each.sha)) for each in _unnamed_keyrings(git, objects) if each.type == "blob"))


def _why(common: Path, sha: str) -> str:
    packs = common / "objects" / "pack"
    kept = [path.name for ending in ("keep", "promisor") for path in packs.glob(f"*.{ending}")]
    borrowed = common / "objects" / "info" / "alternates"
    if (common / "objects" / sha[:2] / sha[2:]).exists():
        return _("it lies among the objects")
    if borrowed.is_file():
        return _("it is borrowed from {folder}: forget it there").format(folder=" ".join(borrowed.read_text("utf-8", "replace").split()))
    if kept:
        return _("a pack is marked to be kept: remove {file}").format(file=", ".join(kept))
    return _("it lies in a pack")


def _unnamed_keyrings(git: Git, objects: Objects) -> list[GitObject]:
    """The keyrings that nothing names, whole: armoured age files out of reach, and the folders and commits of keyrings."""
    listed = git.text("cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname) %(objectsize)").splitlines()
    there = {sha for sha, size in map(str.split, listed) if int(size) <= _LARGEST}
    there.difference_update(git.run("rev-list", "--objects", "--no-object-names", "--missing=allow-any", *_EVERYTHING).decode("ascii").split())
    return [found for found in objects.get_many(sorted(there)) if found is not None and _is_part(found)]


def _is_part(found: GitObject) -> bool:
    match found.type:
        case "blob":
            return found.data.startswith(_ARMOUR)
        case "tree":
            entries = parse_tree(found.data, len(found.sha) // 2)
            return bool(entries) and all(entry.path.endswith(SUFFIX) and entry.mode in FILE_MODES for entry in entries)
        case "commit":
            return b"\nparent " not in found.data.partition(b"\n\n")[0] and b"\nPlaint-Case: " in found.data
        case _:
            return False


def _parts_of(objects: Objects, found: Iterable[GitObject], cases: Collection[str]) -> set[str]:
    """The keyrings of the cases among what was found: their commits, folders and files."""
    parts: set[str] = set()
    for each in found:
        if each.type == "commit" and _is_keyring(objects, each.sha, cases):
            tree = each.data.partition(b"\n")[0].removeprefix(b"tree ").decode("ascii", "replace")
            parts |= {each.sha, tree, *(entry.sha for entry in objects.read_tree(tree) or ())}
    return parts


def _is_keyring(objects: Objects, sha: str, cases: Collection[str]) -> bool:
    """Whether a commit is a keyring of one of the cases."""
    found = objects.get(f"{sha}^{{commit}}") if sha.strip("0") else None
    if found is None or b"\nparent " in found.data.partition(b"\n\n")[0]:
        return False
    return any(f"\nPlaint-Case: {case}\n".encode() in found.data for case in cases)


def _names(git: Git, objects: Objects, cases: Collection[str]) -> list[tuple[str, str]]:
    """The refs that name keyrings of the cases, and what they name."""
    pairs = (line.split(" ", 1) for line in git.text("for-each-ref", "--format=%(objectname) %(refname)").splitlines())
    return [(ref, sha) for sha, ref in pairs if ref.removeprefix(PREFIX) in cases or (not ref.startswith(PREFIX) and _is_keyring(objects, sha, cases))]


def _logged(objects: Objects, common: Path, cases: Collection[str]) -> Iterator[tuple[Path, int, str]]:
    """The lines of reflogs that name keyrings of the cases: file, number, commit."""
    known: dict[str, bool] = {}
    for path in _reflogs(common):
        with suppress(OSError):
            for number, line in enumerate(path.read_text("utf-8", "surrogateescape").splitlines()):
                for sha in _LINE.match(line).groups() if _LINE.match(line) else ():  # type: ignore[union-attr]
                    if sha not in known:
                        known[sha] = _is_keyring(objects, sha, cases)
                    if known[sha]:
                        yield path, number, sha


def _reflogs(common: Path) -> Iterable[Path]:
    """Every reflog, of every working tree."""
    folders = [common / "logs", *(common / "worktrees").glob("*/logs")]
    return [path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.is_file()]


def _drop_names(git: Git, objects: Objects, common: Path, cases: Collection[str]) -> None:
    doomed = [ref for ref, _sha in _names(git, objects, cases)]
    if doomed:
        git.call("update-ref", "--stdin", stdin="".join(f"delete {ref}\n" for ref in doomed).encode())
    lines: dict[Path, set[int]] = {}
    for path, number, _sha in _logged(objects, common, cases):
        lines.setdefault(path, set()).add(number)
    for path, numbers in lines.items():
        kept = [line for number, line in enumerate(path.read_bytes().splitlines(keepends=True)) if number not in numbers]
        draft = path.with_name(f"{path.name}.lock")  # as git does it, and takes it for its own
        with suppress(FileExistsError):
            with draft.open("xb") as file:
                file.writelines(kept)
            draft.replace(path)


def _drop_leftovers(common: Path) -> None:
    """What transfers that were cut off have left: pieces of packs and objects, which git itself would remove weeks later."""
    now = time.time()
    for path in (common / "objects").rglob("tmp_*"):
        with suppress(OSError):
            if path.is_file() and now - path.stat().st_mtime > _ABANDONED:
                path.unlink()
