"""The course of a case: one pure fold of its events over its policy.

Rules:
- State is never stored: `fold` makes it from the events, and the fold of a prefix is a prefix of the fold.
- A round of a case ends when it is reopened: team, measures and outcome are made anew, and duties are counted from there.
- A measure is settled by a `verify` that finds it fulfilled or drops it; one found wanting stays open, and its clock runs on.

Who may record what, and why not, is `legality`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from plaint.model.policy import Policy, Transition
from plaint.model.record import Event

START = ""
"""The state before the first event."""

SETTLING = frozenset({"fulfilled", "dropped"})
"""The results of `verify` that settle a measure."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure decided: its code, its due date (a local date, the whole day counts), what was last found, and when it was settled, if it was."""

    id: str
    code: str
    due: str
    decided: datetime
    result: str = ""
    settled: datetime | None = None


class CaseState(NamedTuple):
    """Where a case stands after its events so far."""

    state: str = START
    channel: str = ""
    category: str = ""
    received: datetime | None = None
    last: datetime | None = None
    team: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    outcome: str = ""
    suspended_since: datetime | None = None
    suspensions: tuple[tuple[datetime, datetime], ...] = ()
    held: bool = False
    keyring: str = ""
    round: int = 1
    done: tuple[tuple[str, str], ...] = ()
    """(event or event:step, who) of this round, in order."""
    requests: tuple[str, ...] = ()
    """Disclosure requests not yet answered."""
    event_ids: frozenset[str] = frozenset()
    pieces: frozenset[str] = frozenset()
    """The ids of its pieces of evidence."""

    @property
    def suspended(self) -> bool:
        """Whether the clocks that can be suspended stand still."""
        return self.suspended_since is not None

    def did(self, name: str) -> bool:
        """Whether the event happened in this round."""
        return any(done == name or done.startswith(name + ":") for done, _who in self.done)

    def lacking(self, needed: Sequence[str]) -> tuple[str, ...]:
        """Of events that must have come in this round, one after another, those that are still to come."""
        if not needed:
            return ()
        left = list(needed)
        for done, _who in self.done:
            if left and (done == left[0] or done.startswith(left[0] + ":")):
                del left[0]
        return tuple(left)


_NEW = CaseState()


def event_name(event: Event) -> str:
    """The name that clocks and duties use: the kind, with its step where it has one ("dispose:confirm")."""
    step = event.codes.get("step")
    return f"{event.kind}:{step}" if step else event.kind


def names(event: Event) -> tuple[str, ...]:
    """Every name an event answers to: "dispose:confirm" is a "dispose" too."""
    step = event.codes.get("step")
    return (f"{event.kind}:{step}", event.kind) if step else (event.kind,)


def transitions_for(policy: Policy, state: CaseState, kind: str, codes: Mapping[str, Any]) -> list[Transition]:
    """The policy's transitions for an event from the present state."""
    return [t for t in policy.transitions.get(kind, ()) if _leads_on(t, state.state, codes)]


def _leads_on(transition: Transition, stage: str, codes: Mapping[str, Any]) -> bool:
    found = stage in transition.sources if transition.sources else stage == START
    return found and (not transition.when or all(codes.get(k) == v for k, v in transition.when.items()))


def apply(policy: Policy, state: CaseState, event: Event) -> CaseState:
    """The state after one more event. Total: an event that is not legal leaves the stage as it was, so that a check can go on."""
    return fold(policy, (event,), state)


def _apply(policy: Policy, state: dict[str, Any], event: Event) -> None:
    """Changes the fields of a state to what they are after the event: to make a state anew for each takes longer than all the rest."""
    codes = event.codes
    before = state["done"]
    state["state"] = next((t.target for t in policy.transitions.get(event.kind, ()) if t.target and _leads_on(t, state["state"], codes)), state["state"])
    state["last"] = event.at
    state["done"] = (*before, (event_name(event), event.by))
    state["event_ids"] |= {event.id}
    if "keyring" in codes:
        state["keyring"] = codes["keyring"]
    match event.kind:
        case "receive":
            state |= {"channel": codes.get("channel", ""), "category": codes.get("category", ""), "received": event.at}
        case "correct" if "category" in codes:
            state["category"] = codes["category"]
        case "assign":
            state["team"] = tuple(codes.get("team", ()))
        case "evidence":
            state["pieces"] |= {event.id}
        case "suspend":
            state["suspended_since"] = state["suspended_since"] or event.at
        case "resume" if state["suspended_since"]:
            state["suspensions"] = (*state["suspensions"], (state["suspended_since"], event.at))
            state["suspended_since"] = None
        case "conclude":
            state["outcome"] = codes.get("outcome", "")
        case "decide":
            state["measures"] = tuple(Measure(m["id"], m["measure"], m["due"], event.at) for m in codes.get("measures", ()))
        case "verify":
            state["measures"] = verified(state["measures"], event)
        case "hold":
            state["held"] = True
        case "release-hold":
            state["held"] = False
        case "reopen":
            lasting = tuple(d for d in before if any(t.once for t in policy.transitions.get(d[0], ())))
            state |= {
                "round": state["round"] + 1,
                "done": (*lasting, (event.kind, event.by)),
                "team": (),
                "measures": (),
                "outcome": "",
                "requests": (),
            }
        case "disclose" if codes.get("step") == "request":
            state["requests"] = (*state["requests"], event.id)
        case "disclose" if codes.get("step") in ("grant", "refuse"):
            state["requests"] = tuple(r for r in state["requests"] if r != codes.get("request"))
        case _:
            pass


def renewed(event: Event) -> frozenset[str] | None:
    """The compartments whose key an event that makes a new keyring seals anew; None for all that whoever records it can open."""
    match event.kind:
        case "receive" | "rekey":
            return None
        case "assign":
            return frozenset({"report", "inquiry"})
        case "disclose":
            return frozenset({"identity"})
        case _:
            return frozenset(event.sealed) - {"reporter"}


def disclosed_to(events: Iterable[Event]) -> frozenset[str]:
    """The members whose recorded request for the identity was granted."""
    requests = {}
    granted = set()
    for event in events:
        if event.kind == "disclose" and event.codes.get("step") == "request":
            requests[event.id] = event.by
        if event.kind == "disclose" and event.codes.get("step") == "grant":
            granted.add(requests.get(event.codes.get("request", ""), ""))
    return frozenset(granted - {""})


def verified(measures: Iterable[Measure], event: Event) -> tuple[Measure, ...]:
    """The measures after a `verify` event; one that is settled stays as it is."""
    code, result = event.codes.get("measure"), event.codes.get("result", "")
    settled = event.at if result in SETTLING else None
    return tuple(replace(m, result=result, settled=settled) if m.id == code and m.settled is None else m for m in measures)


def states(policy: Policy, events: Iterable[Event]) -> Iterator[CaseState]:
    """The state before the first event, then after each."""
    state = CaseState()
    yield state
    for event in events:
        state = apply(policy, state, event)
        yield state


def fold(policy: Policy, events: Iterable[Event], state: CaseState = _NEW) -> CaseState:
    """Where a case stands after its events; or after some more, from where it stood."""
    now = state._asdict()
    for event in events:
        _apply(policy, now, event)
    return CaseState(**now)


def is_final(policy: Policy, state: CaseState) -> bool:
    """Whether nothing can follow."""
    found = policy.states.get(state.state)
    return found is not None and found.final
