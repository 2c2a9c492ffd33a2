"""`plaint remind` against a real mail server with TLS: everybody hears of everything once, whoever is refused, whatever breaks, whenever it is killed."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import MEMBERS, TODAY, Plaint, copy_of, environment

from mailserver import PASSWORD, USER, Mail, Post, kill_after

pytestmark = pytest.mark.long

LATER = "2026-11-27T12:00:00+08:00"
"""A week in which nobody did anything: by now five people have something to hear of."""
HEARERS = ["chen.jie", "he.ping", "li.wei", "liu.yang", "sun.li"]
KILLS = int(os.environ.get("PLAINT_KILLS", "8"))
THING = re.compile(r"^\* (\S+)  ([^:：]+)[:：]", re.MULTILINE)


def address(member: str) -> str:
    return f"{member}@example.org"


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Plaint:
    """A demo organisation with a case in every state. Only to be read."""
    place = tmp_path_factory.mktemp("busy")
    Plaint(place, place, now=None).good("demo", "org", "--cases", "12", "--today", TODAY)
    return Plaint(place / "org", place)


@pytest.fixture
def house(busy: Plaint, tmp_path: Path) -> Reminded:
    return Reminded(busy, tmp_path)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with Post(tmp_path) as post:
        yield post


class Reminded:
    """The demo organisation, only read, with a folder of its own for addresses and what was sent."""

    def __init__(self, plaint: Plaint, place: Path) -> None:
        self.plaint = plaint
        self.place = place
        self.file = place / "addresses.yaml"
        self.state = place / "state"
        self.members: dict[str, dict[str, str]] = {member: {"address": address(member), "language": "en"} for member in MEMBERS}

    def server(self, post: Post, **more: Any) -> dict[str, Any]:
        return {"host": "localhost", "port": post.port, "security": post.security, "certificates": str(post.certificates), "from": "plaint@example.org", **more}

    def write(self, server: dict[str, Any]) -> None:
        self.file.write_text(json.dumps({"plaint": 1, "server": server, "members": self.members}))

    def arguments(self, *args: str) -> list[str]:
        return ["remind", "--addresses", str(self.file), "--state", str(self.state), "--lang", "en", *args]

    def run(self, post: Post | None, *args: str, now: str = LATER, env: dict[str, str] | None = None, **server: Any) -> subprocess.CompletedProcess[str]:
        if post:
            self.write(self.server(post, **server))
        return self.plaint.run(*self.arguments(*args), now=now, env=env)

    def start(self, post: Post, now: str = LATER) -> subprocess.Popen[bytes]:
        """The program, let alone."""
        self.write(self.server(post))
        env = environment(self.plaint.home, {"PLAINT_NOW": now})
        post.victim = None
        process = subprocess.Popen(
            ["plaint", *self.arguments()], cwd=self.plaint.folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        post.victim = process
        return process

    @property
    def ledger(self) -> Path:
        (found,) = self.state.glob("reminders-*.jsonl")
        return found


def told(mails: list[Mail]) -> Counter[tuple[str, str, str]]:
    """Who was told of what, how often: member, case or duty, clock."""
    return Counter((mail.recipient.partition("@")[0], case, clock) for mail in mails for case, clock in THING.findall(mail.text))


def once(mails: list[Mail]) -> list[Mail]:
    """What people see whose mailbox knows a Message-ID that it has seen; the same one is always the same mail."""
    found: dict[tuple[str, str], Mail] = {}
    for mail in mails:
        assert found.setdefault((mail.recipient, mail.id), mail).data == mail.data
    return list(found.values())


@pytest.fixture(scope="module")
def expected(busy: Plaint, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Member -> the Message-ID of the mail that each must get, as the dry run has it."""
    house = Reminded(busy, tmp_path_factory.mktemp("expected"))
    house.write({"host": "localhost", "from": "plaint@example.org"})
    planned = json.loads(house.run(None, "--dry-run", "--format", "json").stdout)
    assert not house.state.exists()
    return {mail["member"]: mail["message-id"] for mail in planned}


# What is sent


