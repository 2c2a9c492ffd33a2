"""A policy in words, as tables: for `plaint policy show` and for the site, in the language in force.

>>> from plaint.model.policy import load_preset
>>> [section.heading for section in sections(load_preset("house"))][:2]
['Channels', 'Categories']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plaint.i18n import _, listed, ngettext, pick
from plaint.model.clocks import Duration, Every
from plaint.model.course import event_names
from plaint.model.duties import POLICY_REVIEW
from plaint.model.policy import TEAM, Kind, Policy, Transition
from plaint.model.words import event_title


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a policy: a heading, the names of the columns, the rows."""

    heading: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def about(policy: Policy) -> list[tuple[str, str]]:
    """Which policy it is: its revision, first day and calendar."""
    return [
        (_("Revision"), str(policy.revision)),
        (_("Effective"), policy.effective.isoformat()),
        (_("Calendar"), f"{policy.country}, {policy.timezone}"),
    ]


def sections(policy: Policy) -> Iterator[Section]:
    """Every part that has rows."""
    for heading, words in (
        (_("Channels"), policy.channels),
        (_("Categories"), policy.categories),
        (_("Outcomes"), policy.outcomes),
        (_("Measures"), policy.measures),
        (_("Expertise"), policy.expertise),
        (_("Roles"), policy.roles),
    ):
        yield from _section(heading, (_("word"), _("meaning")), ((word, pick(text)) for word, text in words.items()))
    reasons = ((kind, listed(f"{w} {pick(t)}" for w, t in ws.items())) for kind, ws in policy.reasons.items())
    yield from _section(_("Reasons"), (_("event"), _("words")), reasons)
    states = ((name, pick(state.title), _("final") if state.final else "") for name, state in policy.states.items())
    yield from _section(_("States"), (_("state"), _("meaning"), _("note")), states)
    header = (_("event"), _("meaning"), _("from"), _("to"), _("who"), _("sealed"), _("only if"))
    yield from _section(_("Events"), header, (_transition(policy, t) for options in policy.transitions.values() for t in options))
    yield from _section(_("Clocks"), (_("clock"), _("meaning"), _("within"), _("from"), _("until"), _("note")), clocks(policy))
    recurring = [(r.name, pick(r.title), _("every {period}").format(period=_period(r.every)), duration(r.within)) for r in policy.recurring.values()]
    if policy.review:
        recurring.append((POLICY_REVIEW, pick(policy.review.title), _("once"), duration(policy.review.within)))
    yield from _section(_("Recurring duties"), (_("duty"), _("meaning"), _("how often"), _("within")), recurring)
    yield from _section(_("Reminders"), (_("what"), _("ahead"), _("when late"), _("others")), _reminders(policy))
    compartments = ((name, pick(c.title), roles(policy, c.holders)) for name, c in policy.compartments.items())
    yield from _section(_("What is sealed, and who opens it"), (_("compartment"), _("meaning"), _("who")), compartments)
    yield from _section(_("Never one person for both"), (_("event"), _("event")), ((event_title(a), event_title(b)) for a, b in policy.apart))


def rules(policy: Policy) -> list[tuple[str, str]]:
    """What holds for the team, for new revisions, members and publication."""
    changes = policy.membership
    fields = [
        (
            _("Expertise for {category}").format(category=pick(policy.categories.get(c, {"en": c}))),
            listed(pick(policy.expertise.get(f, {"en": f})) for f in fs),
        )
        for c, fs in policy.team.expertise.items()
    ]
    return [
        (_("Inquiry team"), _("at least {n}, each: {roles}").format(n=policy.team.least, roles=roles(policy, policy.team.roles))),
        *fields,
        (_("New revision"), _approvals(policy, policy.approvals, policy.approvers)),
        (_("Members are kept by"), roles(policy, policy.stewards)),
        *([(_("Changes of members"), _approvals(policy, changes.approvals, changes.roles))] if changes else []),
        (_("Counts are published from"), str(policy.threshold)),
    ]


def _approvals(policy: Policy, n: int, by: Iterable[str]) -> str:
    return ngettext("{n} approval by: {roles}", "{n} approvals by: {roles}", n).format(n=n, roles=roles(policy, by))


