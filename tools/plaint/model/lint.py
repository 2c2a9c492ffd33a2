"""Is a policy sound? Proved, not sampled: every course a case can take is walked (`course`), every word looked up, every duty cast.

`lint(policy)` asks whether the policy can work at all; with a roster, whether the people there are can work it. Each problem has a
stable code and says what to change; no problem means:
- every state can be reached, and from wherever a case can stand a final state can be reached;
- every clock can start, and wherever it can be running one of its stops can still be reached;
- every word that is used is declared, every declared state and role is used, every title stands in both languages;
- nothing is ambiguous: an event in a state has one meaning;
- (with a roster) each event, compartment and approval has its people, teams can be formed, and duties can be kept apart.

>>> from plaint.model.policy import load_preset
>>> lint(load_preset("house"))
[]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from plaint.i18n import _, listed, pick
from plaint.model.clocks import due
from plaint.model.course import Course, Place, Step, event_names, explore
from plaint.model.lint_people import against_people
from plaint.model.policy import TEAM, Clock, ClockKind, Policy, Transition
from plaint.model.roster import Roster
from plaint.model.words import EVENTS

LEAST_THRESHOLD = 5
CONDITIONS = ("running", "suspended", "held")
TAKES_REASON = {"decline": True, "extend": False, "suspend": True, "reopen": True, "hold": True}
"""The events that take a reason, and whether they must have one."""


@dataclass(frozen=True, slots=True)
class LintProblem:
    """One thing that is not sound: a stable code, and what it is in the language in force."""

    code: str
    message: str


Finding = tuple[str, str]


def lint(policy: Policy, roster: Roster | None = None) -> list[LintProblem]:
    """Everything that is not sound in a policy; with a roster, in an organisation that works by it."""
    course = explore(policy)
    found = [finding for rule in RULES for finding in rule(policy)]
    found += [finding for rule in COURSE_RULES for finding in rule(policy, course)]
    if roster is not None:
        found += against_people(policy, roster)
    return [LintProblem(code, message) for code, message in dict.fromkeys(found)]


def _transitions(policy: Policy) -> Iterator[Transition]:
    for options in policy.transitions.values():
        yield from options


# --- words -----------------------------------------------------------------------------------------------------------------------------


def _states_declared(policy: Policy) -> Iterator[Finding]:
    used: set[str] = set()
    for t in _transitions(policy):
        mine = {*t.sources, *((t.target,) if t.target else ())}
        used |= mine
        for state in sorted(mine - set(policy.states)):
            yield "unknown-state", _("{event} names the state {word}, which is not declared").format(event=t.event, word=state)
        for state in t.sources:
            if state in policy.states and policy.states[state].final:
                yield "final-left", _("{event} starts from {state}, but nothing follows a final state").format(event=t.event, state=state)
        if not t.sources and t.event != "receive":
            yield "no-source", _("{event} says no state it starts from; only receive may begin a case").format(event=t.event)
        if t.event == "receive" and t.sources:
            yield "late-receive", _("receive begins a case and cannot start from a state")
    for state in policy.states:
        if state not in used:
            yield "unused-state", _("no transition leads to or from the state {word}").format(word=state)
    if not any(s.final for s in policy.states.values()):
        yield "no-final-state", _("no state is final: a case would never end")
    if not any(t.event == "receive" and not t.sources and t.target for t in _transitions(policy)):
        yield "no-start", _("no transition begins a case: receive with a state it leads to is missing")


def _roles_declared(policy: Policy) -> Iterator[Finding]:
    uses: list[tuple[str, tuple[str, ...]]] = [(t.event, t.roles) for t in _transitions(policy)]
    uses += [(name, c.holders) for name, c in policy.compartments.items()]
    plain = [("team", policy.team.roles), ("approvals", policy.approvers), ("stewards", policy.stewards), ("reminders", policy.reminders.escalate_to)]
    plain += [("membership", policy.membership.roles)] if policy.membership else []
    known = {*policy.roles, TEAM}
    for where, roles in uses + plain:
        for role in roles:
            if role not in known or (role == TEAM and (where, roles) in plain):
                yield "unknown-role", _("{where} names the role {word}, which is not declared").format(where=where, word=role)
    for event, roles in uses[: len(uses) - len(policy.compartments)]:
        if not roles:
            yield "event-without-role", _("nobody may {event}: it has no role").format(event=event)
    if TEAM in policy.roles:
        yield "reserved-role", _("the role {word} cannot be declared: it is that of a case's inquiry team").format(word=TEAM)
    used = {role for _where, roles in uses + plain for role in roles}
    for role in policy.roles:
        if role not in used and role != TEAM:
            yield "unused-role", _("the role {word} is declared, but nothing asks for it").format(word=role)


def _compartments_declared(policy: Policy) -> Iterator[Finding]:
    for t in _transitions(policy):
        for compartment in (*t.seals, *t.may_seal):
            if compartment not in policy.compartments and compartment != "reporter":
                yield "unknown-compartment", _("{event} seals {word}, which is no compartment").format(event=t.event, word=compartment)
    for name, declared in policy.compartments.items():
        if not declared.holders and name != "reporter":
            yield "compartment-without-holder", _("nobody could open the compartment {word}: it has no holder").format(word=name)


def _events_declared(policy: Policy) -> Iterator[Finding]:
    declared = {name for t in _transitions(policy) for name in (*event_names(t), t.event)}
    uses = [(t.event, t.after) for t in _transitions(policy)]
    uses += [("apart", pair) for pair in policy.apart]
    uses += [(_("clock {name}").format(name=c.name), (*c.starts, *c.stops)) for c in policy.clocks.values()]
    uses += [("reasons", (kind,)) for kind in policy.reasons]
    for name in sorted(n for n in declared if n not in EVENTS):
        yield "unknown-event", _("plaint knows no event {word}").format(word=name)
    for where, names in uses:
        for name in names:
            if name not in EVENTS:
                yield "unknown-event", _("{where} names {word}, and plaint knows no such event").format(where=where, word=name)
            elif name not in declared:
                yield "undeclared-event", _("{where} names {word}, for which there is no transition").format(where=where, word=name)


def _other_words_declared(policy: Policy) -> Iterator[Finding]:
    for t in _transitions(policy):
        for clock in t.elapsed:
            if clock not in policy.clocks:
                yield "unknown-clock", _("{event} waits for the clock {word}, which is not declared").format(event=t.event, word=clock)
            elif policy.clocks[clock].within is None:
                yield "clock-without-length", _("{event} waits for the clock {word}, which has no length").format(event=t.event, word=clock)
        for key, word in (("while", t.during), ("unless", t.unless)):
            if word and word not in CONDITIONS:
                words = {"event": t.event, "key": key, "word": word, "known": ", ".join(CONDITIONS)}
                yield "unknown-condition", _("{event} has `{key}: {word}`; it may be {known}").format(**words)
    for category, fields in policy.team.expertise.items():
        if category not in policy.categories:
            yield "unknown-category", _("the team rules name the category {word}, which is not declared").format(word=category)
        for field in fields:
            if field not in policy.expertise:
                yield "unknown-expertise", _("the team rules name the expertise {word}, which is not declared").format(word=field)


def _reasons_declared(policy: Policy) -> Iterator[Finding]:
    for kind in policy.reasons:
        if kind in EVENTS and kind not in TAKES_REASON:
            yield "reasons-unused", _("{event} takes no reason").format(event=kind)
    for kind, needed in TAKES_REASON.items():
        if needed and kind in policy.transitions and not policy.reasons.get(kind):
            yield "no-reasons", _("{event} needs a reason, and the policy lists none").format(event=kind)


def _titles_bilingual(policy: Policy) -> Iterator[Finding]:
    tables: dict[str, Mapping[str, Mapping[str, str]]] = {
        "channels": policy.channels,
        "categories": policy.categories,
        **{f"reasons.{kind}": words for kind, words in policy.reasons.items()},
        "outcomes": policy.outcomes,
        "measures": policy.measures,
        "expertise": policy.expertise,
        "roles": policy.roles,
        "compartments": {k: v.title for k, v in policy.compartments.items()},
        "states": {k: v.title for k, v in policy.states.items()},
        "clocks": {k: v.title for k, v in policy.clocks.items()},
        "recurring": {k: v.title for k, v in policy.recurring.items()},
    }
    titles = [("title", policy.title), *((("source", policy.source),) if policy.source else ())]
    titles += [("policy-review", policy.review.title)] if policy.review else []
    titles += [(f"{table}.{word}", text) for table, words in tables.items() for word, text in words.items()]
    for where, text in titles:
        for language in ("en", "zh"):
            if not text.get(language, "").strip():
                yield "missing-language", _("{where} has no text in {language}").format(where=where, language=language)


def _unambiguous(policy: Policy) -> Iterator[Finding]:
    for options in policy.transitions.values():
        for one, other in combinations(options, 2):
            both = [s for s in one.sources if s in other.sources] or ([""] if not one.sources and not other.sources else [])
            if both and all(other.when.get(k, v) == v for k, v in one.when.items()):
                where = pick(policy.states[both[0]].title) if both[0] in policy.states else both[0] or _("the beginning")
                yield "ambiguous", _("two transitions say what {event} does from: {state}").format(event=event_names(one)[0], state=where)
    for first, second in policy.apart:
        if first == second or second == first.partition(":")[0] or first == second.partition(":")[0]:
            yield "apart-from-itself", _("{first} and {second} are one event: it cannot be kept apart from itself").format(first=first, second=second)


def _times_formed(policy: Policy) -> Iterator[Finding]:
    seen: set[str] = set()
    for clock in policy.clocks.values():
        if clock.within is None and clock.per != "measure":
            yield "clock-without-length", _("the clock {word} does not say within what time").format(word=clock.name)
        if clock.or_after and clock.or_after not in policy.clocks:
            yield "unknown-clock", _("the clock {name} runs after {word}, which is not declared").format(name=clock.name, word=clock.or_after)
        elif clock.or_after and clock.or_after not in seen:
            yield "clock-order", _("the clock {name} runs after {word}, so it must stand below it").format(name=clock.name, word=clock.or_after)
        seen.add(clock.name)
        expected = {"measure": ("decide", "verify"), "request": ("disclose:request", "disclose:grant")}.get(clock.per)
        if expected and (clock.starts != expected[:1] or expected[1] not in clock.stops):
            words = {"name": clock.name, "per": clock.per, "start": expected[0], "stop": expected[1]}
            yield "clock-per", _("the clock {name} runs per {per}: it starts with {start} and stops with {stop}").format(**words)
        if clock.grace and clock.kind is not ClockKind.RETENTION:
            yield "grace-on-deadline", _("the clock {name} is a deadline and can have no grace; extend it or make it longer").format(name=clock.name)
        yield from _ceiling_formed(policy, clock)
    for kind, rule in policy.reminders.rules.items():
        if rule.escalate_after and not policy.reminders.escalate_to:
            yield "escalates-to-nobody", _("the reminders of {kind} are escalated to nobody: say to which roles, in escalate-to").format(kind=kind)
    if policy.reminders.escalate_to and not any(rule.escalate_after for rule in policy.reminders.rules.values()):
        yield "escalates-never", _("the reminders name roles in escalate-to, but nothing is ever escalated: say when, with escalate-after")
    if policy.threshold < LEAST_THRESHOLD:
        words = {"n": str(policy.threshold), "least": str(LEAST_THRESHOLD)}
        yield "low-threshold", _("counts of {n} could be published: the threshold is at least {least}").format(**words)


def _ceiling_formed(policy: Policy, clock: Clock) -> Iterator[Finding]:
    """A ceiling (`at-most`) is a retention's, leaves time to dispose of the case, and needs no grace beside it."""
    if clock.at_most is None:
        return
    if clock.kind is not ClockKind.RETENTION:
        yield "ceiling-on-deadline", _("the clock {name} is a deadline: at-most is for retentions").format(name=clock.name)
    elif clock.grace:
        yield "ceiling-and-grace", _("the clock {name} has a grace and a ceiling: with at-most, leave grace out").format(name=clock.name)
    elif clock.within:
        starts = [datetime(2024, month, day, tzinfo=policy.timezone) for month in range(1, 13) for day in (1, 29)]
        ends = [[due(start, length, policy.timezone, policy.calendar).at for length in (clock.within, clock.at_most)] for start in starts]
        if any(most <= least for least, most in ends):
            yield "ceiling-too-low", _("the clock {name} keeps longer than at-most allows: no time is left to dispose of a case").format(name=clock.name)


