"""What the live tables and their words are called."""

from __future__ import annotations

from collections.abc import Mapping

from plaint.i18n import _, pick
from plaint.model.policy import Policy
from plaint.model.words import EVENTS, WORDS


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
