"""What the walk asks of the history behind it, beyond the commits that it is shown; read from the repository each time, for it is rare."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from plaint.audit.cases import blob_id
from plaint.audit.commits import Commit, CommitError, parse_commit
from plaint.audit.house import House
from plaint.errors import EnvironmentFaultError
from plaint.i18n import _
from plaint.store.git import Git
from plaint.store.objects import Objects
from plaint.store.trees import FILE_MODES


@dataclass(frozen=True, slots=True)
class Past:
    """The history of the organisation in the folder `prefix` of a repository."""

    git: Git
    objects: Objects
    prefix: str

    def state(self, sha: str) -> tuple[House, datetime]:
        """The house as a commit has it, and the commit's time."""
        names = [
            f"{folder}/{entry.path.rpartition('/')[2]}"
            for folder in ("members", "policy")
            for entry in self.objects.ls_tree(sha, self.prefix + folder, depth=1)
            if entry.mode in FILE_MODES
        ]
        paths = ["plaint.yaml", *names]
        files = zip(paths, self.objects.read_blobs(f"{sha}:{self.prefix}{path}" for path in paths), strict=True)
        return House().changed(files), self._commit(sha).at

    def base(self, parents: Sequence[str], path: str) -> str | None:
        """The id of a file in the newest commit that all parents stand on; None where it is not there."""
        result = self.git.call("merge-base", "--octopus", *parents)
        base = result.output.decode("ascii").strip()
        found = self.objects.get(f"{base}:{self.prefix}{path}") if result.code == 0 and base else None
        return found.sha if found else None

    def merged(self, parents: Sequence[str], path: str) -> str | None:
        """The id of git's own merge of a file; None where the sides do not agree."""
        base = self.base(parents, path)
        texts = self.objects.read_blobs([f"{parents[0]}:{self.prefix}{path}", base or "", f"{parents[1]}:{self.prefix}{path}"])
        with tempfile.TemporaryDirectory(prefix="plaint-") as folder:
            files = [Path(folder, name) for name in ("one", "base", "other")]
            for file, text in zip(files, texts, strict=True):
                if text is None or len(parents) != 2:
                    return None
                file.write_bytes(text)
            done = self.git.call("merge-file", "--quiet", "--stdout", *map(str, files))
        return blob_id(done.output, parents[0]) if done.code == 0 else None

    def only(self, one: str, other: str) -> list[Commit]:
        """The commits that one stands on and the other does not."""
        return [self._commit(sha) for sha in self.git.text("rev-list", one, f"^{other}").split()]

    def _commit(self, sha: str) -> Commit:
        found = self.objects.get(sha)
        try:
            return parse_commit(sha, found.data if found else b"")
        except CommitError as error:
            raise EnvironmentFaultError(_("git cannot read an object: {about}").format(about=sha), hint=_("git fsck says what is damaged")) from error