# --- courses ---------------------------------------------------------------------------------------------------------------------------


def _title(policy: Policy, place: Place) -> str:
    name = pick(policy.states[place.state].title) if place.state in policy.states else place.state
    more = [word for word, there in ((_("suspended"), place.suspended), (_("on hold"), place.held), (_("measures open"), place.measures)) if there]
    return f"{name} ({', '.join(more)})" if more else name


def _titles(policy: Policy, places: Iterable[Place]) -> str:
    """One title for each state, the plainest of its places."""
    plainest: dict[str, Place] = {}
    for place in sorted(places, key=lambda p: (p.suspended, p.held, p.measures)):
        plainest.setdefault(place.state, place)
    return listed(_title(policy, place) for place in plainest.values())


def _is_final(policy: Policy, place: Place) -> bool:
    return place.state in policy.states and policy.states[place.state].final


def _states_reached(policy: Policy, course: Course) -> Iterator[Finding]:
    if not course.complete:
        yield "too-complex", _("the policy has more courses than can be checked: ask for fewer events to come first")
        return
    reached = {place.state for place in course.steps}
    used = {s for t in _transitions(policy) for s in (*t.sources, t.target)}
    for state in policy.states:
        if state in used and state not in reached:
            yield "unreachable-state", _("no case can ever be in the state {word}").format(word=state)
    taken = {id(step.transition) for step in course.all_steps()}
    for t in _transitions(policy):
        if id(t) not in taken and any(s in reached for s in t.sources):
            yield "never-possible", _("{event} can never happen: what it asks for cannot come first").format(event=event_names(t)[0])


