"""`plaint sync` between real clones of a bare repository: nothing lost, nothing doubled, one line of history, the right keyrings everywhere."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import Plaint, environment

from plaint.model.record import Event, dump_event, new_event_id

pytestmark = pytest.mark.long

CLONES = 8
EVENTS = int(os.environ.get("PLAINT_SYNC_EVENTS", "4"))
"""Events a clone in the test of many at once; 25 makes it a matter of minutes."""
BODY = json.dumps({"report": {"title": "A report"}})
MEMBERS = ("li.wei", "chen.jie")


@pytest.fixture(scope="module")
def shared_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository that an organisation of now was pushed to, with its keys beside it."""
    place = tmp_path_factory.mktemp("shared")
    maker = Plaint(place, place, now=None)
    maker.good("demo", "first", "--cases", "5")
    maker.git("init", "-q", "--bare", "-b", "main", "hub.git")
    first = maker.at(place / "first")
    first.git("remote", "add", "origin", "../hub.git")
    assert first.data("sync", member="chen.jie")["sent"] > 10
    shutil.copytree(first.folder / ".demo-keys", place / "keys")
    return place


@pytest.fixture
def shared(shared_once: Path, tmp_path: Path) -> Path:
    for name in ("hub.git", "keys"):
        shutil.copytree(shared_once / name, tmp_path / name)
    return tmp_path


def clone(shared: Path, name: str) -> Plaint:
    """A plain git clone; its first sync brings the keyrings."""
    home = shared / f"home-{name}"
    home.mkdir()
    subprocess.run(["git", "clone", "-q", "hub.git", name], cwd=shared, check=True, env=environment(home))
    here = Plaint(shared / name, home, now=None)
    here.git("config", "plaint.keys", str(shared / "keys"))
    here.git("config", "gpg.format", "ssh")
    here.good("sync", member="li.wei")
    return here


def keyrings(org: Plaint) -> dict[str, str]:
    """What git ls-tree says of each keyring: the ids of its files, by ref."""
    names = org.git("for-each-ref", "--format=%(refname)", "refs/plaint/").split()
    return {name: org.git("ls-tree", "-r", name) for name in names}


def is_whole(org: Plaint) -> None:
    """Checked, audited and sound for git; nothing of a sync left behind."""
    assert "all in order" in org.good("check")
    assert "all in order" in org.good("audit", "--no-cache")
    assert "all in order" in org.good("audit")  # what was remembered is no rollback
    assert org.git("fsck", "--strict", "--no-dangling") == ""
    assert not any("incoming" in name for name in keyrings(org))
    assert org.git("rev-list", "--merges", "HEAD") == ""
    assert org.git("status", "--porcelain", "--untracked-files=no") == ""


def open_case(org: Plaint) -> str:
    return next(each["case"] for each in org.cases() if each["state"] in ("received", "accepted", "inquiry"))


def events(org: Plaint) -> list[str]:
    return [event["id"] for case in org.cases() for event in org.data("show", case["case"])["events"]]


def test_a_plain_clone_gets_the_keyrings(shared: Path) -> None:
    first, second = clone(shared, "a"), clone(shared, "b")
    assert keyrings(first) == keyrings(second)
    case = first.register()
    sent = first.data("sync", member="li.wei")
    assert (sent["sent"], sent["keyrings"]["sent"]) == (1, 1)
    got = second.data("sync", member="li.wei")
    assert (got["received"], got["sent"], got["keyrings"]["received"]) == (1, 0, 1)
    assert "A report" in second.good("open", case, member="li.wei")
    is_whole(second)


def test_a_signing_key_is_asked_for_only_where_something_is_signed(shared: Path) -> None:
    """Fetching needs none, nor does sending what is signed; putting one's own on top of the others' does."""
    first = clone(shared, "a")
    home = shared / "home-new"
    home.mkdir()
    subprocess.run(["git", "clone", "-q", "hub.git", "new"], cwd=shared, check=True, env=environment(home))
    new = Plaint(shared / "new", home, now=None)
    assert new.data("sync")["keyrings"]["received"] == len(keyrings(first))
    assert keyrings(new) == keyrings(first)
    key = {"PLAINT_SIGNING_KEY": str(shared / "keys" / "li.wei")}
    new.good("register", "--channel", "phone", "--category", "other", "--body", "-", env=key, input=BODY)
    assert new.data("sync")["sent"] == 1
    new.good("register", "--channel", "phone", "--category", "other", "--body", "-", env=key, input=BODY)
    first.good("sync", member="li.wei")
    first.register()
    first.good("sync", member="li.wei")
    before = new.snapshot()
    assert "no signing key was found" in new.refused("sync", code=3)
    assert new.snapshot() == before
    assert new.data("sync", env=key)["replayed"] == 1
    is_whole(new)


