"""A policy revision as typed objects: the words, the course of a case and the clocks, all data.

A revision is a record (`policy/1.yaml`) whose header is the whole policy and whose events are its draft and approvals.
Nothing here decides; `machine` reads the transitions, `clocks` the durations, `lint` proves the whole sound.

>>> policy = load_preset("house")
>>> policy.clocks["feedback"].within
Duration(n=7, unit=<Unit.WORKING_DAYS: 'working days'>)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plaint.errors import InputError
from plaint.i18n import _
from plaint.model.calendars import WorkingCalendar
from plaint.model.clocks import Duration, Every, parse_duration
from plaint.model.yamlio import load_yaml

Text = Mapping[str, str]
TEAM = "team"
"""The role that the members of a case's inquiry team hold in that case."""


class ClockKind(StrEnum):
    """A deadline is late after its due time; a retention must not be cut short before it, and asks for disposal after it."""

    DEADLINE = "deadline"
    RETENTION = "retention"


class Kind(StrEnum):
    """What can be due: a clock of a case, one for a measure or a request of it, its retention, or a duty of the organisation."""

    DEADLINE = "deadline"
    MEASURE = "measure"
    REQUEST = "request"
    RETENTION = "retention"
    DUTY = "duty"


@dataclass(frozen=True, slots=True)
class Transition:
    """One way an event may happen: from which states, by whom, sealed with what, under which conditions."""

    event: str
    sources: tuple[str, ...]
    target: str | None
    roles: tuple[str, ...]
    when: Mapping[str, str] = field(default_factory=dict)
    seals: tuple[str, ...] = ()
    may_seal: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    """Events that must have come before in this round of the case, in this order."""
    elapsed: tuple[str, ...] = ()
    during: str | None = None
    unless: str | None = None
    once: bool = False
    measures_verified: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A time limit: started and stopped by events (`event` or `event:step`), of a length, warned of `warn` before it is due."""

    name: str
    title: Text
    starts: tuple[str, ...]
    stops: tuple[str, ...]
    within: Duration | None
    warn: Duration | None
    kind: ClockKind = ClockKind.DEADLINE
    per: str = ""
    """`measure` or `request`: one running clock for each of them."""
    suspends: bool = False
    restarts: bool = True
    grace: Duration | None = None
    at_most: Duration | None = None
    """Of a retention: by when the case must be gone, counted from its start; a hold stops that, too."""
    or_after: str | None = None


@dataclass(frozen=True, slots=True)
class Recurring:
    """A duty of the organisation that comes back: due `within` after each period's end."""

    name: str
    title: Text
    every: Every
    within: Duration
    warn: Duration | None


@dataclass(frozen=True, slots=True)
class Review:
    """When a revision is to be looked at anew: `within` so long of coming into force."""

    title: Text
    within: Duration
    warn: Duration | None


@dataclass(frozen=True, slots=True)
class Reminder:
    """When people hear of what is due: ahead of it, when it is late and again `every` so many days; and after how long others hear of it too."""

    before: tuple[Duration, ...] | None = None
    """So long ahead; None: when the clock itself warns."""
    every: int | None = None
    escalate_after: Duration | None = None


@dataclass(frozen=True, slots=True)
class Reminders:
    """Who hears when of what is due, by its kind; and the roles that hear of what stays late."""

    rules: Mapping[Kind, Reminder]
    escalate_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TeamRules:
    """What an inquiry team must be: its least size, the roles each holds, and for a category what one of them must know."""

    least: int
    roles: tuple[str, ...]
    expertise: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class MembershipRules:
    """Who must agree when somebody joins, is given roles, or is given keys by another: how many approvals, by members with one of which roles."""

    approvals: int
    roles: tuple[str, ...]
    titles: Mapping[str, Text] = field(default_factory=dict, compare=False)
    """What people call the policy's roles."""


@dataclass(frozen=True, slots=True)
class Compartment:
    """A part of the sealed content, and the roles that hold its key by default."""

    title: Text
    holders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class State:
    """A stage of a case; nothing follows a final one."""

    title: Text
    final: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """One revision, whole."""

    revision: int
    title: Text
    source: Text
    effective: date
    country: str
    timezone: ZoneInfo
    calendar: WorkingCalendar
    channels: Mapping[str, Text]
    categories: Mapping[str, Text]
    reasons: Mapping[str, Mapping[str, Text]]
    outcomes: Mapping[str, Text]
    measures: Mapping[str, Text]
    expertise: Mapping[str, Text]
    roles: Mapping[str, Text]
    compartments: Mapping[str, Compartment]
    states: Mapping[str, State]
    transitions: Mapping[str, tuple[Transition, ...]]
    apart: tuple[tuple[str, str], ...]
    team: TeamRules
    clocks: Mapping[str, Clock]
    recurring: Mapping[str, Recurring]
    review: Review | None
    reminders: Reminders
    approvals: int
    approvers: tuple[str, ...]
    stewards: tuple[str, ...]
    membership: MembershipRules | None
    """None: the stewards change members alone."""
    threshold: int
    publication_every: Every

    def holders(self, compartment: str) -> tuple[str, ...]:
        """The roles that hold a compartment's key by default."""
        return self.compartments[compartment].holders

    def vocabulary(self, event: str, code: str) -> Mapping[str, Text] | None:
        """The words this revision allows for an open code of an event; None where the code is not a word of the policy."""
        if code == "reason":
            return self.reasons.get(event, {})
        tables: dict[str, Mapping[str, Text]] = {
            "channel": self.channels,
            "category": self.categories,
            "outcome": self.outcomes,
        }
        return tables.get(code)