def _ends_reached(policy: Policy, course: Course) -> Iterator[Finding]:
    final = [place for place in course.steps if _is_final(policy, place)]
    stuck = set(course.steps) - course.leading_to(final) - {Place()}
    if stuck and course.complete and any(s.final for s in policy.states.values()):
        yield "dead-end", _("a case can get stuck, with no way to a final state, while: {states}").format(states=_titles(policy, stuck))


def _clocks_stop(policy: Policy, course: Course) -> Iterator[Finding]:
    if not course.complete:
        return
    running: dict[str, set[Place]] = {}
    for clock in policy.clocks.values():
        stops = _stops(clock)
        starts = {s.target for s in course.all_steps() if s.answers_to(clock.starts) and (clock.per != "measure" or s.target.measures)}
        starts |= running.get(clock.or_after or "", set())
        if not starts:
            yield "clock-never-starts", _("the clock {name} can never start").format(name=clock.name)
            continue
        on = course.following(starts, _runs_on(clock))
        running[clock.name] = on
        can_stop = course.leading_to({s.source for s in course.all_steps() if stops(s)})
        lost = {s.target for place in on for s in course.steps[place] if not stops(s) and _loses(clock, s)}
        stuck = (on - can_stop) | lost
        if stuck:
            words = {"name": clock.name, "states": _titles(policy, stuck), "stops": ", ".join(clock.stops)}
            yield "clock-never-stops", _("the clock {name} can run for ever: no {stops} can come any more once the case is: {states}").format(**words)


def _stops(clock: Clock) -> Callable[[Step], bool]:
    if clock.per == "measure":
        return lambda step: step.name == "verify" and not step.target.measures
    return lambda step: step.answers_to(clock.stops)


def _runs_on(clock: Clock) -> Callable[[Step], bool]:
    stops = _stops(clock)
    return lambda step: not stops(step) and not _loses(clock, step)


def _loses(clock: Clock, step: Step) -> bool:
    """Whether a step makes the machine forget what the clock waits for: a measure replaced, a request dropped."""
    if clock.per == "measure":
        return step.source.measures and step.transition.event in ("reopen", "decide")
    return clock.per == "request" and step.source.requests and step.transition.event == "reopen"


RULES: tuple[Callable[[Policy], Iterator[Finding]], ...] = (
    _states_declared,
    _roles_declared,
    _compartments_declared,
    _events_declared,
    _other_words_declared,
    _reasons_declared,
    _titles_bilingual,
    _unambiguous,
    _times_formed,
)
COURSE_RULES: tuple[Callable[[Policy, Course], Iterator[Finding]], ...] = (_states_reached, _ends_reached, _clocks_stop)
