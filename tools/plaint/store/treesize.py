"""How many files and folders a tree stands for: each folder is counted wherever it stands, and read once.

>>> TreeSizes(objects).of("4b825dc642cb6eb9a060e54bf8d69288fbee4904")  # the empty tree
1
"""

from __future__ import annotations

from plaint.errors import EnvironmentFaultError
from plaint.store.objects import Objects
from plaint.store.trees import TREE_MODE, Entry


class TreeSizes:
    """Counts by id, and remembers."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._known: dict[str, int] = {}

    def of(self, sha: str) -> int:
        """The files and folders of a tree, itself included; one that is missing or damaged is one."""
        waiting = [(sha, self._entries(sha))] if sha not in self._known else []
        while waiting:
            name, entries = waiting[-1]
            unknown = next((e.sha for e in entries if e.mode == TREE_MODE and e.sha not in self._known), None)
            if unknown is not None:
                waiting.append((unknown, self._entries(unknown)))
                continue
            self._known[name] = 1 + sum(self._known[e.sha] if e.mode == TREE_MODE else 1 for e in entries)
            waiting.pop()
        return self._known[sha]

    def _entries(self, sha: str) -> list[Entry]:
        try:
            return self._objects.read_tree(sha) or []
        except EnvironmentFaultError:
            return []
