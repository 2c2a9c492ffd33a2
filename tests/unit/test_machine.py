"""The course of a case: whole courses as people would tell them, then anything at all (Hypothesis)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import SEALED, START, CaseBuilder, event_id, member, one_member_per_role
from plaint.i18n import set_language
from plaint.model.course import Place, explore
from plaint.model.deadlines import open_readings
from plaint.model.legality import legal_kinds, refusals
from plaint.model.machine import CaseState, apply, event_name, fold, is_final, names, states
from plaint.model.policy import Policy, load_preset, policy_from, preset_document
from plaint.model.record import Event
from plaint.model.roster import Roster
from plaint.model.words import STEPS

HOUSE = load_preset("house")
EU = load_preset("eu-2019-1937")


@pytest.fixture(autouse=True)
def _english() -> None:
    set_language("en")


@pytest.fixture
def house() -> CaseBuilder:
    return CaseBuilder(HOUSE)


def said(refused: list[str], words: str) -> bool:
    return any(words in each for each in refused)


# --- whole courses ---------------------------------------------------------------------------------------------------------------------


def test_the_whole_house_course(house: CaseBuilder) -> None:
    case = house.receive(channel="letter", category="ethics").acknowledge().accept().assign()
    assert case.state.state == "inquiry"
    assert case.state.team == ("investigator", "investigator2")
    case = case.evidence(by="investigator").interview(person="witness").hear().conclude(outcome="substantiated")
    assert case.state.outcome == "substantiated"
    case = case.decide(("warning", "2026-10-20"), ("rule-change", "2026-12-31"))
    assert [(m.id, m.code, m.settled) for m in case.state.measures] == [("m1", "warning", None), ("m2", "rule-change", None)]
    case = case.answer().verify("m1").verify("m2", result="partly")
    assert said(case.refused("close"), "not settled yet: m2")
    case = case.verify("m2").close(satisfaction="satisfied")
    assert case.state.state == "closed"
    case = case.dispose("propose", at="2029-11-01").dispose("confirm")
    assert case.state.state == "disposed"
    assert is_final(HOUSE, case.state)


def test_the_eu_course() -> None:
    case = CaseBuilder(EU).receive().acknowledge().accept().assign(team=["investigator"]).conclude().decide().answer().close()
    assert case.state.state == "closed"


def test_declined_and_told(house: CaseBuilder) -> None:
    case = house.receive().decline(reason="out-of-scope")
    assert said(case.refused("close"), "notify must come first")
    assert case.notify().close().state.state == "closed"


def test_a_notice_before_the_decision_is_no_notice_of_it(house: CaseBuilder) -> None:
    case = house.receive().accept().notify().decline()
    assert said(case.refused("close"), "notify must come first")
    assert case.notify().close().state.state == "closed"


def test_eu_declined_reporter_gets_acknowledgement_and_reasons() -> None:
    case = CaseBuilder(EU).receive().decline()
    assert said(case.refused("answer"), "acknowledge must come first")
    assert said(case.acknowledge().refused("close"), "answer must come first")
    assert case.acknowledge().answer().close().state.state == "closed"


def test_no_inquiry_ends_before_the_reporter_heard_from_us(house: CaseBuilder) -> None:
    assert said(house.receive().accept().assign().refused("conclude"), "acknowledge must come first")


def test_acknowledged_once(house: CaseBuilder) -> None:
    assert said(house.receive().acknowledge().refused("acknowledge"), "done already")


def test_suspend_and_resume(house: CaseBuilder) -> None:
    case = house.to_inquiry().suspend(reason="authority")
    assert case.state.suspended
    assert said(case.refused("conclude"), "resume it first")
    assert said(case.refused("suspend"), "resume it first")
    assert said(house.to_inquiry().refused("resume"), "not suspended")
    resumed = case.resume(after="10d")
    assert not resumed.state.suspended
    assert [end - since for since, end in resumed.state.suspensions] == [timedelta(days=10)]
    assert resumed.conclude().state.state == "concluded"


def test_reopening_begins_a_new_round(house: CaseBuilder) -> None:
    closed = house.to_closed()
    case = closed.reopen(reason="new-evidence")
    assert (case.state.state, case.state.round, case.state.team, case.state.outcome) == ("accepted", 2, (), "")
    assert said(case.refused("acknowledge"), "done already")  # what is done once and for all stays done
    again = case.assign().conclude()
    # the first round's answer does not count in the second
    assert said(again.decide().refused("close"), "answer must come first")
    # nor do its duties: another person may do each now
    assert again.decide().answer().close().state.round == 2


def test_duties_may_change_hands_between_rounds() -> None:
    everything = member(HOUSE.roles, HOUSE.expertise)
    case = CaseBuilder(HOUSE, Roster({"one": everything, "two": everything, "three": everything}))
    case = case.to_inquiry().conclude(by="one").decide(by="two").answer().close()
    assert case.reopen().assign(team=["two", "three"]).conclude(by="two").decide(by="one").state.state == "decided"


def test_a_hold_stops_disposal(house: CaseBuilder) -> None:
    case = house.to_closed().hold(reason="litigation")
    assert said(case.refused("dispose", step="propose", at="2030-01-01"), "hold")
    assert said(case.refused("hold"), "hold")
    free = case.release_hold(at="2030-01-01")
    assert free.dispose("propose").state.state == "disposing"
    # a hold that comes between proposal and confirmation takes the case back
    held = free.dispose("propose").hold()
    assert (held.state.state, held.state.held) == ("closed", True)


def test_disposal_waits_for_retention_and_takes_two(house: CaseBuilder) -> None:
    case = house.to_closed()
    assert said(case.refused("dispose", step="propose", after="100d"), "has not ended")
    both = one_member_per_role(HOUSE, both=member(["steward", "supervisor"]))
    proposed = replace(case, roster=both).dispose("propose", by="both", at="2029-12-01")
    assert said(proposed.refused("dispose", step="confirm", by="both"), "somebody else")
    assert proposed.dispose("withdraw").state.state == "closed"
    disposed = proposed.dispose("confirm", by="supervisor")
    assert legal_kinds(HOUSE, disposed.state, frozenset(HOUSE.roles)) == []


def test_disposal_of_a_reopened_case_counts_from_the_last_close(house: CaseBuilder) -> None:
    case = house.to_closed().reopen(at="2028-01-01").assign().conclude().decide().answer().close()
    assert said(case.refused("dispose", step="propose", at="2029-12-01"), "has not ended")
    assert case.dispose("propose", at="2031-02-01").state.state == "disposing"


def test_disclosure_is_asked_for_and_granted_by_another(house: CaseBuilder) -> None:
    asked = house.to_inquiry().disclose("request", by="investigator")
    request = asked.state.requests[0]
    assert said(asked.refused("disclose", step="grant", by="investigator"), "role")
    granted = asked.disclose("grant", request=request)
    assert granted.state.requests == ()
    assert said(granted.refused("disclose", step="refuse", request=request), "no open request")
    assert asked.disclose("refuse").disclose("inform").state.requests == ()


def test_who_reported_is_handed_over_only_by_somebody_who_was_granted_it(house: CaseBuilder) -> None:
    case = house.to_inquiry()
    assert case.step("export", by="coordinator", compartments=["report", "inquiry"]).state.state == "inquiry"
    assert said(case.refused("export", by="custodian", compartments=["identity"]), "granted")
    asked = case.disclose("request", by="coordinator")
    assert said(asked.refused("export", by="coordinator", compartments=["identity"]), "granted")
    granted = asked.disclose("grant")
    assert said(granted.refused("export", by="custodian", compartments=["identity"]), "granted")
    assert granted.refused("export", by="coordinator", compartments=["identity"]) == []
    assert said(house.to_closed().dispose("propose", at="2031-02-01").refused("export"), "not possible")


def test_a_custodian_cannot_grant_their_own_request() -> None:
    roster = one_member_per_role(HOUSE, both=member(["coordinator", "custodian"]))
    asked = CaseBuilder(HOUSE, roster).receive().disclose("request", by="both")
    assert said(asked.refused("disclose", step="grant", by="both"), "somebody else")
    assert asked.disclose("grant", by="custodian").state.requests == ()


def test_a_piece_of_evidence_is_handed_over_and_cleaned_only_where_it_is(house: CaseBuilder) -> None:
    case = house.to_inquiry()
    assert said(case.refused("hand-over"), "no piece of evidence")
    assert said(case.refused("evidence", cleans=case.events[0].id), "no piece of evidence")
    added = case.evidence()
    for part in ("identity", "report", "inquiry"):  # where the piece may be
        assert added.refused("hand-over", sealed=[part]) == []
    assert added.refused("evidence", cleans=added.events[-1].id) == []


def test_a_redacted_copy_is_of_an_event_there_is_and_for_another_part(house: CaseBuilder) -> None:
    case = house.to_inquiry()
    assert case.refused("redact", sealed=["report"]) == []
    assert said(case.refused("redact", sealed=["inquiry"]), "another part")
    assert said(case.refused("redact", redacts=event_id(77), sealed=["report"]), "no event")
    assert said(case.refused("redact", part="report", sealed=["identity"]), "takes no sealed identity")
    assert said(case.refused("redact", by="intake", sealed=["report"]), "role")


def test_a_correction_moves_the_category(house: CaseBuilder) -> None:
    case = house.receive(category="service").step("correct", category="violation")
    assert case.state.category == "violation"
    assert said(case.refused("correct", corrects=event_id(77)), "no event")


# --- who, and with what ----------------------------------------------------------------------------------------------------------------


def test_the_one_who_concludes_does_not_decide() -> None:
    roster = one_member_per_role(HOUSE, both=member(["investigator", "decider"], ["law", "service"]))
    case = CaseBuilder(HOUSE, roster).receive().acknowledge().accept().assign(team=["both", "investigator"])
    assert said(case.conclude(by="both").refused("decide", by="both"), "somebody else")
    assert case.conclude(by="both").decide(by="decider").state.state == "decided"


def test_a_role_counts_from_joining_to_leaving() -> None:
    case = CaseBuilder(HOUSE)
    joins = member(["intake"], since=case.time("2027-01-01"))
    leaves = (*member(["intake"]), *member([], since=case.time("2026-01-01")))
    roster = one_member_per_role(HOUSE, later=joins, earlier=leaves)
    case = CaseBuilder(HOUSE, roster)
    assert said(case.refused("receive", by="earlier"), "not a member")
    assert said(case.refused("receive", by="stranger"), "not a member")
    received = case.receive()
    assert said(received.refused("acknowledge", by="later"), "not a member")
    assert received.refused("acknowledge", by="later", at="2027-01-02") == []


def test_who_joins_later_may_register_what_came_before() -> None:
    """A report is dated by its arrival, not by its registration."""
    case = CaseBuilder(HOUSE)
    roster = one_member_per_role(HOUSE, later=member(["intake"], since=case.time("2027-01-01")))
    assert CaseBuilder(HOUSE, roster).refused("receive", by="later") == []


@pytest.mark.parametrize(
    ("category", "team", "words"),
    [
        ("service", ["investigator"], "at least 2"),
        ("service", ["investigator", "decider"], "without the role"),
        ("service", ["investigator", "nobody"], "not a member"),
        ("violation", ["waiter", "runner"], "Law and compliance"),
        ("service", ["waiter", "runner"], ""),
        ("other", ["runner", "investigator"], ""),
    ],
)
def test_team_rules(category: str, team: list[str], words: str) -> None:
    roster = one_member_per_role(HOUSE, waiter=member(["investigator"], ["service"]), runner=member(["investigator"]))
    refused = CaseBuilder(HOUSE, roster).receive(category=category).accept().refused("assign", team=team)
    assert said(refused, words) if words else refused == []


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("receive", {"channel": "pigeon"}, "pigeon is no channel"),
        ("receive", {"category": "gossip"}, "gossip is no category"),
        ("receive", {"sealed": ["report", "inquiry"]}, "needs a sealed identity"),
        ("receive", {"by": "decider"}, "may not receive"),
        ("accept", {}, "not registered"),
        ("escalate", {}, "knows no event"),
    ],
)
def test_wrong_beginnings(house: CaseBuilder, kind: str, given: dict[str, Any], words: str) -> None:
    assert said(house.refused(kind, **given), words)


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("decline", {"reason": "dull"}, "dull is no reason"),
        ("accept", {"sealed": ["identity"]}, "takes no sealed identity"),
        ("accept", {"at": "2026-10-05T08:59"}, "before the event before it"),
        ("extend", {"clock": "patience"}, "no clock patience"),
        ("dispose", {"step": "propose"}, "not possible while"),
        ("receive", {}, "not possible while"),
    ],
)
def test_wrong_next_steps(house: CaseBuilder, kind: str, given: dict[str, Any], words: str) -> None:
    assert said(house.receive().refused(kind, **given), words)


def test_wrong_measures(house: CaseBuilder) -> None:
    concluded = house.to_inquiry().conclude()
    assert said(concluded.refused("decide", measures=[{"id": "m1", "measure": "flogging", "due": "2026-11-01"}]), "flogging is no measure")
    decided = concluded.decide(("warning", "2026-11-01"))
    assert said(decided.refused("verify", measure="m2"), "no measure m2")
    assert said(decided.answer().refused("close"), "m1")
    for result in ("partly", "unfulfilled"):
        wanting = decided.answer().verify("m1", result=result)
        assert [(m.result, m.settled) for m in wanting.state.measures] == [(result, None)]
        assert said(wanting.refused("close"), "m1")
        assert not wanting.verify("m1").refused("close")
    dropped = decided.verify("m1", result="dropped")
    assert not dropped.answer().refused("close")
    assert said(dropped.refused("verify", measure="m1"), "settled already")


def test_a_time_limit_is_extended_only_while_it_runs_and_is_not_over(house: CaseBuilder) -> None:
    case = house.to_inquiry()
    running = next(r for r in open_readings(HOUSE, case.events, case.now) if r.clock.name == "inquiry")
    later = (running.due + timedelta(days=10)).isoformat()
    assert not case.refused("extend", clock="inquiry", until=later)
    assert said(case.refused("extend", clock="inquiry", until=running.due.isoformat()), "later time")
    assert said(case.refused("extend", clock="inquiry", until=later, at=(running.due + timedelta(seconds=1)).isoformat()), "is late")
    assert not case.refused("extend", clock="inquiry", until=later, at=running.due.isoformat())
    assert said(case.refused("extend", clock="feedback", until=later), "not running")
    assert said(case.refused("extend", clock="acknowledgement", until=later), "not running")  # it was stopped
    decided = case.conclude().decide(("warning", "2026-12-01"))
    assert said(decided.refused("extend", clock="measure", until=later), "not running")  # its date is the decision's


def test_an_event_id_stands_once(house: CaseBuilder) -> None:
    case = house.receive()
    twice = replace(case.event("accept"), id=case.events[0].id)
    assert said([str(r) for r in refusals(HOUSE, case.state, twice, case.roster)], "twice")


@pytest.mark.parametrize(
    ("unless", "suspended", "legal"), [("suspended", False, True), ("suspended", True, False), ("running", False, False), ("running", True, True)]
)
def test_unless_is_the_other_side_of_while(unless: str, suspended: bool, legal: bool) -> None:
    document = preset_document("house")
    interview = next(t for t in document["transitions"] if t["event"] == "interview")
    interview["unless"] = unless
    case = CaseBuilder(policy_from(document)).to_inquiry()
    case = case.suspend() if suspended else case
    assert (case.refused("interview") == []) is legal
    assert ("interview" in legal_kinds(case.policy, case.state, frozenset({"team"}))) is legal


def test_legal_kinds_are_what_a_role_could_do(house: CaseBuilder) -> None:
    received = house.receive().state
    mine = legal_kinds(HOUSE, received, frozenset({"coordinator"}))
    assert {"accept", "decline", "acknowledge"} <= set(mine)
    assert not {"assign", "close", "decide"} & set(mine)


# --- anything at all -------------------------------------------------------------------------------------------------------------------

_PEOPLE = one_member_per_role(HOUSE, all=member(HOUSE.roles, HOUSE.expertise), other=member(HOUSE.roles, HOUSE.expertise))
_MEMBERS = [*_PEOPLE.members, "stranger"]
_COURSE = explore(HOUSE)
_KINDS = [*HOUSE.transitions, "escalate"]


def _word(words: Iterable[str]) -> st.SearchStrategy[str]:
    return st.sampled_from([*words, "nonsense"])


_ids = st.integers(0, 20).map(event_id)


@st.composite
def _codes(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Codes of the right form, right or wrong."""
    measures = st.lists(
        st.fixed_dictionaries({"id": st.sampled_from(["m1", "m2"]), "measure": _word(HOUSE.measures), "due": st.just("2026-12-01")}), max_size=2
    )
    forms: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "receive": {"channel": _word(HOUSE.channels), "category": _word(HOUSE.categories)},
        "assign": {"team": st.lists(st.sampled_from(_MEMBERS), min_size=1, max_size=3, unique=True)},
        "conclude": {"outcome": _word(HOUSE.outcomes)},
        "decide": {"measures": measures},
        "verify": {"measure": st.sampled_from(["m1", "m2"]), "result": st.just("fulfilled")},
        "extend": {"clock": _word(HOUSE.clocks), "until": st.just("2027-01-01T00:00:00+08:00")},
        "correct": {"corrects": _ids},
        "redact": {"redacts": _ids, "part": st.sampled_from(["report", "inquiry"])},
        "hand-over": {"piece": _ids},
        **{kind: {"step": st.sampled_from(steps), "request": _ids} for kind, steps in STEPS.items()},
        **{kind: {"reason": _word(words)} for kind, words in HOUSE.reasons.items() if kind != "extend"},
    }
    codes: dict[str, Any] = draw(st.fixed_dictionaries(forms.get(kind, {})))
    return codes


