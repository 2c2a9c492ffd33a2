"""What is read: the working tree as it lies, a commit, a bare repository, an organisation in a subfolder; and the command around it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from checking import CASE, NOW, OTHER, House, git
from plaint.check.snapshot import Snapshot
from plaint.cli import run
from plaint.errors import EnvironmentFaultError, InputError

CASE_FILE = f"cases/2026/{CASE}.yaml"


@pytest.fixture
def house(tmp_path) -> House:
    found = House.found(tmp_path / "org")
    found.add(found.usual())
    return found


@pytest.fixture
def call(capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")

    def plaint(*args: str) -> tuple[int, str, str]:
        code = run(list(args))
        out = capsys.readouterr()
        return code, out.out, out.err

    return plaint


def test_head_is_none_before_the_first_commit(house):
    assert house.check().head is None
    assert house.commit() == house.check().head


def test_files_are_read_as_they_lie(house):
    house.commit()
    house.write("cases/2026/notes.txt", "x")
    assert house.codes() == ["S201"]
    assert house.check(rev="HEAD").findings == ()


def test_earlier_commit(house):
    first = house.commit()
    house.add(house.case(strict=False).receive().accept(by="intake"), OTHER, first=50)
    second = house.commit()
    assert house.check(rev=first).findings == ()
    assert house.check(rev=first).head == first
    assert {f.rule for f in house.check(rev=second[:10]).findings} == {"T103"}
    assert any("K2" in note for note in house.check(rev=first).notes)


def test_working_tree_and_commit_agree(house):
    house.write("cases/2026/notes.txt", "x")
    (house.root / f"cases/2026/{OTHER}.yaml").symlink_to(CASE_FILE)
    house.edit(CASE_FILE, "channel: phone", "channel: pigeon")
    house.commit()
    assert house.check().findings == house.check(rev="HEAD").findings


def test_bare_repository_is_read_at_head(house, tmp_path):
    head = house.commit()
    git(tmp_path, "clone", "-q", "--bare", "org", "org.git")
    bare = House(tmp_path / "org.git")
    report = bare.check()
    assert (report.findings, report.head) == ((), head)
    assert bare.check(rev="main").head == head


def test_bare_repository_of_something_else(tmp_path):
    git(tmp_path, "init", "-q", "--bare", "x.git")
    with pytest.raises(InputError):
        Snapshot.open(tmp_path / "x.git")


def test_commit_without_organisation(house, tmp_path):
    house.commit()
    git(house.root, "rm", "-q", "--cached", "plaint.yaml")
    git(house.root, "commit", "-q", "-m", "x")
    with pytest.raises(EnvironmentFaultError):
        Snapshot.open(house.root, "HEAD")


def test_no_such_commit(house):
    house.commit()
    with pytest.raises(InputError):
        Snapshot.open(house.root, "nonsense")


def test_organisation_in_a_subfolder(house, tmp_path):
    top = tmp_path / "top"
    top.mkdir()
    git(top, "init", "-q")
    shutil.rmtree(house.root / ".git")
    shutil.copytree(house.root, top / "org")
    inner = House(top / "org")
    inner.edit(CASE_FILE, "channel: phone", "channel: pigeon")
    git(top, "add", "-A")
    git(top, "commit", "-q", "-m", "x")
    for rev in (None, "HEAD"):
        report = inner.check(rev=rev)
        assert [(f.rule, f.record) for f in report.findings] == [("T109", CASE_FILE)]
        assert report.prefix == "org/"


def test_not_a_repository(tmp_path):
    with pytest.raises(EnvironmentFaultError):
        Snapshot.open(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file(house):
    (house.root / CASE_FILE).chmod(0)
    with pytest.raises(EnvironmentFaultError):
        house.check()


def test_file_names_that_are_not_utf_8(house):
    with open(os.fsencode(house.root / "cases") + b"/\xff\x1b.yaml", "wb") as file:
        file.write(b"x")
    (finding,) = house.check().findings
    assert finding.rule == "S201"
    finding.record.encode("utf-8")
    assert "\x1b" not in finding.record


def test_file_that_is_changed_and_has_a_name_in_two_lines(house):
    folder = f"cases/2026/{CASE}"
    house.write(f"{folder}/a\nb.age", "x")
    house.commit()
    before = house.codes()
    house.write(f"{folder}/a\nb.age", "y")
    assert house.codes() == [*before, "S210"]


def test_command(house, call):
    house.commit()
    code, out, err = call("-C", str(house.root), "check", "--now", NOW)
    assert code == 0
    assert "all in order" in out
    assert err.startswith("note: ")


def test_command_fails_on_errors_and_with_strict_on_warnings(house, call):
    folder = str(house.root)
    soon = "2026-11-30T09:00"
    assert call("check", "-C", folder, "--now", soon)[0] == 0
    assert call("check", "-C", folder, "--now", soon, "--strict")[0] == 1
    code, out, _err = call("check", "-C", folder, "--now", "2027-01-01", "--format", "json")
    assert code == 1
    assert [f["rule"] for f in json.loads(out)["findings"]] == ["D101"]


def test_time_is_that_of_the_organisation(house, call):
    house.add(house.case().receive())
    folder = str(house.root)
    assert "D101" not in call("check", "-C", folder, "--now", "2026-10-06 09:00")[1]
    assert "D101" in call("check", "-C", folder, "--now", "2026-10-06 09:01")[1]
    assert "D101" in call("check", "-C", folder, "--now", "2026-10-06T01:01Z")[1]


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("check", "--format", "xml"), 2),
        (("check", "--now", "noon"), 2),
        (("check", "--rev", "nonsense"), 2),
        (("check", "--rev", ""), 2),
        (("check", "extra"), 2),
        (("explain", "D999"), 2),
        (("explain", "--format", "sarif"), 2),
    ],
)
def test_wrong_use(house, call, args, code):
    house.commit()
    found, out, err = call("-C", str(house.root), *args)
    assert (found, out) == (code, "")
    assert len(err.strip().splitlines()) == 1


def test_outside_an_organisation(tmp_path, call):
    code, out, err = call("-C", str(tmp_path), "check")
    assert (code, out) == (3, "")
    assert len(err.strip().splitlines()) == 1


def test_nothing_is_written(house, call):
    house.commit()
    house.write("cases/2026/notes.txt", "x")
    before = {p: p.read_bytes() for p in Path(house.root).rglob("*") if p.is_file()}
    call("-C", str(house.root), "check", "--now", NOW)
    call("-C", str(house.root), "check", "--now", NOW, "--rev", "HEAD")
    after = {p: p.read_bytes() for p in Path(house.root).rglob("*") if p.is_file()}
    assert {p: d for p, d in after.items() if p.name != "plaint.lock"} == before


def test_explain(call):
    code, out, _err = call("explain", "d101")
    assert code == 0
    assert out.startswith("D101  A deadline has passed")
    code, out, _err = call("explain")
    assert code == 0
    assert "  D101  A deadline has passed" in out
    assert json.loads(call("explain", "D101", "--format", "json")[1])["rule"] == "D101"
