"""What a supervision review holds each case of its sample against: the policy's own chapters, as questions.

>>> next(iter(questions().items()))
('registered', 'Registered whole – who, what, when, where – and sealed (4.1, 4.2)?')
"""

from __future__ import annotations

from collections.abc import Mapping

from plaint.i18n import _


def questions() -> Mapping[str, str]:
    """The questions by their codes, in the order of a case; with the chapter of the written policy (投诉举报处置制度)."""
    return {
        "registered": _("Registered whole – who, what, when, where – and sealed (4.1, 4.2)?"),
        "replied": _("Replied to in time, or the reason for the delay on record (4.2)?"),
        "screened": _("Accepted or declined by the policy's own reasons, and a declined reporter told (4.2)?"),
        "impartial": _("A team with the right expertise, nobody in conflict, and a person reported on shut out (4.3)?"),
        "heard": _("The person reported on heard, or the reason why not on record (4.3)?"),
        "evidence": _("Enough evidence, kept with its chain of custody (4.3)?"),
        "concluded": _("Findings that follow from the evidence (4.3)?"),
        "decided": _("Decided by somebody else than who inquired, measures in proportion (4.3)?"),
        "answered": _("The reporter told the result in time (4.4)?"),
        "measures": _("Measures carried out and verified (4.4)?"),
        "identity": _("The reporter's identity opened only on request and for a reason (2)?"),
        "records": _("Records whole, kept and disposed of as the policy says (5.2)?"),
    }


def answers() -> Mapping[str, str]:
    """What can be answered."""
    return {"met": _("in every case"), "partly": _("in some"), "missed": _("in none"), "not-arisen": _("it did not arise")}