def test_each_hears_once_of_what_is_theirs(house: Reminded, post: Post, expected: dict[str, str]) -> None:
    done = house.run(post)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "5 mails sent."
    assert {m.recipient: m.id for m in post.taken} == {address(member): id_ for member, id_ in expected.items()}
    late = {item["case"] for item in house.plaint.data("todo", now=LATER)}
    for mail in post.taken:
        assert {case for case, _clock in THING.findall(mail.text)} <= late
        assert mail.message["Auto-Submitted"] == "auto-generated"
        assert all(byte < 128 for byte in mail.data)
    mine = house.plaint.data("todo", "--mine", member="chen.jie", now=LATER)
    (mail,) = [m for m in post.taken if m.recipient == address("chen.jie")]
    assert sorted(case for case, _clock in THING.findall(mail.text)) == sorted(i["case"] for i in mine if i["status"] in {"late", "soon"})
    (supervisor,) = [m for m in post.taken if m.recipient == address("sun.li")]
    assert "Late with others\n" in supervisor.text
    assert "with chen.jie" in supervisor.text
    again = house.run(post)
    assert (again.returncode, again.stdout, again.stderr) == (0, "0 mails sent.\n", "")
    assert len(post.taken) == 5


def test_the_next_day_tells_of_what_is_still_late_and_of_nothing_twice(house: Reminded, post: Post) -> None:
    counts = []
    for now in (
        LATER,
        "2026-11-27T15:59:00+08:00",
        "2026-11-27T16:00:00+08:00",
        "2026-11-27T23:59:00+08:00",
        "2026-11-28T00:30:00+08:00",
        "2026-11-28T09:00:00+08:00",
    ):
        house.run(post, now=now)
        counts.append(len(post.taken))
    # at 16:00 it is eight hours to what is due at midnight; at midnight another day begins
    assert counts == [5, 5, 7, 7, 12, 12]
    assert {m.recipient for m in post.taken[5:7]} == {address("chen.jie"), address("liu.yang")}
    assert len({m.id for m in post.taken}) == 12


def test_before_it_is_due(demo: Plaint, tmp_path: Path, post: Post) -> None:
    case = demo.register(now="2026-11-20T12:00:00+08:00")
    house = Reminded(demo, tmp_path)
    house.run(post, now="2026-11-21T03:59:00+08:00")
    assert [t for t in told(post.taken) if t[1] == case] == []
    house.run(post, now="2026-11-21T04:00:00+08:00")  # eight hours ahead
    assert told(post.taken)["li.wei", case, "First reply"] == 1
    (mail,) = [m for m in post.taken if m.recipient == address("li.wei")]
    assert f"* {case}  First reply: due 2026-11-21 12:00, in 8 hours\n  plaint acknowledge / notify {case}\n" in mail.text
    demo.good("acknowledge", case, "--result", "delivered", member="li.wei", now="2026-11-21T05:00:00+08:00")
    house.run(post, now="2026-11-22T13:00:00+08:00")
    assert told(post.taken)["li.wei", case, "First reply"] == 1  # nothing is late


def test_each_reads_their_language(house: Reminded, post: Post) -> None:
    house.members["chen.jie"] = {"address": address("chen.jie"), "language": "zh"}
    del house.members["li.wei"]["language"]
    assert "\r" not in house.run(post, "--dry-run").stdout  # Chinese goes in base64, with other ends of lines
    house.run(post)
    by = {m.recipient.partition("@")[0]: m for m in post.taken}
    assert by["chen.jie"].message["Content-Language"] == by["li.wei"].message["Content-Language"] == "zh"  # the organisation's first
    assert by["he.ping"].message["Content-Language"] == "en"
    assert "首次回复：应于 " in by["chen.jie"].text
    assert str(by["chen.jie"].message["Subject"]).startswith("[示例机构] ")
    assert "First reply: was due " in by["he.ping"].text
    assert str(by["he.ping"].message["From"]) == "Example Works <plaint@example.org>"


def test_nothing_of_a_case_is_told(house: Reminded, post: Post) -> None:
    house.run(post)
    wire = b"".join(m.data for m in post.taken).decode() + "".join(m.text for m in post.taken) + house.ledger.read_text()
    assert not any(address(member) in house.ledger.read_text() for member in MEMBERS)
    for case in [c for c in house.plaint.cases() if c["state"] not in {"closed", "disposing", "disposed"}]:
        for text in house.plaint.data("open", case["case"], member="chen.jie"):
            for value in text["body"].values():
                assert not isinstance(value, str) or len(value) < 5 or value not in wire
    assert "phone" not in wire.lower()  # not even the open codes of a case


def test_dry_run_prints_the_mails_and_sends_none(house: Reminded, post: Post, expected: dict[str, str]) -> None:
    done = house.run(post, "--dry-run")
    assert done.returncode == 0
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("To: ")] == [address(member) for member in HEARERS]
    assert all(f"Message-ID: {id_}\n" in done.stdout for id_ in expected.values())
    assert done.stdout.endswith("5 mails would be sent.\n")
    assert post.taken == []
    assert not house.state.exists()


