"""Who may do what now, and why not: every reason against an event of a case.

Rules:
- An event is legal if some transition of the policy has its name (and its `when` codes), starts from the present state, is open to a role
  of the person, and all its conditions hold; the words it uses stand in the policy; what must be sealed with it is.
- Separation of duties: of each pair in `apart`, nobody does both in one round of a case.
- A team is large enough, each of its members holds the roles asked for, one knows the category's field.
- Who reported is handed over (`export`) only by somebody whose recorded request for it was granted: it takes two people.
- A time limit is extended while it runs and before it is over, to a later time: what is late stays late.

`refusals` gives every reason against an event, in the words of the language in force, each with its ground; an empty list means legal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from plaint.i18n import _, listed, pick
from plaint.model.deadlines import Reading, open_readings
from plaint.model.machine import START, CaseState, disclosed_to, event_name, names, transitions_for
from plaint.model.policy import TEAM, Policy, Transition
from plaint.model.record import Event

if TYPE_CHECKING:
    from plaint.model.roster import Roster


class Ground(StrEnum):
    """The kinds of reason against an event; checks and audits tell them apart, people read the message."""

    UNKNOWN_EVENT = "unknown-event"
    STATE = "state"
    STRANGER = "stranger"
    ROLE = "role"
    DUTIES = "duties"
    ORDER = "order"
    CONDITION = "condition"
    RETENTION = "retention"
    SEALS = "seals"
    TEAM = "team"
    WORDS = "words"
    REFERENCE = "reference"
    TWICE = "twice"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason against an event; as text, its message."""

    code: Ground
    message: str

    def __str__(self) -> str:
        """What to tell people."""
        return self.message


def refusals(policy: Policy, state: CaseState, event: Event, roster: Roster, events: Sequence[Event] = ()) -> list[Refusal]:
    """Every reason against the event now; none means that it is legal. `events` are those before it (for time limits)."""
    if event.kind not in policy.transitions:
        return [Refusal(Ground.UNKNOWN_EVENT, _("the policy knows no event {event}").format(event=event.kind))]
    found = transitions_for(policy, state, event.kind, event.codes)
    if not found:
        where = pick(policy.states[state.state].title) if state.state in policy.states else _("not registered")
        return [Refusal(Ground.STATE, _("{event} is not possible while the case is: {state}").format(event=event_name(event), state=where))]
    attempts = [_against(policy, state, event, roster, t, events) for t in found]
    return min(attempts, key=len) + _against_words(policy, state, event)


def _against(policy: Policy, state: CaseState, event: Event, roster: Roster, transition: Transition, events: Sequence[Event]) -> list[Refusal]:
    return [
        *_against_person(policy, state, event, roster, transition),
        *_against_condition(policy, state, event, transition, events),
        *_against_seals(event, transition),
        *(_against_team(policy, state, event, roster) if event.kind == "assign" else ()),
    ]


def _against_person(policy: Policy, state: CaseState, event: Event, roster: Roster, transition: Transition) -> Iterator[Refusal]:
    # a report is dated by its arrival: whoever registers it later may have joined, or taken the role, after that (imports of old books)
    held = roster.roles_from(event.by, event.at) if event.kind == "receive" else roster.roles(event.by, event.at)
    if held and event.by in state.team:  # who has left is not in the team any more
        held = held | {TEAM}
    if not held:
        yield Refusal(Ground.STRANGER, _("{member} is not a member at that time").format(member=event.by))
    elif held.isdisjoint(transition.roles):
        roles = listed(pick(policy.roles[r]) if r in policy.roles else _("member of the inquiry team") for r in transition.roles)
        yield Refusal(Ground.ROLE, _("{member} may not {event}: it takes the role {roles}").format(member=event.by, event=event_name(event), roles=roles))
    mine = names(event)
    for first, second in policy.apart:
        for this, other in ((first, second), (second, first)):
            if this in mine and any(who == event.by and other in (done, done.partition(":")[0]) for done, who in state.done):
                yield Refusal(
                    Ground.DUTIES, _("{member} did {other} in this case, so somebody else must {event}").format(member=event.by, other=other, event=this)
                )


