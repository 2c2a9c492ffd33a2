"""`plaint inbox fetch` from a real Dovecot, acknowledging through a real SMTP server, both with TLS: every mail one case and one answer, whatever breaks."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import Plaint, copy_of, environment

from imapserver import PASSWORD, PROGRAM, USER, Dovecot
from mailbag import STORY, auto_reply, bounce, ordinary, raw, spam
from mailserver import USER as SMTP_USER
from mailserver import Post, certificate, kill_after_lines
from plaint.actor import Actor
from plaint.errors import EnvironmentFaultError, InputError, PlaintError, UsageError
from plaint.intake.importkey import cases_by_source
from plaint.model.record import Record
from plaint.opening import open_case
from plaint.organisation import Organisation
from plaint.postbox.account import load_postbox
from plaint.postbox.imap import Mailbox
from plaint.seal import age
from plaint.seal.identity import load_identity

MAILS = int(os.environ.get("PLAINT_MAILS", "12"))
KILLS = int(os.environ.get("PLAINT_KILLS", "4"))
ARRIVED = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # an hour before the demo's present
REFERENCE = re.compile(r"\[((?:[0-9A-Z]{4}-){3}[0-9A-Z]{4})\]")
ADDRESS = "complaints@example.org"

pytestmark = [pytest.mark.long, pytest.mark.skipif(not PROGRAM, reason="dovecot is not installed (Debian: apt-get install dovecot-imapd)")]


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    place = tmp_path_factory.mktemp("dovecot")
    certificate(place, "localhost", "127.0.0.1")
    with Dovecot(place / "localhost.pem", place / "localhost.key") as server:
        yield server


class House:
    """The demo organisation with a mailbox, a mail server and a file that names both."""

    def __init__(self, org: Plaint, dovecot: Dovecot, post: Post, place: Path) -> None:
        self.org, self.dovecot, self.post, self.place = org, dovecot, post, place
        (place / "password").write_text(PASSWORD + "\n")
        (place / "password").chmod(0o600)
        self.imap: dict[str, Any] = {
            "host": "localhost",
            "port": dovecot.tls,
            "user": USER,
            "password-file": str(place / "password"),
            "certificates": str(dovecot.certificates),
        }
        self.server: dict[str, Any] | None = {
            "host": "localhost",
            "port": post.port,
            "security": post.security,
            "certificates": str(post.certificates),
            "from": ADDRESS,
        }
        self.more: dict[str, Any] = {}

    def arguments(self, *args: str, imap: dict[str, Any] | None = None) -> list[str]:
        account = {name: value for name, value in {**self.imap, **(imap or {})}.items() if value is not None}
        document = {"plaint": 1, "imap": account, **({"server": self.server} if self.server else {}), **self.more}
        (self.place / "mailbox.yaml").write_text(json.dumps(document))
        return ["inbox", "fetch", "--mailbox", str(self.place / "mailbox.yaml"), "--state", str(self.place / "state"), "--lang", "en", *args]

    def run(self, *args: str, code: int = 0, member: str = "li.wei", **how: Any) -> subprocess.CompletedProcess[str]:
        done = self.org.run(*self.arguments(*args), member=member, **how)
        assert done.returncode == code, done.stderr + done.stdout
        return done

    def fetched(self, *args: str, code: int = 0, **how: Any) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run(*args, "--format", "json", code=code, **how).stdout)
        return found

    def start(self, *, watched: bool = False) -> subprocess.Popen[bytes]:
        env = environment(self.org.home, {"PLAINT_NOW": str(self.org.now), "PLAINT_MEMBER": "li.wei"})
        out = subprocess.PIPE if watched else subprocess.DEVNULL
        self.post.victim = None
        self.post.victim = subprocess.Popen(["plaint", *self.arguments()], cwd=self.org.folder, env=env, stdout=out, stderr=subprocess.DEVNULL)
        return self.post.victim

    def lies(self) -> tuple[int, int, int]:
        """How many mails lie in the mailbox, in plaint-done and in plaint-aside."""
        return len(self.dovecot.mails()), len(self.dovecot.mails("plaint-done")), len(self.dovecot.mails("plaint-aside"))

    def cases(self) -> list[Record]:
        """The cases that came by mail."""
        organisation = Organisation.open(self.org.folder)
        return [organisation.case(case) for case in cases_by_source(organisation.repository).values()]

    def opened(self, case: str, member: str = "chen.jie") -> list[tuple[str, str, Any]]:
        organisation = Organisation.open(self.org.folder)
        actor = Actor.find(organisation, member, lambda _file: "")
        return [(event.kind, compartment, body) for event, compartment, body in open_case(actor, organisation.case(case))]

    def proven(self) -> None:
        for command in ("check", "audit"):
            done = self.org.run(command)
            assert done.returncode == 0, done.stdout


@pytest.fixture
def house(demo_once: Plaint, dovecot: Dovecot, tmp_path: Path) -> Iterator[House]:
    dovecot.clear()
    with Post(tmp_path) as post:
        yield House(copy_of(demo_once, tmp_path), dovecot, post, tmp_path)


def kinds(record: Record) -> list[str]:
    return [event.kind for event in record.events]


def test_from_the_mail_to_the_case_to_the_answer_and_back(house: House) -> None:
    chinese = raw(
        "Subject: 投诉仓库主管\nFrom: 王芳 <wang@example.net>\nContent-Type: text/plain; charset=gb2312\nMessage-ID: <one@example.net>", STORY.encode("gb18030")
    )
    english = raw(
        "Subject: kickbacks\nFrom: Ann <ann@example.net>\nReply-To: ann@home.example.net\nMessage-ID: <two@example.net>", "He takes money from suppliers."
    )
    listed = raw("Subject: by the list\nList-Id: <complaints.example.org>\nMessage-ID: <three@example.net>", "It came through our own list.")
    house.dovecot.deliver([chinese, english, listed, auto_reply(), bounce(), spam()], ARRIVED)
    house.dovecot.deliver([raw("Subject: marked\nMessage-ID: <junk@x>")], ARRIVED, flags=[b"$Junk"])
    done = house.run(code=1)
    assert "registered 3, known 0, set aside 4" in done.stdout
    assert "not acknowledged by mail: it came through a list" in done.stdout
    assert house.lies() == (0, 3, 4)
    assert Counter(tuple(kinds(record)) for record in house.cases()) == {("receive", "acknowledge"): 2, ("receive",): 1}
    assert {record.events[0].at for record in house.cases()} == {ARRIVED.replace(second=n) for n in range(3)}
    assert {event.by for record in house.cases() for event in record.events} == {"li.wei"}
    house.proven()

    zh, en = sorted(house.post.taken, key=lambda mail: mail.recipient, reverse=True)
    assert (zh.recipient, en.recipient) == ("wang@example.net", "ann@home.example.net")
    assert zh.message["Subject"].startswith("我们已收到您的来信 [")
    assert en.message["Subject"].startswith("We have received your message [")
    assert "2026-11-20 11:00" in zh.text
    for mail, about in ((zh, "one"), (en, "two")):
        assert mail.message["Auto-Submitted"] == "auto-replied"
        assert mail.message["Content-Language"] == ("zh" if mail is zh else "en")
        assert mail.message["In-Reply-To"] == f"<{about}@example.net>"
        everything = mail.data.decode("ascii") + mail.text + str(mail.message["Subject"])
        assert all(word not in everything for word in ("kickbacks", "He takes", "投诉仓库主管", STORY, "王芳", "Ann"))
        assert all(record.id not in everything for record in house.cases())
    found = REFERENCE.search(zh.message["Subject"])
    assert found
    reference = found[1]

    answers = [
        raw(f"Subject: Re: [{reference}]\nFrom: elsewhere@example.net\nMessage-ID: <a1@x>", "The guard knows, too."),
        raw(f"Subject: something else\nReferences: <x@y> {zh.id}\nMessage-ID: <a2@x>", "By its thread."),
        raw(f"Subject: plus\nTo: complaints+{reference.replace('-', '').lower()}@example.org\nMessage-ID: <a3@x>", "By its address."),
        raw("Subject: Re: [AAAA-BBBB-CCCC-DDDD]\nMessage-ID: <a4@x>", "Nobody's reference."),
        bounce(zh.id, 7),
    ]
    house.dovecot.deliver(answers, ARRIVED.replace(minute=30))
    done = house.run(code=1)
    (case,) = [record for record in house.cases() if "message" in kinds(record)]
    assert f"set aside: a notice of delivery or of reading, about case {case.id}" in done.stdout
    assert kinds(case) == ["receive", "acknowledge", "message", "message", "message"]
    assert [body["fields"]["reference"] for kind, compartment, body in house.opened(case.id) if (kind, compartment) == ("receive", "report")] == [reference]
    texts = [body for kind, _compartment, body in house.opened(case.id) if kind in {"acknowledge", "message"}]
    assert reference in texts[0]["note"]
    assert [body["reply"] for body in texts[1:]] == ["The guard knows, too.", "By its thread.", "By its address."]
    assert "elsewhere@" not in json.dumps(texts)
    assert len(house.cases()) == 4
    assert len(house.post.taken) == 3  # the one whose reference is nobody's
    assert house.fetched() == {"registered": 0, "known": 0, "set_aside": [], "cases": [], "acknowledged": []}
    assert house.fetched("--folder", "plaint-aside", code=1)["registered"] == 0
    assert house.fetched("--folder", "plaint-aside", "--anyway")["registered"] == 5
    assert len(house.post.taken) == 5  # machines are not answered; the two that were taken for spam are
    house.proven()


def test_what_is_answered_to_a_case_that_takes_no_messages_becomes_a_case(house: House) -> None:
    house.dovecot.deliver([raw("Subject: one\nFrom: ann@example.net\nMessage-ID: <one@x>", "It is so.")], ARRIVED)
    house.run()
    (case,) = house.cases()
    later = "2026-11-20T13:00:00+08:00"
    house.org.good("decline", case.id, "--reason", "out-of-scope", member="chen.jie", now=later)
    house.org.good("notify", case.id, member="chen.jie", now=later)
    house.org.good("close", case.id, member="chen.jie", now=later)
    late = "2030-03-01T12:00:00+08:00"
    house.org.good("dispose", case.id, "--step", "propose", member="zhou.ning", now=late)
    house.dovecot.deliver([raw(f"Subject: Re: {house.post.taken[0].message['Subject']}\nMessage-ID: <two@x>", "And still.")], ARRIVED)
    house.run(now=late)
    (new,) = [record for record in house.cases() if record.id != case.id]
    body = next(body for _kind, compartment, body in house.opened(new.id) if compartment == "report")
    assert case.id in body["earlier"]
    assert body["narrative"] == "And still."


def test_killed_at_any_moment_each_mail_is_one_case_and_is_answered(house: House) -> None:
    mails = ordinary(MAILS)
    house.dovecot.deliver([made.data for made in mails], ARRIVED)
    chance = random.Random(11)
    killed = 0
    for moment in ("EHLO", "MAIL", "DATA", "END", "END"):
        house.post.kill_at(moment)
        killed += house.start().wait(60) < 0
    assert killed == 5
    house.post.kills = []
    for number in range(KILLS):
        killed += kill_after_lines(house.start(watched=True), number % 7, 0.3 * chance.random())
    assert house.start().wait(1800) == 0  # let alone; hundreds take longer than other commands may
    cases = house.cases()
    assert len(cases) == len(mails)
    large = Counter(record.id for record in cases for kind in kinds(record) if kind == "evidence")
    assert Counter(large.values()) == Counter({1: sum(max(m.files.values(), default=0) > 300_000 for m in mails)} if large else {})
    assert all(kinds(record).count("acknowledge") == 1 for record in cases)
    found = Counter(
        body["fields"]["message-id"] for record in cases for _kind, compartment, body in house.opened(record.id, "he.ping") if compartment == "identity"
    )
    assert found == Counter(f"<{made.id}>" for made in mails)
    assert house.lies() == (0, len(mails), 0)
    answers = {mail.id: mail.message["In-Reply-To"] for mail in house.post.taken}
    assert sorted(answers.values()) == sorted(f"<{made.id}>" for made in mails)
    assert len(house.post.taken) - len(answers) <= killed  # sent again under the same Message-ID, only where a kill left it open
    assert house.fetched()["registered"] == 0
    house.proven()


def test_a_server_that_refuses_or_is_away_delays_only_the_answer(house: House) -> None:
    senders = ("gone", "later", "fine")
    house.dovecot.deliver([raw(f"Subject: {who}\nFrom: {who}@example.net\nMessage-ID: <{who}@x>", "It is so.") for who in senders], ARRIVED)
    server, house.server = house.server, {**(house.server or {}), "port": 1}
    assert "the mail server cannot be spoken to" in house.run(code=3).stderr
    house.server = server
    assert (len(house.cases()), house.lies()[0]) == (1, 3)  # the first is registered, and waits
    house.post.refuse = {"gone@example.net": "550 No such user", "later@example.net": "450 Try again"}
    done = house.run(code=1)
    assert "registered 2, known 1, set aside 0" in done.stdout
    assert "not acknowledged: 550 No such user. Tell the reporter yourself" in done.stderr
    assert "not acknowledged yet: 450 Try again" in done.stderr
    assert [mail.recipient for mail in house.post.taken] == ["fine@example.net"]
    assert house.lies() == (1, 2, 0)
    house.post.refuse = {}
    house.run()
    assert [mail.recipient for mail in house.post.taken] == ["fine@example.net", "later@example.net"]
    assert house.lies() == (0, 3, 0)
    assert Counter(len(record.events) for record in house.cases()) == {2: 2, 1: 1}


def test_a_break_while_the_server_takes_it_is_not_repeated_for_ever(house: House) -> None:
    house.dovecot.deliver([raw("Subject: x\nFrom: ann@example.net\nMessage-ID: <one@x>", "It is so.")], ARRIVED)
    house.post.drop = {"ann@example.net": "END"}
    for minute in range(3):
        assert "not acknowledged yet" in house.run(code=1, now=f"2026-11-20T12:0{minute}:00+08:00").stderr
    assert "the connection broke 3 times while the server took it" in house.run(code=1).stderr
    assert len(house.post.taken) == 3
    assert len({mail.data for mail in house.post.taken}) == 1  # each time the same mail
    assert house.lies() == (0, 1, 0)


def test_who_is_answered_and_how_often(house: House) -> None:
    """An address hears five times a day, an old mail and a strange address are left to people, and a thread is kept, however long its name."""
    id_ = "<PAXPR04MB9999ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789@PAXPR04MB9999.eurprd04.prod.outlook.com>"
    house.dovecot.deliver([raw("Subject: x\nFrom: late@example.net\nMessage-ID: <old@x>", "It is so.")], datetime(2026, 11, 2, 3, 0, tzinfo=UTC))
    house.dovecot.deliver([raw(f"Subject: {n}\nFrom: victim@example.net\nMessage-ID: <{n}@x>", "It is so.") for n in range(7)], ARRIVED)
    house.dovecot.deliver([raw(f"Subject: x\nFrom: ann@example.net\nMessage-ID: {id_}", "It is so.")], ARRIVED)
    house.dovecot.deliver([raw("Subject: x\nFrom: 王芳@example.net\nMessage-ID: <odd@x>", "It is so.")], ARRIVED)
    done = house.run(code=1)
    assert "it arrived more than 7 days ago" in done.stdout
    assert done.stderr.count("its sender was written to 5 times in a day") == 2
    assert "cannot be written to" in done.stderr
    assert [mail.recipient for mail in house.post.taken] == ["victim@example.net"] * 5 + ["ann@example.net"]
    assert f"In-Reply-To: {id_}".encode() in house.post.taken[-1].data
    assert max(map(len, house.post.taken[-1].data.splitlines())) < 200
    assert len(house.cases()) == 10


def test_a_sealed_report_that_comes_by_mail_keeps_its_sender_unknown(house: House) -> None:
    """Registered as from the site's page; what cannot be opened stays in the mailbox, and is told of each time."""

    def mail(number: int, sealed: bytes) -> bytes:
        head = f"Subject: my report\nFrom: ann@example.net\nMessage-ID: <{number}@x>\nContent-Transfer-Encoding: base64\nContent-Type: application/octet-stream"
        return raw(head, base64.encodebytes(sealed))

    content = {
        "plaint": 1, "kind": "report", "id": "00000000-0000-4000-8000-000000000000", "made": "2026-11-20T02:00:00Z", "language": "en", "category": "ethics",
        "report": {"narrative": "It is so."}, "identity": {}, "excluded": [], "attachments": [],
        "receipt": {"recipient": age.generate().recipient, "token": "0" * 64}, "pad": "",
    }  # fmt: skip
    officer = age.recipient_of(load_identity(house.org.identity("li.wei"), lambda: ""))
    house.dovecot.deliver([mail(1, age.encrypt(json.dumps(content).encode(), [officer]).encode()), mail(2, b"age-encryption.org/v1\nnothing")], ARRIVED)
    assert "registered 1, known 0, set aside 1" in house.run(code=1).stdout
    assert "registered 0, known 0, set aside 1" in house.run(code=1).stdout
    assert house.lies() == (1, 1, 0)
    (case,) = house.cases()
    assert (case.events[0].codes["channel"], case.events[0].at) == ("online", ARRIVED)
    assert house.post.taken == []
    for member in ("he.ping", "chen.jie"):
        assert "ann@" not in json.dumps(house.opened(case.id, member))


