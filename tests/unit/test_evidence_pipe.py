"""The pipe and the loose objects: constant memory, the right hashes, files that change while they are read, disks that are full."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaint.errors import EnvironmentFaultError, InputError, NotAllowedError
from plaint.evidence import pipe
from plaint.evidence.pieces import SMALLEST, padded
from plaint.evidence.pipe import PIECE, Passed, open_file, seal_file
from plaint.seal import age
from plaint.seal.armour import inspect_binary
from plaint.store.incoming import Draft, tidy
from plaint.store.loose import open_loose

PORTION = 64 * 1024  # of age
SIZES = (1, 100, SMALLEST, SMALLEST + 1, PORTION - 1, PORTION, PORTION + 1, 3 * PORTION, PIECE - 1, PIECE, 3 * PIECE + 12345)
KEY = age.generate()


class Kept:
    """A target in memory."""

    def __init__(self) -> None:
        self.size = 0
        self.data = io.BytesIO()

    def begin(self, size: int) -> None:
        self.size = size

    def write(self, piece: memoryview) -> None:
        self.data.write(piece)


def sealed(data: bytes, target: Kept, size: int | None = None) -> Passed:
    size = len(data) if size is None else size
    return seal_file(io.BytesIO(data), size, padded(size), KEY.recipient, target, lambda _n: None)


@pytest.mark.parametrize("size", SIZES)
def test_there_and_back(size: int) -> None:
    data = os.urandom(size)
    kept, told = Kept(), []
    passed = seal_file(io.BytesIO(data), size, padded(size), KEY.recipient, kept, told.append)
    text = kept.data.getvalue()
    assert (passed.size, kept.size, sum(told)) == (len(text), len(text), size)
    assert passed.original == hashlib.sha256(data).hexdigest()
    assert passed.digest == hashlib.sha256(text).hexdigest()
    assert inspect_binary(text).size == padded(size)
    out = io.BytesIO()
    again = open_file(io.BytesIO(text), out, size, KEY.secret, lambda _n: None)
    assert (out.getvalue(), again) == (data, passed)


@given(st.integers(1, 1 << 60))
def test_filling_up_costs_an_eighth_at_most_and_leaves_few_sizes(size: int) -> None:
    full = padded(size)
    assert size <= full
    assert full == SMALLEST or full <= size * 9 / 8
    assert padded(full) == full
    assert full.bit_length() - ((full & -full).bit_length() - 1) <= full.bit_length().bit_length() + 1


def test_a_file_that_changes_while_it_is_read_is_refused() -> None:
    for data, size in ((b"a" * 100, 101), (b"a" * 100, 99), (b"a" * PIECE, PIECE - 1)):
        with pytest.raises(InputError, match="changed while it was read"):
            sealed(data, Kept(), size)


def file_of(place: Path, data: bytes) -> io.FileIO:
    (place / "file").write_bytes(data)
    return io.FileIO(place / "file")


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every plain file is sealed by another process, not only large ones."""
    monkeypatch.setattr(pipe, "LARGE", 0)


@pytest.mark.usefixtures("beside")
@pytest.mark.parametrize("size", [1, PORTION, 3 * PIECE + 12345])
def test_sealed_by_another_process(size: int, tmp_path: Path) -> None:
    data = os.urandom(size)
    kept, told = Kept(), []
    with file_of(tmp_path, data) as file:
        passed = seal_file(file, size, padded(size), KEY.recipient, kept, told.append)
    text = kept.data.getvalue()
    assert (passed.size, kept.size, sum(told)) == (len(text), len(text), size)
    assert (passed.original, passed.digest) == (hashlib.sha256(data).hexdigest(), hashlib.sha256(text).hexdigest())
    out = io.BytesIO()
    assert open_file(io.BytesIO(text), out, size, KEY.secret, lambda _n: None) == passed
    assert out.getvalue() == data


@pytest.mark.usefixtures("beside")
def test_what_goes_wrong_in_another_process_is_told(tmp_path: Path) -> None:
    size = 40 * PIECE

    class Killing(Kept):
        """Ends the other process when something has come of it."""

        def write(self, piece: memoryview) -> None:
            super().write(piece)
            for child in Path(f"/proc/{os.getpid()}/task/{threading.get_native_id()}/children").read_text().split():
                if b"plaint.evidence.pipe" in Path(f"/proc/{child}/cmdline").read_bytes():
                    os.kill(int(child), signal.SIGKILL)

    class Full(Kept):
        def write(self, piece: memoryview) -> None:
            raise EnvironmentFaultError("no room")

    for target, told, error in (
        (Killing(), size, "sealing was broken off: SIGKILL"),
        (Full(), size, "no room"),
        (Kept(), size + 1, "changed while"),
        (Kept(), size - 1, "changed while"),
    ):
        with file_of(tmp_path, bytes(size)) as file, pytest.raises((InputError, EnvironmentFaultError), match=error):
            seal_file(file, told, padded(told), KEY.recipient, target, lambda _n: None)


def test_what_goes_wrong_comes_out_as_it_is() -> None:
    class Full(Kept):
        def write(self, piece: memoryview) -> None:
            raise EnvironmentFaultError("the disk is full")

    class Interrupted(io.BytesIO):
        def readinto(self, buffer: memoryview) -> int:
            raise KeyboardInterrupt

    threads = threading.active_count()
    with pytest.raises(EnvironmentFaultError, match="full"):
        sealed(os.urandom(9 * PIECE), Full())
    with pytest.raises(KeyboardInterrupt):
        seal_file(Interrupted(b"a"), 1, 4096, KEY.recipient, Kept(), lambda _n: None)
    assert threading.active_count() == threads