def test_events_on_both_sides_of_one_case(shared: Path) -> None:
    first, second = clone(shared, "a"), clone(shared, "b")
    case, other = open_case(first), first.cases()[0]["case"]
    mine = first.data("link", case, "--other", other, "--relation", "related", member="chen.jie")["event"]
    theirs = second.data("link", case, "--other", other, "--relation", "duplicate", member="li.wei")["event"]
    (second.folder / "note.txt").write_text("mine, and not committed")
    first.good("sync", member="chen.jie")
    done = second.data("sync", member="li.wei")
    assert (done["received"], done["sent"], done["replayed"]) == (1, 1, 1)
    first.good("sync", member="chen.jie")
    assert first.head == second.head
    assert [event["id"] for event in first.data("show", case)["events"]][-2:] == [mine, theirs]
    assert (second.folder / "note.txt").read_text() == "mine, and not committed"
    is_whole(first)
    is_whole(second)


def test_keyrings_sealed_anew_on_both_sides(shared: Path) -> None:
    """One lets somebody in, the other shuts somebody out: both hold afterwards."""
    first, second = clone(shared, "a"), clone(shared, "b")
    case = first.register()
    first.good("sync", member="li.wei")
    second.good("sync", member="chen.jie")
    first.good("grant", case, "sun.li", "--reason", "To look into it", member="chen.jie")
    second.good("revoke", case, "liu.yang", "--reason", "His cousin", member="chen.jie")
    second.good("sync", member="chen.jie")
    done = first.data("sync", member="chen.jie")
    assert done["replayed"] == 1
    second.good("sync", member="chen.jie")
    for org in (first, second):
        assert "A report" in org.good("open", case, member="sun.li")
        org.refused("open", case, member="liu.yang")
        is_whole(org)
    assert keyrings(first) == keyrings(second)


def test_what_is_legal_no_more_stops_and_loses_nothing(shared: Path) -> None:
    first, second = clone(shared, "a"), clone(shared, "b")
    case = first.register()
    first.good("sync", member="li.wei")
    second.good("sync", member="chen.jie")
    first.good("acknowledge", case, "--result", "delivered", member="chen.jie")
    second.good("acknowledge", case, "--result", "unreachable", member="chen.jie")
    first.good("sync", member="chen.jie")
    before = second.snapshot()
    done = second.run("sync", member="chen.jie")
    assert done.returncode == 1
    assert "T106" in done.stderr
    assert "Nothing was changed" in done.stderr
    assert second.snapshot() == before


def test_nobody_else_s_commits_are_replayed(shared: Path) -> None:
    first, second = clone(shared, "a"), clone(shared, "b")
    first.register(member="li.wei")
    first.good("sync", member="li.wei")
    second.register(member="chen.jie")
    before = second.snapshot()
    assert "is chen.jie's" in second.refused("sync", member="li.wei")
    assert second.snapshot() == before
    second.good("sync", member="chen.jie")
    is_whole(second)


def test_a_keyring_that_was_lost_comes_back(shared: Path) -> None:
    first, second = clone(shared, "a"), clone(shared, "b")
    case = open_case(first)
    ref = f"refs/plaint/keys/{case}"
    hub = first.at(shared / "hub.git")
    hub.git("update-ref", "-d", ref)  # from the server: a clone has it
    assert second.data("sync", member="li.wei")["keyrings"]["sent"] == 1
    first.git("update-ref", "-d", ref)  # from a clone: the server has it
    assert first.data("sync", member="li.wei")["keyrings"]["received"] == 1
    # a wrong one takes the place of none
    other = next(name for name in keyrings(first) if name not in (ref, "refs/plaint/keys/import"))
    hub.git("update-ref", ref, other)
    first.good("sync", member="li.wei")
    assert hub.git("rev-parse", ref) == first.git("rev-parse", ref)
    assert keyrings(first) == keyrings(second)


def test_what_was_disposed_of_is_destroyed_everywhere(shared: Path) -> None:
    """Shortly: a ref of a case that is over goes, here and there."""
    first = clone(shared, "a")
    over = [each["case"] for each in first.cases() if each["state"] == "disposed"]
    if not over:
        pytest.skip("the demo has no disposed case at this size")
    other = next(name for name in keyrings(first) if name != "refs/plaint/keys/import")
    ref = f"refs/plaint/keys/{over[0]}"
    for org in (first, first.at(shared / "hub.git")):
        org.git("update-ref", ref, other)
        assert first.data("sync", member="li.wei")["keyrings"]["destroyed"] == 1
        assert ref not in keyrings(first)
        assert ref not in first.at(shared / "hub.git").git("for-each-ref")


