"""Git trees in memory: reading raw tree objects, and putting files into them without an index.

Entries stay encoded and sorted, so that putting one file into a folder of thousands costs a splice and not a sort.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import NamedTuple, Protocol

from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _

TREE_MODE = "40000"
FILE_MODE = "100644"
FILE_MODES = frozenset({"100644", "100755"})

ReadTree = Callable[[str], bytes | None]


class Entry(NamedTuple):
    """A file in a tree: path, mode as git writes it (`100644`), id."""

    path: str
    mode: str
    sha: str


class StoreTree(Protocol):
    """Keeps a raw tree and returns its id; `old` is the tree it grew from, for a writer that stores differences."""

    def __call__(self, data: bytes, old: bytes | None) -> str: ...


def parse_tree(data: bytes, id_size: int = 20) -> list[Entry]:
    """The entries of a raw tree object; `id_size` in bytes, 32 in a sha256 repository. EnvironmentFaultError where it is none."""
    entries: list[Entry] = []
    at = 0
    try:
        while at < len(data):
            space = data.index(b" ", at)
            zero = data.index(b"\0", space)
            end = zero + 1 + id_size
            name = data[space + 1 : zero].decode("utf-8", "surrogateescape")
            entries.append(Entry(name, data[at:space].decode("ascii"), data[zero + 1 : end].hex()))
            at = end
    except ValueError:
        at = -1
    if at != len(data):
        raise EnvironmentFaultError(_("a folder in the repository is damaged"), hint=_("git fsck says what is damaged"))
    return entries


class _Folder:
    """One tree: its entries by name, and their raw form in git's order."""

    __slots__ = ("_keys", "_raw", "data", "entries")

    def __init__(self, data: bytes, id_size: int) -> None:
        self.data: bytes | None = data or None  # as it was last stored
        self.entries = {entry.path: entry for entry in parse_tree(data, id_size)}
        self._keys = [_sort_key(entry) for entry in self.entries.values()]
        self._raw = [_raw(entry) for entry in self.entries.values()]

    def put(self, entry: Entry) -> None:
        key = _sort_key(entry)
        at = bisect_left(self._keys, key)
        if at < len(self._keys) and self._keys[at] == key:
            self._raw[at] = _raw(entry)
        else:
            self._keys.insert(at, key)
            self._raw.insert(at, _raw(entry))
        self.entries[entry.path] = entry

    def format(self) -> bytes:
        return b"".join(self._raw)


class TreeEditor:
    """A tree with files put into it: `put` some, `write` the changed trees, and again for the next commit of a series."""

    def __init__(self, read: ReadTree, root: str | None) -> None:
        """`read` gives the raw tree of an id (None when missing); `root` is the id to start from, None for nothing."""
        self._read = read
        self._root = root
        self._folders: dict[str, _Folder] = {}
        self._changed: set[str] = set()

    def get(self, path: str) -> Entry | None:
        """The entry at `path`, if there is one."""
        folder, _slash, name = path.rpartition("/")
        return self._folder(folder).entries.get(name)

    def put(self, path: str, sha: str) -> None:
        """Put a blob at `path`; a file that is there keeps its mode. InputError where a folder or file is in the way."""
        folder, _slash, name = path.rpartition("/")
        tree = self._folder(folder)
        old = tree.entries.get(name)
        if old is not None and old.mode not in FILE_MODES:
            raise InputError(_("it is not a plain file in the repository"), where=path)
        tree.put(Entry(name, old.mode if old else FILE_MODE, sha))
        while folder not in self._changed:
            self._changed.add(folder)
            folder = folder.rpartition("/")[0]

    def write(self, store: StoreTree) -> str:
        """Store the changed trees, the innermost first; returns the root's id."""
        for folder in sorted(self._changed, key=lambda each: each.count("/") + bool(each), reverse=True):
            tree = self._folders[folder]
            data = tree.format()
            sha = store(data, tree.data)
            tree.data = data
            if folder:
                parent, _slash, name = folder.rpartition("/")
                self._folder(parent).put(Entry(name, TREE_MODE, sha))
            else:
                self._root = sha
        self._changed.clear()
        if self._root is None:
            self._root = store(b"", None)
        return self._root

    def _folder(self, folder: str) -> _Folder:
        known = self._folders.get(folder)
        if known is None:
            known = self._folders[folder] = self._load(folder)
        return known

    def _load(self, folder: str) -> _Folder:
        sha = self._root
        if folder:
            parent, _slash, name = folder.rpartition("/")
            entry = self._folder(parent).entries.get(name)
            if entry is not None and entry.mode != TREE_MODE:
                raise InputError(_("a file stands where a folder is needed"), where=folder)
            sha = entry.sha if entry else None
        if sha is None:
            return _Folder(b"", 20)
        data = self._read(sha)
        if data is None:
            raise EnvironmentFaultError(_("the repository lacks the tree {sha}").format(sha=sha), where=folder, hint=_("git fsck says what is damaged"))
        return _Folder(data, len(sha) // 2)


def _raw(entry: Entry) -> bytes:
    name = entry.path.encode("utf-8", "surrogateescape")
    return b"%s %s\0%s" % (entry.mode.encode("ascii"), name, bytes.fromhex(entry.sha))


def _sort_key(entry: Entry) -> bytes:
    """Git sorts a folder as if its name ended in a slash."""
    name = entry.path.encode("utf-8", "surrogateescape")
    return name + b"/" if entry.mode == TREE_MODE else name
