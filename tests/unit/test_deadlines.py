"""The clocks of a case, read at times that tell."""

from __future__ import annotations

from datetime import timedelta

import pytest

from builders import CaseBuilder
from plaint.i18n import set_language
from plaint.model.deadlines import Status, next_steps, open_readings, readings
from plaint.model.policy import load_preset, policy_from, preset_document

HOUSE = load_preset("house")
EU = load_preset("eu-2019-1937")


@pytest.fixture(autouse=True)
def _english() -> None:
    set_language("en")


@pytest.fixture
def house() -> CaseBuilder:
    """Received on Monday 2026-10-05 at 09:00 in Shanghai, in the National Day holiday."""
    return CaseBuilder(HOUSE)


# --- each clock of the house -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ("2026-10-05T09:00", Status.RUNNING),
        ("2026-10-06T00:59", Status.RUNNING),
        ("2026-10-06T01:00", Status.SOON),
        ("2026-10-06T09:00", Status.SOON),
        ("2026-10-06T09:01", Status.LATE),
    ],
)
def test_first_reply_runs_24_hours_and_warns_8_before(house: CaseBuilder, now: str, status: Status) -> None:
    assert house.receive().status("acknowledgement", now) is status


@pytest.mark.parametrize(("after", "status"), [("24h", Status.DONE), ("25h", Status.DONE_LATE)])
def test_first_reply_in_time_or_late(house: CaseBuilder, after: str, status: Status) -> None:
    assert house.receive().acknowledge(after=after).status("acknowledgement") is status


def test_declining_is_no_reply_but_its_notice_is(house: CaseBuilder) -> None:
    declined = house.receive().decline()
    assert declined.status("acknowledgement", "2026-10-06T10:00") is Status.LATE
    assert declined.notify().status("acknowledgement") is Status.DONE


@pytest.mark.parametrize(
    ("course", "clock", "due"),
    [
        # National Day holiday to 7 October; Saturday the 10th is worked (State Council notice for 2026)
        (lambda c: c.receive(), "screening", "2026-10-14T00:00:00+08:00"),
        (lambda c: c.receive().decline(), "notice", "2026-10-11T00:00:00+08:00"),
        (lambda c: c.receive().accept(), "team", "2026-10-11T00:00:00+08:00"),
        (lambda c: c.to_inquiry(), "inquiry", "2026-12-04T12:00:00+08:00"),
        (lambda c: c.to_inquiry().conclude(), "decision", "2026-10-14T00:00:00+08:00"),
        (lambda c: c.to_inquiry().conclude(), "feedback", "2026-10-16T00:00:00+08:00"),
        (lambda c: c.to_decided(("warning", "2026-10-20")), "measure", "2026-10-21T00:00:00+08:00"),
        (lambda c: c.to_closed(), "retention", "2029-10-05T16:00:00+08:00"),
        (lambda c: c.receive().disclose("request"), "disclosure", "2026-10-11T00:00:00+08:00"),
    ],
)
def test_due_times_of_the_house(house: CaseBuilder, course: object, clock: str, due: str) -> None:
    assert callable(course)
    assert course(house).due(clock) == due


@pytest.mark.parametrize(
    ("course", "clock"),
    [
        (lambda c: c.receive().accept(), "screening"),
        (lambda c: c.receive().decline(), "screening"),
        (lambda c: c.receive().decline().notify(), "notice"),
        (lambda c: c.receive().decline().reopen(), "notice"),
        (lambda c: c.to_inquiry(), "team"),
        (lambda c: c.to_inquiry().conclude(), "inquiry"),
        (lambda c: c.to_decided(), "decision"),
        (lambda c: c.to_decided().answer(), "feedback"),
        (lambda c: c.to_decided(("warning", "2026-10-20")).verify(), "measure"),
        (lambda c: c.receive().disclose("request").disclose("refuse"), "disclosure"),
        (lambda c: c.receive().decline().disclose("request").reopen(), "disclosure"),
        (lambda c: c.to_closed().reopen(), "retention"),
    ],
)
def test_clocks_stop_in_time(house: CaseBuilder, course: object, clock: str) -> None:
    assert callable(course)
    assert course(house).status(clock, "2026-10-06T00:00") is Status.DONE


def test_no_clock_runs_on_in_a_disposed_case(house: CaseBuilder) -> None:
    case = house.to_closed().disclose("request").dispose("propose", at="2029-11-01").dispose("confirm")
    assert open_readings(HOUSE, case.events, case.now) == []


def test_retention_is_a_floor_with_grace(house: CaseBuilder) -> None:
    closed = house.to_closed()  # until 2029-10-05, 16:00
    assert closed.status("retention", "2029-09-01") is Status.RUNNING
    assert closed.status("retention", "2029-10-06") is Status.SOON
    assert closed.status("retention", "2029-12-31") is Status.SOON
    assert closed.status("retention", "2030-02-01") is Status.LATE
    late = closed.dispose("propose", at="2030-03-01").dispose("confirm")
    assert late.status("retention") is Status.DONE


