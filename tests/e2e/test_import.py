"""`plaint import` from the command line: what it registers, skips and refuses, that it can be stopped at any time, and promise P1 on real petitions.

The real tables lie in the folder that PLAINT_TEST_DATA names; without it these tests are skipped.
"""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from plaint.actor import Actor
from plaint.errors import NotAllowedError
from plaint.founding import Founding, NewMember, found, new_signing_key
from plaint.intake.importkey import import_secret, known_sources
from plaint.intake.sealers import Sealers
from plaint.opening import open_case
from plaint.organisation import Organisation
from plaint.seal import age
from plaint.seal.identity import new_identity, write_identity
from plaint.seal.keyring import open_secret
from plaint.store.git import Git
from plaint.store.lock import hold
from plaint.store.signing import load_signing_key

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
MAPS = ROOT / "examples" / "maps"
ROLES = {
    "li.wei": "intake",
    "chen.min": "coordinator",
    "wang.fang": "investigator",
    "sun.yan": "decider",
    "qian.jun": "supervisor",
    "wu.hao": "custodian",
    "zhou.xin": "steward",
}
HOLDERS = {"identity": {"wu.hao"}, "report": {"li.wei", "chen.min", "sun.yan"}, "inquiry": {"chen.min", "sun.yan"}}


@dataclass(frozen=True)
class Org:
    """An organisation with one member for each role, whose keys lie beside it."""

    folder: Path

    def actor(self, member: str) -> Actor:
        return Actor(Organisation.open(self.folder), member, lambda _what: "")

    def plaint(self, *arguments: str, member: str = "li.wei") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from plaint.cli import main; main()", "-C", str(self.folder), "--as", member, *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment(),
            check=False,
        )

    def imports(self, file: Path, plan: Path, *options: str) -> dict[str, Any]:
        done = self.plaint("import", str(file), "--map", str(plan), "--format", "json", *options)
        assert done.returncode in {0, 1}, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (1 if found["refused"] else 0)
        return found

    @property
    def git(self) -> Git:
        return Git(self.folder)


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PLAINT_", "GIT_"))}
    return kept | {"PYTHONPATH": str(ROOT / "tools"), "PLAINT_LANG": "en", "PLAINT_DEBUG": "1", "PYTHONUTF8": "1"}


@pytest.fixture
def org(tmp_path: Path) -> Org:
    return make_org(tmp_path)


def make_org(place: Path) -> Org:
    keys = place / "keys"
    members = []
    for member, role in ROLES.items():
        new_signing_key(keys / member, member)
        recipient, secret = new_identity()
        write_identity(keys / f"{member}.age-identity", secret, None)
        expertise = ("law", "service") if role == "investigator" else ()
        members.append(NewMember(member, (role,), expertise, (keys / f"{member}.pub").read_text(), recipient))
    recovery, secret = new_identity()
    write_identity(keys / "recovery.age-identity", secret, None)
    founding = Founding({"en": "Test"}, ("zh", "en"), "house", None, None, None, recovery, tuple(members))
    repository = found(place / "org", founding, load_signing_key(keys / "li.wei"), datetime.fromisoformat("2026-11-20T09:00:00+08:00"))
    repository.git.run("config", "plaint.keys", str(keys))
    repository.git.run("config", "user.signingkey", str(keys / "li.wei"))
    repository.close()
    return Org(place / "org")


def real(name: str) -> Path:
    folder = os.environ.get("PLAINT_TEST_DATA")
    path = Path(folder or "", name)
    if not folder or not path.is_file():
        pytest.skip(f"{name} is not here: PLAINT_TEST_DATA names the folder of the real tables")
    return path


# what comes of a table