@st.composite
def _events(draw: st.DrawFn) -> list[Event]:
    """Any events, in any order: most of them what the machine would let pass next if the person and words were right."""
    events: list[Event] = []
    state, now = CaseState(), CaseBuilder(HOUSE).time(START)
    for number in range(draw(st.integers(0, 30))):
        likely = legal_kinds(HOUSE, state, frozenset({*HOUSE.roles, "team"}))
        fitting = draw(st.integers(0, 4)) > 0 and likely
        kind = draw(st.sampled_from(fitting or _KINDS))
        now += timedelta(hours=draw(st.sampled_from([1, 30, 24 * 400, -1])))
        wanted = HOUSE.transitions[kind][0].seals if kind in HOUSE.transitions else ()
        sealed = wanted if draw(st.integers(0, 9)) else draw(st.sampled_from([(), ("identity",)]))
        who = draw(st.sampled_from(["all", "other", *state.team, *_MEMBERS]))
        event = Event(kind, event_id(draw(st.sampled_from([number, number, number, 3]))), now, who, draw(_codes(kind)), dict.fromkeys(sealed, SEALED))
        events.append(event)
        if not refusals(HOUSE, state, event, _PEOPLE, events[:-1]):
            state = apply(HOUSE, state, event)
    return events


def _accepted(policy: Policy, events: list[Event], roster: Roster) -> list[Event]:
    accepted: list[Event] = []
    state = CaseState()
    for event in events:
        if not refusals(policy, state, event, roster, accepted):
            accepted.append(event)
            state = apply(policy, state, event)
    return accepted