def test_without_an_addresses_file_the_dry_run_tells_who_has_no_address(busy: Plaint) -> None:
    done = busy.run("remind", "--dry-run", now=LATER)
    assert done.returncode == 1
    assert done.stderr.count("there is no address") == 5
    assert "sun.li: not sent, for there is no address: " in done.stderr
    assert done.stdout == "0 mails would be sent.\n"


# How it is sent


@pytest.mark.parametrize("security", ["starttls", "tls", "plain"])
def test_ways_to_speak_to_a_server(house: Reminded, tmp_path: Path, security: str) -> None:
    with Post(tmp_path, security, password=security != "plain") as post:
        secret = tmp_path / "password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o600)
        login = {} if security == "plain" else {"user": USER, "password-file": str(secret)}
        done = house.run(post, **login)
        assert (done.returncode, done.stderr) == (0, "")
        assert len(post.taken) == 5


def test_the_command_line_and_the_environment_go_before_the_file(house: Reminded, tmp_path: Path) -> None:
    with Post(tmp_path, password=True) as post:
        house.write({"host": "nowhere.invalid", "port": 1, "certificates": str(post.certificates), "from": "plaint@example.org", "user": "nobody"})
        env = {"PLAINT_SMTP": f"localhost:{post.port}", "PLAINT_SMTP_PASSWORD": PASSWORD, "PLAINT_SMTP_USER": "somebody"}
        done = house.run(None, "--user", USER, "--from", "other@example.net", env=env)
        assert (done.returncode, done.stderr) == (0, "")
        assert {str(m.message["From"].addresses[0].addr_spec) for m in post.taken} == {"other@example.net"}
        assert all(m.id.endswith("@example.net>") for m in post.taken)