def _against_condition(policy: Policy, state: CaseState, event: Event, transition: Transition, events: Sequence[Event]) -> Iterator[Refusal]:
    if state.last and event.at < state.last:
        yield Refusal(Ground.ORDER, _("its time {at} is before the event before it ({last})").format(at=event.at.isoformat(), last=state.last.isoformat()))
    if (transition.during == "suspended" or transition.unless == "running") and not state.suspended:
        yield Refusal(Ground.CONDITION, _("the case is not suspended"))
    if (transition.during == "running" or transition.unless == "suspended") and state.suspended:
        yield Refusal(Ground.CONDITION, _("the case is suspended: resume it first"))
    if transition.during == "held" and not state.held:
        yield Refusal(Ground.CONDITION, _("there is no hold on the case"))
    if transition.unless == "held" and state.held:
        yield Refusal(Ground.CONDITION, _("there is a hold on the case: release it first"))
    if transition.once and state.did(event.kind):
        yield Refusal(Ground.CONDITION, _("{event} was done already").format(event=event.kind))
    for needed in state.lacking(transition.after):
        yield Refusal(Ground.CONDITION, _("{needed} must come first").format(needed=needed))
    if transition.measures_verified and any(m.settled is None for m in state.measures):
        open_measures = ", ".join(m.id for m in state.measures if m.settled is None)
        yield Refusal(Ground.CONDITION, _("measures are not settled yet: {measures}").format(measures=open_measures))
    for clock in transition.elapsed:
        running = _running(policy, clock, events, event.at)
        if running is None or event.at < running.due:
            end = running.due.isoformat() if running else "?"
            yield Refusal(Ground.RETENTION, _("{clock} has not ended: it runs to {end}").format(clock=pick(policy.clocks[clock].title), end=end))
    if event.kind == "extend" and event.codes.get("clock") in policy.clocks:
        yield from _against_extension(policy, event, events)
    if event.kind == "export" and "identity" in event.codes.get("compartments", ()) and event.by not in disclosed_to(events):
        message = _("{member} may hand over who reported only after asking for it in this case, and being granted it: plaint disclose")
        yield Refusal(Ground.CONDITION, message.format(member=event.by))


def _against_extension(policy: Policy, event: Event, events: Sequence[Event]) -> Iterator[Refusal]:
    clock = policy.clocks[event.codes["clock"]]
    running = None if clock.per else _running(policy, clock.name, events, event.at)
    title = pick(clock.title)
    if running is None:
        yield Refusal(Ground.CONDITION, _("the time limit {clock} is not running").format(clock=title))
    elif event.at > running.due:
        yield Refusal(
            Ground.CONDITION, _("the time limit {clock} was over at {due}: it is late and cannot be extended").format(clock=title, due=running.due.isoformat())
        )
    elif datetime.fromisoformat(event.codes["until"]) <= running.due:
        yield Refusal(
            Ground.CONDITION, _("the time limit {clock} runs to {due} already: extend it to a later time").format(clock=title, due=running.due.isoformat())
        )


def _running(policy: Policy, clock: str, events: Sequence[Event], at: datetime) -> Reading | None:
    """The clock as it runs at a time."""
    return next((r for r in open_readings(policy, events, at) if r.clock.name == clock), None)


def _against_seals(event: Event, transition: Transition) -> Iterator[Refusal]:
    for compartment in transition.seals:
        if compartment not in event.sealed:
            yield Refusal(Ground.SEALS, _("{event} needs a sealed {compartment} text").format(event=event.kind, compartment=compartment))
    for compartment in event.sealed:
        if compartment not in transition.seals and compartment not in transition.may_seal and compartment != "reporter":
            yield Refusal(Ground.SEALS, _("{event} takes no sealed {compartment} text").format(event=event.kind, compartment=compartment))