@given(_events())
@settings(deadline=None, max_examples=150)
def test_nothing_that_is_accepted_leads_astray(events: list[Event]) -> None:
    accepted = _accepted(HOUSE, events, _PEOPLE)
    course = list(states(HOUSE, accepted))
    assert all(state.state in HOUSE.states for state in course[1:])
    assert not any(is_final(HOUSE, state) for state in course[:-1])
    assert all(a.at <= b.at for a, b in pairwise(accepted))
    for state, event in zip(course, accepted, strict=False):
        assert event.by in _PEOPLE.members
        assert event.kind != "dispose" or event.codes["step"] == "withdraw" or not state.held


@given(_events())
@settings(deadline=None, max_examples=150)
def test_duties_kept_apart_are_never_one_person_s(events: list[Event]) -> None:
    rounds: list[list[Event]] = [[]]
    for event in _accepted(HOUSE, events, _PEOPLE):
        if event.kind == "reopen":
            rounds.append([])
        rounds[-1].append(event)
    for first, second in HOUSE.apart:
        for each in rounds:
            one, other = ({e.by for e in each if duty in names(e)} for duty in (first, second))
            assert not one & other


@given(_events(), st.integers(0, 30))
@settings(deadline=None, max_examples=100)
def test_the_fold_of_a_prefix_is_a_prefix_of_the_fold(events: list[Event], length: int) -> None:
    whole = list(states(HOUSE, events))
    assert list(states(HOUSE, events[:length])) == whole[: length + 1]
    assert fold(HOUSE, events) == whole[-1]


