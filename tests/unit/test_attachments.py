"""Which files stay in the sealed text, what they are called, and the ids of those that become evidence."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from plaint.intake.attachments import MOST_IN_TEXT, Attachment, file_name, in_text, shared_out
from plaint.model.record import event_id_of
from plaint.model.schema import check_sealed

FILES = st.lists(st.builds(Attachment, st.text(max_size=300), st.text(max_size=300), st.binary(max_size=200)), max_size=30)


@given(FILES, st.integers(0, 3000))
def test_every_file_is_in_one_place_and_the_text_holds_what_its_schema_allows(files: list[Attachment], room: int) -> None:
    inside, beside = shared_out(files, room)
    assert sorted(map(id, inside + beside)) == sorted(map(id, files))
    assert len(inside) <= MOST_IN_TEXT
    items = in_text(inside)
    assert sum(len(item["data"]) for item in items) <= room
    check_sealed({"title": "x", "attachments": items}, "report", "receive")
    if beside and len(inside) < MOST_IN_TEXT:  # none was left out that would have fitted
        assert min(each.in_base64 for each in beside) > room - sum(each.in_base64 for each in inside)


def test_names_of_files_are_names_of_files() -> None:
    assert file_name("C:\\Users\\zhang\\发票 2026.pdf") == "发票 2026.pdf"
    assert file_name("../../etc/passwd") == "passwd"
    assert file_name("a\x00b\r\nc\u202e.exe") == "a b c .exe"
    assert file_name("") == file_name("..") == file_name("x/") == "file"
    long = file_name("x" * 400 + ".pdf")
    assert (len(long), long[-4:]) == (255, ".pdf")


@given(st.binary(min_size=32, max_size=32))
def test_an_event_id_from_a_hash_looks_like_any_other(digest: bytes) -> None:
    assert re.fullmatch("[a-hjkmnp-tv-z][0-9a-hjkmnp-tv-z]{7}", event_id_of(digest))
