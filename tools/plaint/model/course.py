"""Every course that cases can take under a policy, walked to the end: what `lint` proves things about.

A `Place` is what of a case's state decides which events can follow: its stage, whether it is suspended or held, whether measures or
requests are open, which events came before. There are few of them (about a hundred for the presets), so all are visited.
People and times are left out: whoever may do an event is there, and every waiting time passes.

>>> from plaint.model.policy import load_preset
>>> course = explore(load_preset("house"))
>>> sorted({place.state for place in course.steps})[:3]
['', 'accepted', 'closed']
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from plaint.model.policy import Policy, Transition
from plaint.model.words import STEPS

MAX_PLACES = 5_000
"""No policy that people can follow has so many; a bound on the work."""

_NEEDS_REASON = ("decline", "suspend", "reopen", "hold")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case can be, as far as it matters for what can follow."""

    state: str = ""
    suspended: bool = False
    held: bool = False
    measures: bool = False
    """Whether a measure is not verified yet."""
    requests: bool = False
    """Whether a disclosure request is not answered yet."""
    once: frozenset[str] = frozenset()
    """The events done that may not be repeated."""
    progress: frozenset[tuple[tuple[str, ...], int]] = frozenset()
    """How many of each sequence of events that some event must come after have come in this round."""
    started: frozenset[str] = frozenset()
    """The clocks whose end some event waits for and that were started."""


@dataclass(frozen=True, slots=True)
class Step:
    """One event from one place to another."""

    source: Place
    name: str
    transition: Transition
    target: Place

    def answers_to(self, names: Iterable[str]) -> bool:
        """Whether the event is one of the names: `dispose:confirm` is a `dispose` too."""
        return self.name in names or self.name.partition(":")[0] in names


@dataclass(frozen=True, slots=True)
class Course:
    """Every place with the steps out of it; `complete` is false where there were too many."""

    steps: Mapping[Place, tuple[Step, ...]]
    complete: bool = True

    def all_steps(self) -> Iterator[Step]:
        """Every step from every place."""
        for steps in self.steps.values():
            yield from steps

    def leading_to(self, wanted: Iterable[Place]) -> set[Place]:
        """The places from which one of the wanted can be reached (those themselves too)."""
        sources: dict[Place, list[Place]] = {}
        for step in self.all_steps():
            sources.setdefault(step.target, []).append(step.source)
        return _closure(wanted, lambda place: sources.get(place, ()))

    def following(self, starts: Iterable[Place], passable: Callable[[Step], bool]) -> set[Place]:
        """The places that can be reached by passable steps (the starts too)."""
        return _closure(starts, lambda place: [s.target for s in self.steps.get(place, ()) if passable(s)])


def _closure(starts: Iterable[Place], neighbours: Callable[[Place], Iterable[Place]]) -> set[Place]:
    found = set(starts)
    queue = deque(found)
    while queue:
        for place in neighbours(queue.popleft()):
            if place not in found:
                found.add(place)
                queue.append(place)
    return found


def explore(policy: Policy) -> Course:
    """Every place that can be reached from before the first event."""
    steps: dict[Place, tuple[Step, ...]] = {}
    queue = deque([Place()])
    seen = set(queue)
    while queue:
        if len(seen) > MAX_PLACES:
            return Course(steps, complete=False)
        place = queue.popleft()
        steps[place] = tuple(_steps_from(policy, place))
        for step in steps[place]:
            if step.target not in seen:
                seen.add(step.target)
                queue.append(step.target)
    return Course(steps)


def _all(policy: Policy) -> Iterator[Transition]:
    for options in policy.transitions.values():
        yield from options


def event_names(transition: Transition) -> tuple[str, ...]:
    """The names of the events a transition is for: one for each step where it takes any."""
    step = transition.when.get("step")
    if step:
        return (f"{transition.event}:{step}",)
    return tuple(f"{transition.event}:{s}" for s in STEPS.get(transition.event, ())) or (transition.event,)


def _steps_from(policy: Policy, place: Place) -> Iterator[Step]:
    for transition in _all(policy):
        if place.state in transition.sources or (not place.state and not transition.sources):
            for name in event_names(transition):
                if _possible(policy, place, transition, name):
                    for target in _targets(policy, place, transition, name):
                        yield Step(place, name, transition, target)


def _possible(policy: Policy, place: Place, transition: Transition, name: str) -> bool:
    """The conditions of the machine, without people and times."""
    flags = {"suspended": place.suspended, "running": not place.suspended, "held": place.held}
    return (
        (transition.during is None or flags.get(transition.during, False))
        and (transition.unless is None or not flags.get(transition.unless, False))
        and not (transition.once and transition.event in place.once)
        and (not transition.after or (transition.after, len(transition.after)) in place.progress)
        and not (transition.measures_verified and place.measures)
        and all(clock in place.started for clock in transition.elapsed)
        and not (name in ("disclose:grant", "disclose:refuse") and not place.requests)
        and not (name == "verify" and not place.measures)
        and not (transition.event in _NEEDS_REASON and not policy.reasons.get(transition.event))
        and not (name == "conclude" and not policy.outcomes)
    )


def _targets(policy: Policy, place: Place, transition: Transition, name: str) -> Iterator[Place]:
    kind = name.partition(":")[0]
    after = replace(
        place,
        state=transition.target or place.state,
        suspended=(place.suspended or kind == "suspend") and kind != "resume",
        held=(place.held or kind == "hold") and kind != "release-hold",
        once=place.once | ({kind} if any(t.once for t in policy.transitions[kind]) else set()),
        progress=_advanced(policy, place.progress, {name, kind}),
        started=place.started | {c for t in _all(policy) for c in t.elapsed if c in policy.clocks and {name, kind} & {*policy.clocks[c].starts}},
    )
    if kind == "reopen":
        # a new round; what is done once and for all counts in it too
        progress: frozenset[tuple[tuple[str, ...], int]] = frozenset()
        for event in (*sorted(place.once), kind):
            progress = _advanced(policy, progress, {event})
        yield replace(after, measures=False, requests=False, progress=progress)
    elif name == "disclose:request":
        yield replace(after, requests=True)
    elif name in ("disclose:grant", "disclose:refuse"):
        yield after
        yield replace(after, requests=False)
    elif kind in ("decide", "verify"):
        yield replace(after, measures=False)
        yield replace(after, measures=bool(policy.measures))
    else:
        yield after


def _advanced(policy: Policy, progress: frozenset[tuple[tuple[str, ...], int]], names: set[str]) -> frozenset[tuple[tuple[str, ...], int]]:
    """Each sequence one further where its next event is one of the names; those not begun are left out."""
    reached = dict(progress)
    sequences = {t.after for t in _all(policy) if t.after}
    steps = {s: reached.get(s, 0) + (reached.get(s, 0) < len(s) and s[reached.get(s, 0)] in names) for s in sequences}
    return frozenset((s, n) for s, n in steps.items() if n)
