"""What an event says in the open, in words: for the timeline of a case at the desk and on the site, in the language in force.

>>> codes_said(policy, event)
[('channel', 'Phone'), ('category', 'Professional ethics and unfair competition')]
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from plaint.i18n import listed, pick
from plaint.model.policy import Policy
from plaint.model.record import Event
from plaint.model.words import code_title, local, word_title

_UNSAID = ("keyring", "source", "step")
"""Open codes that are for programs."""


def codes_said(policy: Policy, event: Event) -> list[tuple[str, str]]:
    """Each open code by its name, and what it says."""
    return [(code_title(code), _said(policy, event.kind, code, value)) for code, value in event.codes.items() if code not in _UNSAID]


def sealed_parts(policy: Policy, event: Event) -> str:
    """The titles of the compartments that the event has sealed text for."""
    return listed(pick(policy.compartments[c].title) if c in policy.compartments else c for c in event.sealed)


def _said(policy: Policy, kind: str, code: str, value: Any) -> str:
    """An open code as people say it."""
    if isinstance(value, list):
        return ",".join(_said(policy, kind, code, each) for each in value)
    if isinstance(value, dict):  # a measure
        return f"{value['id']} {pick(policy.measures.get(value['measure'], {'en': value['measure']}))} {value['due']}"
    if code == "clock" and value in policy.clocks:
        return pick(policy.clocks[value].title)
    if code == "until":
        return local(datetime.fromisoformat(value), policy.timezone)
    words = policy.vocabulary(kind, code)
    return pick(words[value]) if words and value in words else word_title(str(value))