@given(_events())
@settings(deadline=None, max_examples=100)
def test_asking_changes_nothing(events: list[Event]) -> None:
    accepted = _accepted(HOUSE, events, _PEOPLE)
    state = fold(HOUSE, accepted)
    before = repr(state)
    for event in events:
        refusals(HOUSE, state, event, _PEOPLE, accepted)
        legal_kinds(HOUSE, state, frozenset(HOUSE.roles))
    assert repr(state) == before


@given(_events())
@settings(deadline=None, max_examples=100)
def test_what_is_legal_for_somebody_is_listed_for_their_roles(events: list[Event]) -> None:
    """`legal_kinds` may promise too much (times, duties), never too little."""
    state = CaseState()
    for event in _accepted(HOUSE, events, _PEOPLE):
        roles = _PEOPLE.roles(event.by, event.at) | ({"team"} if event.by in state.team else set())
        assert event.kind in legal_kinds(HOUSE, state, frozenset(roles))
        state = apply(HOUSE, state, event)


@given(_events())
@settings(deadline=None, max_examples=100)
def test_the_courses_that_lint_walks_hold_every_course_the_machine_allows(events: list[Event]) -> None:
    """So what lint proves of all places is true of all cases."""
    places, state = {Place()}, CaseState()
    for event in _accepted(HOUSE, events, _PEOPLE):
        state = apply(HOUSE, state, event)
        steps = [s for place in places for s in _COURSE.steps[place] if s.name == event_name(event)]
        facts = (state.state, state.suspended, state.held, any(m.settled is None for m in state.measures), bool(state.requests))
        places = {s.target for s in steps if facts == (s.target.state, s.target.suspended, s.target.held, s.target.measures, s.target.requests)}
        assert places
