"""Benign histories: what honest people do over the years, with plaint, plain git and forges, and that the audit finds nothing in it.

>>> @benign
... def somebody_leaves(org):
...     org.house_event("members/li.wei.yaml", "leave", "zhou.ning")
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from evil import Org

History = Callable[[Org], object]


@dataclass
class Book:
    """The histories of one module, each done to a copy of the good organisation."""

    histories: list[History] = field(default_factory=list)

    def __call__(self, do: History) -> History:
        self.histories.append(do)
        return do


def fine(org: Org) -> None:
    """The audit finds nothing, not even a warning."""
    verdict = org.audit("--strict")
    assert not verdict.findings, "\n".join(f"{f['rule']} {f['record']} {f['message']}" for f in verdict.findings)
    assert verdict.code == 0, verdict.error
