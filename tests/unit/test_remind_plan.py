"""The plan of the reminders: stages on time, each thing told once, whatever is killed or refused between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import one_member_per_role
from plaint.agenda import Item
from plaint.model.clocks import parse_duration
from plaint.model.deadlines import Status
from plaint.model.policy import Kind, Reminder, load_preset, policy_from, preset_document
from plaint.model.reminders import alarm, escalation, stage
from plaint.remind import ledger as books
from plaint.remind.letter import House, letter, subject
from plaint.remind.plan import Intent, Told, mails, notices

HOUSE = load_preset("house")
ROSTER = one_member_per_role(HOUSE)
SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def rule(*before: str, every: int | None = None, escalate: str = "") -> Reminder:
    return Reminder(tuple(map(parse_duration, before)), every, parse_duration(escalate) if escalate else None)


def item(due: str, *, started: str = "2026-10-01T09:00", kind: Kind = Kind.DEADLINE, status: Status = Status.RUNNING, members: Sequence[str] = ("intake",), case: str = "Q7M4-K2XD", subject: str = "a1") -> Item:  # fmt: skip
    clock = {Kind.RETENTION: "retention", Kind.DUTY: "review"}.get(kind, "screening")
    return Item(case, "received", {}, clock, {}, "", subject, local(started), local(due), False, status, 2 * DAY, (), frozenset(members), HOUSE, kind)


# --- stages ------------------------------------------------------------------------------------------------------------------------------

STAGES = [
    # what the policy says, started, due, now, the stage
    (rule("2 days", "8 hours"), "10-01T09:00", "10-14T00:00", "10-11T23:59", ""),
    (rule("2 days", "8 hours"), "10-01T09:00", "10-14T00:00", "10-12T00:00", "before 2 days"),
    (rule("2 days", "8 hours"), "10-01T09:00", "10-14T00:00", "10-13T15:59", "before 2 days"),
    (rule("2 days", "8 hours"), "10-01T09:00", "10-14T00:00", "10-13T16:00", "before 8 hours"),
    (rule("8 hours", "2 days"), "10-01T09:00", "10-14T00:00", "10-13T16:00", "before 8 hours"),  # in any order
    (rule("2 days"), "10-01T09:00", "10-14T17:30", "10-12T00:00", "before 2 days"),  # days begin at midnight
    (rule("48 hours"), "10-01T09:00", "10-14T17:30", "10-12T17:29", ""),  # hours do not
    (rule("2 days", "8 hours"), "10-05T09:00", "10-06T09:00", "10-05T12:00", ""),  # longer than the clock
    (rule("2 days", "8 hours"), "10-05T09:00", "10-06T09:00", "10-06T01:00", "before 8 hours"),
    (rule("24 hours"), "10-05T09:00", "10-06T09:00", "10-05T09:00", ""),  # as long as the clock: whoever started it knows
    (rule(), "10-01T09:00", "10-14T00:00", "10-13T23:59", ""),
    (rule(), "10-01T09:00", "10-14T00:00", "10-14T00:00", ""),  # due is not late
    (rule(), "10-01T09:00", "10-14T00:00", "10-14T00:01", "late 0"),
    (rule(), "10-01T09:00", "10-14T00:00", "11-14T00:01", "late 0"),  # once
    (rule(every=1), "10-01T09:00", "10-14T17:30", "10-14T23:59", "late 0"),
    (rule(every=1), "10-01T09:00", "10-14T17:30", "10-15T00:00", "late 1"),
    (rule(every=7), "10-01T09:00", "10-14T17:30", "10-20T23:59", "late 0"),
    (rule(every=7), "10-01T09:00", "10-14T17:30", "10-21T00:00", "late 1"),
    (Reminder(every=1), "10-01T09:00", "10-14T00:00", "10-11T23:59", ""),  # no rule: when the clock itself warns
    (Reminder(every=1), "10-01T09:00", "10-14T00:00", "10-12T00:00", "before"),
]


@pytest.mark.parametrize(("when", "started", "due", "now", "expected"), STAGES)
def test_stages(when: Reminder, started: str, due: str, now: str, expected: str) -> None:
    assert stage(when, local(f"2026-{started}"), local(f"2026-{due}"), 2 * DAY, local(f"2026-{now}"), SHANGHAI) == expected


@pytest.mark.parametrize(("every", "now", "expected"), [
    (1, "10-15T00:00", ""), (1, "10-15T00:01", "escalated 0"), (1, "10-16T00:00", "escalated 1"), (None, "12-16T00:00", "escalated 0"),
])  # fmt: skip
def test_escalation(every: int | None, now: str, expected: str) -> None:
    assert escalation(rule(every=every, escalate="24 hours"), local("2026-10-14T00:00"), local(f"2026-{now}"), SHANGHAI) == expected
    assert escalation(rule(every=every), local("2026-10-14T00:00"), local(f"2026-{now}"), SHANGHAI) == ""


def test_days_begin_at_local_midnight_when_the_clocks_change() -> None:
    # 25 October 2026 has 25 hours in Berlin: the midnight before is at 22:00 UTC, the one after at 23:00 UTC
    due = local("2026-10-26T09:00", BERLIN)
    for now, expected in (("2026-10-24T21:59", ""), ("2026-10-24T22:00", "before 1 days")):
        assert stage(rule("1 days"), due - 30 * DAY, due, DAY, datetime.fromisoformat(now).replace(tzinfo=UTC), BERLIN) == expected
    late = local("2026-10-24T09:00", BERLIN)
    for now, expected in (("2026-10-24T21:59", "late 0"), ("2026-10-24T22:00", "late 1"), ("2026-10-25T22:59", "late 1"), ("2026-10-25T23:00", "late 2")):
        assert stage(rule(every=1), late - 30 * DAY, late, DAY, datetime.fromisoformat(now).replace(tzinfo=UTC), BERLIN) == expected


@given(
    st.lists(st.sampled_from(["1 days", "2 days", "30 days", "1 hours", "8 hours", "48 hours"]), unique=True),
    st.sampled_from([None, 1, 7]),
    st.integers(1, 90 * 24),
    st.lists(st.integers(-100 * 24, 100 * 24), min_size=2).map(sorted),
)
def test_a_stage_that_is_over_never_comes_back(before: list[str], every: int | None, length: int, hours: list[int]) -> None:
    due = local("2026-11-02T13:00", BERLIN)
    started = due - timedelta(hours=length)
    seen = [stage(rule(*before, every=every), started, due, DAY, due + timedelta(hours=h), BERLIN) for h in hours if h >= -length]
    runs = [name for name, _same in groupby(seen)]
    assert len(runs) == len(set(runs))


# --- who -----------------------------------------------------------------------------------------------------------------------------------


def hearers(*items: Item, now: str = "2026-10-20T09:00") -> dict[str, set[str]]:
    return {member: {thing.stage for thing in things} for member, things in notices(items, ROSTER, local(now)).items()}


def test_who_can_settle_it_and_who_hears_that_it_stays_late() -> None:
    late = item("2026-10-14T00:00", members=("intake", "coordinator"))
    assert hearers(late, now="2026-10-14T09:00") == {"intake": {"late 0"}, "coordinator": {"late 0"}}
    assert hearers(late) == {"intake": {"late 6"}, "coordinator": {"late 6"}, "supervisor": {"escalated 5"}}


def test_who_could_settle_it_is_not_told_of_it_twice() -> None:
    assert hearers(item("2026-10-14T00:00", members=("supervisor",))) == {"supervisor": {"late 6"}}


def test_what_nobody_can_settle_is_told_to_those_above_at_once() -> None:
    assert hearers(item("2026-10-14T00:00", members=()), now="2026-10-13T23:00") == {"supervisor": {"before 8 hours"}}


def test_what_stands_still_is_not_told() -> None:
    assert hearers(item("2026-10-14T00:00", status=Status.SUSPENDED)) == {}


def test_what_is_at_risk_is_told_to_both() -> None:
    endangered = item("2029-10-14T00:00", status=Status.AT_RISK, kind=Kind.RETENTION, members=("steward",))
    (told,) = set(map(tuple, hearers(endangered).values()))
    assert set(hearers(endangered)) == {"steward", "supervisor"}
    assert told == (alarm(HOUSE.reminders.rules[Kind.RETENTION], local("2026-10-20T09:00"), SHANGHAI),)


def test_a_disposal_in_its_grace_is_due_and_not_late() -> None:
    """As plaint todo has it."""
    over = item("2026-10-14T00:00", status=Status.SOON, kind=Kind.RETENTION, members=("steward",))
    late = item("2026-10-15T00:00", status=Status.LATE, case="R7M4-K2XD", members=("steward",))
    (mail,) = (m for m in mails(notices([over, late], ROSTER, local("2026-10-16T09:00")), Told({}), "genesis", "example.org", local("2026-10-16T09:00"))
               if m.intent.member == "steward")  # fmt: skip
    assert subject(mail) == "1 late, 1 due for disposal"
    text = letter(mail, "s@example.org", "en", House({"en": "Firm"}, SHANGHAI, "p@example.org")).get_content()
    assert "\nDue for disposal\n" in text
    assert "over since 2026-10-14 00:00" in text


def test_a_policy_without_reminders_still_reminds() -> None:
    document = preset_document("house")
    del document["reminders"]
    silent = policy_from(document)
    assert hearers(replace(item("2026-10-14T00:00"), policy=silent), now="2026-10-12T00:00") == {"intake": {"before"}}
    assert hearers(replace(item("2026-10-14T00:00"), policy=silent)) == {"intake": {"late 6"}}


# --- once ----------------------------------------------------------------------------------------------------------------------------------


def plan(items: Sequence[Item], told: Told, now: str) -> list[tuple[str, str, bool, int]]:
    found = notices(items, ROSTER, local(now))
    return [(m.intent.member, m.intent.id, m.again, len(m.notices)) for m in mails(found, told, "genesis", "example.org", local(now))]


def test_a_due_time_that_moved_is_another_thing() -> None:
    first, moved = item("2026-10-14T00:00"), item("2026-10-15T00:00")
    told = Told({"intake": frozenset(notices([first], ROSTER, local("2026-10-13T20:00"))["intake"])})
    assert plan([first], told, "2026-10-13T20:00") == []
    assert [member for member, *_rest in plan([moved], told, "2026-10-14T20:00")] == ["intake"]


def test_the_message_id_says_what_is_told_to_whom_by_which_organisation() -> None:
    found = notices([item("2026-10-14T00:00", members=("intake", "coordinator"))], ROSTER, local("2026-10-13T20:00"))
    ids = {
        m.intent.id for genesis in ("a", "b") for now in ("2026-10-13T20:00", "2026-10-13T21:00") for m in mails(found, Told({}), genesis, "x.org", local(now))
    }
    assert len(ids) == 4  # two members, two organisations; the time of day does not matter
    assert all(i.startswith("<") and i.endswith("@x.org>") for i in ids)


def test_what_may_have_gone_out_goes_out_again_as_it_was_and_what_is_new_beside_it() -> None:
    first, second = item("2026-10-14T00:00"), item("2026-10-14T00:00", case="R7M4-K2XD")
    found = notices([first], ROSTER, local("2026-10-13T20:00"))
    (mail,) = mails(found, Told({}), "genesis", "example.org", local("2026-10-13T20:00"))
    told = Told({}, (mail.intent,))
    again, new = mails(notices([first, second], ROSTER, local("2026-10-13T22:00")), told, "genesis", "example.org", local("2026-10-13T22:00"))
    assert (again.intent, again.again) == (mail.intent, True)
    assert (len(new.notices), new.again) == (1, False)
    (void, later) = mails(notices([first], ROSTER, local("2026-10-14T10:00")), told, "genesis", "example.org", local("2026-10-14T10:00"))
    assert void.notices == ()  # its stage is over
    assert [thing.stage for thing in later.intent.things] == ["late 0"]


EVENTS = st.lists(
    st.sampled_from(["taken", "refused", "refused at the end", "killed before the end", "killed at the end, taken", "killed at the end, lost"]), max_size=30
)


@given(EVENTS, st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_whatever_happens_each_hears_of_each_thing_once(tmp_path_factory: pytest.TempPathFactory, events: list[str], cases: int) -> None:
    """Runs over one ledger on disk, each mail meeting its fate; in the end every mailbox that knows Message-IDs holds each thing once."""
    items = [item("2026-10-14T00:00", members=("intake", "coordinator"), case=f"Q7M{n}-K2XD") for n in range(cases)]
    found = notices(items, ROSTER, local("2026-10-20T09:00"))
    path = tmp_path_factory.mktemp("state") / "ledger.jsonl"
    mailboxes: dict[str, dict[str, Intent]] = {}
    copies: Counter[str] = Counter()
    fates = iter(events)
    ambiguous = 0

    def run() -> bool:
        nonlocal ambiguous
        with books.opened(path) as ledger:
            for mail in mails(found, ledger.told, "genesis", "example.org", local("2026-10-20T09:00")):
                fate = next(fates, "taken")
                if fate == "killed before the end":
                    return False
                if fate == "refused":
                    continue
                ledger.intend(mail.intent)
                if fate == "refused at the end" and not mail.again:
                    ledger.settle(mail.intent, books.REFUSED, "554")
                if fate in {"taken", "killed at the end, taken"}:
                    mailboxes.setdefault(mail.intent.member, {})[mail.intent.id] = mail.intent
                    copies[mail.intent.id] += 1
                if fate == "taken":
                    ledger.settle(mail.intent, books.SENT)
                if fate.startswith("killed"):
                    ambiguous += 1
                    return False
        return True

    while not run() or any(mails(found, books.read(path), "genesis", "example.org", local("2026-10-20T09:00"))):
        pass
    for member, things in found.items():
        assert Counter(thing for intent in mailboxes[member].values() for thing in intent.things) == dict.fromkeys(things, 1)
    assert sum(copies.values()) - len(copies) <= ambiguous


def test_a_ledger_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "folder" / "ledger.jsonl"
    with books.opened(path) as ledger:
        ledger.intend(Intent("<a@b>", "li.wei", local("2026-10-20T09:00"), ()))
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    assert [intent.member for intent in books.read(path).pending] == ["li.wei"]