def test_every_row_is_registered_skipped_or_refused(org: Org) -> None:
    said = org.plaint("import", str(DATA / "complaints-gb18030.csv"), "--map", str(DATA / "complaints.yaml"))
    assert said.returncode == 1
    assert said.stdout.splitlines() == [
        "complaints-gb18030.csv: 10 rows, read as GB18030",
        "registered 4",
        "skipped 1 (already imported, 1 of them twice in the file)",
        "refused 5",
        "  line 7: 来源: the map has no channel for “飞鸽”. add it under words, or say otherwise",
        "  line 8: 日期: “去年冬天” is in none of the map's forms of a time",
        "  line 9: the row has 7 fields, the header 8",
        "  line 10: there is nothing in it to be sealed as the report",
        "  line 13: 日期: “2099/1/1” is still to come",
    ]
    cases = list(org.actor("li.wei").organisation.cases())
    assert sorted((c.events[0].codes["channel"], c.events[0].codes["category"], c.events[0].at.isoformat(), c.path[:11]) for c in cases) == [
        ("letter", "service", "2020-01-05T00:00:00+08:00", "cases/2020/"),
        ("online", "other", "2020-02-03T00:00:00+08:00", "cases/2020/"),
        ("online", "service", "2019-04-25T09:32:00+08:00", "cases/2019/"),
        ("phone", "violation", "2013-11-21T00:00:00+08:00", "cases/2013/"),
    ]
    assert all(len(case.events) == 1 for case in cases)
    assert org.git.text("status", "--porcelain") == ""


def test_a_second_run_registers_nothing_in_whatever_encoding(org: Org) -> None:
    first = org.imports(DATA / "complaints-utf8.csv", DATA / "complaints.yaml")
    head = org.git.text("rev-parse", "HEAD")
    again = org.imports(DATA / "complaints-gb18030.csv", DATA / "complaints.yaml")
    assert (first["registered"], again["registered"], again["known"], again["repeated"]) == (4, 0, 4, 1)
    assert again["refused"] == first["refused"]
    assert org.git.text("rev-parse", "HEAD") == head


def test_a_rehearsal_tells_the_same_and_writes_nothing(org: Org) -> None:
    before = org.git.text("for-each-ref"), org.git.text("count-objects")
    rehearsed = org.imports(DATA / "complaints-utf8.csv", DATA / "complaints.yaml", "--dry-run")
    assert (org.git.text("for-each-ref"), org.git.text("count-objects")) == before
    done = org.imports(DATA / "complaints-utf8.csv", DATA / "complaints.yaml")
    assert {**rehearsed, "commits": 1, "dry_run": 1} == {**done, "commits": 1, "dry_run": 1}


def test_rows_alike_are_cases_of_their_own_where_the_row_is_the_key(org: Org, tmp_path: Path) -> None:
    plan = tmp_path / "map.yaml"
    plan.write_bytes((DATA / "complaints.yaml").read_bytes().replace("key: [编号]".encode(), b"key: row"))
    assert org.imports(DATA / "complaints-utf8.csv", plan)["registered"] == 5
    assert org.imports(DATA / "complaints-utf8.csv", plan)["known"] == 5


def test_a_text_too_large_to_seal_is_refused_alone(org: Org, tmp_path: Path) -> None:
    rows = [["编号", "提交人", "来源", "类别", "日期", "标题", "内容", "答复"]]
    rows += [[str(n), "x", "电话", "服务", "2020/1/1", "t", "长" * size, ""] for n, size in ((1, 10), (2, 300_000), (3, 150_000), (4, 10))]
    file = write_csv(tmp_path / "large.csv", rows)
    found = org.imports(file, DATA / "complaints.yaml")
    assert (found["registered"], [refused["line"] for refused in found["refused"]]) == (3, [3])


def test_words_that_the_policy_does_not_have_are_refused(org: Org, tmp_path: Path) -> None:
    plan = tmp_path / "map.yaml"
    plan.write_bytes((DATA / "complaints.yaml").read_bytes().replace(b": phone", b": pigeon"))
    found = org.imports(DATA / "complaints-utf8.csv", plan)
    assert "pigeon is no channel of the policy" in found["refused"][0]["reason"]
    assert found["registered"] == 3


