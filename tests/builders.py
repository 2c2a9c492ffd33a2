"""Cases and rosters for tests, without git, files or keys: they read like the policy.

A builder is a value: each step gives a new one, so a test can go on from the same point in two ways.

>>> from plaint.model.policy import load_preset
>>> house = load_preset("house")
>>> case = CaseBuilder(house).receive(channel="phone").acknowledge(after="25h")
>>> case.status("acknowledgement")
<Status.DONE_LATE: 'done-late'>
>>> case.refused("decide")
['decide is not possible while the case is: Received']

A step is recorded by whoever may do it (each member is called by their role), one hour after the one before, with codes of the policy,
unless the test says otherwise. An illegal step fails the test at once, unless the builder is made with `strict=False`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from plaint.model.deadlines import Reading, Status, readings
from plaint.model.legality import refusals
from plaint.model.machine import CaseState, fold, transitions_for
from plaint.model.policy import TEAM, Policy, Transition
from plaint.model.record import Event
from plaint.model.roster import Membership, Roster

JOINED = datetime.fromisoformat("2019-01-01T00:00:00+00:00")
START = "2026-10-05T09:00"
SEALED = "-----BEGIN AGE ENCRYPTED FILE-----\nYWdlLWVuY3J5cHRpb24ub3JnL3Yx\n-----END AGE ENCRYPTED FILE-----\n"
KEYRING = "0" * 64
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


def span(text: str) -> timedelta:
    """Reads "25h", "3d", "90m" or "2w"."""
    match = re.fullmatch(r"(\d+)([mhdw])", text)
    assert match, f"{text} is no span: write 25h, 3d, 90m or 2w"
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def event_id(number: int) -> str:
    """A well-formed event id for the n-th event."""
    digits = ""
    while number:
        number, digit = divmod(number, 32)
        digits = _DIGITS[digit] + digits
    return "e" + digits.rjust(7, "0")


def member(roles: Iterable[str], expertise: Iterable[str] = (), *, since: datetime = JOINED) -> tuple[Membership, ...]:
    """A member with these roles from a time on."""
    return (Membership(since, frozenset(roles), frozenset(expertise), (), ""),)


def one_member_per_role(policy: Policy, **more: tuple[Membership, ...]) -> Roster:
    """A roster in which each member is called by their one role; those who can be in a team know every field and are as many as it takes."""
    members = {role: member([role]) for role in policy.roles}
    for number in range(1, policy.team.least + 1):
        members[f"{policy.team.roles[0]}{'' if number == 1 else number}"] = member(policy.team.roles, policy.expertise)
    return Roster({**members, **more})


@dataclass(frozen=True)
class CaseBuilder:
    """The events of one case so far."""

    policy: Policy
    roster: Roster = None  # type: ignore[assignment]  # set in __post_init__
    events: tuple[Event, ...] = ()
    start: str = START
    strict: bool = True

    def __post_init__(self) -> None:
        if self.roster is None:
            object.__setattr__(self, "roster", one_member_per_role(self.policy))

    # --- reading ---

    @property
    def state(self) -> CaseState:
        """Where the case stands."""
        return fold(self.policy, self.events)

    @property
    def now(self) -> datetime:
        """The time of the last event, or that at which the case will be received."""
        return self.events[-1].at if self.events else self.time(self.start)

    def time(self, text: str) -> datetime:
        """A time in the policy's zone, unless it says its own."""
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=self.policy.timezone)

    def clocks(self, name: str, now: str = "") -> list[Reading]:
        """The readings of one clock."""
        return [r for r in readings(self.policy, self.events, self.time(now) if now else self.now) if r.clock.name == name]

    def clock(self, name: str, now: str = "") -> Reading:
        """The last reading of one clock, at a time or at the last event."""
        found = self.clocks(name, now)
        assert found, f"the clock {name} was not started"
        return found[-1]

    def status(self, name: str, now: str = "") -> Status:
        """What a clock says at a time, or at the last event."""
        return self.clock(name, now).status(self.time(now) if now else self.now)

    def due(self, name: str, now: str = "") -> str:
        """When a clock is due, in the policy's zone."""
        return self.clock(name, now).due.astimezone(self.policy.timezone).isoformat()

    # --- writing ---

    def event(self, kind: str, *, after: str = "1h", at: str = "", by: str = "", sealed: Iterable[str] | None = None, **codes: Any) -> Event:
        """The event that a step would add."""
        when = self.time(at) if at else (self.now + span(after) if self.events else self.now)
        codes = {key.replace("_", "-"): value for key, value in codes.items()}
        codes = {**self._usual(kind, codes), **codes}
        options = transitions_for(self.policy, self.state, kind, codes) or list(self.policy.transitions.get(kind, ()))
        compartments = sealed if sealed is not None else (options[0].seals if options else ())
        event = Event(kind, event_id(len(self.events) + 1), when, by, codes, dict.fromkeys(compartments, SEALED))
        return event if by else replace(event, by=self._somebody(event, options))

    def step(self, kind: str, **given: Any) -> CaseBuilder:
        """The case with one event more; the test fails if it is not legal and the builder is strict."""
        event = self.event(kind, **given)
        against = self._refusals(event) if self.strict else []
        assert not against, f"{kind} by {event.by} is refused: {'; '.join(against)}"
        return replace(self, events=(*self.events, event))

    def refused(self, kind: str, **given: Any) -> list[str]:
        """What the machine says against a step; nothing if it is legal."""
        return self._refusals(self.event(kind, **given))

    def _refusals(self, event: Event) -> list[str]:
        return [str(each) for each in refusals(self.policy, self.state, event, self.roster, self.events)]

    def _usual(self, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """The codes an event of this kind needs, with the first word of each list."""
        policy, state = self.policy, self.state
        reason = next(iter(policy.reasons.get(kind, {})), None)
        if kind == "disclose" and given.get("step") != "request":
            return {"request": state.requests[-1] if state.requests else event_id(99)}
        team = self.roster.with_roles(policy.team.roles)
        usual: dict[str, dict[str, Any]] = {
            "receive": {"channel": next(iter(policy.channels)), "category": next(iter(policy.categories)), "keyring": KEYRING},
            "assign": {"team": team[: max(2, policy.team.least)]},
            "evidence": {"kind": "document", "digest": KEYRING, "size": "small"},
            "hear": {"result": "heard"},
            "extend": {"clock": next(iter(policy.clocks)), "until": (self.now + timedelta(days=10)).isoformat()},
            "conclude": {"outcome": next(iter(policy.outcomes))},
            "decide": {"measures": []},
            "verify": {"measure": next((m.id for m in state.measures if m.settled is None), "m1"), "result": "fulfilled"},
            "correct": {"corrects": self.events[0].id if self.events else event_id(1)},
            "redact": {"redacts": self.events[0].id if self.events else event_id(1), "part": "inquiry"},
            "hand-over": {"piece": min(state.pieces, default=event_id(1))},
            "link": {"other": "Q7M4-K2XD", "relation": "related"},
            "message": {"direction": "to-reporter"},
            "export": {"compartments": ["report"], "recipient": KEYRING},
            **{kind: {"keyring": KEYRING} for kind in ("grant", "revoke", "rekey")},
        }
        return {**({"reason": reason} if reason and kind != "extend" else {}), **usual.get(kind, {})}

    def _somebody(self, event: Event, options: list[Transition]) -> str:
        """Who may do it, best somebody against whom nothing speaks."""
        roles = [role for t in options for role in t.roles]
        able = [m for role in roles for m in (self.state.team if role == TEAM else self.roster.with_roles([role]))]
        legal = (m for m in able if not self._refusals(replace(event, by=m)))
        return next(legal, able[0] if able else "nobody")

    def receive(self, **given: Any) -> CaseBuilder:
        """The report is registered."""
        return self.step("receive", **given)

    def acknowledge(self, **given: Any) -> CaseBuilder:
        """The reporter is told that it arrived."""
        return self.step("acknowledge", **given)

    def accept(self, **given: Any) -> CaseBuilder:
        """The case is taken on."""
        return self.step("accept", **given)

    def decline(self, **given: Any) -> CaseBuilder:
        """The case is declined."""
        return self.step("decline", **given)

    def notify(self, **given: Any) -> CaseBuilder:
        """The reporter is told of it."""
        return self.step("notify", **given)

    def assign(self, **given: Any) -> CaseBuilder:
        """An inquiry team is appointed."""
        return self.step("assign", **given)

    def evidence(self, **given: Any) -> CaseBuilder:
        """A piece of evidence is added."""
        return self.step("evidence", **given)

    def interview(self, **given: Any) -> CaseBuilder:
        """Somebody is interviewed."""
        return self.step("interview", **given)

    def hear(self, **given: Any) -> CaseBuilder:
        """The respondent is heard."""
        return self.step("hear", **given)

    def extend(self, **given: Any) -> CaseBuilder:
        """A time limit is extended."""
        return self.step("extend", **given)

    def suspend(self, **given: Any) -> CaseBuilder:
        """The clocks stand still."""
        return self.step("suspend", **given)

    def resume(self, **given: Any) -> CaseBuilder:
        """The clocks run again."""
        return self.step("resume", **given)

    def conclude(self, **given: Any) -> CaseBuilder:
        """The inquiry ends with an outcome."""
        return self.step("conclude", **given)

    def decide(self, *measures: tuple[str, str], **given: Any) -> CaseBuilder:
        """Measures are decided, each (measure, due date); they are called m1, m2 …"""
        listed = [{"id": f"m{n}", "measure": measure, "due": due} for n, (measure, due) in enumerate(measures, 1)]
        return self.step("decide", **{"measures": listed, **given})

    def answer(self, **given: Any) -> CaseBuilder:
        """The reporter is given the result."""
        return self.step("answer", **given)

    def verify(self, measure: str = "m1", **given: Any) -> CaseBuilder:
        """A measure is checked."""
        return self.step("verify", measure=measure, **given)

    def close(self, **given: Any) -> CaseBuilder:
        """The case is closed."""
        return self.step("close", **given)

    def reopen(self, **given: Any) -> CaseBuilder:
        """The case is opened again."""
        return self.step("reopen", **given)

    def hold(self, **given: Any) -> CaseBuilder:
        """The records must be kept."""
        return self.step("hold", **given)

    def release_hold(self, **given: Any) -> CaseBuilder:
        """The hold ends."""
        return self.step("release-hold", **given)

    def dispose(self, step: str, **given: Any) -> CaseBuilder:
        """Disposal is proposed, confirmed or withdrawn."""
        return self.step("dispose", step=step, **given)

    def disclose(self, step: str, **given: Any) -> CaseBuilder:
        """The reporter's identity is asked for, granted, refused; the reporter is informed."""
        return self.step("disclose", step=step, **given)

    # --- whole stretches ---

    def to_inquiry(self) -> CaseBuilder:
        """Received, acknowledged, accepted, assigned."""
        return self.receive().acknowledge().accept().assign()

    def to_decided(self, *measures: tuple[str, str]) -> CaseBuilder:
        """As far as the decision."""
        return self.to_inquiry().conclude().decide(*measures)

    def to_closed(self) -> CaseBuilder:
        """As far as the end, without measures."""
        return self.to_decided().answer().close()