@pytest.mark.parametrize("size", [100, PIECE, 9 * PIECE])
def test_no_error_is_lost_however_late_it_comes(size: int) -> None:
    """age's library passes over what goes wrong when it lets go of its buffers."""

    class Refusing(Kept):
        def begin(self, size: int) -> None:
            raise EnvironmentFaultError("no room")

    class Last(Kept):
        def write(self, piece: memoryview) -> None:
            super().write(piece)
            if self.data.tell() == self.size:
                raise EnvironmentFaultError("the last piece")

    threads = threading.active_count()
    data, kept = os.urandom(size), Kept()
    with pytest.raises(EnvironmentFaultError, match="no room"):
        sealed(data, Refusing())
    with pytest.raises(EnvironmentFaultError, match="the last piece"):
        sealed(data, Last())
    sealed(data, kept)
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OSError, match="No space left"):
        open_file(io.BytesIO(kept.data.getvalue()), full, size, KEY.secret, lambda _n: None)
    assert threading.active_count() == threads


def test_damage_and_wrong_lengths_are_found() -> None:
    data, kept = os.urandom(2 * PIECE), Kept()
    sealed(data, kept)
    text = kept.data.getvalue()
    for spoilt, size, error in (
        (text[:-1] + bytes([text[-1] ^ 1]), len(data), NotAllowedError),
        (text[: len(text) // 2], len(data), NotAllowedError),
        (text, len(data) + 1, InputError),
        (text, len(data) - 1, InputError),
    ):
        with pytest.raises(error):
            open_file(io.BytesIO(spoilt), io.BytesIO(), size, KEY.secret, lambda _n: None)
    with pytest.raises(NotAllowedError):
        open_file(io.BytesIO(text), io.BytesIO(), len(data), age.generate().secret, lambda _n: None)


# Loose objects


@pytest.fixture(params=["sha1", "sha256"])
def git(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    subprocess.run(["git", "init", "-q", f"--object-format={request.param}", tmp_path / "org"], check=True)
    return tmp_path / "org", request.param


def run(folder: Path, *args: str) -> bytes:
    return subprocess.run(["git", "-C", folder, *args], check=True, capture_output=True).stdout


@pytest.mark.parametrize("size", [0, 1, 65534, 65535, 65536, 1_000_003])
def test_git_takes_the_object_for_its_own(git: tuple[Path, str], size: int) -> None:
    folder, algorithm = git
    data = os.urandom(size)
    with Draft(folder / ".git", algorithm) as draft:
        draft.begin(size)
        for at in range(0, size, 100_000):
            draft.write(data[at : at + 100_000])
        sha = draft.finish()
        assert run(folder, "count-objects").startswith(b"0 ")
        draft.place()
    assert run(folder, "cat-file", "blob", sha) == data
    assert subprocess.run(["git", "-C", folder, "hash-object", "--stdin"], input=data, capture_output=True, check=True).stdout.decode().strip() == sha
    assert run(folder, "fsck", "--strict", "--no-dangling") == b""
    path = folder / ".git" / "objects" / sha[:2] / sha[2:]
    with path.open("rb") as file:
        assert open_loose(file).read() == data
    assert list((folder / ".git" / "plaint" / "incoming").iterdir()) == []


def test_objects_that_git_wrote_are_read_too(git: tuple[Path, str], tmp_path: Path) -> None:
    folder, _algorithm = git
    (tmp_path / "f").write_bytes(b"abc" * 100_000)
    sha = run(folder, "hash-object", "-w", str(tmp_path / "f")).decode().strip()
    with (folder / ".git" / "objects" / sha[:2] / sha[2:]).open("rb") as file:
        assert open_loose(file).read() == b"abc" * 100_000


def test_what_is_withdrawn_or_left_behind_goes(git: tuple[Path, str]) -> None:
    folder, algorithm = git
    store = folder / ".git"

    def written() -> Draft:
        draft = Draft(store, algorithm).__enter__()
        draft.begin(3)
        draft.write(os.urandom(3))
        draft.finish()
        draft.place()
        return draft

    with pytest.raises(KeyboardInterrupt), Draft(store, algorithm) as draft:
        draft.begin(3)
        draft.write(b"abc")
        draft.finish()
        draft.place()
        raise KeyboardInterrupt
    assert run(folder, "count-objects").startswith(b"0 ")

    living, dead, committed = written(), written(), written()
    names = {each: each._sha for each in (living, dead, committed)}
    dead._file.close()
    committed._file.close()  # a process that ended: its lock is gone
    tidy(store, lambda sha: sha == names[committed])
    assert {each.name for each in (store / "plaint" / "incoming").iterdir()} == {f"{names[living]}.blob"}
    assert run(folder, "cat-file", "-t", names[committed]) == b"blob\n"
    assert run(folder, "cat-file", "-t", names[living]) == b"blob\n"
    assert subprocess.run(["git", "-C", folder, "cat-file", "-t", names[dead]], capture_output=True, check=False).returncode != 0
    living.__exit__(None, None, None)