def test_a_server_that_can_do_less(house: House) -> None:
    """STARTTLS, no MOVE, and nothing to acknowledge with."""
    with Dovecot(house.dovecot.certificates, house.dovecot.place / "server.key", capability="IMAP4rev1 UIDPLUS") as old:
        house.dovecot = old
        house.server = None
        house.imap |= {"port": old.starttls, "security": "starttls", "certificates": str(old.certificates), "done": "erledigt"}
        old.deliver([ordinary(1)[0].data, spam()], ARRIVED)
        assert house.fetched(code=1)["registered"] == 1
        assert (len(old.mails()), len(old.mails("erledigt")), len(old.mails("plaint-aside"))) == (0, 1, 1)
        assert [kinds(record) for record in house.cases()] == [["receive"]]


def test_signing_in_by_token(demo_once: Plaint, dovecot: Dovecot, tmp_path: Path) -> None:
    """OAuth 2.0, as large providers ask for: at both servers, with a token that another program keeps fresh."""
    dovecot.clear()
    with Post(tmp_path, password=True) as post:
        house = House(copy_of(demo_once, tmp_path), dovecot, post, tmp_path)
        house.imap["token-file"] = str(tmp_path / "imap-token")
        house.server = {**(house.server or {}), "user": SMTP_USER, "token-file": str(tmp_path / "smtp-token")}
        post.token = "a.good.token"
        for name, token in (("imap-token", dovecot.token()), ("smtp-token", post.token)):
            (tmp_path / name).write_text(token + "\n")
            (tmp_path / name).chmod(0o600)
        dovecot.deliver([raw("Subject: x\nFrom: ann@example.net", "It is so.")], ARRIVED)
        house.run()
        assert (len(post.taken), house.lies()) == (1, (0, 1, 0))
        post.token = "another"
        dovecot.deliver([raw("Subject: x\nFrom: bob@example.net\nMessage-ID: <2@x>", "It is so.")], ARRIVED)
        assert f"the mail server does not let {SMTP_USER} in" in house.run(code=3).stderr
        (tmp_path / "imap-token").write_text(dovecot.token(seconds=-30))
        assert f"the mail server does not let {USER} in" in house.run(code=3).stderr