def test_a_held_case_is_not_due_for_disposal(house: CaseBuilder) -> None:
    held = house.to_closed().hold()
    assert held.status("retention", "2031-01-01") is Status.SUSPENDED
    assert held.release_hold(at="2031-01-01").status("retention", "2031-01-02") is Status.LATE


def test_a_ceiling_is_late_to_the_minute_and_a_hold_stops_it() -> None:
    closed = CaseBuilder(load_preset("de-hinschg")).receive().acknowledge().accept().assign().conclude().decide().answer().close()
    reading = closed.clock("retention")
    assert (closed.due("retention"), str(reading.ceiling)) == ("2029-09-05T16:00:00+02:00", "2029-10-05 16:00:00+02:00")
    assert closed.refused("dispose", step="propose", at="2029-09-05T15:59")
    assert closed.status("retention", "2029-10-05T16:00") is Status.SOON
    assert closed.status("retention", "2029-10-05T16:01") is Status.LATE
    held = closed.hold(at="2029-09-30")
    assert held.status("retention", "2031-01-01") is Status.SUSPENDED
    assert held.refused("dispose", step="propose", at="2029-10-01")
    assert held.release_hold(at="2031-01-01").status("retention", "2031-01-01") is Status.LATE
    assert closed.dispose("propose", at="2029-09-06").dispose("confirm").status("retention") is Status.DONE


def test_nothing_that_comes_later_moves_the_end_of_a_retention_silently(house: CaseBuilder) -> None:
    closed = house.to_closed()
    due = closed.due("retention")
    later = (
        closed.step("message", at="2027-01-01")
        .step("correct", at="2027-02-01")
        .step("link", at="2027-03-01")
        .hold(at="2027-04-01")
        .release_hold(at="2027-05-01")
    )
    assert later.due("retention") == due
    later = later.evidence(at="2027-06-01")
    assert later.due("retention") == due  # it takes to open the case again, which everybody sees
    reopened = later.reopen(at="2027-07-01", reason="new-evidence")
    assert reopened.clock("retention").stopped
    again = reopened.assign().evidence().conclude().decide().answer().close()
    assert again.due("retention") == "2030-07-01T06:00:00+08:00"


def test_each_measure_has_its_own_clock(house: CaseBuilder) -> None:
    case = house.to_decided(("warning", "2026-10-20"), ("rule-change", "2026-12-31")).verify("m1", at="2026-10-21T00:01")
    first, second = case.clocks("measure", "2026-12-25")
    assert (first.subject, first.status(case.now)) == ("m1", Status.DONE_LATE)
    assert (second.subject, second.status(case.time("2026-12-25"))) == ("m2", Status.SOON)


def test_each_request_has_its_own_clock(house: CaseBuilder) -> None:
    case = house.receive().disclose("request").disclose("request", after="48h")
    answered = case.disclose("grant", request=case.state.requests[1])
    first, second = sorted(answered.clocks("disclosure"), key=lambda r: r.started)
    assert (first.stopped, second.stopped) == (None, answered.now)


# --- suspension and extension ----------------------------------------------------------------------------------------------------------


def test_suspended_time_is_added_back(house: CaseBuilder) -> None:
    inquiry = house.to_inquiry()  # 60 days, until 2026-12-04, 12:00
    suspended = inquiry.suspend(at="2026-11-01")
    assert suspended.status("inquiry", "2027-06-01") is Status.SUSPENDED
    resumed = suspended.resume(at="2026-11-11")
    assert resumed.due("inquiry") == "2026-12-14T12:00:00+08:00"
    assert resumed.status("inquiry", "2026-12-14T12:00") is Status.SOON
    assert resumed.status("inquiry", "2026-12-14T12:01") is Status.LATE
    assert resumed.conclude(at="2026-12-14").status("inquiry") is Status.DONE


def test_suspension_moves_only_clocks_that_can_pause(house: CaseBuilder) -> None:
    case = house.to_inquiry().disclose("request").suspend()
    assert case.status("disclosure", "2026-10-12") is Status.LATE


def test_an_extension_moves_the_due_time(house: CaseBuilder) -> None:
    until = "2026-12-24T18:00:00+08:00"
    case = house.to_inquiry().extend(clock="inquiry", until=until)
    assert case.due("inquiry") == until
    assert case.status("inquiry", "2026-12-24T18:01") is Status.LATE
    assert case.due("screening") == house.receive().due("screening")


def test_time_suspended_after_an_extension_is_added_to_it(house: CaseBuilder) -> None:
    case = house.to_inquiry().extend(clock="inquiry", until="2026-12-24T18:00:00+08:00")
    case = case.suspend(at="2026-12-01").resume(at="2026-12-06")
    assert case.due("inquiry") == "2026-12-29T18:00:00+08:00"


