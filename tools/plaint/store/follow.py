"""Bringing files and index up to a commit that stands already, now or (after a crash) when the next command comes by.

Files that lie in git as blobs from the start (evidence) are copied from there; large ones are not laid out in the working tree at all: they
would take their place on the disk twice. The index knows them, and that they are meant to be away.

The order of a commit: note it in the journal, move the refs, write the files, refresh their index entries, drop the note. Whoever
finds a note later, under the lock, asks whether the branch has moved: if not there is nothing to do, and if so each file is
brought up to date unless someone has changed it since.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from plaint.errors import EnvironmentFaultError
from plaint.i18n import _, reason
from plaint.store.git import Git
from plaint.store.objects import Objects
from plaint.store.pack import object_id
from plaint.store.worktree import is_laid_out, is_replaceable, read_file, write_file

_INDEX_WAIT = 2.0  # seconds to wait for a git that holds the index, such as an editor's status
_INDEX_WAIT_LATER = 0.2  # the same when it is only tidying up


@dataclass(frozen=True, slots=True)
class Pending:
    """The `commit` and its files: path from the top of the working tree -> blob id before it (None: the file is new).

    `blobs` are new files that lie in git already: path -> blob id.
    """

    commit: str
    paths: Mapping[str, str | None]
    blobs: Mapping[str, str] = field(default_factory=dict)


class Journal:
    """The note of one working tree: `plaint/pending.json` in its git folder."""

    def __init__(self, git_folder: Path) -> None:
        self.folder = git_folder / "plaint"
        self.path = self.folder / "pending.json"
        self.draft = self.folder / "draft"  # a file on its way into the working tree

    def exists(self) -> bool:
        """One stat, for every command."""
        return self.path.exists()

    def write(self, pending: Pending) -> None:
        """Note down what is about to be done; there complete or not at all."""
        text = json.dumps({"commit": pending.commit, "paths": dict(pending.paths), "blobs": dict(pending.blobs)})
        new = self.path.with_suffix(".new")
        try:
            self.folder.mkdir(exist_ok=True)
            new.write_text(text, "utf-8")
            new.replace(self.path)
        except OSError as error:
            raise EnvironmentFaultError(_("the git folder cannot be written: {reason}").format(reason=reason(error)), where=str(new)) from error

    def read(self) -> Pending | None:
        """What was noted down; None when there is nothing, or nothing that makes sense."""
        try:
            found = json.loads(self.path.read_text("utf-8"))
            blobs = {str(path): str(sha) for path, sha in found.get("blobs", {}).items()}
            return Pending(str(found["commit"]), {str(path): sha for path, sha in found["paths"].items()}, blobs)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def remove(self) -> None:
        """Done."""
        self.path.unlink(missing_ok=True)


class Follower:
    """Writes what the journal notes. Call it under the lock; `keep` is the lock's open file, for git to inherit."""

    def __init__(self, git: Git, objects: Objects, journal: Journal, object_format: str) -> None:
        self._git = git
        self._objects = objects
        self._journal = journal
        self._format = object_format

    def follow(self, commit: str, files: Mapping[str, bytes], keep: Sequence[int], blobs: Mapping[str, str] | None = None) -> None:
        """Write the commit's files; the index, if another git holds it too long, is left to the next command."""
        path = ""
        try:
            for path, data in files.items():
                write_file(self._git.folder, path, data, self._journal.draft)
            laid_out, away = self._sorted(blobs or {})
            for path, sha in laid_out.items():
                self._lay_out(path, sha)
        except OSError as error:
            raise EnvironmentFaultError(
                _("recorded (commit {commit}), but a file could not be written: {reason}").format(commit=commit[:12], reason=reason(error)),
                where=path,
                hint=_("do not record it again; once that is mended the next plaint command writes the file"),
            ) from error
        if self._refresh_index([*files, *laid_out], keep, _INDEX_WAIT) and self._index_away(away, keep, _INDEX_WAIT):
            self._journal.remove()

    def finish(self, keep: Sequence[int]) -> None:
        """Do what the journal notes, as far as nobody's work is overwritten."""
        pending = self._journal.read()
        if pending is not None and self._is_in_head(pending.commit) and not self._catch_up(pending, keep):
            return
        self._journal.remove()

    def _catch_up(self, pending: Pending, keep: Sequence[int]) -> bool:
        top = self._git.folder
        current: list[str] = []
        for path, old in pending.paths.items():
            committed = self._objects.read_blob(f"HEAD:{path}")
            if committed is None:
                continue
            found = read_file(top, path)
            if found != committed:
                unchanged = found is not None and object_id("blob", found, self._format) == old
                if not unchanged and not is_replaceable(found, committed):
                    continue
                try:
                    write_file(top, path, committed, self._journal.draft)
                except OSError as error:
                    raise EnvironmentFaultError(_("the file cannot be written: {reason}").format(reason=reason(error)), where=path) from error
            current.append(path)
        laid_out, away = self._sorted(pending.blobs)
        for path, sha in laid_out.items():
            if read_file(top, path) is None:
                try:
                    self._lay_out(path, sha)
                except OSError as error:
                    raise EnvironmentFaultError(_("the file cannot be written: {reason}").format(reason=reason(error)), where=path) from error
                current.append(path)
        return self._refresh_index(current, keep, _INDEX_WAIT_LATER) and self._index_away(away, keep, _INDEX_WAIT_LATER)

    def _sorted(self, blobs: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """The blobs to be laid out in the working tree, and those that stay away."""
        sizes = dict(zip(blobs, self._objects.sizes(list(blobs.values())), strict=True))
        laid_out = {path: sha for path, sha in blobs.items() if is_laid_out(path, sizes[path])}
        return laid_out, {path: sha for path, sha in blobs.items() if path not in laid_out}

    def _lay_out(self, path: str, sha: str) -> None:
        with self._objects.stream(sha) as content:
            write_file(self._git.folder, path, content, self._journal.draft)

    def _index_away(self, blobs: Mapping[str, str], keep: Sequence[int], wait: float) -> bool:
        """Let the index know files that are not laid out."""
        entries = b"".join(f"100644 {sha}\t{path}\0".encode("utf-8", "surrogateescape") for path, sha in blobs.items())
        return self._update_index(("--index-info",), entries, keep, wait) and self._update_index(("--skip-worktree", "--stdin"), _listed(blobs), keep, wait)

    def _refresh_index(self, paths: Sequence[str], keep: Sequence[int], wait: float) -> bool:
        """Let the index know these files, and no others; whether that worked."""
        return self._update_index(("--add", "--stdin"), _listed(paths), keep, wait)

    def _update_index(self, options: Sequence[str], stdin: bytes, keep: Sequence[int], wait: float) -> bool:
        if not stdin:
            return True
        deadline = time.monotonic() + wait
        while True:
            result = self._git.call("update-index", "-z", *options, stdin=stdin, keep=keep)
            if result.code == 0:
                return True
            if "index.lock" not in result.error or time.monotonic() >= deadline:
                return False
            time.sleep(0.05)

    def _is_in_head(self, commit: str) -> bool:
        head = self._objects.get("HEAD")
        if head is None:
            return False
        return head.sha == commit or self._git.call("merge-base", "--is-ancestor", commit, head.sha).code == 0


def _listed(paths: Iterable[str]) -> bytes:
    return b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
