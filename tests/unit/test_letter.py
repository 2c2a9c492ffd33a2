"""What mails say, however they are written; and that no bytes whatever make the reader fail."""

from __future__ import annotations

import base64
import os
import sysconfig
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailbag import STORY, auto_reply, awkward, bounce, ordinary, raw, spam, tnef, wrapped
from plaint.intake import mails
from plaint.intake.charsets import decode
from plaint.intake.letter import LONGEST, Letter, read_letter
from plaint.intake.mailfiles import is_mail_file, mails_in
from plaint.intake.mails import language_of, reference_of, references_in
from plaint.intake.sorting import aside, unanswerable
from plaint.model.schema import check_sealed
from plaint.model.yamlio import dump_yaml, load_yaml
from plaint.seal.envelope import open_body, seal_body

AWKWARD = awkward()
PUBLIC = [Path(each) for each in os.environ.get("PLAINT_TEST_MAIL", "").split(os.pathsep) if each] + [
    each for each in [Path(sysconfig.get_path("stdlib")) / "test" / "test_email" / "data"] if each.is_dir()
]
"""Folders of test mails that others made: CPython's own where it is installed, and those named."""


def sealable(letter: Letter) -> None:
    """Everything of it fits the schemas, as it will be sealed."""
    small, large = mails.shared_out(letter.files, mails.ROOM)
    report = mails._filled({"title": letter.subject, "narrative": letter.text, **mails._files(letter, small, large)})
    for compartment, body in (("report", report), ("identity", mails._identity(letter))):
        if body:
            check_sealed(body, compartment, "receive")
            assert load_yaml(dump_yaml(body).encode(), "body") == body


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_mail_says_what_it_says(name: str) -> None:
    made = AWKWARD[name]
    letter = read_letter(made.data)
    if made.text is not None:
        assert letter.text.rstrip() == made.text
    if made.subject is not None:
        assert letter.subject == made.subject
    sizes = {file.name: len(file.data) for file in letter.files}
    assert list(sizes) == list(made.files)
    assert all(size in (-1, sizes[name]) for name, size in made.files.items())
    assert letter.id == made.id
    sealable(letter)


def test_ordinary_mail_is_read_whole() -> None:
    for made in ordinary(50):
        letter = read_letter(made.data)
        assert letter.text.split() == made.text.split()
        assert letter.subject == made.subject
        assert {f.name: len(f.data) for f in letter.files if f.name != "message.html"} == made.files
        assert letter.sender.address.startswith("sender")
        assert letter.date
        sealable(letter)


def test_a_long_text_is_kept_whole_as_a_file() -> None:
    letter = read_letter(raw("Subject: x", "说" * (LONGEST + 1)))
    assert len(letter.text) == LONGEST
    (file,) = letter.files
    assert file.data.decode() == "说" * (LONGEST + 1)


def test_where_a_text_is_damaged_its_bytes_are_kept() -> None:
    letter = read_letter(raw("Subject: x\nContent-Type: text/plain; charset=utf-8", "说话" * 100 + "!")[:-2] + b"\xff!")
    assert letter.text.startswith("说话说话")
    (file,) = letter.files
    assert file.data.endswith(b"\xff!")


# Outlook

OUTLOOK = Path(__file__).parents[1] / "data" / "complaint.msg"
"""Made with the MIT-licensed @tutao/oxmsg of npm, by its README, from the text below."""


def test_winmail_dat_is_opened() -> None:
    letter = read_letter(wrapped(tnef(STORY, {"发票.pdf": b"%PDF", "录音.mp3": b"ID3"})))
    assert letter.text == STORY
    assert [(f.name, f.data) for f in letter.files] == [("发票.pdf", b"%PDF"), ("录音.mp3", b"ID3")]
    assert read_letter(wrapped(tnef("twice", {}), "Said in the open.")).text == "Said in the open."


def test_a_winmail_dat_that_cannot_be_opened_is_kept() -> None:
    for winmail in (b"nothing", tnef(STORY, {"a": b"x"})[:40], b"\x78\x9f\x3e\x22" + bytes(50)):
        (file,) = read_letter(wrapped(winmail, "See attached.")).files
        assert (file.name, file.data) == ("winmail.dat", winmail)


