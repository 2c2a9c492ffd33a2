"""Every rule of `plaint check`: a good organisation is spoilt in one way, and the rule says so; where the message matters, what it says."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pyrage
import pytest

from builders import event_id
from checking import CASE, NOW, OTHER, House, git, sealed_text, some_keyring
from plaint.check.rules import rules
from plaint.model.record import Event, dump_event, dump_header
from plaint.model.sampling import draw
from plaint.seal.keyring import keyring_hash, new_case_keys

CASE_FILE = f"cases/2026/{CASE}.yaml"
Spoil = Callable[[House], str | None]
"""Spoils the organisation; may give the time at which to look."""
SPOILS: dict[str, list[Spoil]] = {}


def spoils(*codes: str) -> Callable[[Spoil], Spoil]:
    def keep(spoil: Spoil) -> Spoil:
        for code in codes:
            SPOILS.setdefault(code, []).append(spoil)
        return spoil

    return keep


def event(kind: str, by: str = "supervisor", number: int = 900, at: str = "2026-06-01T09:00:00+08:00", **codes: object) -> Event:
    return Event(kind, event_id(number), datetime.fromisoformat(at), by, codes)


# --- S -----------------------------------------------------------------------------------------------------------------------------------


@spoils("S101")
def broken_yaml(h: House) -> None:
    h.write(f"cases/2026/{OTHER}.yaml", "plaint: [\n")


@spoils("S101")
def key_twice(h: House) -> None:
    h.edit(CASE_FILE, "policy: 1\n", "policy: 1\npolicy: 1\n")


@spoils("S101")
def latin_1(h: House) -> None:
    h.write("members/intake.yaml", "é".encode("latin-1"))


@spoils("S101")
def too_large(h: House) -> None:
    h.write("members/intake.yaml", b"a" * (5 * 1024 * 1024))


@spoils("S101")
def merge_conflict(h: House) -> None:
    h.edit(CASE_FILE, "- event: accept\n", "<<<<<<< ours\n- event: accept\n")


@spoils("S102")
def free_text(h: House) -> None:
    h.edit(CASE_FILE, "  channel: phone\n", "  channel: phone\n  name: zhang\n")


@spoils("S102")
def measure_without_date(h: House) -> None:
    h.add(h.usual().conclude().decide(("warning", "2026-11-01")))
    h.edit(CASE_FILE, "    due: '2026-11-01'\n", "")


@spoils("S103")
def comment(h: House) -> None:
    h.edit(CASE_FILE, "policy: 1\n", "policy: 1\n# Zhang\n")


@spoils("S103")
def other_quotes(h: House) -> None:
    h.edit(CASE_FILE, "by: intake", 'by: "intake"')


@spoils("S201")
def stray_file(h: House) -> None:
    h.write("cases/2026/notes.txt", "Zhang said")


@spoils("S201")
def yml(h: House) -> None:
    h.move(CASE_FILE, f"cases/2026/{CASE}.yml")


@spoils("S202")
def renamed(h: House) -> None:
    h.move(CASE_FILE, f"cases/2026/{OTHER}.yaml")


@spoils("S202")
def small_letters(h: House) -> None:
    h.move(CASE_FILE, f"cases/2026/{CASE.lower()}.yaml")


@spoils("S203")
def wrong_year(h: House) -> None:
    h.move(CASE_FILE, f"cases/2025/{CASE}.yaml")


@spoils("S204")
def link(h: House) -> None:
    (h.root / f"cases/2026/{OTHER}.yaml").symlink_to(h.root / CASE_FILE)


@spoils("S204")
def linked_folder(h: House) -> None:
    (h.root / "reviews").symlink_to(h.root / "members")


@spoils("S205")
def capitals(h: House) -> None:
    shutil.copy(h.root / "members/intake.yaml", h.root / "members/Intake.yaml")


@spoils("S206")
def wrong_folder(h: House) -> None:
    shutil.copy(h.root / "members/intake.yaml", h.root / "policy/2.yaml")


@spoils("S207", "S203")
def copied(h: House) -> None:
    (h.root / "cases/2025").mkdir()
    shutil.copy(h.root / CASE_FILE, h.root / f"cases/2025/{CASE}.yaml")


@spoils("S208")
def event_copied(h: House) -> None:
    h.add(h.usual(), OTHER)


@spoils("S209")
def event_id_again(h: House) -> None:
    h.add(h.case(start="2026-10-05T10:00").receive(), OTHER)


@spoils("S210")
def case_deleted(h: House) -> None:
    with_keyring(h)
    h.commit()
    (h.root / CASE_FILE).unlink()


@spoils("S210")
def evidence_deleted(h: House) -> None:
    h.write(f"cases/2026/{CASE}/a.age", sealed_text("report"))
    h.commit()
    (h.root / f"cases/2026/{CASE}/a.age").unlink()


@spoils("S210")
def evidence_changed(h: House) -> None:
    h.write(f"cases/2026/{CASE}/a.age", sealed_text("report"))
    h.commit()
    h.write(f"cases/2026/{CASE}/a.age", sealed_text("inquiry"))


@spoils("S210")
def schema_deleted(h: House) -> None:
    h.commit()
    (h.root / "schemas/case.schema.json").unlink()


@spoils("S210")
def schema_changed_and_staged(h: House) -> None:
    h.commit()
    h.edit("schemas/case.schema.json", '"Case"', '"Fall"')
    git(h.root, "add", "schemas")


@spoils("S301")
def other_schema(h: House) -> None:
    h.edit("schemas/case.schema.json", '"Case"', '"Fall"')


@spoils("S301")
def no_schema(h: House) -> None:
    (h.root / "schemas/case.schema.json").unlink()


# --- T -----------------------------------------------------------------------------------------------------------------------------------


@spoils("T101")
def too_early(h: House) -> None:
    h.add(h.case(strict=False).receive().conclude(by="investigator"))


@spoils("T102")
def stranger(h: House) -> None:
    h.add(h.case(strict=False).receive().accept(by="nobody"))


@spoils("T102")
def stranger_in_a_member_record(h: House) -> None:
    h.append("members/intake.yaml", event("roles", "nobody", roles=["intake"]))


@spoils("T103")
def without_role(h: House) -> None:
    h.add(h.case(strict=False).receive().accept(by="intake"))


@spoils("T104")
def both_duties(h: House) -> str:
    case = h.case(strict=False).receive().acknowledge().accept().assign(team=["boss", "investigator"])
    h.add(case.conclude(by="boss").decide(by="boss"))
    return "2026-10-05T20:00"


@spoils("T105")
def backwards(h: House) -> None:
    h.add(h.case(strict=False).receive().accept(at="2026-10-05T08:00"))


@spoils("T105")
def backwards_in_a_member_record(h: House) -> None:
    h.append("members/intake.yaml", event("roles", at="2025-01-01T00:00:00+08:00", roles=["intake"]))


@spoils("T106")
def unanswered(h: House) -> str:
    h.add(h.case(strict=False).receive().acknowledge().accept().assign().conclude().decide().close())
    return "2026-10-05T20:00"


@spoils("T107")
def nothing_sealed(h: House) -> None:
    h.add(h.case(strict=False).receive(sealed=("identity", "report")))


@spoils("T108")
def team_of_one(h: House) -> None:
    h.add(h.case(strict=False).receive().acknowledge().accept().assign(team=["investigator"]))


@spoils("T109")
def unknown_word(h: House) -> None:
    h.edit(CASE_FILE, "channel: phone", "channel: pigeon")


@spoils("T110")
def unknown_event(h: House) -> None:
    h.add(h.case(strict=False).receive().step("correct", corrects="zzzzzzzz"))


@spoils("T110")
def unknown_case(h: House) -> None:
    h.add(h.case().receive().step("link", other=OTHER))


@spoils("T111")
def id_twice(h: House) -> None:
    h.edit(CASE_FILE, f"id: {event_id(2)}", f"id: {event_id(1)}")


@spoils("T111")
def id_twice_in_a_member_record(h: House) -> None:
    for _each in range(2):
        h.append("members/intake.yaml", event("roles", roles=["intake"]))


@spoils("T112")
def in_future(_h: House) -> str:
    return "2026-10-05T11:59"


# --- D -----------------------------------------------------------------------------------------------------------------------------------


@spoils("D101")
def not_acknowledged(h: House) -> str:
    h.add(h.case().receive())
    return "2026-10-06T09:01"


@spoils("D102")
def nearly_not_acknowledged(h: House) -> str:
    h.add(h.case().receive())
    return "2026-10-06T08:59"


@spoils("D103")
def far_future(h: House) -> str:
    h.add(h.case(start="2090-12-26T09:00").receive().acknowledge())
    return "2090-12-26T12:00"


@spoils("D104")
def measure_late(h: House) -> str:
    h.add(h.usual().conclude().decide(("warning", "2026-10-20")))
    return "2026-10-21T00:01"


@spoils("D105")
def request_late(h: House) -> str:
    h.add(h.usual().disclose("request", by="coordinator"))
    return "2026-11-05T00:00"


@spoils("D106")
def end_of_time(h: House) -> str:
    h.edit(h.add(h.case().receive()), "2026-10-05T09:00:00", "9999-12-31T09:00:00")
    return "9999-12-31T10:00"


# --- K -----------------------------------------------------------------------------------------------------------------------------------


@spoils("K101")
def line_cut(h: House) -> None:
    text = h.read(CASE_FILE)
    lines = text.split("\n")
    del lines[lines.index("      -----BEGIN AGE ENCRYPTED FILE-----") + 1]  # a later one may lie in the noise that age adds, and only a key would tell
    h.write(CASE_FILE, "\n".join(lines))


def put_sealed(h: House, armoured: str) -> None:
    """Another sealed text in the place of the first one."""
    text, end = h.read(CASE_FILE), "-----END AGE ENCRYPTED FILE-----\n"
    start = text.index("      -----BEGIN AGE")
    indented = "      " + armoured.rstrip("\n").replace("\n", "\n      ") + "\n"
    h.write(CASE_FILE, text[:start] + indented + text[text.index(end, start) + len(end) :])


@spoils("K101")
def second_spelling(h: House) -> None:
    key = pyrage.x25519.Recipient.from_str(new_case_keys("a")["a"].recipient)
    bits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    text = ""
    while not text.split("\n")[-3:][0].endswith("="):
        text = pyrage.encrypt(b"x" * (len(text) % 97), [key], armored=True).decode()
    last = text.split("\n")[-3]
    body = last.rstrip("=")
    text = text.replace(last, body[:-1] + bits[bits.index(body[-1]) + 1] + "=" * last.count("="))
    put_sealed(h, text)


@spoils("K102")
def in_the_clear(h: House) -> None:
    text = h.read(CASE_FILE)
    start = text.index("    report: |\n")
    end = text.index("-----END AGE ENCRYPTED FILE-----\n", start) + len("-----END AGE ENCRYPTED FILE-----\n")
    h.write(CASE_FILE, text[:start] + "    report: 'Zhang took the money'\n" + text[end:])


@spoils("K102")
def evidence_in_the_clear(h: House) -> None:
    h.write(f"cases/2026/{CASE}/a.pdf", b"%PDF-1.7")


@spoils("K103")
def two_readers(h: House) -> None:
    both = [pyrage.x25519.Recipient.from_str(k.recipient) for k in new_case_keys("ab").values()]
    text = pyrage.encrypt(b"x", both, armored=True).decode()
    put_sealed(h, text)


@spoils("K104")
def wrong_letter(h: House) -> None:
    line = next(each for each in h.read(CASE_FILE).split("\n") if each.startswith("  report: age1"))
    h.edit(CASE_FILE, line, line[:-1] + ("q" if line[-1] != "q" else "p"))


@spoils("K104")
def no_key(h: House) -> None:
    line = next(each for each in h.read(CASE_FILE).split("\n") if each.startswith("  report: age1"))
    h.edit(CASE_FILE, line, "  report: age1abc")


@spoils("K105")
def no_such_compartment(h: House) -> None:
    case = h.usual()
    h.add(case.step("message", direction="to-reporter", sealed=("report", "reporter"), by="coordinator"))


@spoils("K106")
def same_key(h: House) -> None:
    key = new_case_keys("a")["a"].recipient
    h.add(h.usual(), seals=dict.fromkeys(("identity", "inquiry", "report"), key))


@spoils("K107")
def sealed_text_copied(h: House) -> None:
    path = h.add(h.usual())
    text = h.read(path)
    first, second = (text.index("      -----BEGIN AGE"), text.rindex("      -----BEGIN AGE"))
    end = "      -----END AGE ENCRYPTED FILE-----\n"
    block = text[first : text.index(end, first)]
    h.write(path, text[:second] + block + text[text.index(end, second) :])


def with_keyring(h: House, *compartments: str) -> dict[str, str]:
    ring = dict(some_keyring(*(compartments or ("identity", "inquiry", "report"))))
    case = h.usual()
    first = replace(case.events[0], codes={**case.events[0].codes, "keyring": keyring_hash(ring)})
    h.add(replace(case, events=(first, *case.events[1:])))
    h.keyring(CASE, ring)
    return ring


@spoils("K201")
def no_keyring(h: House) -> None:
    with_keyring(h)
    h.add(h.usual(), OTHER, first=50)


@spoils("K202")
def other_keyring(h: House) -> None:
    with_keyring(h)
    h.keyring(CASE, {c: some_keyring("identity", "inquiry", "report", "x")[c] for c in ("identity", "inquiry", "report")})


@spoils("K203")
def keyring_of_nothing(h: House) -> None:
    with_keyring(h)
    h.keyring(OTHER, some_keyring("report"))


@spoils("K203")
def keyring_of_disposed_case(h: House) -> str:
    case = h.case(start="2026-02-02T09:00").to_closed()
    h.add(case.dispose("propose", at="2029-03-01T09:00").dispose("confirm"))
    h.keyring(CASE, some_keyring("report"))
    return "2029-03-02T09:00"


@spoils("K204")
def compartment_missing(h: House) -> None:
    with_keyring(h, "report")


@spoils("K205")
def too_few_recipients(h: House) -> None:
    ring = with_keyring(h)
    key = pyrage.x25519.Recipient.from_str(new_case_keys("a")["a"].recipient)
    h.keyring(CASE, {**ring, "report": pyrage.encrypt(b"A" * 75, [key], armored=True).decode()})


@spoils("K206")
def damaged_keyring(h: House) -> None:
    h.keyring(CASE, {**with_keyring(h), "report": "hello\n"})


@spoils("K207")
def coordinator_left(h: House) -> None:
    h.append("members/coordinator.yaml", event("leave", at="2026-10-05T12:00:00+08:00"))


# --- P -----------------------------------------------------------------------------------------------------------------------------------


def second_policy(h: House, effective: str = "2026-06-01", approvers: tuple[str, ...] = ("supervisor", "decider"), number: int = 2) -> None:
    header, events = h.read("policy/1.yaml").split("\nevents:\n")
    del events
    header = header.replace("\npolicy: 1\n", f"\npolicy: {number}\n").replace("effective: '2020-01-01'", f"effective: '{effective}'")
    h.write(f"policy/{number}.yaml", header + "\nevents:\n")
    h.append(f"policy/{number}.yaml", event("draft", "steward", number * 100), *(event("approve", who, number * 100 + n) for n, who in enumerate(approvers, 1)))


@spoils("P101")
def one_language(h: House) -> None:
    h.edit("policy/1.yaml", "    zh: '电话'\n", "")


@spoils("P102")
def no_custodian(h: House) -> None:
    (h.root / "members/custodian.yaml").unlink()


@spoils("P103")
def gap(h: House) -> None:
    second_policy(h, number=3)


@spoils("P104")
def unapproved(h: House) -> None:
    second_policy(h, approvers=("supervisor",))
    h.add(h.usual(), policy=2)


@spoils("P105")
def old_policy(h: House) -> None:
    second_policy(h)


@spoils("P105")
def policy_to_come(h: House) -> None:
    second_policy(h, effective="2027-01-01")
    h.add(h.usual(), policy=2)


@spoils("P106")
def no_such_country(h: House) -> None:
    h.edit("policy/1.yaml", "country: CN", "country: XX")


@spoils("P107")
def no_such_revision(h: House) -> None:
    h.add(h.usual(), policy=7)


@spoils("P108")
def approved_by_clerk(h: House) -> None:
    second_policy(h, approvers=("supervisor", "decider", "intake"))
    h.add(h.usual(), policy=2)


@spoils("P108")
def approved_twice(h: House) -> None:
    second_policy(h, approvers=("supervisor", "supervisor"))


@spoils("P109")
def no_policy(h: House) -> None:
    (h.root / "policy/1.yaml").unlink()


@spoils("P201")
def never_joined(h: House) -> None:
    text = h.read("members/intake.yaml")
    header, _events, body = text.partition("events:\n")
    h.write("members/intake.yaml", header + "events:\n")
    h.append("members/intake.yaml", event("roles", roles=["intake"]))
    h.write("members/intake.yaml", h.read("members/intake.yaml") + body)


@spoils("P202")
def came_back(h: House) -> None:
    h.append("members/custodian.yaml", event("leave"), event("roles", number=901, roles=["custodian"]))


@spoils("P203")
def shared_key(h: House) -> None:
    line = next(each for each in h.read("members/intake.yaml").split("\n") if "recipient:" in each)
    other = next(each for each in h.read("members/decider.yaml").split("\n") if "recipient:" in each)
    h.edit("members/intake.yaml", line, other)


@spoils("P203")
def recovery_key(h: House) -> None:
    line = next(each for each in h.read("members/intake.yaml").split("\n") if "recipient:" in each)
    recovery = next(each for each in h.read("plaint.yaml").split("\n") if "recovery:" in each).split()[-1]
    h.edit("members/intake.yaml", line, f"  recipient: {recovery}")


@spoils("P204")
def unknown_role(h: House) -> None:
    h.append("members/intake.yaml", event("roles", roles=["king"]))


@spoils("P205")
def nothing_to_approve(h: House) -> None:
    h.append("members/intake.yaml", event("approve", by="supervisor", approves="e0000901"))


@spoils("P205")
def approved_by_the_one_it_is_about(h: House) -> None:
    h.edit("policy/1.yaml", "stewards:", "membership: {approvals: 1, roles: [supervisor]}\nstewards:")
    h.append(
        "members/supervisor.yaml",
        event("roles", number=901, by="steward", roles=["supervisor", "decider"]),
        event("approve", number=902, by="supervisor", approves=event_id(901)),
    )


@spoils("P301")
def no_time_zone(h: House) -> None:
    h.edit("plaint.yaml", "Asia/Shanghai", "Asia/Nowhere")


@spoils("P301")
def misspelt(h: House) -> None:
    h.edit("plaint.yaml", "timezone:", "timezoone:")


# --- R -----------------------------------------------------------------------------------------------------------------------------------


@spoils("R101")
def kept_too_long(h: House) -> str:
    h.add(h.case(start="2026-02-02T09:00").to_closed())
    return "2029-06-01T09:00"


@spoils("R102")
def retention_ends(h: House) -> str:
    h.add(h.case(start="2026-02-02T09:00").to_closed())
    return "2029-02-10T09:00"


@spoils("R103")
def disposed_early(h: House) -> str:
    case = replace(h.case(start="2026-02-02T09:00").to_closed(), strict=False)
    h.add(case.dispose("propose", at="2027-03-01T09:00", by="steward").dispose("confirm", by="supervisor"))
    return "2027-03-02T09:00"


@spoils("R201", "R203")
def no_reviews(_h: House) -> str:
    return "2027-04-02T09:00"


@spoils("R204")
def report_soon(_h: House) -> str:
    return "2027-03-15T09:00"


@spoils("R202")
def review_soon(_h: House) -> str:
    return "2027-02-15T09:00"


@spoils("R205")
def policy_not_reviewed(_h: House) -> str:
    return "2031-01-01T08:01"


@spoils("R206")
def policy_to_be_reviewed(_h: House) -> str:
    return "2030-10-03T08:00"


def reviewed(h: House, head: str, *cases: str) -> None:
    """A review of October that has these cases as its sample."""
    begun = [event("open", number=800, at=f"{NOW}:00+08:00"), event("sample", number=801, at=f"{NOW}:00+08:00", head=head, cases=list(cases))]
    h.write("reviews/2026-10.yaml", dump_header({"plaint": 1, "review": "2026-10", "policy": 1}) + b"".join(map(dump_event, begun)))


@spoils("R207")
def sample_picked(h: House) -> None:
    h.add(h.usual(), OTHER, first=100)
    head = h.commit()
    reviewed(h, head, next(case for case in (CASE, OTHER) if [case] != draw(head, "2026-10", [CASE, OTHER], 1)))


def test_a_sample_that_was_drawn_is_in_order(house):
    before = house.commit()
    house.add(house.usual(), OTHER, first=100)
    reviewed(house, before, CASE)
    assert house.codes() == [], "a case that came later could not be drawn"
    head = house.commit()
    reviewed(house, head, *draw(head, "2026-10", [CASE, OTHER], 2))
    assert house.codes() == []
    reviewed(house, head, *reversed(draw(head, "2026-10", [CASE, OTHER], 2)))
    assert house.codes() == ["R207"]
    reviewed(house, "0" * 40, CASE)
    report = house.check()
    assert report.findings == ()
    assert any("R207" in note for note in report.notes)


def test_an_event_written_down_after_the_draw_makes_no_sample_wrong(house):
    late = house.case(start="2026-09-20T09:00").receive(by="intake")
    path = house.add(late, OTHER, first=100)
    head = house.commit()
    reviewed(house, head, CASE)
    house.append(path, event("message", by="intake", number=140, at="2026-10-01T09:00:00+08:00", direction="in"))
    assert "R207" not in house.codes(), "in September nothing of it lay in October"


QUARTER = {"policy": 1, "since": "2025-01-01", "threshold": 10, "cases": 40, "tables": {"channel": {"phone": 25, "email+letter": 15}}}


def published(h: House, period: str, number: int = 0, **changed: object) -> None:
    """A release as plaint publishes it, or with something changed by hand."""
    at = datetime.fromisoformat("2026-09-01T09:00:00+08:00")
    head = {"plaint": 1, "release": period, **QUARTER, **changed}
    h.write(f"releases/{period}.yaml", dump_header(head) + dump_event(Event("publish", event_id(700 + number), at, "supervisor")))


def two_quarters(h: House, **changed: object) -> None:
    published(
        h,
        "2026-Q1",
        cross={"channel*category": {"rows": ["phone", "email"], "columns": ["other", "ethics"], "cells": [["hidden", "hidden"], ["hidden", "hidden"]]}},
    )
    published(h, "2026-Q2", 1, **{"since": "2026-04-01", **changed})


SUM = {"cases": 80, "tables": {"channel": {"phone": 50, "email+letter": 30}}, "parts": ["2026-Q1", "2026-Q2"]}


def test_releases_as_plaint_makes_them_are_in_order(house):
    two_quarters(house)
    published(house, "2026-H1", 2, **SUM)
    assert not [code for code in house.codes() if code.startswith("R3")]


RELEASES_WRONG = [
    ("R301", {"tables": {"channel": {"phone": 31, "email+letter": 9}}}),
    ("R301", {"tables": {"channel": {"phone": 25, "email+letter": 14}}}),
    ("R301", {"tables": {"channel": {"phone+email": 25, "email+letter": 15}}}),
    ("R301", {"threshold": 5}),
    ("R301", {"received": 9}),
    ("R301", {"cross": {"channel*category": {"rows": ["phone", "email"], "columns": ["other", "ethics"], "cells": [["hidden", 12], [12, 12]]}}}),
    ("R301", {"cross": {"channel*category": {"rows": ["phone", "email"], "columns": ["other", "ethics"], "cells": [[9, 12], [12, 12]]}}}),
    ("R302", {"since": "2026-03-31"}),
    ("R302", {"since": "2026-05-01"}),
]


@pytest.mark.parametrize(("code", "changed"), RELEASES_WRONG)
def test_a_release_changed_by_hand_is_found(house, code, changed):
    two_quarters(house, **changed)
    assert [each for each in house.codes() if each.startswith("R3")] == [code]


SUMS_WRONG = [
    {"cases": 81, "tables": {"channel": {"phone": 50, "email+letter": 31}}},
    {"tables": {"channel": {"phone": 51, "email+letter": 29}}},
    {"tables": {"channel": {"phone": 50, "email": 15, "letter": 15}}},
    {"tables": {"category": {"other": 50, "ethics": 30}}},
    {"received": 90},
    {"medians": {"acknowledgement": 9}},
    {"parts": ["2026-Q1", "2026-Q3"]},
]


@pytest.mark.parametrize("changed", SUMS_WRONG)
def test_a_sum_that_is_none_is_found(house, changed):
    two_quarters(house)
    published(house, "2026-H1", 2, **{**SUM, **changed})
    assert [each for each in house.codes() if each.startswith("R3")] == ["R302"]


@spoils("R301")
def small_count_published(h: House) -> None:
    published(h, "2026-Q1", tables={"channel": {"phone": 31, "email+letter": 9}})


@spoils("R302")
def releases_overlap(h: House) -> None:
    two_quarters(h, since="2026-03-31")


# --- the tests ---------------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("good")
    house = House.found(root)
    house.add(house.usual())
    return root


@pytest.fixture
def house(good, tmp_path) -> House:
    shutil.copytree(good, tmp_path / "house", symlinks=True)
    return House(tmp_path / "house")


def test_good_organisation_is_in_order(house):
    report = house.check()
    assert report.findings == ()
    assert (report.records, report.events) == (1 + 9 + 1, 4 + 9 + 2)
    assert report.exit_code(strict=True) == 0


@pytest.mark.parametrize(("code", "spoil"), [pytest.param(c, s, id=f"{c}-{s.__name__}") for c, found in sorted(SPOILS.items()) for s in found])
def test_rule_is_provoked(house, code, spoil):
    now = spoil(house) or NOW
    report = house.check(now)
    assert code in [finding.rule for finding in report.findings], [(f.rule, f.record, f.message) for f in report.findings]
    for finding in report.findings:
        assert finding.message
        assert finding.remedy
        assert "{" not in finding.message
        assert finding.line is None or finding.line > 0
        assert finding.record


def test_every_rule_is_provoked_by_some_test():
    assert set(SPOILS) == {code for code in rules() if code[0] in "STDKPR"}


ALONE = {
    "S102": free_text, "S103": comment, "S201": stray_file, "S203": wrong_year, "T101": too_early, "T103": without_role, "T104": both_duties,
    "T108": team_of_one, "T109": unknown_word, "D101": not_acknowledged, "D102": nearly_not_acknowledged, "D104": measure_late, "K101": line_cut,
    "K102": in_the_clear, "K103": two_readers, "K104": no_key, "K201": no_keyring, "K202": other_keyring, "P105": old_policy, "P203": shared_key,
    "R103": disposed_early,
}  # fmt: skip


@pytest.mark.parametrize("code", ALONE)
def test_one_fault_gives_one_kind_of_finding(house, code):
    now = ALONE[code](house) or NOW
    others = {"D104": {"D101"}, "R103": {"R201", "R203", "R202", "R204"}}.get(code, set())
    assert set(house.codes(now)) - others == {code}


def test_finding_says_where(house):
    without_role(house)
    (finding,) = house.check().findings
    assert finding.record == CASE_FILE
    assert finding.event == event_id(2)
    lines = house.read(CASE_FILE).split("\n")
    assert lines[finding.line - 1] == "- event: accept"


def test_what_was_done_late_is_no_finding(house):
    house.add(house.case().receive().acknowledge(after="60h").accept())
    assert "D101" not in house.codes("2026-10-08T09:00")


def test_suspended_clock_is_not_late(house):
    house.add(house.usual().suspend())
    assert house.codes("2026-12-31T09:00") == []


def test_held_case_is_not_due_for_disposal(house):
    house.add(house.case(start="2026-02-02T09:00").to_closed().hold())
    assert not set(house.codes("2032-01-01T09:00")) & {"R101", "R102"}


def test_what_must_be_gone_is_told_with_its_ceiling(house):
    house.edit("policy/1.yaml", "grace: '3 months'", "at-most: '37 months'")
    house.add(house.case(start="2026-02-02T09:00").to_closed())
    said = {now: [str(f.message) for f in house.check(now).findings if f.rule in ("R101", "R102")] for now in ("2029-02-10T09:00", "2029-03-03T09:00")}
    assert said["2029-02-10T09:00"] == ["Retention: ended 2029-02-02 16:00; the case must be gone by 2029-03-02 16:00"]
    assert said["2029-03-03T09:00"] == ["Retention: ended 2029-02-02 16:00, and the case had to be gone by 2029-03-02 16:00, 17 hours ago"]


def test_leaving_is_the_members_own_last_event(house):
    house.append("members/custodian.yaml", event("leave", "custodian"))
    assert "T102" not in house.codes()


def test_who_has_left_is_not_in_the_team_any_more(house):
    case = house.usual()
    house.add(case.evidence(by="investigator", after="10m"))
    house.append("members/investigator.yaml", event("leave", at=(case.now + timedelta(minutes=5)).isoformat()))
    assert "T102" in house.codes("2026-10-05T13:30")


def test_policy_approved_later_does_not_make_old_cases_wrong(house):
    second_policy(house, effective="2026-10-01")
    text = house.read("policy/2.yaml").replace("2026-06-01T09", "2026-10-05T12")
    house.write("policy/2.yaml", text)
    assert "P105" not in house.codes()
    house.add(house.usual(), policy=2)
    assert "P105" not in house.codes()


def test_keyring_sealed_after_somebody_left_is_fine(house):
    coordinator_left(house)
    assert "K207" in house.codes()
    house.append(CASE_FILE, event("rekey", by="decider", at="2026-10-05T12:10:00+08:00", keyring="0" * 64))
    assert "K207" not in house.codes()


def test_what_nobody_has_sealed_anew_is_named_part_by_part(house):
    house.append("members/custodian.yaml", event("leave", at="2026-10-05T12:00:00+08:00"))
    coordinator_left(house)

    def said() -> list[str]:
        return [finding.message.partition(":")[0] for finding in house.check().findings if finding.rule == "K207"]

    before = said()
    house.append(CASE_FILE, event("rekey", by="intake", at="2026-10-05T12:10:00+08:00", keyring="0" * 64))
    assert before == ["identity, inquiry, report"]
    assert said() == ["identity, inquiry"]  # what intake opens is the report


@pytest.mark.parametrize("change", ["key", "role"])
def test_keyring_sealed_before_a_key_or_a_role_was_given_up(house, change):
    at = "2026-10-05T12:00:00+08:00"
    if change == "key":
        house.append("members/coordinator.yaml", event("rotate", "coordinator", at=at, recipient=new_case_keys("a")["a"].recipient))
    else:
        given = event("roles", "steward", 901, at=at, roles=["supervisor"])
        house.append("members/coordinator.yaml", given, event("approve", "supervisor", 902, at, approves=event_id(901)))
    assert "K207" in house.codes()
    house.append(CASE_FILE, event("rekey", by="decider", at="2026-10-05T12:10:00+08:00", keyring="0" * 64))
    assert "K207" not in house.codes()


def test_who_could_open_nothing_leaves_nothing_to_seal(house):
    house.append("members/steward.yaml", event("leave", at="2026-10-05T12:00:00+08:00"))
    assert "K207" not in house.codes()


def test_the_next_revision_settles_the_review_of_the_policy(house):
    policy_not_reviewed(house)
    (late,) = [f for f in house.check("2031-01-01T08:01").findings if f.rule == "R205"]
    assert late.record == "policy/1.yaml"
    assert house.read("policy/1.yaml").split("\n")[late.line - 1] == "policy-review:"
    second_policy(house, effective="2031-06-01", approvers=("supervisor",))
    assert "R205" in house.codes("2031-01-01T08:01")  # one approval of two
    house.append("policy/2.yaml", event("approve", "decider", 999, "2026-07-01T09:00:00+08:00"))
    assert "R205" not in house.codes("2031-01-01T08:01")
    assert "R205" in house.codes("2036-06-01T00:01")  # five years after it took effect itself


def test_a_policy_without_a_review_is_never_due_for_one(house):
    text = house.read("policy/1.yaml")
    start = text.index("\npolicy-review:") + 1
    house.write("policy/1.yaml", text[:start] + text[text.index("approvals:", start) :])
    assert not set(house.codes("2040-01-01T09:00")) & {"R205", "R206", "S103"}


def test_review_done_is_not_asked_for_again(house):
    house.add(house.case().to_closed())
    for period, number in (("2026-H2", 1), ("2026", 5)):
        house.write(f"reviews/{period}.yaml", f"plaint: 1\nreview: '{period}'\npolicy: 1\nevents:\n")
        house.append(
            f"reviews/{period}.yaml",
            event("open", number=800 + number, at="2027-01-10T09:00:00+08:00"),
            event("conclude", number=801 + number, at="2027-01-12T09:00:00+08:00", result="in-order"),
        )
    assert house.codes("2027-04-02T09:00") == []


def test_what_is_missing_here_is_judged_as_it_was_committed(house):
    """A deleted member or policy makes no case unlawful, and a deleted case no keyring superfluous."""
    with_keyring(house)
    house.commit()
    shutil.rmtree(house.root / "members")
    shutil.rmtree(house.root / "policy")
    git(house.root, "rm", "-q", CASE_FILE)
    findings = house.check().findings
    assert {f.rule for f in findings} == {"S210"}
    said = {f.record: f.message for f in findings}
    assert said[CASE_FILE] == f"this file is missing here, and git has it: git restore --staged --worktree {CASE_FILE} brings it back"
    assert "git restore policy/1.yaml brings it back" in said["policy/1.yaml"]
    for each in findings:
        git(house.root, *each.message.partition(": git ")[2].removesuffix(" brings it back").split())
    assert house.check().findings == ()


def test_an_index_that_is_behind_is_no_finding(house):
    """As after a kill between the commit and the index."""
    with_keyring(house)
    house.write(f"cases/2026/{CASE}/a.age", sealed_text("report"))
    house.commit()
    git(house.root, "rm", "-q", "--cached", "-r", "cases", "schemas")
    assert house.check().findings == ()


def test_duties_start_with_the_first_case(house):
    shutil.rmtree(house.root / "cases")
    assert house.codes("2030-01-01T09:00") == []


def test_clone_without_keyrings_says_so_once(house):
    report = house.check()
    assert len(report.notes) == 1
    assert not [f for f in report.findings if f.rule.startswith("K2")]


def test_keyring_in_force_is_fine(house):
    with_keyring(house)
    house.keyring("import", some_keyring("report"))
    report = house.check()
    assert report.findings == ()
    assert report.notes == ()


def test_sealed_evidence_beside_a_case_is_fine(house):
    house.write(f"cases/2026/{CASE}/a.age", sealed_text("report"))
    house.write("cases/.gitkeep", "")
    assert house.codes() == []
