"""Benign events: every kind of them, of many cases, and as time goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

from benign import Book
from evil import CASES, Org, at, message_of, new_id

from plaint.model.record import Event, dump_event, dump_header

benign = Book()
MAIN, NEW = "cases/2026/C0DD-0003.yaml", "cases/2026/E0DD-0005.yaml"


# Every kind of event


def concluded(org: Org) -> None:
    org.event("main", "conclude", "wang.fang", outcome="substantiated", sealed=["inquiry"])


def decided(org: Org) -> None:
    concluded(org)
    org.event("main", "decide", "liu.yang", measures=[{"id": "m1", "measure": "rectification", "due": "2026-12-31"}], sealed=["inquiry"])


def verified(org: Org, result: str = "fulfilled") -> None:
    decided(org)
    org.event("main", "verify", "sun.li", measure="m1", result=result)


def closed(org: Org) -> None:
    verified(org)
    org.event("main", "answer", "li.wei", result="delivered", sealed=["report"])
    org.event("main", "close", "chen.jie", satisfaction="satisfied")


def requested(org: Org) -> str:
    id_ = new_id()
    org.event("main", "disclose", "wang.fang", step="request", id_=id_)
    return id_


def disposing(org: Org) -> Org:
    """Retention ends, so the present is three years on."""
    org.now, org.clock = "2029-12-20T12:00", at("2029-12-20T09:00")
    org.event("done", "dispose", "zhou.ning", step="propose")
    return org


KINDS: dict[str, Callable[[Org], object]] = {
    "receive": lambda o: registered(o),
    "receive-anonymous-letter": lambda o: registered(o, when=at("2026-08-01T09:00")),
    "acknowledge": lambda o: acknowledged(o),
    "accept": lambda o: o.event("new", "accept", "chen.jie"),
    "decline": lambda o: o.event("new", "decline", "chen.jie", reason="withdrawn"),
    "notify": lambda o: o.event("main", "notify", "he.ping", result="delivered"),
    "assign": lambda o: o.event("main", "assign", "chen.jie", team=["zhao.min", "wang.fang"], keyring="0" * 64),
    "evidence": lambda o: evidence(o),
    "hand-over": lambda o: handed_over(o),
    "interview": lambda o: o.event("main", "interview", "zhao.min", person="respondent", sealed=["inquiry"]),
    "hear": lambda o: o.event("main", "hear", "wang.fang", result="heard", sealed=["inquiry"]),
    "extend": lambda o: o.event("main", "extend", "sun.li", clock="inquiry", until="2027-03-01T00:00:00+08:00", reason="complex"),
    "suspend": lambda o: o.event("main", "suspend", "chen.jie", reason="expert"),
    "resume": lambda o: (o.event("main", "suspend", "chen.jie", reason="expert"), o.event("main", "resume", "chen.jie")),
    "conclude": concluded,
    "decide": decided,
    "decide-nothing": lambda o: (concluded(o), o.event("main", "decide", "liu.yang", measures=[], sealed=["inquiry"])),
    "answer": lambda o: (concluded(o), o.event("main", "answer", "chen.jie", result="delivered", sealed=["report"])),
    "verify": verified,
    "verify-in-part": lambda o: verified(o, "partly"),
    "close": closed,
    "close-after-declining": lambda o: (declined(o), o.event("new", "close", "chen.jie", satisfaction="unknown")),
    "reopen": lambda o: (closed(o), o.event("main", "reopen", "sun.li", reason="new-evidence")),
    "hold": lambda o: o.event("done", "hold", "zhou.ning", reason="litigation"),
    "release-hold": lambda o: (o.event("done", "hold", "zhou.ning", reason="litigation"), o.event("done", "release-hold", "sun.li")),
    "dispose-proposed": disposing,
    "dispose-confirmed": lambda o: disposing(o).event("done", "dispose", "sun.li", step="confirm"),
    "dispose-withdrawn": lambda o: disposing(o).event("done", "dispose", "sun.li", step="withdraw"),
    "correct": lambda o: o.event("new", "correct", "li.wei", corrects=first_event(o), category="other", sealed=["report"]),
    "redact": lambda o: o.event("main", "redact", "chen.jie", redacts=first_event(o, MAIN), part="inquiry", sealed=["report"]),
    "link": lambda o: o.event("new", "link", "li.wei", other=CASES["main"], relation="related"),
    "message": lambda o: o.event("main", "message", "he.ping", direction="from-reporter", sealed=["report"]),
    "disclose-requested": requested,
    "disclose-granted": lambda o: o.event("main", "disclose", "he.ping", step="grant", request=requested(o), keyring="0" * 64),
    "disclose-refused": lambda o: o.event("main", "disclose", "he.ping", step="refuse", request=requested(o)),
    "disclose-told": lambda o: told(o),
    "grant": lambda o: o.event("main", "grant", "chen.jie", keyring="0" * 64, sealed=["report"]),
    "revoke": lambda o: o.event("main", "revoke", "liu.yang", keyring="0" * 64, sealed=["inquiry"]),
    "rekey": lambda o: o.event("main", "rekey", "he.ping", keyring="0" * 64),
    "export": lambda o: o.event("main", "export", "chen.jie", compartments=["report"], recipient="0" * 64, sealed=["report"]),
}


def registered(org: Org, case: str = "F0DD-0006", when: object = None, by: str = "li.wei") -> None:
    path, text, id_ = org.new_case(case, by, when or org.tick())
    org.commit({path: text}, by, message_of("receive", case, id_))


def acknowledged(org: Org) -> None:
    registered(org)
    org.event("more", "acknowledge", "he.ping", result="unreachable")


def declined(org: Org) -> None:
    org.event("new", "decline", "chen.jie", reason="other-authority", sealed=["report"])
    org.event("new", "notify", "li.wei", result="delivered")


def handed_over(org: Org) -> None:
    id_ = evidence(org)
    org.event("main", "hand-over", "li.wei", piece=id_, sealed=["inquiry"])


def evidence(org: Org) -> str:
    data = b"age-encryption.org/v1\n-> X25519 " + b"A" * 43 + b"\n"
    more = {MAIN.replace(".yaml", "/e1.age"): data}
    id_ = new_id()
    codes = {"kind": "recording", "digest": sha256(data).hexdigest(), "size": "large"}
    org.event("main", "evidence", "wang.fang", id_=id_, more=more, **codes, sealed=["inquiry"])
    return id_


def told(org: Org) -> None:
    id_ = requested(org)
    org.event("main", "disclose", "he.ping", step="grant", request=id_, keyring="0" * 64)
    org.event("main", "disclose", "li.wei", step="inform", request=id_, sealed=["report"])


def first_event(org: Org, path: str = NEW) -> str:
    return org.read(path).decode().partition("  id: ")[2].split()[0]


# Events of many cases, and as time goes on


@benign
def an_import_of_a_year(org: Org) -> None:
    new = [org.new_case(f"F{n:03}-0006", "li.wei", at("2025-01-06T09:00") + timedelta(days=9 * n)) for n in range(12)]
    ids = [word for n, (_path, _text, id_) in enumerate(new) for word in (f"F{n:03}-0006", id_)]
    org.commit({path: text for path, text, _id in new}, "li.wei", message_of("receive: 12 cases", *ids))


@benign
def keyrings_sealed_anew_in_one_commit(org: Org) -> None:
    texts = {case: org.text_of(case, "rekey", "chen.jie", when=org.clock, keyring="0" * 64) for case in ("main", "done", "new", "run")}
    changes = {org.path(case): org.read(org.path(case)) + text for case, (_id, text) in texts.items()}
    org.commit(changes, "chen.jie", message_of("rekey: 4 cases", *(word for case, (id_, _t) in texts.items() for word in (CASES[case], id_))))


@benign
def an_event_recorded_days_later(org: Org) -> None:
    org.event("main", "interview", "wang.fang", dated=at("2026-11-14T09:00"), person="witness", sealed=["inquiry"])


@benign
def a_clock_that_is_minutes_ahead(org: Org) -> None:
    org.event("new", "accept", "chen.jie", dated=org.clock + timedelta(minutes=4), when=org.clock)


@benign
def a_computer_half_an_hour_behind(org: Org) -> None:
    org.event("new", "accept", "chen.jie")
    org.event("main", "message", "li.wei", when=org.clock - timedelta(minutes=30), direction="to-reporter", sealed=["report"])


@benign
def a_case_of_the_old_policy_goes_on(org: Org) -> None:
    org.event("run", "assign", "chen.jie", team=["wang.fang", "zhao.min"], keyring="0" * 64)


@benign
def an_old_letter_is_entered_under_the_policy_of_its_time(org: Org) -> None:
    path, text, id_ = org.new_case("F0DD-0006", "li.wei", at("2023-05-02T09:00"), policy=1)
    org.commit({path: text}, "li.wei", message_of("receive", "F0DD-0006", id_))


@benign
def a_review(org: Org) -> None:
    when = org.tick()
    events = Event("open", new_id(), when, "sun.li"), Event("conclude", new_id(), when, "sun.li", {"result": "sound"})
    data = dump_header({"plaint": 1, "review": "2026-H1", "policy": 2}) + b"".join(map(dump_event, events))
    org.commit({"reviews/2026-H1.yaml": data}, "sun.li", "review: 2026-H1", when=when)


@benign
def evidence_goes_with_its_case(org: Org) -> None:
    evidence(org)
    closed(org)
    org.now, org.clock = "2030-01-20T12:00", at("2030-01-20T09:00")
    org.event("main", "dispose", "zhou.ning", step="propose")
    org.event("main", "dispose", "sun.li", step="confirm")
    org.commit({MAIN.replace(".yaml", "/e1.age"): None}, "zhou.ning", "remove what no key opens")
