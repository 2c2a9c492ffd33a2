"""The sealed texts of an event: from `--body FILE` (YAML, `-` is standard input), or written in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plaint.cli.asking import ask_text, prepare
from plaint.errors import InputError, UsageError
from plaint.files import read_plain
from plaint.i18n import _, reason

MAIN_FIELD = {"identity": "note", "report": "narrative", "inquiry": "note", "reporter": "text"}
FIELDS = {"conclude": ("course", "findings", "recommendation"), "answer": ("reply",), "interview": ("person", "statement"), "hear": ("statement",)}
COMPARTMENTS = ("identity", "report", "inquiry", "reporter")


def read_bodies(file: str | None, main: str) -> dict[str, dict[str, Any]]:
    """The bodies in a file: `{report: {…}, inquiry: {…}}`, or the fields of the event's `main` compartment alone."""
    if file is None:
        return {}
    where = _("standard input") if file == "-" else file
    try:
        data = sys.stdin.buffer.read() if file == "-" else read_plain(Path(file))
    except OSError as error:
        raise UsageError(_("{file} cannot be read: {reason}").format(file=file, reason=reason(error)), where="--body") from error
    document = _read(data, where)
    if not isinstance(document, Mapping) or not document:
        raise InputError(_("a body is a YAML mapping of fields, as `findings: …`"), where=where)
    if set(document) <= set(COMPARTMENTS):
        bodies = dict(document)
        for compartment, body in bodies.items():
            if not isinstance(body, Mapping):
                raise InputError(_("{compartment} must hold fields, as `note: …`").format(compartment=compartment), where=where)
        return {compartment: dict(body) for compartment, body in bodies.items()}
    return {main: dict(document)}


def _read(data: bytes, where: str) -> Any:
    """YAML; JSON by its own rules, for programs write a character beyond the first 65,536 as two escapes, which no YAML reader knows."""
    import json

    from plaint.model.yamlio import MAX_BYTES, load_yaml

    if data.lstrip()[:1] == b"{" and len(data) <= MAX_BYTES:
        try:
            document = json.loads(data, object_pairs_hook=_each_once)
            json.dumps(document, ensure_ascii=False).encode()  # half of such a pair is no character
        except ValueError:
            pass  # YAML may begin so too, and says what is wrong with its line
        else:
            return document
    return load_yaml(data, where)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(pairs)
    return found


def ask_body(event: str, compartment: str) -> dict[str, Any]:
    """Asks for the fields of a body."""
    prepare()
    return {field: ask_text(field, event) for field in FIELDS.get(event, (MAIN_FIELD[compartment],))}


def complete_bodies(event: str, bodies: dict[str, dict[str, Any]], needed: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The bodies with what the policy asks for: asked for in a terminal; UsageError in a script."""
    for compartment in needed:
        if compartment in bodies:
            continue
        if not sys.stdin.isatty():
            raise UsageError(
                _("{event} needs a sealed {compartment} text").format(event=event, compartment=compartment),
                hint=_("give it with --body FILE (YAML), or --body - from standard input"),
            )
        bodies[compartment] = ask_body(event, compartment)
    return bodies