def test_a_second_team_does_not_restart_the_inquiry(house: CaseBuilder) -> None:
    case = house.to_inquiry()
    assert case.assign(after="20d").due("inquiry") == case.due("inquiry")


def test_a_new_round_has_new_clocks(house: CaseBuilder) -> None:
    case = house.to_closed().reopen(at="2027-03-01").assign().conclude()
    assert len(case.clocks("inquiry")) == 2
    assert case.clock("feedback").started == case.now
    assert case.status("team") is Status.DONE


def test_days_of_a_year_not_yet_announced_are_provisional() -> None:
    late = CaseBuilder(HOUSE, start="2098-12-28T09:00").receive()
    assert late.clock("screening").provisional
    assert not late.clock("acknowledgement").provisional


# --- what to do next -------------------------------------------------------------------------------------------------------------------


def test_open_clocks_come_soonest_first(house: CaseBuilder) -> None:
    case = house.receive()
    found = open_readings(HOUSE, case.events, case.now)
    assert [r.clock.name for r in found] == ["acknowledgement", "screening"]


@pytest.mark.parametrize(
    ("clock", "steps"),
    [
        ("acknowledgement", ["acknowledge", "notify"]),
        ("notice", ["notify"]),
        ("disclosure", ["disclose"]),
        ("retention", ["dispose"]),
    ],
)
def test_next_steps_are_answers_to_the_clock(house: CaseBuilder, clock: str, steps: list[str]) -> None:
    case = {"notice": house.receive().decline(), "disclosure": house.receive().disclose("request"), "retention": house.to_closed()}.get(clock, house.receive())
    assert next_steps(HOUSE, case.clock(clock)) == steps


# --- EU 2019/1937, art. 9(1)(f) --------------------------------------------------------------------------------------------------------


@pytest.fixture
def eu() -> CaseBuilder:
    """Received on 2026-10-05 at 09:00 in Berlin."""
    return CaseBuilder(EU)


def test_feedback_three_months_after_the_acknowledgement(eu: CaseBuilder) -> None:
    case = eu.receive().acknowledge(at="2026-10-09T09:00")
    assert case.due("feedback") == "2027-01-09T09:00:00+01:00"


def test_without_acknowledgement_three_months_after_the_seven_days(eu: CaseBuilder) -> None:
    case = eu.receive()
    assert case.due("acknowledgement") == "2026-10-12T09:00:00+02:00"
    assert case.clocks("feedback", "2026-10-12T09:00") == []
    assert case.due("feedback", "2026-10-12T09:01") == "2027-01-12T09:00:00+01:00"
    assert case.status("feedback", "2027-01-12T09:01") is Status.LATE


def test_a_late_acknowledgement_buys_no_time(eu: CaseBuilder) -> None:
    case = eu.receive().acknowledge(at="2026-12-20T09:00")
    assert case.status("acknowledgement") is Status.DONE_LATE
    assert case.due("feedback") == "2027-01-12T09:00:00+01:00"
    assert case.accept().answer().status("feedback") is Status.DONE


def test_one_feedback_clock_per_round(eu: CaseBuilder) -> None:
    case = eu.receive().acknowledge().accept().assign().conclude().decide().answer().close()
    assert [r.stopped is not None for r in case.clocks("feedback")] == [True]
    again = case.reopen(at="2027-02-01T09:00")
    assert again.due("feedback") == "2027-05-01T09:00:00+02:00"


def test_reopening_an_unanswered_case_buys_no_time(eu: CaseBuilder) -> None:
    case = eu.receive().acknowledge().decline().reopen(at="2026-12-01")
    assert case.due("feedback") == case.clocks("feedback")[0].due.isoformat()
    assert case.due("feedback") == "2027-01-05T10:00:00+01:00"


# --- in general ------------------------------------------------------------------------------------------------------------------------


def test_readings_are_in_the_policy_s_order_and_never_due_before_their_start(house: CaseBuilder) -> None:
    case = house.to_decided(("warning", "2026-10-20")).answer()
    found = readings(HOUSE, case.events, case.now)
    order = list(HOUSE.clocks)
    assert [order.index(r.clock.name) for r in found] == sorted(order.index(r.clock.name) for r in found)
    assert all(r.due > r.started for r in found)
    assert all(r.stopped is None or r.stopped - r.started >= timedelta() for r in found)


def test_a_clock_that_restarts_counts_from_the_last_start() -> None:
    document = preset_document("house")
    document["clocks"]["inquiry"].pop("restart")
    case = CaseBuilder(policy_from(document)).to_inquiry()
    assert case.assign(after="20d").clock("inquiry").due - case.clock("inquiry").due == timedelta(days=20)