def test_history_taken_back_is_seen(shared: Path) -> None:
    first, second = clone(shared, "a"), clone(shared, "b")
    first.register()
    first.good("sync", member="li.wei")
    second.good("sync", member="li.wei")
    hub = first.at(shared / "hub.git")
    hub.git("update-ref", "refs/heads/main", "refs/heads/main~1")
    before = second.snapshot()
    assert "no longer has the commit" in second.refused("sync", member="li.wei")
    assert "共享仓库中已没有原有的提交" in second.refused("sync", "--lang", "zh", member="li.wei")
    assert second.snapshot() == before
    # with something of one's own, too
    second.register()
    before = second.snapshot()
    assert "no longer has the commit" in second.refused("sync", member="li.wei")
    assert second.snapshot() == before


def test_a_clone_older_than_its_member(shared: Path) -> None:
    """Who acts is found out from what was fetched: whoever joined after the clone was made needs no second one."""
    first, second = clone(shared, "a"), clone(shared, "b")
    keys = shared / "keys"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / "newcomer")], check=True)
    subprocess.run(["age-keygen", "-o", str(keys / "newcomer.age-identity")], check=True, capture_output=True)
    recipient = subprocess.run(["age-keygen", "-y", str(keys / "newcomer.age-identity")], check=True, capture_output=True, text=True).stdout.strip()
    public = (keys / "newcomer.pub").read_text().strip()
    first.good("member", "add", "newcomer", "--signing-key", public, "--recipient", recipient, "--role", "intake", member="zhou.ning")
    first.good("sync", member="zhou.ning")
    before = second.snapshot()
    assert "waits for approval" in second.refused("sync", member="newcomer")
    assert second.snapshot() == before
    first.good("member", "approve", "newcomer", member="sun.li")
    first.good("sync", member="sun.li")
    assert "no member of this organisation" in second.refused("sync", member="nobody")
    assert second.data("sync", member="newcomer")["received"] >= 2
    assert second.head == first.head
    case = second.register(member="newcomer")
    assert second.data("sync", member="newcomer")["sent"] == 1
    assert "A report" in second.good("open", case, member="newcomer")
    is_whole(second)


def test_who_was_shut_out_and_acts_by_hand_is_seen(shared: Path) -> None:
    """The audit has no key, and exclusions are sealed: those who can open the case are told, when it comes and when they open it."""
    first, second = clone(shared, "a"), clone(shared, "b")
    case, other = first.register({"report": {"title": "About the coordinator"}}, "--exclude", "chen.jie"), first.register()
    first.good("sync", member="li.wei")
    second.good("sync", member="chen.jie")
    assert "can open nothing" in second.refused("accept", case, member="chen.jie")
    event = by_hand(second, case, "chen.jie", "accept")
    second.good("accept", other, member="chen.jie")  # of another case it is their office
    second.good("audit")
    done = second.run("sync", member="chen.jie")
    assert (done.returncode, done.stderr) == (0, "")  # they know
    expected = f"{case}: accept ({event}) was recorded by chen.jie, who was shut out of the case before; look into it, and tell the supervisor"
    assert first.data("sync", member="li.wei")["notes"] == [expected]
    done = first.run("open", case, member="li.wei")
    assert (done.returncode, done.stderr) == (0, expected + "\n")
    assert first.run("open", case, "--compartment", "report", "--lang", "zh", member="li.wei").stderr.startswith(f"{case}：")
    assert first.run("open", other, member="li.wei").stderr == ""
    assert first.data("sync", member="li.wei")["notes"] == [], "it is said once when it comes, and each time that the case is opened"
    # shut out later: what was recorded before is not held against them
    first.good("acknowledge", other, "--result", "delivered", member="li.wei")
    first.good("revoke", other, "li.wei", member="chen.jie")
    assert first.run("open", other, member="chen.jie").stderr == ""
    event = by_hand(first, other, "li.wei", "link", {"other": case, "relation": "related"})
    assert f"link ({event}) was recorded by li.wei" in first.run("open", other, member="chen.jie").stderr
    first.good("grant", other, "li.wei", "--lift", "--reason", "Somebody else was meant", member="chen.jie")
    first.good("link", other, "--other", case, "--relation", "related", member="li.wei")
    assert first.run("open", other, member="li.wei").stderr.count("\n") == 1


def by_hand(org: Plaint, case: str, member: str, kind: str, codes: dict[str, str] | None = None) -> str:
    """An event that git alone commits, signed by its member and well-formed; its id."""
    event = Event(kind, new_event_id(), datetime.now(UTC).astimezone().replace(microsecond=0, second=0), member, codes or {})
    path = org.folder / org.path(case)
    path.write_bytes(path.read_bytes() + dump_event(event))
    key = org.folder.parent / "keys" / member
    who = ("-c", f"user.name={member}", "-c", f"user.email={member}@plaint.invalid", "-c", f"user.signingkey={key}", "-c", "gpg.format=ssh")
    org.git(*who, "commit", "-q", "-S", "-a", "-m", f"{kind}: {case}\n\nCase: {case}\nEvent: {event.id}\n")
    return event.id


