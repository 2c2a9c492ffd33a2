"""What an armoured age file shows without a key: its stanzas, the size of what is in it, and whether it is well formed.

The rules of age-encryption.org/v1 and of its strict armour: 64 columns, canonical base64, one newline at the end. rage adds
one random stanza named `…-grease` to every file; it opens nothing and is not counted.

>>> inspect("hello").problems
('it is not an armoured age file',)
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass

from plaint.i18n import _

BEGIN = "-----BEGIN AGE ENCRYPTED FILE-----\n"
END = "\n-----END AGE ENCRYPTED FILE-----"
MAGIC = b"age-encryption.org/v1\n"
LONGEST_HEADER = 16 * 1024
"""Of what strangers send: some 160 recipients. rage reads a header again from its beginning for each line of it: 20 kB take it a second, 2 MB hours."""
_CHUNK = 64 * 1024  # of plaintext; each is followed by a tag
_TAG = 16
_NONCE = 16
_KEY = 43  # columns of 32 bytes in unpadded base64


@dataclass(frozen=True, slots=True)
class Inspection:
    """`x25519` stanzas, the types of all `others` (grease left out), `size` of the plaintext in bytes, and `problems`."""

    x25519: int = 0
    others: tuple[str, ...] = ()
    size: int = 0
    problems: tuple[str, ...] = ()


def inspect(armoured: str) -> Inspection:
    """Read the header of an armoured age file. Never raises: what is wrong is in `problems`."""
    data = _unarmour(armoured)
    if data is None:
        return Inspection(problems=(_("it is not an armoured age file"),))
    return inspect_binary(data)


def inspect_binary(data: bytes) -> Inspection:
    """The same for a file without armour."""
    if not data.startswith(MAGIC):
        return Inspection(problems=(_("it is not an age file of version 1"),))
    x25519 = 0
    others: list[str] = []
    problems: list[str] = []
    at = len(MAGIC)
    while not data.startswith(b"--- ", at):
        line, at = _line(data, at)
        words = line.split(b" ")
        if len(words) < 2 or words[0] != b"->" or not all(words[1:]):
            return Inspection(problems=(_("its header is damaged"),))
        columns = 0
        while True:
            body, at = _line(data, at)
            columns += len(body)
            if len(body) != 64:
                break
        if at > len(data):
            return Inspection(problems=(_("its header is cut short"),))
        kind = words[1].decode("ascii", "replace")
        if kind == "X25519":
            x25519 += 1
            if len(words) != 3 or len(words[2]) != _KEY or columns != _KEY:
                problems.append(_("an X25519 stanza is damaged"))
        elif not kind.endswith("-grease"):
            others.append(kind)
    footer, at = _line(data, at)
    if len(footer) != len("--- ") + _KEY or at > len(data):
        problems.append(_("its header is cut short"))
    sealed = len(data) - at - _NONCE
    if sealed < _TAG:
        problems.append(_("its content is cut short"))
        return Inspection(x25519, tuple(others), 0, tuple(problems))
    chunks = -(-sealed // (_CHUNK + _TAG))
    return Inspection(x25519, tuple(others), sealed - chunks * _TAG, tuple(problems))


def is_armoured(data: bytes) -> bool:
    """Whether the bytes claim to be an armoured age file."""
    return data.lstrip().startswith(BEGIN.strip().encode("ascii"))


def unarmour(data: bytes) -> bytes | None:
    """The binary age file inside an armoured one, read as leniently as `age` does at its edges; None if there is none."""
    text = data.decode("ascii", "replace").replace("\r\n", "\n").strip() + "\n"
    return _unarmour(text)


def well_formed(data: bytes) -> bytes | None:
    """The binary age file in what a stranger sent, armoured or not; None where its header is damaged, or longer than it need be.

    To be asked before such a file is opened.
    """
    binary = unarmour(data) if is_armoured(data) else data
    if binary is None or binary.find(b"\n--- ", 0, LONGEST_HEADER) < 0 or inspect_binary(binary).problems:
        return None
    return binary


def _line(data: bytes, at: int) -> tuple[bytes, int]:
    """The line at `at` and the start of the next one, which lies beyond the end when the newline is missing."""
    end = data.find(b"\n", at)
    if end < 0:
        return data[at:], len(data) + 1
    return data[at:end], end + 1


def _unarmour(text: str) -> bytes | None:
    if not text.startswith(BEGIN) or not text.rstrip("\n").endswith(END) or text.endswith("\n\n"):
        return None
    base64 = text[len(BEGIN) - 1 : text.rindex(END)]  # from the newline before the first line on
    lines = base64.split("\n")[1:]
    if any(len(line) != 64 for line in lines[:-1]) or not 0 < len(lines[-1]) <= 64:
        return None
    joined = "".join(lines)
    try:
        data = binascii.a2b_base64(joined, strict_mode=True)
    except (binascii.Error, ValueError):
        return None
    return data if binascii.b2a_base64(data, newline=False).decode("ascii") == joined else None