@pytest.mark.parametrize(
    ("file", "plan", "member", "code", "said"),
    [
        ("nothing.csv", "complaints.yaml", "li.wei", 2, "the file cannot be read"),
        ("complaints-utf8.csv", "nothing.yaml", "li.wei", 2, "the file cannot be read"),
        ("complaints-utf8.csv", "complaints-utf8.csv", "li.wei", 2, "complaints-utf8.csv:1: the file"),
        ("complaints.yaml", "complaints.yaml", "li.wei", 2, "complaints.yaml:1: the columns"),
        ("complaints-utf8.csv", "complaints.yaml", "wu.hao", 2, "wu.hao may not register cases: it takes the role"),
        ("complaints-utf8.csv", "complaints.yaml", "nobody", 2, "nobody is no member"),
    ],
)
def test_what_cannot_be_used_ends_with_one_line_and_changes_nothing(org: Org, file: str, plan: str, member: str, code: int, said: str) -> None:
    before = org.git.text("for-each-ref")
    done = org.plaint("import", str(DATA / file), "--map", str(DATA / plan), member=member)
    assert done.returncode == code
    lines = [line for line in done.stderr.splitlines() if line.startswith("plaint: ")]
    assert len(lines) == 1, done.stderr
    assert said in lines[0]
    assert org.git.text("for-each-ref") == before


# the import key


def test_only_those_who_may_register_have_the_import_key(org: Org) -> None:
    assert import_secret(org.actor("li.wei")) == import_secret(org.actor("chen.min"))
    for member in sorted(set(ROLES) - {"li.wei", "chen.min"}):
        with pytest.raises(NotAllowedError):
            import_secret(org.actor(member))


def test_sources_of_two_organisations_have_nothing_in_common(tmp_path: Path) -> None:
    orgs = [make_org(tmp_path / name) for name in "ab"]
    sources = []
    for each in orgs:
        each.imports(DATA / "complaints-utf8.csv", DATA / "complaints.yaml")
        sources.append(known_sources(Organisation.open(each.folder).repository))
    assert [len(found) for found in sources] == [4, 4]
    assert not sources[0] & sources[1]


# stopped halfway

DRIVER = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from plaint.actor import Actor
from plaint.intake.importer import import_table, read_file
from plaint.intake.mapping import load_map
from plaint.intake.sealers import Sealers
from plaint.organisation import Organisation

if __name__ == "__main__":
    folder, file, plan, helpers = sys.argv[1:]
    the_map = load_map(Path(plan).read_bytes(), plan)
    actor = Actor(Organisation.open(Path(folder)), "li.wei", lambda _what: "")
    with Sealers(int(helpers)) as seal:
        def tick(_rows):
            print(*[each.pid for each in seal._helpers], flush=True)
        import_table(actor, the_map, read_file(Path(file), the_map), datetime.now(timezone.utc), tick, seal=seal, chunk=20)