def test_outlooks_own_file_is_a_mail() -> None:
    data = OUTLOOK.read_bytes()
    assert is_mail_file(data)
    letter = read_letter(data)
    assert (letter.subject, letter.sender.name, letter.sender.address, letter.text, letter.id) == (
        "投诉仓库主管",
        "王芳",
        "wang@example.net",
        STORY,
        "msg1@example.net",
    )
    assert str(letter.date) == "2026-11-20 01:30:00+00:00"
    assert [(f.name, f.data) for f in letter.files] == [("发票.pdf", b"%PDF-1.4 made up")]
    sealable(letter)
    sealable(read_letter(data[: len(data) // 2]))


# Public test mails


@pytest.mark.parametrize("folder", PUBLIC, ids=lambda folder: folder.name)
def test_every_public_mail_is_read_and_fits_the_schemas(folder: Path) -> None:
    seen = 0
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size < 30_000_000:
            data = path.read_bytes()
            mails = [post.data for post in mails_in(path)] if is_mail_file(data[:65536]) else []
            if path.suffix == ".tnef" or path.name.lower() == "winmail.dat":
                mails.append(raw("Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64", base64.encodebytes(data)))
            for mail in (data, *mails):
                sealable(read_letter(mail))
                seen += 1
    assert seen


# Any bytes

TOKENS = (
    b"From: ", b"Subject: ", b"Content-Type: ", b"multipart/mixed; boundary=x", b"multipart/alternative; boundary=x", b"message/rfc822",
    b"text/html; charset=", b"gb2312", b"big5", b"iso-2022-jp", b"utf-7", b"utf-16", b"hz-gb-2312", b"Content-Transfer-Encoding: ", b"base64",
    b"quoted-printable", b"x-uuencode", b"\r\n", b"\n", b"\n\n", b"--x", b"--x--", b"=?utf-8?B?", b"=?gb2312?Q?", b"?=", b"=?", b"*0*=",
    b"filename*=utf-8''%", b'name="', b"Date: ", b"Received: ;", b"Message-ID: <", b">", b"@", b",", b"(", b"<p>", b"<table>", b"\x1b$B",
    b"application/ms-tnef", b"\x78\x9f\x3e\x22", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"Auto-Submitted: ", b"\xff\xfe", b"\x00", b"\xb2\xa9",
    b"begin 644 a\n", b"report-type=", b"<!--", b"charset*=", "\u0085\ufeff\ufffe\uffff\u2028\U0001f600\U0010ffff".encode(), b"\n---\n", b"\n...\n",
    b": ", b"# ", b"\t", b"\xed\xa0\x80", b"&amp;&#0;&#x1F;&#xD800;",
)  # fmt: skip


@settings(deadline=None, max_examples=int(os.environ.get("PLAINT_FUZZ", "300")), suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=20)), max_size=60).map(b"".join))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    letter = read_letter(data)
    aside(letter)
    unanswerable(letter, {"complaints@example.org"})
    sealable(letter)


@settings(deadline=None, max_examples=int(os.environ.get("PLAINT_FUZZ", "300")))
@given(st.sampled_from([made.data for made in AWKWARD.values() if len(made.data) < 5000] + [m.data for m in ordinary(3)]), st.data())
def test_no_damage_makes_the_reader_fail(mail: bytes, data: st.DataObject) -> None:
    broken = bytearray(mail)
    for _number in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(broken) - 1))
        broken[place : place + data.draw(st.integers(0, 4))] = data.draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=4)))
        broken = broken or bytearray(b"x")
    sealable(read_letter(bytes(broken)))


@settings(deadline=None, max_examples=200)
@given(
    st.binary(max_size=60),
    st.sampled_from(["gb2312", "big5", "utf-8", "iso-2022-jp", "utf-7", "utf-16", "x", "", "idna", "punycode", "hz", "unicode_escape", "undefined"]),
)
def test_no_bytes_make_the_decoder_fail(data: bytes, label: str) -> None:
    decoded = decode(data, label)
    assert decoded.exact or "�" in decoded.text


@given(st.text(max_size=40))
def test_gb_text_labelled_gb2312_loses_nothing(text: str) -> None:
    """Whatever Chinese, not only what the standard of 1980 has."""
    text = "".join(c for c in text if "\u4e00" <= c <= "\u9fff") + "朱镕基"
    assert decode(text.encode("gb18030"), "gb2312").text == text


def test_it_goes_through_the_envelope() -> None:
    letter = read_letter(AWKWARD["control-characters"].data)
    from plaint.seal import age

    keys = age.generate()
    body = {"title": letter.subject, "narrative": letter.text}
    assert open_body(seal_body("Q7M4-K2XD", "a0000000", "report", body, keys.recipient), keys.secret, "Q7M4-K2XD", "a0000000", "report") == body


