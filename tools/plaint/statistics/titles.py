"""What the live tables and their words are called, and what each figure means: shown beside it, so that nobody has to guess."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from plaint.i18n import _, pick
from plaint.model.policy import Policy
from plaint.model.words import EVENTS, WORDS
from plaint.statistics.live import Figures, Pace


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of a table in which each line is a channel, a category or a period."""

    name: str
    title: str
    definition: str
    value: Callable[[Figures], int]


def columns() -> tuple[Column, ...]:
    """What is told of each channel, category or period."""
    return (
        Column("received", _("came in"), _("Reports that came in, each one case."), lambda f: f.tables["events"]["receive"]),
        Column("accepted", _("accepted"), _("Cases that were accepted."), lambda f: f.tables["events"]["accept"]),
        Column("declined", _("declined"), _("Cases that were declined."), lambda f: f.tables["events"]["decline"]),
        Column("concluded", _("concluded"), _("Inquiries that were concluded."), lambda f: f.tables["events"]["conclude"]),
        Column("decided", _("measures"), _("Measures that were decided."), lambda f: sum(f.tables["decided.measure"].values())),
        Column("fulfilled", _("fulfilled"), _("Measures whose verification found them fulfilled."), lambda f: f.tables["verified.result"]["fulfilled"]),
        Column("closed", _("closed"), _("Cases that were closed."), lambda f: f.tables["events"]["close"]),
        Column("satisfied", _("satisfied"), _("Cases closed with a reporter who was satisfied."), lambda f: f.tables["closed.satisfaction"]["satisfied"]),
        Column("reopened", _("reopened"), _("Cases that were opened again."), lambda f: f.tables["events"]["reopen"]),
        Column("in-work", _("in work"), _("Cases not closed at the end."), lambda f: sum(f.tables["in-work.state"].values())),
        Column("ended", _("limits ended"), _("Time limits that were stopped by what they wait for."), lambda f: f.stopped[0]),
        Column("late", _("late"), _("Of these, those stopped after they were due."), lambda f: f.stopped[1]),
        Column("overdue", _("overdue"), _("Time limits that were over at the end and not stopped."), lambda f: f.overdue),
    )


def detailed(policy: Policy, some: Collection[Figures]) -> list[tuple[str, Callable[[Figures], int]]]:
    """The same with every reason for declining and every outcome that some figures have, below the figure that it is a part of; titles and values."""
    below = {"declined": ("declined.reason", policy.reasons.get("decline", {})), "concluded": ("concluded.outcome", policy.outcomes)}
    found: list[tuple[str, Callable[[Figures], int]]] = []
    for column in columns():
        found.append((column.title, column.value))
        table, words = below.get(column.name, ("", {}))
        found += [(f"– {pick(title)}", partial(_word, table, word)) for word, title in words.items() if any(each.tables[table][word] for each in some)]
    return found


def _word(table: str, word: str, found: Figures) -> int:
    return found.tables[table][word]


def figure_definitions() -> dict[str, str]:
    """What each live table counts."""
    return {
        "received.channel": _("Every report that came in, by the way it took."),
        "received.category": _("Every report that came in, by what it is about as last corrected."),
        "events": _("Everything that was recorded."),
        "declined.reason": _("Each time a case was declined, by the reason given."),
        "concluded.outcome": _("Each inquiry that was concluded, by its outcome."),
        "reopened.reason": _("Each time a case was opened again, by the reason given."),
        "closed.satisfaction": _("Each time a case was closed, by what the reporter said of the result."),
        "verified.result": _("Each verification of a measure, by what it found."),
        "decided.measure": _("Every measure that was decided, by its kind."),
        "in-work.state": _("Every case not closed at the end, by where it stood then."),
        "clocks": _(
            "Every time limit that was stopped by what it waits for: late if after it was due. Half of them took no longer than the median. Overdue are those that were over at the end and not stopped."
        ),
    }


def figure_titles() -> dict[str, str]:
    """What the live tables are called."""
    return {
        "received.channel": _("Received, by channel"),
        "received.category": _("Received, by category"),
        "events": _("Every event"),
        "declined.reason": _("Declined, by reason"),
        "concluded.outcome": _("Concluded, by outcome"),
        "reopened.reason": _("Opened again, by reason"),
        "closed.satisfaction": _("Closed, by the reporter's satisfaction"),
        "verified.result": _("Measures verified, by result"),
        "decided.measure": _("Measures decided, by kind"),
        "in-work.state": _("In work at the end, by state"),
    }


def word_titles(policy: Policy) -> Mapping[str, Mapping[str, str]]:
    """What the words of the live tables are called."""
    return {
        "received.channel": {word: pick(title) for word, title in policy.channels.items()},
        "received.category": {word: pick(title) for word, title in policy.categories.items()},
        "events": {word: pick(title) for word, title in EVENTS.items()},
        "declined.reason": {word: pick(title) for word, title in policy.reasons.get("decline", {}).items()},
        "concluded.outcome": {word: pick(title) for word, title in policy.outcomes.items()},
        "reopened.reason": {word: pick(title) for word, title in policy.reasons.get("reopen", {}).items()},
        "closed.satisfaction": {word: pick(title) for word, title in WORDS.items()},
        "verified.result": {word: pick(title) for word, title in WORDS.items()},
        "decided.measure": {word: pick(title) for word, title in policy.measures.items()},
        "in-work.state": {word: pick(state.title) for word, state in policy.states.items()},
    }


def part_titles(policy: Policy, by: str) -> Mapping[str, str]:
    """What the channels or categories are called; a period needs no other name."""
    words = {"channel": policy.channels, "category": policy.categories}.get(by, {})
    return {word: pick(title) for word, title in words.items()}


def in_order(policy: Policy, clocks: Mapping[str, Pace]) -> list[tuple[str, Pace]]:
    """How the clocks were kept, in the policy's order; those of older policies last."""
    order = {name: place for place, name in enumerate(policy.clocks)}
    return sorted(clocks.items(), key=lambda each: order.get(each[0], len(order)))
