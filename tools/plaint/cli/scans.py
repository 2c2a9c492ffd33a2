"""What came with a letter or a visit, added to the case as it is registered: scans of pages, documents that were handed in.

A scan that shows who wrote goes to the custodians alone, with the identity; any other to what was reported.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import click

from plaint.actor import Actor
from plaint.cli.common import progress
from plaint.desk import Entry
from plaint.errors import NotAllowedError
from plaint.evidence.adding import Collected, Item, add, check_files, opened
from plaint.files import shown
from plaint.i18n import _, semicolon
from plaint.model.legality import refusals
from plaint.model.machine import CaseState, apply
from plaint.model.policy import Policy
from plaint.model.record import Event, new_event_id

WITH_IDENTITY, WITH_REPORT = "identity", "report"
BY_MAIL = frozenset({"letter", "visit"})
"""The channels by which people bring paper."""


def part_for(bodies: Mapping[str, Mapping[str, object]], shows: bool | None) -> str:
    """Where the files belong: with the identity where they show it; where nobody says so, if the reporter gave one."""
    return WITH_IDENTITY if shows or (shows is None and bodies.get(WITH_IDENTITY)) else WITH_REPORT


def refuse(actor: Actor, policy: Policy, entry: Entry, files: Sequence[Path], part: str, now: datetime) -> None:
    """UsageError where a file cannot be read, NotAllowedError where the policy would not take it: before anything is registered."""
    check_files(files)
    state = apply(policy, CaseState(), Event(entry.kind, new_event_id(), entry.at or now, actor.member, dict(entry.codes), {}))
    for kind in sorted({_kind(file) for file in files}):
        event = Event("evidence", new_event_id(), now, actor.member, {"kind": kind}, {part: ""})
        if reasons := refusals(policy, state, event, actor.organisation.roster):
            raise NotAllowedError(semicolon().join(map(str, reasons)), where="--attach", hint=_("register it without, and let somebody else add the files"))


def keep(actor: Actor, case: str, files: Sequence[Path], part: str, arrived: datetime, now: datetime) -> list[str]:
    """Adds the files to a case just registered; the ids of the pieces of evidence."""
    done = []
    for path in files:
        with opened(path) as (file, size), progress(_("Sealing {file}").format(file=shown(path.name)), size) as advance:
            collected = Collected(_kind(path), actor.member, arrived, part, {"source": _("came with the report")})
            done += [each.recorded.event for each in add(actor, case, [Item(file, size, path.name, collected)], now, progress=advance)]
    return done


def tell(files: Sequence[Path], pieces: Sequence[str], part: str) -> None:
    """One line for each file."""
    line = _("  evidence {event}  {file}, for the custodians alone") if part == WITH_IDENTITY else _("  evidence {event}  {file}")
    for path, event in zip(files, pieces, strict=True):
        click.echo(line.format(event=event, file=shown(path.name)))


def _kind(path: Path) -> str:
    return "recording" if (mimetypes.guess_type(path.name)[0] or "").startswith(("audio/", "video/")) else "document"