"""


def write_csv(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    path.write_bytes(out.getvalue().encode("utf-8"))
    return path


@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_an_import_that_was_killed_is_completed_by_running_it_again(org: Org, tmp_path: Path) -> None:
    header = ["编号", "提交人", "来源", "类别", "日期", "标题", "内容", "答复"]
    file = write_csv(tmp_path / "many.csv", [header, *([str(n), f"u{n}", "电话", "服务", "2020/1/1", f"title {n}", "text", ""] for n in range(200))])
    (tmp_path / "driver.py").write_text(DRIVER)
    command = [sys.executable, str(tmp_path / "driver.py"), str(org.folder), str(file), str(DATA / "complaints.yaml"), "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), text=True)
    assert process.stdout is not None
    helpers = [int(pid) for pid in process.stdout.readline().split()]
    process.stdout.readline()
    time.sleep(0.03)  # somewhere in the third chunk
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert len(helpers) == 2
    assert all(ends(pid) for pid in helpers), "a helper process was left behind"
    done = len(known_sources(Organisation.open(org.folder).repository))
    assert 40 <= done < 200
    assert done % 20 == 0
    found = org.imports(file, DATA / "complaints.yaml")
    assert (found["registered"], found["known"], found["refused"]) == (200 - done, done, [])
    assert org.git.text("status", "--porcelain") == ""
    assert len(list(org.actor("li.wei").organisation.case_paths)) == 200
    assert org.git.call("fsck", "--strict").code == 0


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="stops a process")
def test_a_helper_that_hangs_is_ended() -> None:
    with Sealers(2) as seal:
        seal._start()
        helpers = list(seal._helpers)
        os.kill(helpers[0].pid, signal.SIGSTOP)
    assert helpers[0].returncode == -signal.SIGKILL
    assert helpers[1].returncode is not None


def ends(pid: int, within: float = 5) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        stat = Path(f"/proc/{pid}/stat")
        if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":  # ended; nobody has asked yet
            return True
        time.sleep(0.05)
    return False


# promise P1: nothing of the table stands in the clear anywhere


class Scanner:
    """Finds texts in bytes, each as UTF-8, as GB18030, and as base64 of both at all three alignments.

    Of each form some stretches are kept, so close together that an occurrence of the whole form holds one at a place that is looked at;
    a hit counts when the form stands around it. Long forms: every third byte is looked at; short ones: every second.
    """

    LONG, SHORT = 16, 8
    LOOK_LONG, LOOK_SHORT = 3, 2

    def __init__(self, texts: Sequence[str]) -> None:
        self.forms: list[bytes] = []
        self.long: dict[bytes, list[tuple[int, int]]] = {}
        self.short: dict[bytes, list[tuple[int, int]]] = {}
        for text in texts:
            for form in forms_of(text):
                self._add(form)

    def _add(self, form: bytes) -> None:
        number = len(self.forms)
        self.forms.append(form)
        if len(form) < self.LONG + 3 * self.LOOK_LONG:
            assert len(form) > self.SHORT, form
            offsets = range(min(self.LOOK_SHORT, len(form) - self.SHORT + 1))
            table, size = self.short, self.SHORT
        else:
            step = 2  # a power of two, so prime to three
            while step < 64 and 2 * step * self.LOOK_LONG + self.LONG <= len(form):
                step *= 2
            offsets = range(0, len(form) - self.LONG + 1, step)
            table, size = self.long, self.LONG
        for offset in offsets:
            table.setdefault(form[offset : offset + size], []).append((number, offset))

    def find(self, data: bytes) -> bytes | None:
        """A form that stands in the data."""
        for table, size, look in ((self.long, self.LONG, self.LOOK_LONG), (self.short, self.SHORT, self.LOOK_SHORT)):
            for at in [i for i in range(0, len(data) - size + 1, look) if data[i : i + size] in table]:
                for number, offset in table[data[at : at + size]]:
                    form = self.forms[number]
                    if at >= offset and data.startswith(form, at - offset):
                        return form
        return None


def forms_of(text: str) -> Iterator[bytes]:
    for encoding in ("utf-8", "gb18030"):
        try:
            plain = text.encode(encoding)
        except UnicodeEncodeError:
            continue
        yield plain
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + plain)
            start = -(-shift * 8 // 6)  # characters that hold bits of what stands before or after are left out
            yield coded[start : (shift + len(plain)) * 8 // 6]


def whole_repository(org: Org) -> Iterator[tuple[str, bytes]]:
    """Every object, reachable or not, decompressed; and every file of the working tree and of the git folder, but for packs of objects."""
    process = subprocess.Popen(["git", "-C", str(org.folder), "cat-file", "--batch-all-objects", "--batch", "--unordered", "--buffer"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process:
        while head := process.stdout.readline():
            name, kind, size = head.split()
            yield f"{kind.decode()} {name.decode()}", process.stdout.read(int(size) + 1)
    assert process.returncode == 0
    for path in sorted(org.folder.rglob("*")):
        if path.is_file() and "objects" not in path.relative_to(org.folder).parts:
            yield str(path), str(path.relative_to(org.folder)).encode() + b"\n" + path.read_bytes()


def joined(pieces: Iterator[tuple[str, bytes]], size: int = 1 << 22) -> Iterator[tuple[str, bytes]]:
    """Small pieces put together, for speed."""
    names, block = "", bytearray()
    for name, data in pieces:
        names = names or name
        block += data + b"\0\0"
        if len(block) >= size:
            yield names, bytes(block)
            names, block = "", bytearray()
    yield names, bytes(block)


def test_the_scanner_finds_what_is_planted() -> None:
    texts = ["A00045581", "路灯都不亮", "南街的路灯坏了三周。晚上很黑，请尽快修理。" * 9]
    noise = os.urandom(100_000)
    scanner = Scanner(texts)
    assert scanner.find(noise) is None
    assert scanner.find(base64.b64encode(noise)) is None
    for text in texts:
        for encoding in ("utf-8", "gb18030"):
            for before in range(7):
                plain = noise[: 5000 + before] + text.encode(encoding) + noise[:777]
                assert scanner.find(plain)
                assert scanner.find(base64.b64encode(plain))
                assert scanner.find(b"x" * before + base64.b64encode(plain))


@pytest.fixture(scope="module")
def petitions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Org, list[Mapping[str, str]]]:
    """An organisation with all the petitions: imported once, for all the processes that run tests."""
    file = real("petitions-zh.csv")
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline="")))
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "petitions"
    with hold(place.with_suffix(".lock"), 600):
        if not place.exists():
            found = make_org(place).imports(file, MAPS / "petitions-zh.yaml")
            assert (found["registered"], found["skipped"], found["refused"]) == (len(rows), 0, [])
    return Org(place / "org"), rows


def secrets_of(row: Mapping[str, str]) -> list[str]:
    """The texts of a petition; titles too short to be sure of (under nine bytes in GB18030) are left to their narratives."""
    texts = [row[column].strip() for column in ("留言用户", "留言主题", "留言详情", "答复意见")]
    return [text for text in texts if len(text.encode("gb18030")) > Scanner.SHORT]


@pytest.mark.long
def test_nothing_of_the_petitions_stands_in_any_object_or_file(petitions: tuple[Org, list[Mapping[str, str]]]) -> None:
    org, rows = petitions
    scanner = Scanner(sorted({text for row in rows for text in secrets_of(row)}))
    looked = 0
    for name, data in joined(whole_repository(org)):
        looked += len(data)
        assert scanner.find(data) is None, name
    assert looked > 10_000 * len(rows)


def test_what_is_planted_in_the_repository_is_found(org: Org) -> None:
    org.imports(DATA / "complaints-utf8.csv", DATA / "complaints.yaml")
    texts = ["南街的路灯坏了三周。\n晚上很黑，请尽快修理。", "十二路公交车每天晚点二十分钟"]
    scanner = Scanner(texts)
    assert not any(scanner.find(data) for _name, data in joined(whole_repository(org)))
    for text in texts:
        for encoding in ("utf-8", "gb18030"):
            sha = org.git.text("hash-object", "-w", "--stdin", stdin=b"note: " + base64.b64encode(text.encode(encoding)) + b"\n")
            assert any(scanner.find(data) for _name, data in joined(whole_repository(org)))
            (org.folder / ".git" / "objects" / sha[:2] / sha[2:]).unlink()
    (org.folder / "notes.txt").write_text(texts[0], "utf-8")
    assert any(scanner.find(data) for _name, data in joined(whole_repository(org)))


@pytest.mark.long
def test_every_sealed_text_of_the_petitions_is_opened_again_by_those_who_may(petitions: tuple[Org, list[Mapping[str, str]]]) -> None:
    org, rows = petitions
    by_number = {row["留言编号"]: row for row in rows}
    custodian, coordinator = org.actor("wu.hao"), org.actor("chen.min")
    opened = 0
    for record in coordinator.organisation.cases():
        bodies = {c: b for _e, c, b in (*open_case(custodian, record, "identity"), *open_case(coordinator, record, "report"))}
        bodies |= {c: b for _e, c, b in open_case(coordinator, record, "inquiry")}
        row = by_number.pop(bodies["report"]["fields"]["留言编号"])
        assert set(bodies) == {"identity", "report", "inquiry"}
        assert bodies["identity"]["account"] == row["留言用户"].strip()
        for field, column in (("title", "留言主题"), ("narrative", "留言详情"), ("reply", "答复意见")):
            assert bodies["report"][field].replace("\n", "") == row[column].strip().replace("\r", "").replace("\n", ""), field
        assert record.events[0].at.strftime("%Y%m%d%H%M") == "{:%Y%m%d%H%M}".format(parsed(row["留言时间"]))
        opened += 1
    assert opened == len(rows)
    assert not by_number


def parsed(text: str) -> datetime:
    return datetime.strptime(text.replace("/", "-"), "%Y-%m-%d %H:%M:%S")


@pytest.mark.long
def test_nobody_else_opens_anything_of_the_petitions(petitions: tuple[Org, list[Mapping[str, str]]]) -> None:
    org, _rows = petitions
    organisation = org.actor("li.wei").organisation
    cases = sorted(organisation.case_paths)[::40]
    stranger = age.generate().secret
    for member in ROLES:
        identity = org.actor(member).identity
        for case in cases:
            assert opened_with(organisation, case, identity) == {c for c, holders in HOLDERS.items() if member in holders}, member
    for case in cases:
        assert not opened_with(organisation, case, stranger)
    recovery = next(line for line in (org.folder.parent / "keys" / "recovery.age-identity").read_text().splitlines() if line.startswith("AGE-SECRET-KEY"))
    assert opened_with(organisation, cases[0], recovery) == set(HOLDERS)


def opened_with(organisation: Organisation, case: str, identity: str) -> set[str]:
    keyring = organisation.repository.read_keyring(case) or {}
    found = set()
    for compartment in keyring:
        try:
            open_secret(keyring, compartment, identity)
        except NotAllowedError:
            continue
        found.add(compartment)
    return found


# the other real tables


def test_consumer_complaints(org: Org) -> None:
    file = real("cfpb-268.csv")
    found = org.imports(file, MAPS / "cfpb.yaml")
    assert (found["registered"], found["skipped"], found["refused"]) == (268, 0, [])
    channels = [case.events[0].codes["channel"] for case in org.actor("li.wei").organisation.cases()]
    assert {channel: channels.count(channel) for channel in sorted(set(channels))} == {"email": 1, "letter": 39, "online": 211, "phone": 17}
    assert org.imports(file, MAPS / "cfpb.yaml")["known"] == 268


@pytest.mark.long
def test_twenty_thousand_consumer_complaints_in_rehearsal(org: Org) -> None:
    found = org.imports(real("cfpb-20k.csv"), MAPS / "cfpb-20k.yaml", "--dry-run")
    assert (found["registered"], found["skipped"], found["refused"]) == (20_000, 0, [])


def test_rows_of_the_large_table_that_are_alike_are_all_registered(org: Org, tmp_path: Path) -> None:
    lines = real("cfpb-20k.csv").read_text("utf-8").splitlines(keepends=True)
    alike = [line for line, count in Counter(lines).items() if count > 1][:3]
    file = tmp_path / "alike.csv"
    file.write_text(lines[0] + "".join(line * 2 for line in alike), "utf-8")
    assert org.imports(file, MAPS / "cfpb-20k.yaml")["registered"] == 6
    assert org.imports(file, MAPS / "cfpb-20k.yaml")["known"] == 6
