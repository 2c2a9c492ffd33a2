"""The witness of time where nothing is wrong, or nothing can be known; what is wrong stands among the attacks (attacks_pushed)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attacks_pushed import PUSHED, ZERO, at_work, pushed
from evil import Org, at, message_of
from organisations import good


@pytest.fixture
def org(tmp_path: Path) -> Org:
    return good().copy(tmp_path)


@pytest.mark.parametrize("when", [PUSHED + timedelta(minutes=5), PUSHED, PUSHED - timedelta(hours=20)])
def test_what_is_pushed_in_time(org: Org, when: datetime) -> None:
    base = org.head
    at_work(org, when)
    assert org.audit(*pushed(base)).codes == []


def test_a_weekend_offline(org: Org) -> None:
    base = org.head
    at_work(org, at("2026-11-20T09:10"))
    assert org.audit(*pushed(base, at("2026-11-23T09:10"))).codes == []
    assert org.audit(*pushed(base, at("2026-11-23T09:11"))).codes == ["A306"]
    # what was pushed before is no matter of this push
    assert org.audit(*pushed(org.head, at("2027-01-01T09:00"))).codes == []


def test_hours_offline_of_the_organisation(org: Org) -> None:
    org.commit({"plaint.yaml": org.read("plaint.yaml") + b"offline-hours: 2\n"}, "zhou.ning", when=at("2026-11-20T07:00"))
    assert not {code for code in org.check().codes if code[0] == "S"}
    base = org.head
    at_work(org, at("2026-11-20T09:10"))
    assert org.audit(*pushed(base, at("2026-11-20T11:10"))).codes == []
    assert org.audit(*pushed(base, at("2026-11-20T11:11"))).codes == ["A306"]


def test_times_as_forges_give_them(org: Org) -> None:
    base = org.head
    at_work(org, at("2026-11-20T09:10"))
    late = at("2026-11-25T00:00")
    for text in (str(int(late.timestamp())), late.astimezone(UTC).isoformat().replace("+00:00", "Z")):
        assert org.audit("--witness", base, "--pushed", text).codes == ["A306"]
    code, out, err = org.plaint("audit", "--witness", base, "--pushed", "yesterday")
    assert (code, out) == (2, "")
    assert "--pushed: yesterday is no date and time" in err
    assert org.plaint("audit", "--witness", base, "--pushed", "9" * 30)[0] == 2


def test_without_a_time_it_is_now(org: Org) -> None:
    base = org.head
    at_work(org, at("2026-11-20T09:10"))
    org.now = "2026-11-20T10:00"
    assert org.audit("--witness", base).codes == []
    org.now = "2026-11-24T10:00"
    assert org.audit("--witness", base).codes == ["A306"]


@pytest.mark.parametrize("before", [[ZERO], ["0" * 39 + "1"], [ZERO, "refs/remotes/origin/nowhere"]])
def test_nothing_is_known_of_before(org: Org, before: list[str]) -> None:
    """The first push of all: said, and no finding."""
    words = [word for name in before for word in ("--witness", name)]
    code, out, err = org.plaint("audit", "--no-cache", *words, "--pushed", "2030-01-01T00:00+08:00")
    assert code == 0
    assert "all in order" in out
    assert "nothing is known of what was there before this push" in err


def test_the_limit_as_seen_by_the_commit_is_said_once(org: Org) -> None:
    """A304 says it of the commit's time, so A307 does not say it again; nor of what came within the hour, or was late by itself."""
    path, text, id_ = org.new_case("F0DD-0006", "li.wei", at("2026-11-19T11:00"))
    base = org.commit({path: text}, "li.wei", message_of("receive", "F0DD-0006", id_), when=at("2026-11-19T11:00"))

    def answered(dated: str, committed: str) -> str:
        org.git("reset", "-q", "--hard", base)
        (org.folder / ".git" / "plaint-audit.json").unlink(missing_ok=True)  # which would know that history was taken back
        _id, event = org.text_of("new", "acknowledge", "li.wei", when=at(dated), result="delivered")
        return org.commit({path: text + event}, "li.wei", message_of("acknowledge", "F0DD-0006", _id), when=at(committed))

    answered("2026-11-20T10:00", "2026-11-20T12:00")
    assert org.audit(*pushed(base, at("2026-11-20T13:00"))).codes == ["A304"]
    answered("2026-11-20T10:30", "2026-11-20T10:30")
    assert org.audit(*pushed(base, at("2026-11-20T11:20"))).codes == []
    assert org.audit(*pushed(base, at("2026-11-20T11:31"))).codes == ["A307"]
    answered("2026-11-20T11:30", "2026-11-20T11:30")
    assert org.audit(*pushed(base, at("2026-11-20T14:00"))).codes == []


def test_it_is_not_remembered(org: Org) -> None:
    """It is said once, at the push; what this clone has verified before does not hide it."""
    base = org.head
    at_work(org, at("2026-11-20T09:10"))
    late = pushed(base, at("2026-11-24T10:00"))
    assert org.audit("memory").codes == []
    assert org.audit("memory", *late).codes == ["A306"]
    assert org.audit("memory").codes == []