def test_the_doctor_tries_the_mailbox(house: House, tmp_path: Path) -> None:
    house.dovecot.deliver([ordinary(1)[0].data], ARRIVED)
    house.arguments()
    folder = tmp_path / "config"
    folder.mkdir()
    (house.place / "mailbox.yaml").rename(folder / "mailbox.yaml")
    env = {"PLAINT_HOME": str(folder)}
    assert f"mailbox: {USER}: 1 mail waits" in house.org.run("doctor", member="li.wei", env=env).stdout
    done = house.org.run("doctor", member="li.wei", env={**env, "PLAINT_IMAP_PASSWORD": "wrong"})
    assert (done.returncode, "the mail server does not let" in done.stdout) == (3, True)
    assert house.lies() == (1, 0, 0)


def test_what_is_wrong_is_said_in_one_line_and_nothing_is_touched(house: House) -> None:
    house.dovecot.deliver([ordinary(1)[0].data], ARRIVED)
    before = house.org.snapshot()
    assert "the mail server is not who it says" in house.org.refused(*house.arguments(imap={"certificates": None}), code=3, member="li.wei")
    assert "may not register cases" in house.org.refused(*house.arguments(), member="sun.li")
    assert house.org.snapshot() == before

    def refused(kind: type[PlaintError], env: dict[str, str] | None = None, **imap: Any) -> str:
        """The same without a process for each."""
        house.arguments(imap=imap)
        with pytest.raises(kind) as error:
            postbox = load_postbox(house.place / "mailbox.yaml", house.org.folder, env or {})
            with Mailbox(postbox.account):
                pass
        return str(error.value)

    assert "does not let complaints@example.org in" in refused(EnvironmentFaultError, {"PLAINT_IMAP_PASSWORD": "wrong"})
    assert "the password of complaints@example.org is missing" in refused(UsageError, **{"password-file": None})
    assert "has no folder Elsewhere" in refused(EnvironmentFaultError, folder="Elsewhere")
    assert "must be three folders" in refused(UsageError, done="INBOX")
    assert "the mailbox cannot be read" in refused(EnvironmentFaultError, port=1)
    assert "the mailbox cannot be read" in refused(EnvironmentFaultError, security="starttls", port=house.post.port)
    (house.place / "password").chmod(0o644)
    assert "everybody on this machine can read this password" in refused(UsageError)
    (house.place / "password").chmod(0o600)
    with pytest.raises(UsageError, match="must not lie in the repository"):
        load_postbox(house.place / "mailbox.yaml", house.place, {})
    with pytest.raises(InputError, match="there is no such file"):
        load_postbox(house.place / "none.yaml", house.org.folder, {})
    house.more = {"category": "nonsense"}
    assert "nonsense is none of" in house.org.refused(*house.arguments(), member="li.wei")
    assert house.lies() == (1, 0, 0)