def test_what_comes_and_is_not_in_order_stays_out(shared: Path) -> None:
    first, second = clone(shared, "a"), clone(shared, "b")
    (first.folder / "policy" / "1.yaml").write_bytes((first.folder / "policy" / "1.yaml").read_bytes().replace(b"24 hours", b"240 hours"))
    first.git("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q", "-a", "-m", "more time")
    first.git("push", "-q", "origin", "HEAD:main")
    before = second.snapshot()
    done = second.run("sync", member="li.wei")
    assert done.returncode == 1
    assert "A201" in done.stderr
    assert "A101" in done.stderr
    assert second.snapshot() == before


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        pytest.param(["remote", "remove", "origin"], "no remote", id="no remote"),
        pytest.param(["remote", "set-url", "origin", "/nowhere/hub.git"], "cannot be reached", id="unreachable"),
        pytest.param(["checkout", "-q", "--detach"], "no branch", id="no branch"),
    ],
)
def test_faults(shared: Path, spoil: list[str], says: str) -> None:
    first = clone(shared, "a")
    first.git(*spoil)
    before = first.snapshot()
    done = first.run("sync", member="li.wei")
    assert done.returncode in (2, 3)
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert first.snapshot() == before


def test_a_server_that_refuses(shared: Path) -> None:
    first = clone(shared, "a")
    hook = shared / "hub.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'not on Sundays' >&2\nexit 1\n")
    hook.chmod(0o755)
    first.register()
    assert "not on Sundays" in first.refused("sync", member="li.wei")
    hook.unlink()
    first.good("sync", member="li.wei")
    is_whole(first)


def test_many_at_once_some_killed(shared: Path) -> None:
    """Eight clones record on overlapping cases and push at once, some are killed: every acknowledged event is there once."""
    clones = [clone(shared, f"c{number}") for number in range(CLONES)]
    cases = [each["case"] for each in clones[0].cases() if each["state"] not in ("disposed", "disposing")]
    acknowledged: list[str] = []
    dice = random.Random(7)
    lock = threading.Lock()

    def work(number: int) -> None:
        org, member = clones[number], MEMBERS[number % 2]
        for turn in range(EVENTS):
            case, other = cases[(number + turn) % len(cases)], cases[(number + turn + 1) % len(cases)]
            done = org.data("link", case, "--other", other, "--relation", "related", member=member)
            with lock:
                acknowledged.append(done["event"])
                doomed = dice.random() < 0.3
                after = dice.uniform(0.1, 1.5)
            if doomed:
                kill(org, member, after)
            elif dice.random() < 0.5:
                org.run("sync", member=member)
        org.good("sync", member=member)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLONES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, org in enumerate(clones):
        org.good("sync", member=MEMBERS[number % 2])
    assert len({org.head for org in clones}) == 1
    found = Counter(events(clones[0]))
    assert len(acknowledged) == CLONES * EVENTS
    assert {found[event] for event in acknowledged} == {1}
    for org in (clones[0], clones[-1]):
        is_whole(org)
    assert clones[0].at(shared / "hub.git").git("fsck", "--strict", "--no-dangling") == ""


def kill(org: Plaint, member: str, after: float) -> None:
    """A sync that is killed, with all that it started, after so many seconds."""
    process = subprocess.Popen(
        ["plaint", "sync"], cwd=org.folder, env=environment(org.home, {"PLAINT_MEMBER": member}), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # fmt: skip
    deadline = time.monotonic() + after
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_evidence_of_both_sides_comes_together(shared: Path) -> None:
    """Both add a file to the same case without knowing of one another; the second one's commit is replayed with its file."""
    first, second = clone(shared, "a"), clone(shared, "b")
    case = open_case(first)
    texts = {"first": os.urandom(5000), "second": os.urandom(70_000)}
    for org, name in ((first, "first"), (second, "second")):
        (shared / name).write_bytes(texts[name])
        org.good("evidence", "add", case, shared / name, "--kind", "document", member="li.wei")
    first.good("sync", member="li.wei")
    assert second.data("sync", member="li.wei")["replayed"] == 1
    first.good("sync", member="li.wei")
    for org in (first, second):
        is_whole(org)
        assert org.data("evidence", "verify")["pieces"] == 2
        assert {Path(name).suffix for name in org.git("ls-files", f"cases/*/{case}/*").split()} == {".age"}
        names = {each["digest"]: each["event"] for each in org.data("evidence", "list", case, member="chen.jie")}
        for event in names.values():
            org.good("evidence", "get", case, event, "-o", org.home / event, member="chen.jie")
        assert {(org.home / event).read_bytes() for event in names.values()} == set(texts.values())
