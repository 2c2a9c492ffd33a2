"""What the sides of a merge did without knowing of one another: each was in order where it was made, and may not be beside the other.

Rules:
- A key that one side took away (a lost laptop, somebody who left) does not count on the other side either. Without this, whoever has such
  a key could go on from a commit of before and have it merged.
- An event that the merge brings into the first line is judged by the members and policies of both, and dated back no further before the
  merge than before any commit: a branch from last month is no way to date back a month. A limit that it kept by its own time, and that was
  over at the merge, is told of.
- A change of a member that it brings has the approvals that the other side's policy asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from plaint.audit.cases import Blobs
from plaint.audit.commits import Commit
from plaint.audit.consent import check_asked
from plaint.audit.history import Changed
from plaint.audit.house import House
from plaint.audit.sshsig import SignatureError, verify
from plaint.check.course import RULE_OF
from plaint.check.findings import Collector
from plaint.check.form import FOLDERS
from plaint.i18n import _
from plaint.model.deadlines import kept_until
from plaint.model.legality import refusals
from plaint.model.machine import apply, fold
from plaint.model.policy import Policy
from plaint.model.record import Event, Record, RecordKind

LATEST = timedelta(days=7)
"""How long before its commit an event may be dated, and before the merge that brings it in."""
AT_ONCE = timedelta(hours=1)
"""What is committed, merged or pushed so soon after its time is as good as seen."""
IMPORTED = frozenset({"receive"})
"""Events that are dated by something outside, however long ago."""

Only = Callable[[str, str], Sequence[Commit]]
"""The commits that one commit stands on and the other does not."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A merge with the houses of its parents, and the house that it leaves."""

    merge: Commit
    changes: Sequence[Sequence[Changed]]
    parents: Sequence[House]
    house: House


def check_lines(lines: Lines, blobs: Blobs, only: Only, found: Collector) -> None:
    """A merge's sides against one another."""
    apart = any(house is not lines.house for house in lines.parents)
    if apart:
        _check_keys(lines, only, found)
        _check_members(lines, blobs, found)
    for number, changes in enumerate(lines.changes):
        if number == 0 or apart:
            for change in changes:
                if FOLDERS[RecordKind.CASE][1].fullmatch(change.path) and change.mode:
                    _check_case(lines, change, blobs, found, first=number == 0, apart=apart)


def _check_keys(lines: Lines, only: Only, found: Collector) -> None:
    parents = lines.merge.parents
    for one, mine in zip(parents, lines.parents, strict=True):
        for other, theirs in zip(parents, lines.parents, strict=True):
            lost = {key for key in theirs.known_keys & mine.known_keys if key not in mine.keys} if mine is not theirs else set()
            for commit in only(other, one) if lost else ():
                if (key := _key_of(commit)) in lost:
                    message = _("the key was {member}'s, and was taken away before this came in by the merge {merge}").format(
                        member=mine.formerly(key), merge=lines.merge.sha[:12]
                    )
                    found.add("A103", commit.sha, message, commit=commit.sha)


def _key_of(commit: Commit) -> str:
    if len(commit.parents) > 1:
        return ""  # merges need no signature
    try:
        return verify(commit.payload, commit.signature)
    except SignatureError:
        return ""


def _check_members(lines: Lines, blobs: Blobs, found: Collector) -> None:
    """What a side brings to members' records must have asked whom the other side's policy says."""
    for house, changes in zip(lines.parents, lines.changes, strict=True):
        for change in changes:
            record = blobs.record(change.new, change.path) if change.mode and FOLDERS[RecordKind.MEMBER][1].fullmatch(change.path) else None
            before = blobs.record(change.old, change.path) if change.old_mode else None
            new = record.events[len(before.events) if before else 0 :] if record else ()
            check_asked([(change.path, event) for event in new], house, lines.house, lines.merge.at, lines.merge.sha, found)


def _check_case(lines: Lines, change: Changed, blobs: Blobs, found: Collector, *, first: bool, apart: bool) -> None:
    """The events of a case that one of the parents did not have."""
    record = blobs.record(change.new, change.path)
    policy = lines.house.policy(int(record.header["policy"])) if record else None
    before = blobs.record(change.old, change.path) if change.old_mode else None
    if record is None or policy is None:
        return  # it has been reported where it was made
    new = record.events[len(before.events) if before else 0 :]
    if first:
        for event in new:
            if lines.merge.at - event.at > LATEST and event.kind not in IMPORTED:
                message = _("it is dated {at}, and came in by a merge of {merge}").format(at=event.at.isoformat(), merge=lines.merge.at.isoformat())
                _add(found, "A302", lines, change, event, message)
        _check_limits(lines, change, record, new, policy, found)
    if apart:
        for code, event, message in _against(record, new, lines.house):
            _add(found, code, lines, change, event, message)


def _check_limits(lines: Lines, change: Changed, record: Record, new: Sequence[Event], policy: Policy, found: Collector) -> None:
    """A commit on a side line may bear any time since the common beginning; when the merge brought it in, it was there."""
    told = {(each.record, each.event) for each in found.found if each.rule == "A304"}  # by the time of its own commit
    for index, event in enumerate(new, len(record.events) - len(new)):
        if lines.merge.at - event.at <= AT_ONCE or event.kind in IMPORTED or (change.path, event.id) in told:
            continue
        for due in kept_until(policy, record.events[: index + 1], event, lines.merge.at):
            message = _("it is dated {at}, in time for {due}, and came in by a merge of {merge}").format(
                at=event.at.isoformat(), due=due.isoformat(), merge=lines.merge.at.astimezone(policy.timezone).isoformat()
            )
            _add(found, "A304", lines, change, event, message)


def _against(record: Record, new: Sequence[Event], house: House) -> Iterator[tuple[str, Event, str]]:
    """What the members and policies of both sides together have against events."""
    number = int(record.header["policy"])
    policy = house.policy(number)
    assert policy is not None
    old = record.events[: len(record.events) - len(new)]
    if not old and number not in house.possible_policies(new[0].at):
        yield "P105", new[0], _("the case names revision {n} of the policy, which was not in force").format(n=number)
    state = fold(policy, old)
    for index, event in enumerate(new, len(old)):
        for refusal in refusals(policy, state, event, house.roster, record.events[:index]):
            yield RULE_OF[refusal.code], event, refusal.message
        state = apply(policy, state, event)


def _add(found: Collector, code: str, lines: Lines, change: Changed, event: Event, message: str) -> None:
    found.add(code, change.path, message, line=event.line, event=event.id, commit=lines.merge.sha)
