"""Sealed text of an event: one age file for one compartment, which says inside what it belongs to.

The plaintext is YAML with `case`, `event`, `compartment`, `body` and `pad`, in this order. Rules:

- Text that names another case, event or compartment is refused: a sealed block that was moved elsewhere does not open.
- `pad` fills the plaintext up to a power of two of bytes, 1,024 at least, so that its size says little.
- Exactly one recipient: the compartment's own, made for this case alone.

`open_body(seal_body(case, event, "report", {"title": "…"}, recipient), secret, case, event, "report")` gives the body back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plaint.errors import InputError
from plaint.i18n import _
from plaint.model.yamlio import dump_yaml, load_yaml
from plaint.seal import age
from plaint.seal.armour import Inspection, inspect

__all__ = ["SMALLEST", "Inspection", "inspect", "open_body", "padded_size", "seal_body", "sealed_problems"]

SMALLEST = 1024
LARGEST = 4 * 1024 * 1024  # what the strict loader will read back
_KEYS = ("case", "event", "compartment", "body", "pad")


def padded_size(size: int) -> int:
    """The smallest power of two that holds `size` bytes, 1,024 at least.

    >>> padded_size(10), padded_size(1024), padded_size(1025)
    (1024, 1024, 2048)
    """
    return max(SMALLEST, 1 << (size - 1).bit_length()) if size > 0 else SMALLEST


def seal_body(case: str, event_id: str, compartment: str, body: Mapping[str, Any], recipient: str) -> str:
    """Seal `body` to the compartment's recipient; armoured. The body's own schema is the caller's to check."""
    return seal_body_to(case, event_id, compartment, body, [recipient])


def seal_body_to(case: str, event_id: str, compartment: str, body: Mapping[str, Any], recipients: Sequence[str]) -> str:
    """The same for several recipients, where there is no compartment's key: the findings of a review, whose period stands for the case."""
    envelope = {"case": case, "event": event_id, "compartment": compartment, "body": dict(body), "pad": ""}
    size = len(dump_yaml(envelope).encode("utf-8"))
    wanted = padded_size(size)
    if wanted > LARGEST:
        raise InputError(
            _("{size} bytes are too much for one sealed text").format(size=size),
            where=f"{case} {event_id} {compartment}",
            hint=_("add it as an evidence file"),
        )
    envelope["pad"] = "." * (wanted - size)
    plaintext = dump_yaml(envelope).encode("utf-8")
    if len(plaintext) != wanted:  # holds as long as the dumper quotes '' and '...' alike
        raise AssertionError("padding does not add up")
    return age.encrypt(plaintext, recipients)


def open_body(armoured: str, identity_secret: str, case: str, event_id: str, compartment: str) -> dict[str, Any]:
    """The body; NotAllowedError when the secret does not open it, InputError when it belongs elsewhere or is no envelope."""
    where = f"{case} {event_id} {compartment}"
    plaintext = age.decrypt(armoured, identity_secret)
    try:
        envelope = load_yaml(plaintext, where)
    except InputError as error:
        # the loader's message may quote the text: keep it out of logs
        raise InputError(_("the sealed text is not the YAML it should be"), where=error.where or where) from None
    if not isinstance(envelope, dict) or tuple(envelope) != _KEYS or not isinstance(envelope["body"], dict):
        raise InputError(
            _("the sealed text is not an envelope"),
            where=where,
            hint=_("it must hold case, event, compartment, body and pad, in this order"),
        )
    for key, expected in (("case", case), ("event", event_id), ("compartment", compartment)):
        if envelope[key] != expected:
            raise InputError(
                _("the sealed text belongs to another {key}: “{found}”").format(key=key, found=str(envelope[key])[:40]),
                where=where,
                hint=_("it was moved or copied here; plaint audit shows by whom"),
            )
    body: dict[str, Any] = envelope["body"]
    return body


def sealed_problems(armoured: str) -> tuple[str, ...]:
    """What is wrong with a sealed text, as far as anyone can see without a key; empty when it is as it should be."""
    seen = inspect(armoured)
    if seen.problems:
        return seen.problems
    problems: list[str] = []
    if seen.others:
        problems.append(_("it is sealed to a key of another type: {types}").format(types=", ".join(seen.others)))
    if seen.x25519 != 1:
        problems.append(_("it is sealed to {count} recipients instead of one").format(count=seen.x25519))
    if seen.size != padded_size(seen.size):
        problems.append(_("its size of {size} bytes is not padded to a power of two").format(size=seen.size))
    return tuple(problems)
