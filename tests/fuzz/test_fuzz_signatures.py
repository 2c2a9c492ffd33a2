"""Signatures and commits at random: nothing but the documented refusal comes out, and nothing that was not signed is taken for signed.

What git itself would read in the same bytes is written down here a second time (`as_git_reads`), after git's commit.c.
"""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from fuzz.mutation import PROGRAMS, Tally, fuzzing, inputs, mutate
from fuzz.sshwire import BEGIN, END, KINDS, Key, Wire, armour, mpint, string, unarmour
from plaint.audit.commits import CommitError, parse_commit
from plaint.audit.sshsig import SignatureError, verify

MESSAGE = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage\n"
SIGNATURE_TOKENS = (
    *(string(kind.encode()) for kind in KINDS), b"SSHSIG", string(b"git"), string(b"file"), string(b"sha256"), string(b"sha512"), string(b"sha1"),
    string(b"rsa-sha2-256"), string(b"rsa-sha2-512"), string(b"ssh-rsa"), string(b"nistp256"), string(b"nistp384"), string(b"nistp521"), string(b""),
    mpint(1), mpint(3), mpint(65537), b"\0\0\0\x20", b"\0\0\0\x40", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\1\0", b"\x7f\xff\xff\xff", b"\4", b"\0" * 32,
)  # fmt: skip
ARMOUR_TOKENS = (
    BEGIN.encode(),
    END.encode(),
    b"\n",
    b"\r\n",
    b"=",
    b"==",
    b"A",
    b"AAAA",
    b" ",
    b"\0",
    b"-",
    b"U1NIU0lH",
    b"\xc3\xa9",
    b"-----",
    b"PGP",
    b"SSH",
)
COMMIT_TOKENS = (
    b"tree ", b"parent ", b"author ", b"committer ", b"gpgsig ", b"gpgsig-sha256 ", b"encoding ", b"mergetag ", b"\n\n", b"\n ", b"\n", b" ", b"\0", b"\r\n",
    b"4b825dc642cb6eb9a060e54bf8d69288fbee4904", b"A" * 40, b"a" * 40, b"a" * 64, b"<", b">", b"li.wei <li.wei@example.org> 1795137180 +0800", b" +0800",
    b"99999999999", b"-1", b"\xe5\x91\xa8", b"\xff", b"Case: Q7M4-K2XD", b"Event: h7q2m0xv", b"change-id x\n", b"gpgsig", b"encoding UTF-7\n",
)  # fmt: skip


@cache
def signatures() -> tuple[tuple[str, str], ...]:
    """(public key, armoured signature of MESSAGE), of every kind and hash."""
    keys = [Key.new(kind) for kind in KINDS]
    return tuple((key.public, key.sign(MESSAGE, hash_name=name)) for key in keys for name in (b"sha256", b"sha512"))


@cache
def blobs() -> tuple[bytes, ...]:
    return tuple(unarmour(armoured) for _public, armoured in signatures())


def accepted(message: bytes, armoured: str, tally: Tally) -> None:
    """Whatever is accepted is one of the signatures made, bit by bit, of the one message that was signed."""
    tally.seen += 1
    try:
        key = verify(message, armoured)
    except SignatureError as error:
        tally.kinds.add(str(error)[:30])
        return
    tally.accepted += 1
    assert message == MESSAGE
    data = unarmour(armoured if armoured.endswith("\n") else armoured + "\n")
    assert (key, data) in {(public, unarmour(made)) for public, made in signatures()}


