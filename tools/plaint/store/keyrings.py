"""Keyring refs: `refs/plaint/keys/CASE` names a parentless signed commit, whose tree holds one `COMPARTMENT.age` per compartment.

Outside the history on purpose: replaced as a whole, destroyed by deleting the ref. What is in the files is plaint.seal's.
Used through `Repository`, which also moves the refs in one transaction with the record they belong to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _
from plaint.store.commits import signed_commit, unsigned_commit
from plaint.store.git import Git
from plaint.store.objects import GitObject, Objects
from plaint.store.pack import Pack
from plaint.store.signing import SigningKey, sign_payloads
from plaint.store.trees import FILE_MODES, Entry, TreeEditor, parse_tree

PREFIX = "refs/plaint/keys/"
SUFFIX = ".age"
_CASE = re.compile(r"[A-Z][0-9A-Z]{3}-[0-9A-Z]{4}|import")  # import: the key of imported rows, plaint.intake.importkey
_COMPARTMENT = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

Keyring = Mapping[str, str]  # compartment -> armoured age file, as in plaint.seal.keyring


def keyring_ref(case: str) -> str:
    """The ref of a case's keyring."""
    if not _CASE.fullmatch(case):
        raise InputError(_("“{case}” is not a case id").format(case=case[:40]))
    return PREFIX + case


def write(git: Git, algorithm: str, items: Sequence[tuple[str, Keyring]], key: SigningKey, who: str) -> dict[str, str]:
    """Store the keyrings as signed commits of `who` (an ident); ref -> commit id, for the transaction that moves the refs."""
    pack = Pack(algorithm)
    payloads = [unsigned_commit(_tree(pack, keyring), [], who, f"Keyring of {case}\n\nPlaint-Case: {case}") for case, keyring in items]
    signatures = sign_payloads(payloads, key) if payloads else []
    refs: dict[str, str] = {}
    for (case, _keyring), payload, signature in zip(items, payloads, signatures, strict=True):
        refs[keyring_ref(case)] = pack.add("commit", signed_commit(payload, signature, algorithm))
    pack.store(git)
    return refs


def refs(git: Git) -> dict[str, str]:
    """Case -> commit id of its keyring."""
    lines = git.text("for-each-ref", "--format=%(objectname) %(refname)", PREFIX).splitlines()
    pairs = (line.split(" ", 1) for line in lines)
    return {name.removeprefix(PREFIX): sha for sha, name in pairs}


def read_one(objects: Objects, case: str) -> dict[str, str] | None:
    """The keyring, or None when there is no ref; EnvironmentFaultError when the ref is there and its content is not."""
    ref = keyring_ref(case)
    commit = objects.get(ref)
    if commit is None:
        return None
    keyring = next(_read(objects, [commit.sha]))
    if not keyring:
        raise EnvironmentFaultError(_("the keyring is damaged"), where=ref, hint=_("plaint sync restores it from a clone that still has it"))
    return keyring


def read_commit(objects: Objects, commit: str) -> dict[str, str]:
    """The keyring that a commit holds; an empty one where its content is not there."""
    return next(_read(objects, [commit]))


def read_all(git: Git, objects: Objects) -> dict[str, dict[str, str]]:
    """Case -> keyring; an empty one where the ref is there and its content is not."""
    named = refs(git)
    return dict(zip(named, _read(objects, list(named.values())), strict=True))


def forget(git: Git, objects: Objects, folder: Path, replaced: Mapping[str, str]) -> None:
    """Removes the loose objects of keyrings (commit id -> case) that are in force no more; out of packs see plaint.store.forgetting.

    Without this they would lie in the object store until git tidies up, weeks later, and open what was closed. `folder` is git's `objects`.
    What the keyring in force shares with the old one stays, and so does what another ref still names.
    """
    named = set(git.text("for-each-ref", "--format=%(objectname)").split())
    gone: set[str] = set()
    for old, case in replaced.items():
        if old not in named:
            now = objects.get(PREFIX + case)
            gone |= _all_of(objects, old) - (_all_of(objects, now.sha) if now else set())
    objects.close()  # a process that has an object open would keep it on some systems
    for sha in gone:
        (folder / sha[:2] / sha[2:]).unlink(missing_ok=True)
    drop_commit_graph(folder)


def drop_commit_graph(folder: Path) -> None:
    """Removes git's list of commits, which names some that are gone; it is a cache that git makes again, and plaint does not read it."""
    for path in (folder / "info" / "commit-graph", *(folder / "info" / "commit-graphs").glob("*")):
        path.unlink(missing_ok=True)


def _all_of(objects: Objects, commit: str) -> set[str]:
    """The ids of a keyring's commit, tree and files."""
    tree = objects.get(f"{commit}^{{tree}}")
    return {commit, *([tree.sha, *(entry.sha for entry in _files(tree))] if tree else [])}


def _read(objects: Objects, commits: Sequence[str]) -> Iterator[dict[str, str]]:
    for start in range(0, len(commits), 100):
        trees = objects.get_many(f"{sha}^{{tree}}" for sha in commits[start : start + 100])
        listed = [_files(tree) for tree in trees]
        blobs = objects.read_blobs(entry.sha for entries in listed for entry in entries)
        for entries in listed:
            texts = {entry.path.removesuffix(SUFFIX): next(blobs) for entry in entries}
            whole = {name: text.decode("utf-8", "surrogateescape") for name, text in texts.items() if text is not None}
            yield whole if len(whole) == len(texts) else {}


def _files(tree: GitObject | None) -> list[Entry]:
    if tree is None or tree.type != "tree":
        return []
    entries = parse_tree(tree.data, len(tree.sha) // 2)
    return [entry for entry in entries if entry.mode in FILE_MODES and entry.path.endswith(SUFFIX)]


def _tree(pack: Pack, keyring: Keyring) -> str:
    if not keyring:
        raise InputError(_("a keyring cannot be empty"))
    editor = TreeEditor(lambda _sha: None, None)
    for compartment, text in keyring.items():
        if not _COMPARTMENT.fullmatch(compartment):
            raise InputError(_("“{name}” is not the name of a compartment").format(name=compartment[:40]))
        editor.put(compartment + SUFFIX, pack.add("blob", text.encode("utf-8")))
    return editor.write(pack.add_tree)