PRESETS = Path(__file__).parents[1] / "presets"


def load_preset(name: str) -> Policy:
    """The preset `name` as a policy; InputError where there is none."""
    return policy_from(preset_document(name))


def preset_names() -> list[str]:
    """The presets that ship."""
    return sorted(file.stem for file in PRESETS.glob("*.yaml"))


def preset_text(name: str) -> bytes:
    """A preset's file, as it ships."""
    if name not in preset_names():
        raise InputError(_("there is no preset {name}").format(name=name), hint=_("choose one of {names}").format(names=", ".join(preset_names())))
    return (PRESETS / f"{name}.yaml").read_bytes()


def preset_document(name: str) -> dict[str, Any]:
    """A preset as plain data, to be adapted by `plaint init`."""
    document: dict[str, Any] = load_yaml(preset_text(name), f"{name}.yaml")
    return document


def policy_from(document: Mapping[str, Any], where: str = "") -> Policy:
    """Typed policy of a header that the schema has accepted; InputError for what only sense can see (a time zone, a country)."""
    calendar = document["calendar"]
    try:
        timezone = ZoneInfo(calendar["timezone"])
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError(_("there is no time zone {name}").format(name=calendar["timezone"]), where=where) from error
    transitions: dict[str, list[Transition]] = {}
    for item in document["transitions"]:
        transitions.setdefault(item["event"], []).append(_transition(item))
    team = document["team"]
    return Policy(
        revision=document["policy"],
        title=document["title"],
        source=document.get("source", {}),
        effective=date.fromisoformat(document["effective"]),
        country=calendar["country"],
        timezone=timezone,
        calendar=WorkingCalendar(
            calendar["country"],
            frozenset(date.fromisoformat(d) for d in calendar.get("open", ())),
            frozenset(date.fromisoformat(d) for d in calendar.get("closed", ())),
        ),
        channels=document["channels"],
        categories=document["categories"],
        reasons=document["reasons"],
        outcomes=document["outcomes"],
        measures=document["measures"],
        expertise=document.get("expertise", {}),
        roles=document["roles"],
        compartments={k: Compartment(v["title"], tuple(v["holders"])) for k, v in document["compartments"].items()},
        states={k: State(v["title"], v.get("kind") == "final") for k, v in document["states"].items()},
        transitions={k: tuple(v) for k, v in transitions.items()},
        apart=tuple((a, b) for a, b in document["apart"]),
        team=TeamRules(team["least"], tuple(team["roles"]), {k: tuple(v) for k, v in team.get("expertise", {}).items()}),
        clocks={name: _clock(name, item) for name, item in document["clocks"].items()},
        recurring={name: _recurring(name, item) for name, item in document["recurring"].items()},
        review=_review(document["policy-review"]) if "policy-review" in document else None,
        reminders=_reminders(document.get("reminders", {})),
        approvals=document["approvals"]["policy"],
        approvers=tuple(document["approvals"]["roles"]),
        stewards=tuple(document["stewards"]),
        membership=_membership(document.get("membership"), document["roles"]),
        threshold=document["publication"]["threshold"],
        publication_every=Every(document["publication"]["every"]),
    )


def _transition(item: Mapping[str, Any]) -> Transition:
    return Transition(
        event=item["event"],
        sources=tuple(item.get("from", ())),
        target=item.get("to"),
        roles=tuple(item["roles"]),
        when=item.get("when", {}),
        seals=tuple(item.get("seals", ())),
        may_seal=tuple(item.get("may-seal", ())),
        after=tuple(item.get("after", ())),
        elapsed=tuple(item.get("elapsed", ())),
        during=item.get("while"),
        unless=item.get("unless"),
        once=item.get("repeat") == "never",
        measures_verified=item.get("measures") == "verified",
    )


def _membership(item: Mapping[str, Any] | None, titles: Mapping[str, Text]) -> MembershipRules | None:
    return MembershipRules(item["approvals"], tuple(item["roles"]), titles) if item else None


def _duration(item: Mapping[str, Any], key: str) -> Duration | None:
    return parse_duration(item[key]) if key in item else None


def _clock(name: str, item: Mapping[str, Any]) -> Clock:
    return Clock(
        name=name,
        title=item["title"],
        starts=tuple(item["starts"]),
        stops=tuple(item["stops"]),
        within=_duration(item, "within"),
        warn=_duration(item, "warn"),
        kind=ClockKind(item.get("kind", "deadline")),
        per=item.get("per", ""),
        suspends=item.get("pause") == "suspend",
        restarts=item.get("restart") != "never",
        grace=_duration(item, "grace"),
        at_most=_duration(item, "at-most"),
        or_after=item.get("or-after"),
    )


def _review(item: Mapping[str, Any]) -> Review:
    return Review(item["title"], parse_duration(item["within"]), _duration(item, "warn"))


def _reminders(item: Mapping[str, Any]) -> Reminders:
    rules = {kind: _reminder(item[kind]) for kind in Kind if kind in item}
    return Reminders(rules, tuple(item.get("escalate-to", ())))


def _reminder(item: Mapping[str, Any]) -> Reminder:
    every = _duration(item, "every")
    return Reminder(tuple(map(parse_duration, item.get("before", ()))), every.n if every else None, _duration(item, "escalate-after"))


def _recurring(name: str, item: Mapping[str, Any]) -> Recurring:
    return Recurring(name, item["title"], Every(item["every"]), parse_duration(item["within"]), _duration(item, "warn"))