def wrong(house: Reminded, post: Post, *args: str, code: int, env: dict[str, str] | None = None, **server: Any) -> str:
    """The one line in which it refuses, having sent nothing."""
    done = house.run(post, *args, env=env, **server)
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("plaint: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert post.taken == []
    return done.stderr


def test_who_is_not_who_it_says_is_told_nothing(house: Reminded, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with Post(other, names=("mail.example.org",)) as post:
        assert "the mail server is not who it says: " in wrong(house, post, code=3)
    with Post(other) as post, Post(tmp_path) as another:
        assert "self-signed certificate" in wrong(house, post, code=3, certificates=str(another.certificates))
    with Post(other, "plain") as post:
        assert "does not offer what is needed: STARTTLS" in wrong(house, post, code=3, security="starttls")


def test_wrong_settings(house: Reminded, post: Post, tmp_path: Path) -> None:
    house.write({})
    assert "no mail server is named" in house.plaint.refused(*house.arguments())
    assert "nobody is named to send the mails" in house.plaint.refused(*house.arguments("--smtp", "localhost"))
    readable = tmp_path / "readable"
    readable.write_text("secret\n")
    readable.chmod(0o644)
    assert "everybody on this machine can read this password" in wrong(house, post, code=2, user=USER, **{"password-file": str(readable)})
    assert "the password of plaint is missing" in wrong(house, post, code=2, user=USER)
    assert "the mail server cannot be spoken to: Connection refused" in wrong(house, post, "--smtp", "localhost:1", code=3)
    assert "nowhere.invalid:587" in wrong(house, post, "--smtp", "nowhere.invalid", code=3)
    assert "these certificates cannot be read" in wrong(house, post, code=3, certificates=str(tmp_path / "none.pem"))
    assert "no mail address" in wrong(house, post, "--from", "plaint", code=2)
    assert "is no mail server" in wrong(house, post, "--smtp", "localhost:mail", code=2)
    assert "what was sent is not remembered in the repository" in wrong(house, post, "--state", str(house.plaint.folder / "state"), code=2)


def test_wrong_password(house: Reminded, tmp_path: Path) -> None:
    with Post(tmp_path, password=True) as post:
        line = wrong(house, post, code=3, user=USER, env={"PLAINT_SMTP_PASSWORD": "wrong"})
        assert "does not let plaint in: 535" in line
        assert "wrong" not in line
        assert "ASCII only" in wrong(house, post, code=3, user=USER, env={"PLAINT_SMTP_PASSWORD": "пароль"})


def test_without_tls_only_this_machine_is_spoken_to(house: Reminded, post: Post) -> None:
    """An address of this machine that is not the loopback's: as good as another machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
            own = probe.getsockname()[0]
        except OSError:
            pytest.skip("this machine has no network")
    with socket.socket() as listening:
        listening.bind((own, 0))
        listening.listen()
        house.write({"host": own, "port": listening.getsockname()[1], "security": "plain", "from": "plaint@example.org"})

        def greet() -> None:
            other, _address = listening.accept()
            other.sendall(b"220 hello\r\n")
            other.close()

        threading.Thread(target=greet, daemon=True).start()
        done = house.run(None)
    assert done.returncode == 3
    assert "without TLS only a mail server on this machine is spoken to" in done.stderr


def test_the_addresses_file(house: Reminded, post: Post, demo: Plaint) -> None:
    house.members = {"li.wei": {"address": "li.wei"}}
    line = wrong(house, post, code=2)
    assert "`address` must be a mail address such as li.wei@example.org" in line
    house.members = {"li.wei": {"address": "li.wei@example.org\r\nBcc: x@example.org"}}
    wrong(house, post, code=2)
    house.file.write_text("plaint: 1\nmembers:\n  li.wei: {address: [}\n")
    assert f"{house.file}:3" in house.plaint.run(*house.arguments(), now=LATER).stderr
    inside = demo.folder / "addresses.yaml"
    inside.write_text("plaint: 1\nmembers: {}\n")
    assert "must not lie in the repository" in demo.refused("remind", "--addresses", inside)
    assert "there is no such file" in demo.refused("remind", "--addresses", house.place / "none.yaml")


# When somebody is refused, or something breaks


def test_others_get_theirs(house: Reminded, post: Post, expected: dict[str, str]) -> None:
    post.refuse[address("chen.jie")] = "550 No such user"
    post.refuse[address("he.ping")] = "451 Try again later\x1b[31m"
    post.refuse_text[address("li.wei")] = "554 Looks like spam"
    post.drop[address("liu.yang")] = "RCPT"
    del house.members["sun.li"]
    house.members |= {"wang.fang": {"address": address("wang.fang")}}
    done = house.run(post)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "chen.jie: not sent: 550 No such user. It is tried again next time."
    assert lines[1] == "he.ping: not sent: 451 Try again later?[31m. It is tried again next time."
    assert lines[2] == "li.wei: not sent: 554 Looks like spam. It is tried again next time."
    assert lines[3].startswith("liu.yang: not sent: the connection broke off: ")
    assert lines[4].startswith("sun.li: not sent, for there is no address: ")
    assert len(lines) == 5
    assert post.taken == []
    post.refuse.clear()
    post.refuse_text.clear()
    post.drop.clear()
    house.members["sun.li"] = {"address": address("sun.li")}
    assert house.run(post).returncode == 0
    assert {m.recipient: m.id for m in post.taken} == {address(member): id_ for member, id_ in expected.items()}


@pytest.mark.parametrize("member", ["chen.jie", "li.wei", "sun.li"])
def test_one_who_is_refused_costs_the_others_nothing(house: Reminded, post: Post, expected: dict[str, str], member: str) -> None:
    {"chen.jie": post.refuse, "li.wei": post.refuse_text, "sun.li": post.drop}[member][address(member)] = "RCPT" if member == "sun.li" else "452 Full"
    done = house.run(post)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert {m.recipient: m.id for m in post.taken} == {address(m): id_ for m, id_ in expected.items() if m != member}


def test_a_break_while_the_server_takes_a_mail(house: Reminded, post: Post, expected: dict[str, str]) -> None:
    """Nobody can know whether it was taken: it comes again, as the same mail."""
    post.drop[address("he.ping")] = "END"
    done = house.run(post)
    assert done.returncode == 1
    assert re.fullmatch(r"he\.ping: perhaps sent: .*\. It is sent again next time, with the same Message-ID\.\n", done.stderr)
    assert len(post.taken) == 5  # it was, this time
    post.drop.clear()
    assert house.run(post, now="2026-11-27T15:00:00+08:00").stdout == "he.ping: sent: 2 late\n1 mail sent.\n"
    assert len(post.taken) == 6
    assert {m.recipient: m.id for m in once(post.taken)} == {address(member): id_ for member, id_ in expected.items()}
    assert house.run(post).stdout == "0 mails sent.\n"


def test_what_broke_off_and_was_settled_since_is_not_sent_again(busy: Plaint, tmp_path: Path, post: Post) -> None:
    demo = copy_of(busy, tmp_path)
    house = Reminded(demo, tmp_path)
    house.members = {"liu.yang": {"address": address("liu.yang"), "language": "en"}}
    post.drop[address("liu.yang")] = "END"
    house.run(post)
    post.drop.clear()
    ((_member, case, _clock),) = told(post.taken)
    demo.good("decide", case, "--body", "-", member="liu.yang", now=LATER, input="measures: none\n")
    house.run(post)
    assert len(post.taken) == 1
    assert house.ledger.read_text().count('"void"') == 1


# When it is killed


@pytest.mark.parametrize("moments", [
    [("EHLO", 1), ("MAIL", 1), ("RCPT", 1), ("DATA", 1), ("MAIL", 2), ("DATA", 2), ("RCPT", 2)],
], ids=["each moment but one"])  # fmt: skip
def test_killed_before_the_end_of_a_mail(house: Reminded, post: Post, expected: dict[str, str], moments: list[tuple[str, int]]) -> None:
    """Nobody is mailed twice, nobody is left out."""
    for moment, number in moments:
        post.kill_at(moment, number)
        assert house.start(post).wait() == -9, moment
    post.kills = []
    assert house.run(post).returncode == 0
    assert sorted((m.recipient, m.id) for m in post.taken) == sorted((address(member), id_) for member, id_ in expected.items())
    assert set(told(post.taken).values()) == {1}


def test_killed_while_the_server_takes_a_mail(house: Reminded, post: Post, expected: dict[str, str]) -> None:
    """The one moment in which nobody can know: the mail comes again with its Message-ID, byte for byte, and once only."""
    for number in (1, 2):
        post.kill_at("END", number)
        assert house.start(post).wait() == -9
    post.kills = []
    assert house.run(post).returncode == 0
    assert len(post.taken) == len(expected) + 2
    assert {m.recipient: m.id for m in once(post.taken)} == {address(member): id_ for member, id_ in expected.items()}
    assert set(told(once(post.taken)).values()) == {1}


def test_killed_anywhere(house: Reminded, post: Post, expected: dict[str, str]) -> None:
    """At a random time, again and again (PLAINT_KILLS): each hears of each thing once; a mail that comes again is the same one."""
    chance = random.Random(4)
    killed = 0
    longest = 1.6
    for _round in range(KILLS):
        process = house.start(post)
        if kill_after(process, chance.uniform(0.3, longest)):
            killed += 1
        elif len({m.recipient for m in post.taken}) == len(expected):  # all is said: begin anew
            check(post, expected)
            house.ledger.unlink()
            post.taken.clear()
    assert house.run(post).returncode == 0
    check(post, expected)
    assert killed > KILLS / 4


def check(post: Post, expected: dict[str, str]) -> None:
    assert {m.recipient: m.id for m in once(post.taken)} == {address(member): id_ for member, id_ in expected.items()}
    assert set(told(once(post.taken)).values()) == {1}


def test_a_line_that_was_cut_off_is_taken_away(house: Reminded, post: Post) -> None:
    house.run(post)
    with house.ledger.open("ab") as file:
        file.write(b'{"what": "intent", "id": "<x@')
    assert house.run(post).stdout == "0 mails sent.\n"
    assert all(json.loads(line) for line in house.ledger.read_text().splitlines())


def test_a_broken_ledger_stops_everything(house: Reminded, post: Post) -> None:
    house.run(post)
    lines = house.ledger.read_text().splitlines(keepends=True)
    house.ledger.write_text("".join([lines[0], "nonsense\n", *lines[1:]]))
    post.taken.clear()
    assert f"{house.ledger}:2: this line of the ledger of mails cannot be read" in wrong(house, post, code=3, now="2026-12-01T12:00:00+08:00")


def test_one_run_at_a_time(house: Reminded, post: Post, expected: dict[str, str]) -> None:
    post.hold = threading.Event()
    first = house.start(post)
    while not post.seen["MAIL"]:
        pass
    assert "another plaint is at work with the mail" in house.plaint.refused(*house.arguments(), code=3, now=LATER)
    post.hold.set()
    assert first.wait() == 0
    assert len(post.taken) == len(expected)


def test_who_is_asked_to_end_does_so_between_two_mails(house: Reminded, post: Post, expected: dict[str, str]) -> None:
    post.kills = []
    process = house.start(post)
    original: Callable[..., bool] = post.at

    def at(moment: str, server: Any, recipient: str = "") -> bool:
        if moment == "END" and len(post.taken) == 2:
            process.send_signal(signal.SIGTERM)
        return original(moment, server, recipient)

    post.at = at  # type: ignore[method-assign]
    assert process.wait() == -signal.SIGTERM
    assert len(post.taken) == 2
    post.at = original  # type: ignore[method-assign]
    assert house.run(post).returncode == 0
    assert sorted(m.id for m in post.taken) == sorted(expected.values())