MILLION = 1_000_000
MIXED = b"Content-Type: multipart/mixed; boundary=b"
MEAN = {
    "encoded words that do not end": b"Subject: " + b"=?a?q?" * (MILLION // 6),
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * (MILLION // 14),
    "headers": b"X-A: =?utf-8?q?a?=\n" * 50_000,
    "addresses": b"From: " + b"a@b, " * (MILLION // 5),
    "brackets": b"From: " + b"(" * MILLION,
    "comments": b"Auto-Submitted: " + b" ;(" * (MILLION // 3),
    "parameters": b"Content-Type: text/plain; " + b"a*0*=b; " * 100_000,
    "folded parameters": b"Content-Type: text/plain;\n " + b"a=b;\n " * 100_000,
    "quotes": b"Content-Disposition: attachment; filename" + b'="' * 300_000,
    "parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 100_000,
    "nested": MIXED + b"0\n\n" + b"".join(b"--b%d\n%b%d\n\n" % (n, MIXED, n + 1) for n in range(20_000)),
    "nested mails": b"Content-Type: message/rfc822\n\n" * 20_000,
    "nested HTML": b"Content-Type: text/html\n\n" + b"<div>" * 200_000,
    "rows of HTML": b"Content-Type: text/html\n\n<table>" + b"<tr><td>a</td></tr>" * 50_000,
    "attributes": b"Content-Type: text/html\n\n<a " + b"x=y " * 250_000,
    "references": b"Subject: x\n\n" + b"ABCD-" * (MILLION // 5),
}


@pytest.mark.parametrize("name", MEAN)
def test_mail_made_to_keep_the_reader_busy_does_not(name: str) -> None:
    """A megabyte of each: some took Python's parser half a minute, and the square of that for ten."""
    start = time.process_time()
    letter = read_letter(MEAN[name] + b"\n\nthe end")
    aside(letter)
    unanswerable(letter, set())
    for place in mails._places(letter):
        list(references_in(place))
    assert time.process_time() - start < 10
    assert any(b"the end" in file.data for file in letter.files) or "the end" in letter.text


# What is set aside, and what is not answered


def test_machines_are_set_aside() -> None:
    for data in (auto_reply(), bounce(), spam(), raw("Subject: read\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b")):
        assert aside(read_letter(data))
    for line in ("X-Spam-Status: No, score=1", "Auto-Submitted: no", "Auto-Submitted: auto-generated", "List-Id: <complaints.example.org>", "Precedence: bulk"):
        assert not aside(read_letter(raw(f"Subject: x\n{line}")))


def test_who_is_not_answered() -> None:
    own = {"complaints@example.org"}
    for line in (
        "Auto-Submitted: auto-generated", "List-Id: <x>", "Precedence: bulk", "X-Auto-Response-Suppress: All", "Return-Path: <>", "From: complaints@example.org",
        "From: Complaints+5abc@example.org", "From: no-reply@example.net", "From: list-owner@example.net", "Reply-To: complaints@example.org", "From: nobody",
        "List-Unsubscribe: <x>", "From: owner-list@example.net",
    ):  # fmt: skip
        assert unanswerable(read_letter(raw(f"Subject: x\n{line}")), own), line
    for line in ("Auto-Submitted: no", "X-Mailer: Foxmail", "From: bounty@example.net", "Return-Path: <somebody@example.net>"):
        assert not unanswerable(read_letter(raw(f"Subject: x\n{line}")), own), line


def test_the_language_of_the_sender() -> None:
    def language(text: str, headers: str = "Subject: x") -> str:
        return language_of(read_letter(raw(headers + "\nContent-Type: text/plain; charset=utf-8", text)))

    assert language("仓库主管收取回扣。") == "zh"
    assert language("仓库主管收取回扣，see the PDF attached") == "zh"
    assert language("Some words on 仓库 and its people, in English") == "en"
    assert language("倉庫の責任者がお金を受け取っています。") == ""
    assert language("", "Content-Language: zh-CN") == "zh"
    assert language("Жалоба на начальника склада") == ""


def test_references_are_found_in_whatever_form() -> None:
    reference = reference_of(b"key", "Q7M4-K2XD")
    for text in (
        f"Re: [{reference}] thanks",
        reference.lower(),
        f"complaints+{reference.replace('-', '').lower()}@example.org",
        f"<ack.{reference}@example.org>",
    ):
        assert reference in set(references_in(text))
    assert reference_of(b"other", "Q7M4-K2XD") != reference


def test_an_mbox_is_cut_where_mails_begin(tmp_path: Path) -> None:
    path = tmp_path / "x.mbox"
    first, second = b"Subject: one\n\nFrom here on nothing was done.\n>From the start.\n", b"Subject: two\n\ntext\n"
    path.write_bytes(b"From a@b Wed Nov 18 09:00:00 2026\n" + first.replace(b"\n>From", b"\n>From") + b"\nFrom c@d Wed Nov 18 10:00:00 2026\n" + second)
    found = list(mails_in(path))
    assert [read_letter(post.data).subject for post in found] == ["one", "two"]
    assert read_letter(found[0].data).text == "From here on nothing was done.\nFrom the start."
    assert [str(post.at) for post in found] == ["2026-11-18 09:00:00+00:00", "2026-11-18 10:00:00+00:00"]


def test_the_digest_is_the_same_from_mbox_maildir_and_server(tmp_path: Path) -> None:
    from mailbag import write_maildir, write_mbox

    sent = [made.data for made in (*ordinary(6), *AWKWARD.values())]
    write_mbox(tmp_path / "m.mbox", sent)
    write_maildir(tmp_path / "maildir", sent)
    plain = {(letter.id, letter.digest) for letter in map(read_letter, sent)}
    for place in ("m.mbox", "maildir"):
        assert {(letter.id, letter.digest) for letter in (read_letter(post.data) for post in mails_in(tmp_path / place))} == plain
