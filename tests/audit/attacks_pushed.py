"""Attacks that only whoever takes in a push can see: a clock set back or forward, a limit that was kept when nobody looked."""

from __future__ import annotations

from datetime import datetime, timedelta

from attack import Book, Done
from evil import Org, at, message_of

attack = Book()
PUSHED = at("2026-11-20T09:00")
ZERO = "0" * 40


def pushed(base: str, when: datetime = PUSHED, *more: str) -> list[str]:
    """How a forge asks."""
    return ["--witness", base, "--pushed", when.isoformat(), *more]


def at_work(org: Org, when: datetime, *, parent: str = "", ref: str = "refs/heads/main") -> str:
    return org.event("main", "interview", "wang.fang", when=when, person="witness", sealed=["inquiry"], parent=parent, ref=ref)


@attack("A306")
def a_clock_set_back(org: Org) -> Done:
    """By four days; a limit of hours would be kept by it, and signature and order are as they should be."""
    base = org.head
    return Done(at_work(org, at("2026-11-20T09:10")), pushed(base, at("2026-11-24T09:11")))


@attack("A306")
def a_clock_set_forward(org: Org) -> Done:
    """It is the past by now, and was not when it was pushed."""
    base = org.head
    return Done(at_work(org, PUSHED + timedelta(minutes=6)), pushed(base))


@attack("A306")
def a_clock_set_back_on_a_new_branch(org: Org) -> Done:
    """The forge knows of nothing before; the main branch is what counts then."""
    main = org.head
    sha = at_work(org, at("2026-11-20T09:10"), parent=main, ref="refs/heads/other")
    org.git("update-ref", "refs/remotes/origin/main", main)
    return Done(sha, [*pushed(ZERO, at("2026-11-24T09:11")), "--witness", "refs/remotes/origin/main", "--rev", "other"])


@attack("A306", "A504")
def a_history_replaced_by_one_dated_back(org: Org) -> Done:
    """Pushed by force: what was there before is unknown to this clone, or in another line."""
    org.git("branch", "before")
    org.git("reset", "-q", "--hard", "HEAD~1")
    before, sha = org.rev("before"), at_work(org, at("2026-11-20T09:10"))
    return Done(sha, pushed(before, at("2026-11-24T09:11"), "--since", before))


@attack("A306")
def hidden_behind_a_merge(org: Org) -> Done:
    """The merge is of now, what it brings is not."""
    base = org.head
    sha = at_work(org, at("2026-11-20T09:10"), parent=base, ref="refs/heads/other")
    org.commit({"README.md": "# Works\n"}, "zhou.ning", when=at("2026-11-24T09:00"))
    org.merge(org.head, sha, when=at("2026-11-24T09:05"))
    return Done(sha, pushed(base, at("2026-11-24T09:11")))


@attack("A306")
def leave_that_one_pushes_for_oneself(org: Org) -> Done:
    base = org.head
    config = org.read("plaint.yaml") + b"offline-hours: 300\n"
    sha = org.commit({"plaint.yaml": config}, "zhou.ning", when=at("2026-11-20T09:10"))
    return Done(sha, pushed(base, at("2026-11-24T09:11")))


@attack("A307")
def a_limit_kept_while_nobody_looked(org: Org) -> Done:
    """The first reply was due a day after the receipt; event and commit say that it went out in time, and came two days after."""
    path, text, id_ = org.new_case("F0DD-0006", "li.wei", at("2026-11-19T11:00"))
    base = org.commit({path: text}, "li.wei", message_of("receive", "F0DD-0006", id_), when=at("2026-11-19T11:00"))
    _id, event = org.text_of("new", "acknowledge", "li.wei", when=at("2026-11-20T10:00"), result="delivered")
    org.commit({path: text + event}, "li.wei", message_of("acknowledge", "F0DD-0006", _id), when=at("2026-11-20T10:00"))
    return Done(None, pushed(base, at("2026-11-21T11:00"), "--strict"))


@attack("A508")
def a_commit_that_no_forge_looks_at(org: Org) -> Done:
    """The next push is looked at; what stands before it is not."""
    sha = org.commit({"README.md": "# Works\n"}, "zhou.ning", "tidy up [Skip CI]")
    return Done(sha, pushed(sha, PUSHED, "--strict"))