def _section(heading: str, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[Section]:
    found = tuple(rows)
    if found:
        yield Section(heading, header, found)


def roles(policy: Policy, words: Iterable[str]) -> str:
    """Roles by their titles, one after another."""
    return listed(_("inquiry team") if r == TEAM else pick(policy.roles.get(r, {"en": r})) for r in words)


def _transition(policy: Policy, t: Transition) -> tuple[str, ...]:
    name = event_names(t)[0] if t.when else t.event
    conditions = [_("{clock} is over").format(clock=pick(policy.clocks[c].title) if c in policy.clocks else c) for c in t.elapsed]
    if t.after:
        conditions.append(_("after {events}").format(events=" → ".join(map(event_title, t.after))))
    conditions += [
        words
        for words, holds in (
            (_("suspended"), t.during == "suspended" or t.unless == "running"),
            (_("not suspended"), t.during == "running" or t.unless == "suspended"),
            (_("on hold"), t.during == "held"),
            (_("not on hold"), t.unless == "held"),
            (_("not done before"), t.once),
            (_("every measure verified"), t.measures_verified),
        )
        if holds
    ]
    sealed = listed(pick(policy.compartments[c].title) if c in policy.compartments else c for c in t.seals)
    target = pick(policy.states[t.target].title) if t.target and t.target in policy.states else t.target or ""
    return name, event_title(name), _sources(policy, t), target, roles(policy, t.roles), sealed, listed(conditions)


def _sources(policy: Policy, t: Transition) -> str:
    """Where an event starts; if that is nearly everywhere, what is left out."""
    open_states = [name for name, state in policy.states.items() if not state.final]
    left_out = [s for s in open_states if s not in t.sources]
    titles = {name: pick(state.title) for name, state in policy.states.items()}
    if t.sources and len(left_out) < len(t.sources) / 2:
        return _("any but {states}").format(states=listed(titles[s] for s in left_out)) if left_out else _("any")
    return listed(titles.get(s, s) for s in t.sources)


def clocks(policy: Policy) -> list[tuple[str, ...]]:
    """Every clock: its word, meaning, length, start, end and what else holds."""
    rows: list[tuple[str, ...]] = []
    for clock in policy.clocks.values():
        notes = [
            words
            for words, holds in (
                (_("one for each measure"), clock.per == "measure"),
                (_("one for each request"), clock.per == "request"),
                (_("stands still while suspended"), clock.suspends),
                (_("keeps running when started again"), not clock.restarts),
                (_("kept at least so long"), clock.kind.value == "retention"),
            )
            if holds
        ]
        notes += [_("gone after {span} at the latest").format(span=duration(clock.at_most))] if clock.at_most else []
        starts = [event_title(s) for s in clock.starts]
        if clock.or_after and clock.or_after in policy.clocks:
            starts.append(_("{clock} missed").format(clock=pick(policy.clocks[clock.or_after].title)))
        within = duration(clock.within) if clock.within else _("its own date")
        rows.append((clock.name, pick(clock.title), within, listed(starts), listed(map(event_title, clock.stops)), listed(notes)))
    return rows


def _reminders(policy: Policy) -> list[tuple[str, ...]]:
    titles = {
        Kind.DEADLINE: _("time limit"),
        Kind.MEASURE: _("measure"),
        Kind.REQUEST: _("request for the identity"),
        Kind.RETENTION: _("retention"),
        Kind.DUTY: _("recurring duty"),
    }
    rows: list[tuple[str, ...]] = []
    for kind, rule in policy.reminders.rules.items():
        again = ngettext("every {n} day", "every {n} days", rule.every).format(n=rule.every) if rule.every else _("once")
        others = roles(policy, policy.reminders.escalate_to)
        passed_on = _("{roles} after {span}").format(roles=others, span=duration(rule.escalate_after)) if rule.escalate_after else ""
        rows.append((titles[kind], listed(map(duration, rule.before or ())), again, passed_on))
    return rows


def duration(length: Duration) -> str:
    """A length of time for people: "7 working days", "7 个工作日"."""
    words = {
        "hours": ngettext("{n} hour", "{n} hours", length.n),
        "days": ngettext("{n} day", "{n} days", length.n),
        "working days": ngettext("{n} working day", "{n} working days", length.n),
        "months": ngettext("{n} month", "{n} months", length.n),
        "years": ngettext("{n} year", "{n} years", length.n),
    }
    return words[length.unit.value].format(n=length.n)


def _period(every: Every) -> str:
    return {"year": _("year"), "half-year": _("half-year"), "quarter": _("quarter"), "month": _("month")}[every.value]
