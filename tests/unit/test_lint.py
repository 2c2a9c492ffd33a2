"""The presets are sound, and each way to break one is found with its code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from builders import member, one_member_per_role
from plaint.i18n import set_language
from plaint.model.lint import lint
from plaint.model.policy import Policy, load_preset, policy_from, preset_document, preset_names
from plaint.model.roster import Roster

Document = dict[str, Any]


@pytest.fixture(autouse=True)
def _english() -> None:
    set_language("en")


@pytest.fixture(params=preset_names())
def preset(request: pytest.FixtureRequest) -> Policy:
    return load_preset(request.param)


def test_presets_are_sound(preset: Policy) -> None:
    assert lint(preset) == []


def test_presets_can_be_worked_by_one_member_per_role(preset: Policy) -> None:
    assert lint(preset, one_member_per_role(preset)) == []


def codes(policy: Policy, roster: Roster | None = None) -> set[str]:
    return {problem.code for problem in lint(policy, roster)}


# --- breaking the house ----------------------------------------------------------------------------------------------------------------


def transition(d: Document, event: str, step: str = "", nth: int = 0) -> Document:
    found = [t for t in d["transitions"] if t["event"] == event and (not step or t.get("when") == {"step": step})]
    one: Document = found[nth]
    return one


def _set(place: str, value: Any) -> Callable[[Document], None]:
    """Sets the value at a path of keys."""

    def change(d: Document) -> None:
        *path, last = place.split(".")
        for key in path:
            d = d[key]
        d[last] = value

    return change


def _transition(event: str, step: str = "", nth: int = 0, **changes: Any) -> Callable[[Document], None]:
    def change(d: Document) -> None:
        found = transition(d, event, step, nth)
        for key, value in changes.items():
            if value is None:
                found.pop(key.strip("_").replace("_", "-"), None)
            else:
                found[key.strip("_").replace("_", "-")] = value

    return change


def _all(*changes: Callable[[Document], None]) -> Callable[[Document], None]:
    def change(d: Document) -> None:
        for each in changes:
            each(d)

    return change


def _without(event: str, step: str = "") -> Callable[[Document], None]:
    def change(d: Document) -> None:
        d["transitions"] = [t for t in d["transitions"] if not (t["event"] == event and (not step or t.get("when") == {"step": step}))]

    return change


PARKED = _set("states.parked", {"title": {"en": "Parked", "zh": "搁置"}})


def _add(**new: Any) -> Callable[[Document], None]:
    return lambda d: d["transitions"].append({key.strip("_").replace("_", "-"): value for key, value in new.items()})


BROKEN: list[tuple[str, str, Callable[[Document], None]]] = [
    ("target not declared", "unknown-state", _transition("accept", to="acepted")),
    ("source not declared", "unknown-state", _transition("accept", from_=["received", "recieved"])),
    ("state never used", "unused-state", PARKED),
    (
        "state only left, never entered",
        "unreachable-state",
        _all(PARKED, _add(event="accept", from_=["parked"], to="accepted", roles=["coordinator"])),
    ),
    ("state cut off", "unreachable-state", _without("decline")),
    ("no way out of a state", "dead-end", _all(PARKED, _add(event="suspend", from_=["accepted"], to="parked", roles=["coordinator"]))),
    ("suspended for ever", "dead-end", _without("resume")),
    ("held for ever", "dead-end", _without("release-hold")),
    ("what must come first is not possible in time", "dead-end", _transition("acknowledge", from_=["received"])),
    ("measures that nobody verifies", "dead-end", _without("verify")),
    ("waits for a clock that never ran", "dead-end", _all(_without("reopen"), _transition("dispose", "propose", elapsed=["inquiry", "retention"]))),
    ("nothing is final", "no-final-state", lambda d: d["states"]["disposed"].pop("kind")),
    ("a final state is left", "final-left", _transition("reopen", from_=["closed", "declined", "disposing", "disposed"])),
    ("nothing begins a case", "no-start", _transition("receive", to=None)),
    ("receive in the middle", "late-receive", _transition("receive", from_=["accepted"])),
    ("an event without a source", "no-source", _transition("accept", from_=None)),
    ("asks for what can never come first", "never-possible", _transition("interview", after=["close"])),
    ("asks in the wrong order", "never-possible", _transition("close", after=["answer", "conclude"])),
    ("two meanings at once", "ambiguous", _add(event="accept", from_=["received"], to="inquiry", roles=["coordinator"])),
    ("a step and all steps", "ambiguous", _add(event="dispose", from_=["closed"], to="disposed", roles=["steward"])),
    ("role not declared", "unknown-role", _transition("accept", roles=["coordinater"])),
    ("holder not declared", "unknown-role", _set("compartments.identity.holders", ["keeper"])),
    ("approver not declared", "unknown-role", _set("approvals.roles", ["board"])),
    ("steward not declared", "unknown-role", _set("stewards", ["archivist"])),
    ("the team cannot be made of the team", "unknown-role", _set("team.roles", ["team"])),
    ("role that does nothing", "unused-role", _set("roles.auditor", {"en": "Auditor", "zh": "审计员"})),
    ("the team's own name", "reserved-role", _set("roles.team", {"en": "Team", "zh": "团队"})),
    ("event that nobody may do", "event-without-role", _transition("accept", roles=[])),
    ("compartment not declared", "unknown-compartment", _transition("accept", may_seal=["minutes"])),
    ("compartment that nobody opens", "compartment-without-holder", _set("compartments.inquiry.holders", [])),
    ("no such event, after", "unknown-event", _transition("close", after=["reply"])),
    ("no such event, apart", "unknown-event", lambda d: d["apart"].append(["conclude", "judge"])),
    ("no such event, clock", "unknown-event", _set("clocks.team.starts", ["acept"])),
    ("no such step", "unknown-event", _transition("dispose", "withdraw", when={"step": "cancel"})),
    ("no such event, transition", "unknown-event", _add(event="escalate", from_=["accepted"], roles=["coordinator"])),
    ("event without transition", "undeclared-event", _without("extend")),
    ("step without transition", "undeclared-event", _without("disclose", "refuse")),
    ("clock of an event that cannot happen", "clock-never-starts", _all(_without("reopen"), _set("clocks.team.starts", ["reopen"]))),
    ("clock that is not stopped by the end of a case", "clock-never-stops", _set("clocks.feedback.stops", ["verify"])),
    ("clock that another way leaves running", "clock-never-stops", _set("clocks.screening.stops", ["accept"])),
    ("notice that may be left out", "clock-never-stops", _transition("close", nth=1, after=None)),
    ("an earlier notice will do", "clock-never-stops", _transition("close", nth=1, after=["notify"])),
    ("measures that may stay open", "clock-never-stops", _transition("close", measures=None)),
    ("requests that are forgotten", "clock-never-stops", _set("clocks.disclosure.stops", ["disclose:grant", "disclose:refuse", "dispose:confirm"])),
    ("clock not declared, elapsed", "unknown-clock", _transition("dispose", "propose", elapsed=["keeping"])),
    ("clock not declared, or-after", "unknown-clock", _set("clocks.feedback.or-after", "acknowledgment")),
    ("clock below the one it follows", "clock-order", _set("clocks.screening.or-after", "feedback")),
    ("clock without a length", "clock-without-length", lambda d: d["clocks"]["team"].pop("within")),
    ("waits for a clock without length", "clock-without-length", _transition("dispose", "propose", elapsed=["retention", "measure"])),
    ("clock per measure of another event", "clock-per", _set("clocks.measure.starts", ["conclude"])),
    ("clock per request of another event", "clock-per", _set("clocks.disclosure.stops", ["answer"])),
    ("a deadline with grace", "grace-on-deadline", _set("clocks.feedback.grace", "3 days")),
    ("a deadline with a ceiling", "ceiling-on-deadline", _set("clocks.feedback.at-most", "30 days")),
    ("a ceiling beside a grace", "ceiling-and-grace", _set("clocks.retention.at-most", "4 years")),
    (
        "a ceiling that leaves no time",
        "ceiling-too-low",
        _set("clocks.retention", {**preset_document("de-hinschg")["clocks"]["retention"], "within": "36 months"}),
    ),
    ("while what", "unknown-condition", _transition("conclude", while_="awake")),
    ("unless what", "unknown-condition", _transition("hold", unless="closed")),
    ("team rule for no category", "unknown-category", _set("team.expertise", {"services": ["service"]})),
    ("team rule for no field", "unknown-expertise", _set("team.expertise", {"service": ["servicing"]})),
    ("reasons for an event that takes none", "reasons-unused", _set("reasons.accept", {"good": {"en": "Good", "zh": "好"}})),
    ("an event that needs a reason has none", "no-reasons", lambda d: d["reasons"].pop("hold")),
    ("title in one language", "missing-language", _set("title", {"zh": "制度"})),
    ("state in one language", "missing-language", _set("states.received.title", {"en": "Received"})),
    ("reason in one language", "missing-language", _set("reasons.hold.audit", {"en": "Audit", "zh": " "})),
    ("apart from itself", "apart-from-itself", lambda d: d["apart"].append(["dispose", "dispose:confirm"])),
    ("who hears of what is late not declared", "unknown-role", _set("reminders.escalate-to", ["boss"])),
    ("escalated to nobody", "escalates-to-nobody", lambda d: d["reminders"].pop("escalate-to")),
    ("never escalated", "escalates-never", _set("reminders", {"escalate-to": ["supervisor"], "deadline": {"every": "1 days"}})),
    ("the policy's review in one language", "missing-language", _set("policy-review.title", {"en": "Review"})),
    ("small counts published", "low-threshold", _set("publication.threshold", 4)),
]


@pytest.mark.parametrize(("code", "change"), [(code, change) for _why, code, change in BROKEN], ids=[why for why, _code, _change in BROKEN])
def test_broken_policies_are_found(code: str, change: Callable[[Document], None]) -> None:
    document = preset_document("house")
    change(document)
    assert code in codes(policy_from(document))


def test_a_policy_with_endless_courses_is_refused_in_bounded_time() -> None:
    document = preset_document("house")
    others = [t["event"] for t in document["transitions"] if t["event"] not in ("receive", "reopen")]
    for event in dict.fromkeys(others):
        document["transitions"].append({"event": "message", "when": {"step": event}, "from": ["accepted"], "roles": ["intake"], "after": [event]})
        transition(document, event)["repeat"] = "never"
    assert "too-complex" in codes(policy_from(document))


# --- people ----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def house() -> Policy:
    return load_preset("house")


def staff(policy: Policy, **changes: Any) -> Roster:
    """One member per role, with some changed; None leaves one out."""
    members = {**one_member_per_role(policy).members, **changes}
    return Roster({name: memberships for name, memberships in members.items() if memberships is not None})


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("nobody-may", {"coordinator": None}),
        ("nobody-may", {"coordinator": (*member(["coordinator"]), *member([]))}),
        ("nobody-holds", {"custodian": None}),
        ("too-few-approvers", {"decider": None}),
        ("nobody-stewards", {"steward": None}),
        ("nobody-reminded", {"supervisor": None}),
        ("team-too-small", {"investigator2": None}),
        ("nobody-may", {"investigator": None, "investigator2": None}),
        ("team-without-expertise", {"investigator": member(["investigator"], ["service"]), "investigator2": member(["investigator"], ["finance"])}),
    ],
)
def test_people_who_are_missing_are_found(house: Policy, code: str, changes: dict[str, Any]) -> None:
    assert code in codes(house, staff(house, **changes))


def test_one_is_counted_as_one(house: Policy) -> None:
    said = [problem.message for problem in lint(house, staff(house, decider=None)) if problem.code == "too-few-approvers"]
    assert said == ["a new revision needs 2 approvals; 1 member may approve (Supervisor, Decision maker)"]


def test_duties_that_one_person_would_do_alone_are_found(house: Policy) -> None:
    alone = dict.fromkeys(("steward", "supervisor"))
    assert "duties-not-apart" in codes(house, staff(house, **alone, both=member(["steward", "supervisor"])))


def test_duties_are_cast_together_not_one_by_one(house: Policy) -> None:
    # a conclude/decide/verify triangle needs three people, though each pair alone could be met by two
    roster = Roster(
        {
            "one": member(house.roles, house.expertise),
            "two": member(house.roles, house.expertise),
        }
    )
    triangle = replace(house, apart=(("conclude", "decide"), ("decide", "verify"), ("verify", "conclude")))
    assert codes(house, roster) == set()
    assert codes(triangle, roster) == {"duties-not-apart"}


def test_two_people_with_every_role_can_work_the_house(house: Policy) -> None:
    everything = member(house.roles, house.expertise)
    assert codes(house, Roster({"one": everything, "two": everything})) == set()
    assert "duties-not-apart" in codes(house, Roster({"one": everything}))
