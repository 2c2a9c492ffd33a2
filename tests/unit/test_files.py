"""Files written in portions: whole, whatever the file takes at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plaint.files import PORTION, write_in_portions


class Greedless:
    """Takes no more than so many bytes at once, as a file without a buffer may."""

    def __init__(self, most: list[int]) -> None:
        self.written = bytearray()
        self.asked: list[int] = []
        self._most = most

    def write(self, data: memoryview, /) -> int:
        self.asked.append(len(data))
        taken = min(len(data), self._most[len(self.asked) % len(self._most)])
        self.written += data[:taken]
        return taken


@given(st.integers(0, 5 * PORTION), st.lists(st.integers(1000, 2 * PORTION), min_size=1, max_size=5), st.booleans())
def test_all_of_it_is_written(size: int, most: list[int], viewed: bool) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    file = Greedless(most)
    write_in_portions(file, memoryview(data)[:size] if viewed else data[:size])
    assert file.written == data[:size]
    assert max(file.asked, default=0) <= PORTION
