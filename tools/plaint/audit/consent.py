"""Changes of members that ask nobody: was nobody to be asked when they were recorded, or are they only dated so?

The roster goes by the times of events, as it must. An audit sees when they were committed, and merged: a change that took no approvals by its own
time, and does by that time, was dated back to when one steward could act alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from plaint.audit.house import House
from plaint.check.findings import Collector
from plaint.i18n import _
from plaint.model.membership import needed, waits
from plaint.model.record import Event


def check_asked(events: Iterable[tuple[str, Event]], before: House, after: House, when: datetime, commit: str, found: Collector) -> None:
    """The events that a commit of a time brings to members' records, from one house to the next."""
    for path, event in events:
        member = path.removeprefix("members/").removesuffix(".yaml")
        if not path.startswith("members/") or not waits(member, event) or event.id in after.roster.asked or event.at >= when:
            continue
        policy = before.in_force(when)
        many = needed(before.roster, policy.membership, event.by) if policy and policy.membership else 0
        if many:
            message = _("it is dated {at}, when it took no approvals, and was recorded {commit}, when it took {n}").format(
                at=event.at.isoformat(), commit=when.isoformat(), n=many
            )
            found.add("A308", path, message, line=event.line, event=event.id, commit=commit)
