"""The keyrings of one repository that are to go: noted before their refs do, so that a command that is killed on the way is made good by the next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from plaint.store import forgetting, keyrings
from plaint.store.forgetting import Remnant
from plaint.store.git import Git
from plaint.store.objects import Objects

_KEYRINGS = (keyrings.PREFIX, "refs/plaint/incoming/keys/")
_DESTROYED = "plaint/destroyed"
_FORGETTING = "plaint/forgetting"


class Forgetter:
    """Call `forget` and `finish` under the lock."""

    def __init__(self, git: Git, objects: Objects, common: Path) -> None:
        self._git, self._objects, self._common = git, objects, common

    @property
    def is_unfinished(self) -> bool:
        """Whether something was to go, and the command was killed."""
        return (self._common / _FORGETTING).exists()

    def intend(self, lines: Iterable[str]) -> None:
        """Notes whose keyrings a transaction is about to destroy, and their numbers."""
        doomed = [ref for line in lines if (ref := line.removeprefix("delete ")).startswith(keyrings.PREFIX)]
        noted = [f"{ref.removeprefix(keyrings.PREFIX)} {found.sha}\n" for ref in doomed if (found := self._objects.get(ref)) is not None]
        if noted:
            for name in (_DESTROYED, _FORGETTING):
                path = self._common / name
                path.parent.mkdir(exist_ok=True)
                with path.open("a", encoding="ascii") as file:
                    file.writelines(noted)

    def forget(self, old: Mapping[str, str]) -> None:
        """Keyrings that were replaced or destroyed (ref -> commit) go at once; of a case whose keyring was destroyed for good, all there ever were."""
        cases = {sha: ref.rpartition("/")[2] for ref, sha in old.items() if ref.startswith(_KEYRINGS)}
        if cases:
            self._for_good(set(cases.values()))
            keyrings.forget(self._git, self._objects, self._common / "objects", cases)

    def finish(self) -> None:
        """What a killed command left."""
        if noted := self._noted(_FORGETTING):
            self._for_good({case for case, _sha in noted})

    def destroyed(self, case: str) -> str:
        """The number that the keyring of a case had which was destroyed here; "" where it is not known. Only by it can a server be asked for what no ref names."""
        return next((sha for name, sha in reversed(self._noted(_DESTROYED)) if name == case), "")

    def remnants(self, cases: Collection[str]) -> tuple[Remnant, ...]:
        """What is still here of the keyrings of cases that were disposed of, or of any that was replaced."""
        return forgetting.remnants(self._git, self._objects, self._common, cases)

    def _for_good(self, cases: Collection[str]) -> None:
        destroyed = {case for case in cases if self._objects.get(keyrings.PREFIX + case) is None}
        if destroyed:
            forgetting.forget_for_good(self._git, self._objects, self._common, destroyed)
        (self._common / _FORGETTING).unlink(missing_ok=True)

    def _noted(self, name: str) -> list[list[str]]:
        path = self._common / name
        return [line.split() for line in path.read_text("ascii").splitlines()] if path.exists() else []
