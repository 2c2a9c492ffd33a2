"""The repository of an organisation: reading records at any commit, and adding signed commits that are whole or not there.

Rules:

- Paths are relative to the folder of plaint.yaml, which may lie below the top of the git working tree.
- A commit is built from HEAD's tree, never from the index: what others have staged or changed stays exactly as it is.
- Branch and keyring refs move in one transaction that checks where the branch was. Before it nothing is seen; after it the
  commit stands, and if the process dies the next command brings the files up to date (see plaint.store.follow).
- One writer at a time (plaint.store.lock). Git's own hooks for commits are not run: plaint checks by itself.

    with Repository.discover(Path.cwd()) as repo, repo.lock():
        base, old = repo.head(), repo.read("cases/2026/Q7M4-K2XD.yaml")
        repo.commit({"cases/2026/Q7M4-K2XD.yaml": new}, "Acknowledge …", key, "li.wei", base=base)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Self

from plaint.errors import EnvironmentFaultError, InputError, LockedError
from plaint.i18n import _
from plaint.interrupts import note_done, undisturbed
from plaint.store import keyrings, lfs, lock
from plaint.store.commits import Change, ident, signed_commit, tree_of, unsigned_commit
from plaint.store.follow import Follower, Journal, Pending
from plaint.store.forgetter import Forgetter
from plaint.store.git import Git, bare_repository, fault
from plaint.store.incoming import Draft, tidy
from plaint.store.keyrings import Keyring
from plaint.store.objects import Objects
from plaint.store.pack import Pack
from plaint.store.signing import Signer, SigningKey
from plaint.store.trees import FILE_MODES, Entry, TreeEditor
from plaint.store.worktree import POINTER, check_replaceable, clean_path, read_file

MARKER = "plaint.yaml"
_RECORDS = {  # kind -> folder, depth below it, what a record's path looks like
    "case": ("cases", 2, re.compile(r"cases/[0-9]{4}/[^/]+\.yaml")),
    "member": ("members", 1, re.compile(r"members/[^/]+\.yaml")),
    "policy": ("policy", 1, re.compile(r"policy/[^/]+\.yaml")),
    "review": ("reviews", 1, re.compile(r"reviews/[^/]+\.yaml")),
    "release": ("releases", 1, re.compile(r"releases/[^/]+\.yaml")),
}
_LAYOUT = (
    "--is-bare-repository", "--show-toplevel", "--absolute-git-dir", "--git-common-dir", "--show-object-format", "--show-prefix",
)  # fmt: skip
_BUSY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
_BESIDE = re.compile(r"cases/[0-9]{4}/[^/]+/[^/]+")
_REF = re.compile(r"refs/[A-Za-z0-9._/-]+")
_MANY_REFS = 100  # moved at once: worth packing
_LOOSE_IN_ONE = 27  # files in one of the 256 object folders: git's own guess that there are 6,700 loose objects


class Repository:
    """One working tree with a plaint.yaml. Use as a context manager, or `close` it."""

    def __init__(self, root: Path, top: Path, git_folder: Path, common_folder: Path, object_format: str, prefix: str) -> None:
        self.root = root
        self.top = top
        self.git_folder = git_folder
        self.common_folder = common_folder
        self.object_format = object_format
        self.prefix = prefix
        self.git = Git(top)
        self.objects = Objects(self.git)
        self.forgetter = Forgetter(self.git, self.objects, common_folder)
        self._journal = Journal(git_folder)
        self._follower = Follower(self.git, self.objects, self._journal, object_format)
        self._config: dict[str, str] | None = None
        self._depth = 0
        self._handle = -1

    @classmethod
    def discover(cls, start: Path) -> Repository:
        """The repository around `start`: the nearest folder upwards with a plaint.yaml. Completes what a crash left undone."""
        start = start.resolve()
        for folder in (start, *start.parents):
            if (folder / MARKER).is_file():
                return cls.at(folder)
        # git's own reason first: not a repository, bare, not trusted
        Git(start if start.is_dir() else start.parent).run("rev-parse", "--show-toplevel")
        raise EnvironmentFaultError(
            _("there is no {name} here or in a folder above").format(name=MARKER),
            where=str(start),
            hint=_("go into an organisation's repository with cd or -C, or make one with plaint init"),
        )

    @classmethod
    def at(cls, root: Path) -> Repository:
        """The repository with plaint.yaml, or with the place for it, in `root`."""
        root = root.resolve()
        git = Git(root)
        lines = git.text("rev-parse", *_LAYOUT).split("\n")
        if lines[0] == "true":
            raise bare_repository(root)
        repo = cls(root, Path(lines[1]), Path(lines[2]), (root / lines[3]).resolve(), lines[4], lines[5])
        if repo._journal.exists() or repo.forgetter.is_unfinished:
            repo._finish_if_free()
        return repo

    @classmethod
    def init(cls, root: Path, branch: str = "main") -> Repository:
        """A new git repository in `root`, its branch unborn; an existing one is left as it is."""
        root.mkdir(parents=True, exist_ok=True)
        if not (root / ".git").exists():
            Git(root).run("init", "-q", "-b", branch)
        return cls.at(root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process that reads objects."""
        self.objects.close()

    # Reading

    def head(self) -> str | None:
        """The commit HEAD names; None on an unborn branch."""
        found = self.objects.get("HEAD")
        return found.sha if found else None

    def resolve(self, rev: str) -> str:
        """The commit that `rev` names; InputError when there is none."""
        found = self.objects.get(f"{rev}^{{commit}}") if rev else None
        if found is None:
            raise InputError(_("there is no commit “{rev}”").format(rev=rev[:80]), hint=_("git log shows the commits there are"))
        return found.sha

    def read(self, path: str, rev: str | None = None) -> bytes | None:
        """A file as committed in `rev` (HEAD); None when it is not there."""
        return self.objects.read_blob(self._spec(path, rev))

    def records(self, kind: str, rev: str | None = None) -> list[Entry]:
        """The records of a kind (`case`, `member`, `policy`, `review`, `release`) in `rev` (HEAD): path, mode, blob id."""
        folder, depth, pattern = _RECORDS[kind]
        rev = rev or "HEAD"
        found = [
            Entry(entry.path.removeprefix(self.prefix), entry.mode, entry.sha)
            for entry in self.objects.ls_tree(rev, self.prefix + folder, depth=depth)
            if entry.mode in FILE_MODES
        ]
        return sorted((entry for entry in found if pattern.fullmatch(entry.path)), key=lambda entry: _natural(entry.path))

    def record_paths(self, kind: str, rev: str | None = None) -> list[str]:
        """Their paths; policy/10.yaml after policy/9.yaml."""
        return [entry.path for entry in self.records(kind, rev)]

    def read_records(self, kind: str, rev: str | None = None, some: slice = slice(None)) -> Iterator[tuple[str, bytes | None]]:
        """Every record of a kind in `rev` (HEAD), or some of them: path and content. By blob id: git would look each path up in folders of thousands."""
        entries = self.records(kind, rev)[some]
        return zip((entry.path for entry in entries), self.objects.read_blobs(entry.sha for entry in entries), strict=True)

    def config(self, name: str) -> str:
        """A value of the git configuration, "" when unset. Read once."""
        if self._config is None:
            pairs = (each.partition("\n") for each in self.git.text("config", "-z", "--list").split("\0"))
            self._config = {key.lower(): value for key, _newline, value in pairs if key}
        return self._config.get(name.lower(), "")

    # Keyrings

    def read_keyring(self, case: str) -> dict[str, str] | None:
        """The case's keyring, compartment -> armoured age file; None when this clone has none."""
        return keyrings.read_one(self.objects, case)

    def read_keyrings(self) -> dict[str, dict[str, str]]:
        """All keyrings by case; an empty one where the ref is there but its content is not."""
        return keyrings.read_all(self.git, self.objects)

    def keyring_refs(self) -> dict[str, str]:
        """Case -> id of the commit that holds its keyring."""
        return keyrings.refs(self.git)

    def write_keyrings(self, items: Sequence[tuple[str, Keyring]], key: SigningKey, author: str, when: datetime | None = None) -> dict[str, str]:
        """Store keyrings; ref -> commit id, to be passed to `commit(refs=…)`. Until then no ref names them."""
        who = ident(author, self.config("user.email"), when)
        return keyrings.write(self.git, self.object_format, items, key, who)

    # Writing

    @contextmanager
    def lock(self, wait: float = lock.WAIT) -> Iterator[None]:
        """Be the only writer; may be nested. LockedError when another does not finish within `wait` seconds."""
        if self._depth == 0:
            with lock.hold(self.common_folder / "plaint.lock", wait) as handle:
                self._handle, self._depth = handle, 1
                try:
                    yield
                finally:
                    self._handle, self._depth = -1, 0
            return
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def commit(
        self,
        changes: Mapping[str, bytes],
        message: str,
        key: SigningKey,
        author: str,
        when: datetime | None = None,
        refs: Mapping[str, str] | None = None,
        deletes: Sequence[str] = (),
        *,
        base: str | None = None,
        blobs: Mapping[str, str] | None = None,
    ) -> str:
        """Add one signed commit on HEAD, moving the keyring `refs` and dropping `deletes` with it; returns its id.

        `blobs` are new files that lie in git already (path -> blob id, see `incoming`). With `base`, the commit the caller worked from, LockedError when HEAD is another by now. InputError when a file of
        `changes` has uncommitted changes. After any error nothing has changed, unless the error says it was recorded.
        """
        return self.commit_series([Change(changes, message, author, when, blobs or {})], key, refs, deletes, base=base)[0]

    def commit_series(
        self,
        series: Sequence[Change],
        key: SigningKey,
        refs: Mapping[str, str] | None = None,
        deletes: Sequence[str] = (),
        *,
        base: str | None = None,
    ) -> list[str]:
        """Add one signed commit for each change, one upon the other; all or none. For imports and replays of hundreds."""
        with self.lock():
            if self._journal.exists():
                self._follower.finish(self._keep())
            self._refuse_while_busy()
            head = self.objects.get("HEAD")
            if base is not None and (head is None or head.sha != base):
                raise _moved()
            editor = TreeEditor(self._raw_tree, tree_of(head.data) if head else None)
            paths = self._old_blobs(series, editor)
            commits = self._build(series, key, editor, head.sha if head else None)
            if not commits:
                return []
            old = {ref: found.sha for ref in (*(refs or {}), *deletes) if (found := self.objects.get(ref)) is not None}
            blobs = {self.prefix + path: sha for change in series for path, sha in change.blobs.items()}
            files = {self.prefix + path: data for change in series for path, data in change.files.items()}
            with undisturbed(forget=True):
                self._journal.write(Pending(commits[-1], paths, blobs))
                try:
                    self._move(commits[-1], head.sha if head else "0" * len(commits[-1]), refs or {}, deletes)
                except EnvironmentFaultError:
                    self._journal.remove()
                    raise
                self._follower.follow(commits[-1], files, self._keep(), blobs)
            self.forgetter.forget(old)
            self._maintain(refs or {})
            return commits

    def build_on(self, base: str, series: Sequence[Change], key: SigningKey) -> list[str]:
        """Signed commits on any commit, one upon the other; no ref names them until `adopt` does."""
        found = self.objects.get(base)
        if found is None or found.type != "commit":
            raise InputError(_("there is no commit “{rev}”").format(rev=base[:80]))
        return self._build(series, key, TreeEditor(self._raw_tree, tree_of(found.data)), base)

    def adopt(self, target: str, refs: Mapping[str, str] | None = None, deletes: Sequence[str] = (), *, base: str) -> None:
        """Move the branch from `base` to a commit that stands, with keyring refs, and bring files and index there; all or nothing.

        LockedError when HEAD is not `base` any more. InputError when a file that would change has uncommitted changes.
        """
        with self.lock():
            if self._journal.exists():
                self._follower.finish(self._keep())
            self._refuse_while_busy()
            if self.head() != base:
                raise _moved()
            fields = self.git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", base, target).split(b"\0")
            olds: dict[str, str | None] = {}
            files: dict[str, bytes] = {}
            blobs: dict[str, str] = {}
            gone: list[str] = []
            for meta, name in zip(fields[::2], fields[1::2], strict=False):
                _old_mode, mode, old, new, _status = meta.decode("ascii").split(" ")
                path = name.decode("utf-8", "surrogateescape")
                if mode in FILE_MODES and not old.strip("0") and _BESIDE.fullmatch(path.removeprefix(self.prefix)) and not (self.top / path).exists():
                    blobs[path] = new
                elif mode in FILE_MODES:
                    files[path] = self.objects.read_blob(new) or b""
                    olds[path] = old if old.strip("0") else None
                elif (here := read_file(self.top, path)) is not None and here == self.objects.read_blob(old):
                    gone.append(path)
            for path, data in files.items():
                before = olds[path]
                check_replaceable(path, read_file(self.top, path), self.objects.read_blob(before) if before else None, data)
            replaced = {ref: found.sha for ref in (*(refs or {}), *deletes) if (found := self.objects.get(ref)) is not None}
            with undisturbed(forget=True):
                self._journal.write(Pending(target, olds, blobs))
                try:
                    self._move(target, base, refs or {}, deletes)
                except EnvironmentFaultError:
                    self._journal.remove()
                    raise
                self._follower.follow(target, files, self._keep(), blobs)
                if gone:
                    self.git.call("rm", "-q", "--", *gone)
            self.forgetter.forget(replaced)

    def update_refs(self, refs: Mapping[str, str], deletes: Sequence[str] = ()) -> None:
        """Move and drop refs (keyrings) in one transaction, without a commit."""
        with self.lock():
            old = {ref: found.sha for ref in (*refs, *deletes) if (found := self.objects.get(ref)) is not None}
            with undisturbed(forget=True):
                self._transaction([*_ref_lines(refs, deletes)])
            self.forgetter.forget(old)

    def incoming(self) -> Draft:
        """A large file on its way into git, to be named by a commit's `blobs`; see plaint.store.incoming."""
        tidy(self.common_folder, self._is_beside_a_case, self.lfs_folder)
        return Draft(self.common_folder, self.object_format)

    def incoming_large(self) -> Draft:
        """The same on its way into Git LFS, to be named by the pointer that the commit brings."""
        tidy(self.common_folder, self._is_beside_a_case, self.lfs_folder)
        return Draft(self.common_folder, "", self.lfs_folder)

    @cached_property
    def lfs_folder(self) -> Path:
        """Where Git LFS keeps the files of this clone."""
        return lfs.store_of(self.git, self.common_folder)

    def _is_beside_a_case(self, name: str) -> bool:
        return any(name == entry.sha or entry.path.endswith(f"/{name}{POINTER}") for entry in self.objects.ls_tree("HEAD", self.prefix + "cases"))

    # The steps of a commit

    def _keep(self) -> list[int]:
        """The lock's open file, for a child process to inherit."""
        return [self._handle] if self._handle >= 0 else []

    def _spec(self, path: str, rev: str | None) -> str:
        return f"{rev or 'HEAD'}:{self.prefix}{clean_path(path)}"

    def _raw_tree(self, sha: str) -> bytes | None:
        found = self.objects.get(sha)
        return found.data if found is not None and found.type == "tree" else None

    def _refuse_while_busy(self) -> None:
        for name in _BUSY:
            if (self.git_folder / name).exists():
                raise EnvironmentFaultError(
                    _("a merge, rebase or cherry-pick is under way"),
                    where=str(self.top),
                    hint=_("git status says how to finish or abort it"),
                )

    def _old_blobs(self, series: Sequence[Change], editor: TreeEditor) -> dict[str, str | None]:
        """The files of the series with their blob ids in HEAD, after making sure that no uncommitted work would be lost."""
        new = {self.prefix + clean_path(path): data for change in series for path, data in change.files.items()}
        for path in (self.prefix + clean_path(path) for change in series for path in change.blobs):
            if editor.get(path) is not None or (self.top / path).exists():
                raise InputError(_("there is a file already"), where=path, hint=_("commit it or move it away first"))
        entries = {path: editor.get(path) for path in new}
        known = self.objects.read_blobs(entry.sha for entry in entries.values() if entry)
        for path, entry in entries.items():
            if entry is not None and entry.mode not in FILE_MODES:
                raise InputError(_("it is not a plain file in the repository"), where=path)
            committed = next(known) if entry else None
            check_replaceable(path, read_file(self.top, path), committed, new[path])
        return {path: entry.sha if entry else None for path, entry in entries.items()}

    def _build(self, series: Sequence[Change], key: SigningKey, editor: TreeEditor, parent: str | None) -> list[str]:
        """Make the objects and give them to git; nothing names them yet."""
        pack = Pack(self.object_format)
        commits: list[str] = []
        email = self.config("user.email")
        with Signer(key, len(series)) as signer:
            for change in series:
                for path, data in change.files.items():
                    editor.put(self.prefix + path, pack.add("blob", data))
                for path, sha in change.blobs.items():
                    editor.put(self.prefix + path, sha)
                tree = editor.write(pack.add_tree)
                payload = unsigned_commit(tree, [parent] if parent else [], ident(change.author, email, change.when), change.message)
                parent = pack.add("commit", signed_commit(payload, signer.sign(payload), self.object_format))
                commits.append(parent)
        pack.store(self.git)
        return commits

    def _move(self, commit: str, old: str, refs: Mapping[str, str], deletes: Sequence[str]) -> None:
        self._transaction([f"update HEAD {commit} {old}", *_ref_lines(refs, deletes)])

    def _transaction(self, lines: Sequence[str]) -> None:
        """All refs at once. The process inherits the lock: should ours be killed, nobody else writes before it has ended."""
        self.forgetter.intend(lines)
        stdin = "".join(f"{line}\n" for line in lines).encode()
        result = self.git.call("update-ref", "-m", "plaint", "--stdin", stdin=stdin, keep=self._keep())
        if result.code == 0:
            note_done()
            return
        if "but expected" in result.error or "reference already exists" in result.error:
            raise _moved()
        raise fault("update-ref", result, self.top)

    def _finish_if_free(self) -> None:
        """Complete a dead process's commit, unless its process is alive after all and holds the lock."""
        try:
            with self.lock(wait=0):
                if self._journal.exists():
                    self._follower.finish(self._keep())
                self.forgetter.finish()
        except LockedError:
            return

    def _maintain(self, refs: Mapping[str, str]) -> None:
        """Now and then what `git commit` would do after a commit: let git tidy up in the background."""
        if len(refs) > _MANY_REFS:
            self.git.call("pack-refs", "--all")
        sample = self.common_folder / "objects" / "17"
        if sample.is_dir() and sum(1 for _file in sample.iterdir()) > _LOOSE_IN_ONE:
            self.git.call("gc", "--auto", "--quiet")


def _ref_lines(refs: Mapping[str, str], deletes: Sequence[str]) -> Iterator[str]:
    for ref in (*refs, *deletes):
        if not _REF.fullmatch(ref):
            raise InputError(_("“{ref}” is not a ref").format(ref=ref[:80]))
    yield from (f"update {ref} {sha}" for ref, sha in refs.items())
    yield from (f"delete {ref}" for ref in deletes)


def _moved() -> LockedError:
    return LockedError(_("someone else committed at the same moment"), hint=_("nothing was recorded: run it again"))


def _natural(path: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"([0-9]+)", path)]