def _against_team(policy: Policy, state: CaseState, event: Event, roster: Roster) -> Iterator[Refusal]:
    team = event.codes.get("team", ())
    rules = policy.team
    if len(team) < rules.least:
        yield Refusal(Ground.TEAM, _("a team has at least {least} members").format(least=rules.least))
    for member in team:
        held = roster.roles(member, event.at)
        if not held:
            yield Refusal(Ground.TEAM, _("{member} is not a member at that time").format(member=member))
        elif not set(rules.roles) <= held:
            missing = listed(pick(policy.roles[r]) for r in rules.roles if r not in held)
            yield Refusal(Ground.TEAM, _("{member} cannot be in the team without the role {roles}").format(member=member, roles=missing))
    wanted = set(rules.expertise.get(state.category, ()))
    if wanted and not any(wanted & roster.expertise(m, event.at) for m in team):
        fields = listed(pick(policy.expertise[w]) if w in policy.expertise else w for w in sorted(wanted))
        yield Refusal(Ground.TEAM, _("nobody in the team knows the field: {fields}").format(fields=fields))


def _against_words(policy: Policy, state: CaseState, event: Event) -> list[Refusal]:
    reasons: list[Refusal] = []
    for code, word in event.codes.items():
        known = policy.vocabulary(event.kind, code)
        if known is not None and word not in known:
            reasons.append(Refusal(Ground.WORDS, _("{word} is no {code} of the policy: {known}").format(word=word, code=code, known=", ".join(known))))
    if event.kind == "extend" and event.codes.get("clock") not in policy.clocks:
        reasons.append(Refusal(Ground.WORDS, _("the policy has no clock {clock}").format(clock=event.codes.get("clock"))))
    if event.kind == "decide":
        unknown = [m["measure"] for m in event.codes.get("measures", ()) if m["measure"] not in policy.measures]
        reasons += [
            Refusal(Ground.WORDS, _("{word} is no {code} of the policy: {known}").format(word=w, code="measure", known=", ".join(policy.measures)))
            for w in unknown
        ]
    if event.kind == "verify":
        measure = next((m for m in state.measures if m.id == event.codes.get("measure")), None)
        if measure is None:
            reasons.append(Refusal(Ground.REFERENCE, _("there is no measure {measure}").format(measure=event.codes.get("measure"))))
        elif measure.settled:
            reasons.append(Refusal(Ground.REFERENCE, _("the measure {measure} is settled already").format(measure=measure.id)))
    if event.kind == "disclose" and event.codes.get("step") in ("grant", "refuse") and event.codes.get("request") not in state.requests:
        reasons.append(Refusal(Ground.REFERENCE, _("there is no open request {request}").format(request=event.codes.get("request"))))
    reasons += _against_references(state, event)
    if event.id in state.event_ids:
        reasons.append(Refusal(Ground.TWICE, _("the event id {event} stands twice").format(event=event.id)))
    return reasons


def _against_references(state: CaseState, event: Event) -> Iterator[Refusal]:
    """What speaks of an earlier event speaks of one that there is; a redacted copy is for another part than its original."""
    codes = event.codes
    earlier = codes.get({"correct": "corrects", "redact": "redacts"}.get(event.kind, ""))
    if event.kind in {"correct", "redact"} and earlier not in state.event_ids:
        yield Refusal(Ground.REFERENCE, _("there is no event {event}").format(event=earlier))
    piece = codes.get("piece" if event.kind == "hand-over" else "cleans")
    if (event.kind == "hand-over" or piece) and piece not in state.pieces:
        yield Refusal(Ground.REFERENCE, _("there is no piece of evidence {piece}").format(piece=piece))
    if event.kind == "redact" and codes.get("part") in event.sealed:
        yield Refusal(Ground.SEALS, _("a redacted copy is for another part than its original"))


def legal_kinds(policy: Policy, state: CaseState, roles: frozenset[str]) -> list[str]:
    """The events that somebody with these roles could record now (conditions of time and duty aside), in the policy's order."""
    return [
        kind
        for kind, options in policy.transitions.items()
        if any(
            (state.state in t.sources or (state.state == START and not t.sources))
            and roles & set(t.roles)
            and not ((t.during == "suspended" or t.unless == "running") and not state.suspended)
            and not ((t.during == "running" or t.unless == "suspended") and state.suspended)
            and not (t.during == "held" and not state.held)
            and not (t.unless == "held" and state.held)
            and not (t.once and state.did(kind))
            and not state.lacking(t.after)
            for t in options
        )
    ]