def test_signatures() -> None:
    tally = Tally()

    @fuzzing(0.2)
    @given(st.integers(0, len(KINDS) * 2 - 1), PROGRAMS)
    def blob(which: int, program: bytes) -> None:
        accepted(MESSAGE, armour(mutate(blobs()[which], program, blobs(), SIGNATURE_TOKENS)), tally)

    @fuzzing(0.1)
    @given(st.integers(0, len(KINDS) * 2 - 1), PROGRAMS)
    def text(which: int, program: bytes) -> None:
        armoured = [made.encode() for _public, made in signatures()]
        accepted(MESSAGE, mutate(armoured[which], program, armoured, ARMOUR_TOKENS).decode("utf-8", "replace"), tally)

    @fuzzing(0.05)
    @given(st.integers(0, len(KINDS) * 2 - 1), st.integers(0, len(KINDS) * 2 - 1), st.sampled_from([f.name for f in fields(Wire)]), PROGRAMS)
    def field(which: int, other: int, name: str, program: bytes) -> None:
        """A field of another signature, or of this one spoilt, with the rest right."""
        wire, donor = (Wire.read(signatures()[n][1]) for n in (which, other))
        value = getattr(donor, name)
        if isinstance(value, bytes) and program[0] & 1:
            value = mutate(value, program, blobs(), SIGNATURE_TOKENS)
        elif isinstance(value, int):
            value = int.from_bytes(program[:4], "big")
        accepted(MESSAGE, replace(wire, **{name: value}).armoured(), tally)

    @fuzzing(0.05)
    @given(st.integers(0, len(KINDS) * 2 - 1), PROGRAMS)
    def message(which: int, program: bytes) -> None:
        accepted(mutate(MESSAGE, program, [MESSAGE], COMMIT_TOKENS), signatures()[which][1], tally)

    for public, armoured in signatures():
        assert verify(MESSAGE, armoured) == public
    blob()
    text()
    field()
    message()
    assert tally.seen >= inputs(0.4)
    assert len(tally.kinds) > 8, "the mutations reach every part"
    assert tally.accepted < tally.seen / 2


# Commits


@cache
def signer() -> Key:
    return Key.new("ssh-ed25519")


@cache
def commits() -> tuple[bytes, ...]:
    """Signed commits of every shape."""
    who = b"li.wei <li.wei@example.org> 1795137180 +0800"
    tag = b"mergetag object %b\n type commit\n tag v1\n tagger %b\n \n text\n" % (b"c" * 40, who)
    made = []
    for parents, more in ((0, b""), (1, b""), (2, b""), (4, b""), (1, b"encoding GBK\n"), (2, tag), (2, b"encoding UTF-8\n" + tag)):
        head = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" + b"".join(b"parent %b\n" % (b"%x" % n * 40) for n in range(parents))
        payload = head + b"author %b\ncommitter %b\n%b\nreceive: Q7M4-K2XD\n\nCase: Q7M4-K2XD\nEvent: h7q2m0xv\n" % (who, who, more)
        folded = b"gpgsig " + signer().sign(payload).strip().replace("\n", "\n ").encode() + b"\n"
        made += [payload.replace(b"\n\nreceive", b"\n" + folded + b"\nreceive"), payload]
    return tuple(made)


def as_git_reads(data: bytes) -> tuple[bytes, bytes, list[str]]:
    """(payload, signature, parents), as git's parse_signed_commit and parse_commit_buffer find them."""
    payload, signature, rest = b"", b"", data
    in_signature = other_signature = False
    while rest:
        line, newline, after = rest.partition(b"\n")
        line += newline
        part = b""
        if in_signature and line[:1] == b" ":
            part = line[1:]
        elif line.startswith(b"gpgsig "):
            part, other_signature = line[7:], False
        elif line.startswith(b"gpgsig"):
            other_signature = True
        elif other_signature and line[:1] != b" ":
            other_signature = False
        if part:
            signature += part
        else:
            if line == b"\n":
                line, after = rest, b""
            if not other_signature:
                payload += line
        in_signature = bool(part)
        rest = after
    parents = []
    at = 46
    while data[at : at + 7] == b"parent ":
        parents.append(data[at + 7 : at + 47].decode("ascii", "replace").lower())
        at += 48
    return payload, signature, parents


def read_alike(data: bytes, tally: Tally) -> None:
    """A commit is refused, or read as git reads it; and what counts as signed is what was signed."""
    tally.seen += 1
    name = hashlib.sha1(b"commit %d\0" % len(data) + data).hexdigest()
    try:
        commit = parse_commit(name, data)
    except CommitError as error:
        tally.kinds.add(str(error))
        return
    tally.accepted += 1
    payload, signature, parents = as_git_reads(data)
    assert commit.payload == payload
    assert commit.signature == signature.decode("ascii", "replace").removesuffix("\n")
    assert list(commit.parents) == parents
    try:
        key = verify(commit.payload, commit.signature)
    except SignatureError:
        return
    tally.kinds.add("verified")
    assert key == signer().public
    assert commit.payload in {as_git_reads(made)[0] for made in commits()}


def test_commits() -> None:
    tally = Tally()

    @fuzzing(0.2)
    @given(st.integers(0, 13), PROGRAMS)
    def check(which: int, program: bytes) -> None:
        read_alike(mutate(commits()[which], program, commits(), COMMIT_TOKENS), tally)

    check()
    assert tally.seen >= inputs(0.2)
    assert "verified" in tally.kinds
    assert tally.seen > tally.accepted > tally.seen / 50
