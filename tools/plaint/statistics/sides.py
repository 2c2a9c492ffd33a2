"""To which closed cases a table applies: to all, to those accepted in the end, or to those declined. Read from the policy, never from the cases.

Rules:
- Every course that the policy allows is walked to its first closing (`model.course`). A clock applies to a side where it was started and stopped on
  every course that ends there; the outcome, where every such course has one. What a case of the other side had before is not counted.
- So to how many cases a table applies says nothing but how many were accepted, and all tables of a side say the same.
- A table that applies to a part of a side only, or a policy by which a case is closed without being accepted or declined, has no side.

>>> from plaint.model.policy import load_preset
>>> sides(load_preset("house"))["clock.inquiry"].value
'accepted'
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from enum import IntEnum, StrEnum

from plaint.model.course import Course, Place, Step, explore
from plaint.model.policy import Clock, ClockKind, Policy
from plaint.statistics.definitions import CLOCK, OUTCOME, REASON


class Side(StrEnum):
    """The cases to which a table applies."""

    ALL = "all"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class _Ran(IntEnum):
    NEVER, RUNNING, STOPPED = range(3)


_SCREENED = {"accept": Side.ACCEPTED, "reopen": Side.ACCEPTED, "decline": Side.DECLINED}


_found: dict[tuple[int, ...], tuple[Policy, dict[str, Side]]] = {}
"""What was found for a policy's parts. It holds the policy, so that none of its parts can come to have the number of another."""


def sides(policy: Policy) -> dict[str, Side]:
    """Table -> side, for those that have one. Walking all courses takes a moment, so it is done once for a policy."""
    parts = (policy.transitions, policy.clocks, policy.reasons, policy.outcomes, policy.measures)
    key = tuple(map(id, parts))
    if key not in _found:
        _found[key] = policy, _read(policy)
    return _found[key][1]


def _read(policy: Policy) -> dict[str, Side]:
    course = explore(policy)
    if not course.complete:
        return {}
    found = {name: side for name, ends in _ends(policy, course) if (side := _side(ends)) is not None}
    if OUTCOME in found:
        found[REASON] = Side.DECLINED
    return found


def deadline_clocks(policy: Policy) -> Iterator[Clock]:
    """The time limits that a case has once."""
    return (clock for clock in policy.clocks.values() if clock.kind is ClockKind.DEADLINE and not clock.per)


def _ends(policy: Policy, course: Course) -> Iterator[tuple[str, set[tuple[Side | None, _Ran]]]]:
    yield OUTCOME, set(_walk(course, ("conclude",), ("conclude",), ("reopen",), [_Ran.NEVER]))
    for clock in deadline_clocks(policy):
        first = [_Ran.NEVER, _Ran.RUNNING] if clock.or_after else [_Ran.NEVER]
        yield f"{CLOCK}{clock.name}", set(_walk(course, clock.starts, clock.stops, (), first))


def _side(ends: Iterable[tuple[Side | None, _Ran]]) -> Side | None:
    ran: dict[Side | None, set[_Ran]] = {}
    for side, how in ends:
        ran.setdefault(side, set()).add(how)
    always = {side for side, each in ran.items() if each == {_Ran.STOPPED}}
    if always == set(ran):
        return Side.ALL
    if None in ran or len(always) != 1:
        return None
    return always.pop()


def _walk(
    course: Course, starts: tuple[str, ...], stops: tuple[str, ...], forgets: tuple[str, ...], first: Iterable[_Ran]
) -> Iterator[tuple[Side | None, _Ran]]:
    """How each course ends: on which side, and whether the clock ran."""
    queue: deque[tuple[Place, Side | None, _Ran]] = deque((Place(), None, ran) for ran in first)
    seen = set(queue)
    while queue:
        place, side, ran = queue.popleft()
        for step in course.steps.get(place, ()):
            kind = step.name.partition(":")[0]
            now = _after(step, ran, starts, stops, forgets)
            there = (step.target, _SCREENED.get(kind, side), now)
            if kind == "close":
                yield there[1], now
            elif there not in seen:
                seen.add(there)
                queue.append(there)


def _after(step: Step, ran: _Ran, starts: tuple[str, ...], stops: tuple[str, ...], forgets: tuple[str, ...]) -> _Ran:
    if step.answers_to(forgets):
        return _Ran.NEVER
    if starts == stops:
        return _Ran.STOPPED if step.answers_to(stops) else ran
    if step.answers_to(stops) and ran is _Ran.RUNNING:
        ran = _Ran.STOPPED
    return _Ran.RUNNING if step.answers_to(starts) else ran
