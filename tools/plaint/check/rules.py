"""The rules of `plaint check` and `plaint audit`: a stable code, a severity, and in both languages what it means and what to do.

The first letter is the family: `S` schema and form, `T` transitions, roles and duties, `D` deadlines, `K` keys and compartments,
`P` policy and members, `R` retention, reviews and reports, `A` history and signatures (the audit's). Codes are never used again for
something else. Adding a rule is adding an entry to a catalogue and the line that reports it.

>>> rule("D101").title
'A deadline has passed'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from plaint.errors import UsageError
from plaint.i18n import _, language


class Severity(StrEnum):
    """Errors fail the run; warnings say what will soon be one, or may not be meant."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, in the language in force."""

    code: str
    severity: Severity
    title: str
    explanation: str
    remedy: str


def rules() -> Mapping[str, Rule]:
    """Every rule by its code, in the language in force."""
    return _rules(language())


def rule(code: str) -> Rule:
    """The rule of a code; UsageError where there is none."""
    found = rules().get(code.upper())
    if found is None:
        raise UsageError(_("there is no rule {code}").format(code=code[:20]), hint=_("plaint explain lists them"))
    return found


def families() -> dict[str, str]:
    """What the first letters of the codes stand for."""
    return {
        "S": _("Schema and form"),
        "T": _("Transitions, roles and duties"),
        "D": _("Deadlines"),
        "K": _("Keys and compartments"),
        "P": _("Policy and members"),
        "R": _("Retention, reviews and reports"),
        "A": _("History and signatures"),
    }


@cache
def _rules(_language: str) -> Mapping[str, Rule]:
    # here, for the catalogues need the types above
    from plaint.check.catalogue_cases import cases_catalogue
    from plaint.check.catalogue_history import history_catalogue
    from plaint.check.catalogue_house import house_catalogue

    entries = (*cases_catalogue(), *house_catalogue(), *history_catalogue())
    found = {entry.code: entry for entry in entries}
    assert len(found) == len(entries), "one code, two rules"
    return found
