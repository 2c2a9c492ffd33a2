"""Which tables are told: every set of cases there can be, all that gives the same release, and how little and how much each count can be in these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from plaint.model.policy import Policy, load_preset
from plaint.statistics.closed import ClosedCase
from plaint.statistics.sides import Side, sides
from plaint.statistics.told import told

HOUSE = load_preset("house")
K = 5
START = datetime(2026, 1, 5, tzinfo=UTC)


def case(outcome: str, feedback: str = "on-time") -> ClosedCase:
    """A closed case of the house policy: declined where it has no outcome."""
    declined = outcome == "none"
    of_inquiry = dict.fromkeys(("clock.team", "clock.inquiry", "clock.decision"), "none" if declined else "on-time")
    words = {
        "channel": "phone", "category": "other", "satisfaction": "none", "screening": "declined" if declined else "accepted",
        "reason": "no-grounds" if declined else "none", "outcome": outcome, "clock.acknowledgement": "on-time", "clock.screening": "on-time",
        "clock.notice": "on-time" if declined else "none", "clock.feedback": "none" if declined else feedback, **of_inquiry,
    }  # fmt: skip
    took = {name.removeprefix("clock."): timedelta(hours=7) for name, word in words.items() if name.startswith("clock.") and word != "none"}
    return ClosedCase(START, START + timedelta(days=40), words, (), took)


def worlds(total: int) -> Iterator[tuple[Mapping[str, int], list[ClosedCase]]]:
    """All that can become of so many cases, with what it counts to."""
    for upheld in range(total + 1):
        for rejected in range(total + 1 - upheld):
            accepted = upheld + rejected
            for late in range(accepted + 1):
                made = [case("substantiated" if n < upheld else "unsubstantiated", "late" if n < late else "on-time") for n in range(accepted)]
                counts = {"upheld": upheld, "rejected": rejected, "declined": total - accepted, "accepted": accepted, "late": late, "on time": accepted - late}
                yield counts, [*made, *(case("none") for _n in range(total - accepted))]


@pytest.mark.parametrize("total", [13, 19])
def test_no_count_can_be_known_small_by_all_tables_and_all_rules_together(total: int) -> None:
    """The attacker who knows everything but the cases. `accepted` is no count of a table of its own unless it is told."""
    policy = replace(HOUSE, outcomes={word: HOUSE.outcomes[word] for word in ("substantiated", "unsubstantiated")}, threshold=K)
    same: dict[str, list[Mapping[str, int]]] = {}
    for counts, cases in worlds(total):
        shown = told(policy, cases, K)
        assert all(n >= K for groups in shown.tables.values() for n in groups.values())
        assert all(sum(groups.values()) == total for groups in shown.tables.values())
        same.setdefault(repr((shown.tables, shown.medians)), []).append(counts)
    assert len(same) > 20
    for shown, each in same.items():
        for name in each[0]:
            least, most = min(counts[name] for counts in each), max(counts[name] for counts in each)
            assert least >= K or (most >= K and most - least >= K), f"{name} lies between {least} and {most}: {shown}"


def many(**counts: int) -> list[ClosedCase]:
    return [case(outcome, "late" if outcome == "unsubstantiated" else "on-time") for outcome, n in counts.items() for _n in range(n)]


def test_tables_of_one_side_stand_where_the_declined_are_known() -> None:
    shown = told(HOUSE, many(substantiated=30, unsubstantiated=12, partly=10, undetermined=1, none=20), 10)
    assert shown.tables["outcome"] == {"substantiated": 30, "none": 20, "unsubstantiated": 12, "partly+undetermined": 11}
    assert shown.tables["screening"] == {"accepted": 53, "declined": 20}
    assert shown.tables["clock.feedback"] == {"on-time": 41, "late": 12, "none": 20}
    assert set(shown.medians) == {"acknowledgement", "screening", "notice", "team", "inquiry", "decision", "feedback"}


def test_where_the_declined_are_among_others_there_is_one_group_beside_the_late() -> None:
    shown = told(HOUSE, many(substantiated=30, unsubstantiated=20, partly=4, none=9), 10)
    assert shown.tables["outcome"] == {"substantiated": 30, "unsubstantiated": 20, "none+partly+undetermined": 13}
    assert "screening" not in shown.tables
    assert shown.tables["clock.feedback"] == {"late": 20, "none+on-time": 43}
    assert "notice" not in shown.medians
    late = [case("substantiated", "late") for _n in range(60)] + [case("unsubstantiated", "late") for _n in range(20)]
    shown = told(HOUSE, [*late, *(case("partly") for _n in range(5)), *(case("none") for _n in range(9))], 10)
    assert shown.tables["outcome"]["none+partly+undetermined"] == 14
    assert shown.tables["clock.feedback"] == {"late": 80, "none+on-time": 14}, "as many as those among whom the declined are"
    shown = told(HOUSE, [*late, *(case("partly", "late") for _n in range(4)), case("partly"), *(case("none") for _n in range(9))], 10)
    assert "clock.feedback" not in shown.tables, "ten others: so the declined were no more than ten of fourteen"


def reading(policy: Policy) -> dict[str, str]:
    return {name: side.value for name, side in sides(policy).items()}


def test_the_side_of_a_table_is_read_from_the_policy() -> None:
    accepted = dict.fromkeys(("outcome", "clock.team", "clock.inquiry", "clock.decision", "clock.feedback"), "accepted")
    both = dict.fromkeys(("clock.acknowledgement", "clock.screening"), "all")
    assert reading(HOUSE) == {**accepted, **both, "clock.notice": "declined", "reason": "declined"}
    assert reading(load_preset("eu-2019-1937"))["clock.feedback"] == "all", "who was declined is told so, too"


def test_a_limit_that_only_some_of_the_accepted_have_has_no_side() -> None:
    """Here a case may be closed right after it was accepted: then neither an inquiry nor an outcome is certain."""
    close = HOUSE.transitions["close"]
    early = replace(close[0], sources=(*close[0].sources, "accepted"), after=(), measures_verified=False)
    loose = replace(HOUSE, transitions={**HOUSE.transitions, "close": (early, *close[1:])})
    found = sides(loose)
    assert "outcome" not in found
    assert "reason" not in found
    assert "clock.inquiry" not in found
    assert found["clock.screening"] is Side.ALL
    cases = [*(case("substantiated") for _n in range(30)), *(case("none") for _n in range(20))]
    assert set(told(loose, cases, 10).tables) <= {"channel", "category", "satisfaction", "clock.acknowledgement", "clock.screening"}
