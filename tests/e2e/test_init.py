"""`plaint init` as people run it: by flags and in a real terminal; the keys it makes, what it leaves behind, and what it refuses."""

from __future__ import annotations

import base64
import re
import stat
import subprocess
from pathlib import Path

import pytest
from terminal import Desk, Terminal

from plaint.model.policy import preset_document
from plaint.model.schema import schema_files

pytestmark = pytest.mark.long

PASSPHRASE = "correct horse battery 马"
SECRET = re.compile(r"AGE-SECRET-KEY-1[0-9A-Z]{58}")
ROLES = tuple(preset_document("house")["roles"])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    home = tmp_path / "home"
    home.mkdir()
    return Desk(home, tmp_path, {"PLAINT_PASSPHRASE": PASSPHRASE})


@pytest.fixture
def bare(desk: Desk) -> Desk:
    """The same without a passphrase in the environment: somebody in a terminal."""
    return Desk(desk.home, desk.folder)


def keys(desk: Desk) -> Path:
    return desk.home / ".config" / "plaint"


def everything_in(folder: Path) -> bytes:
    """Every file, and every git object of the repository uncompressed."""
    files = b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    objects = subprocess.run(["git", "-C", str(folder), "cat-file", "--batch-all-objects", "--batch"], capture_output=True, check=True).stdout
    return files + objects


def is_sound(desk: Desk) -> None:
    assert desk.check() == []
    assert desk.is_clean()
    assert desk.git("fsck", "--strict", "--full") == ""
    assert desk.git("log", "--format=%s").count("\n") == 0
    signers = desk.home / "allowed"
    public = (keys(desk) / "li.wei.signing.pub").read_text()
    signers.write_text(f"* {public}")
    assert desk.git("-c", f"gpg.ssh.allowedSignersFile={signers}", "log", "--format=%G?") == "G"


@pytest.mark.parametrize(("preset", "country"), [("house", "CN"), ("eu-2019-1937", "DE-BE"), ("house", None)])
def test_by_flags(desk: Desk, preset: str, country: str | None) -> None:
    place = ("--country", country) if country else ()
    said = desk.good("init", "org", "--preset", preset, "--name", "Acme 公司", "--language", "zh", "--language", "en", "--member", "li.wei", *place)
    recovery = SECRET.findall(said)
    assert len(recovery) == 1

    org = desk.at(desk.folder / "org")
    is_sound(org)
    config = (org.folder / "plaint.yaml").read_text()
    assert "zh: 'Acme 公司'" in config
    assert "- zh\n- en\n" in config
    assert (org.folder / "README.md").read_text().startswith("# Acme 公司\n")
    recipient = desk.run("age-keygen", "-y", stdin=recovery[0]).stdout.strip()
    assert f"recovery: {recipient}" in config
    policy = (org.folder / "policy" / "1.yaml").read_text()
    assert f"country: {country or preset_document(preset)['calendar']['country']}" in policy.replace("'", "")
    assert org.data("member", "list")[0]["member"] == "li.wei"
    assert "✗" not in org.good("doctor")


def test_the_recovery_key_is_stored_nowhere(bare: Desk) -> None:
    recovery = SECRET.findall(bare.good("init", "org", "--preset", "house", "--member", "li.wei"))[0]
    found = everything_in(bare.folder / "org") + b"".join(path.read_bytes() for path in bare.home.rglob("*") if path.is_file())
    for form in (recovery.encode(), recovery.lower().encode(), base64.b64encode(recovery.encode())[:60]):
        assert form not in found
    # and it is shown only when it is made
    again = bare.good("init", "second", "--preset", "house", "--member", "li.wei", "--recovery", bare.run("age-keygen", "-y", stdin=recovery).stdout.strip())
    assert not SECRET.search(again)


def test_the_recovery_key_alone_opens_a_case(bare: Desk) -> None:
    recovery = SECRET.findall(bare.good("init", "org", "--preset", "house", "--member", "li.wei"))[0]
    org = bare.at(bare.folder / "org")
    case = org.register("埋在后院的账本")
    identity = bare.folder / "paper"
    identity.write_text(recovery + "\n")
    sealed = org.git("show", f"refs/plaint/keys/{case}:report.age")
    secret = org.run("age", "-d", "-i", identity, stdin=sealed + "\n")
    assert secret.code == 0, secret.stderr
    (bare.folder / "report").write_text(secret.stdout)
    text = re.search(r"    report: \|\n((?:      .*\n)+)", org.git("show", f"HEAD:{org.git('ls-files', f'cases/*/{case}.yaml')}") + "\n")
    assert text
    opened = org.run("age", "-d", "-i", bare.folder / "report", stdin=text[1].replace("      ", ""))
    assert "埋在后院的账本" in opened.stdout


def test_the_schemas_are_the_shipped_ones(bare: Desk) -> None:
    bare.good("init", "org", "--preset", "house", "--member", "li.wei")
    folder = bare.folder / "org" / "schemas"
    assert {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.json")} == dict(schema_files())


def found_in_terminal(person: Terminal, *, others: tuple[tuple[str, str], ...] = ()) -> str:
    """Goes through the wizard; the recovery key it shows."""
    person.answer("What is the organisation called?", "Acme 公司")
    person.answer("In which languages does it work?", "fr")
    person.expect("fr is none of: en, zh")
    person.answer("In which languages does it work?", "中文")
    person.answer("Which policy to begin with?", "4")
    person.expect("4 is none of")
    person.answer("Which policy to begin with?", "house")
    person.answer("Whose holidays count?", "Atlantis")
    person.expect("no working calendar is known for Atlantis")
    person.answer("Whose holidays count?", "HK")
    person.answer("Which time zone?", "Mars/Olympus")
    person.expect("there is no time zone Mars/Olympus")
    person.answer("Which time zone?")
    person.answer("Your id here", "Li Wei")
    person.expect("Li Wei is no member id")
    person.answer("Your id here", "li.wei")
    person.answer("Your roles", "1, 2、steward")
    for line, roles in others:
        person.answer("The line", line)
        person.answer("roles (numbers", roles)
    person.answer("The line", "what line?")
    person.expect("this is not a line of plaint member keys")
    person.answer("The line")
    person.answer("On which forge will it lie?", "GitLab")
    person.secret("A passphrase for your age identity", PASSPHRASE)
    person.secret("Repeat", "something else")
    person.expect("do not match")
    person.secret("A passphrase for your age identity", PASSPHRASE)
    person.secret("Repeat", PASSPHRASE)
    assert person.end() == 0, person.seen
    assert PASSPHRASE not in person.seen
    shown = SECRET.findall(person.seen)
    assert len(shown) == 1
    return shown[0]


def test_in_a_terminal(bare: Desk) -> None:
    colleague = Desk(bare.home / "colleague", bare.folder, {"PLAINT_PASSPHRASE": "her own"})
    line = colleague.good("member", "keys", "wang.fang").strip()
    with bare.terminal("init", "org", columns=400) as person:  # wide: the line is pasted whole
        recovery = found_in_terminal(person, others=((line, "investigator,supervisor"),))
    org = bare.at(bare.folder / "org")
    is_sound(org)
    assert recovery.encode() not in everything_in(org.folder)
    config = (org.folder / "plaint.yaml").read_text()
    assert "zh: 'Acme 公司'" in config
    assert "en" not in config.split("languages:")[1].split("timezone")[0]
    assert (org.folder / ".gitlab-ci.yml").exists()
    assert "country: HK" in (org.folder / "policy" / "1.yaml").read_text().replace("'", "")
    roles = {each["member"]: each["roles"] for each in org.data("member", "list")}
    assert roles == {"li.wei": ["coordinator", "intake", "steward"], "wang.fang": ["investigator", "supervisor"]}

    # the founder registers the first report, and the colleague is known by her key
    case = org.register()
    assert org.good("list").count(case) == 1
    theirs = colleague.at(org.folder).having(PLAINT_SIGNING_KEY=str(keys(colleague) / "wang.fang.signing"))
    assert "✓ member: wang.fang" in theirs.good("doctor")


def test_the_passphrase_is_asked_for_and_is_that_of_age(bare: Desk) -> None:
    with bare.terminal("init", "org") as person:
        found_in_terminal(person)
    identity = keys(bare) / "li.wei.age-identity"
    assert b"AGE-SECRET-KEY" not in identity.read_bytes()
    with bare.terminal("-d", identity, program="age", columns=200) as person:
        person.secret("passphrase", "not this")
        assert person.end() == 1
    with bare.terminal("-d", identity, program="age", columns=200) as person:
        person.secret("passphrase", PASSPHRASE)
        assert person.end() == 0, person.seen
        secret = SECRET.findall(person.seen)[0]
    org = bare.at(bare.folder / "org")
    recipient = bare.run("age-keygen", "-y", stdin=secret).stdout.strip()
    assert org.data("member", "list")[0]["recipient"] == recipient

    case = org.register("需要口令")
    with org.terminal("open", case) as person:
        person.secret("Passphrase of", PASSPHRASE)
        assert person.end() == 0, person.seen
        assert "需要口令" in person.seen
        assert PASSPHRASE not in person.seen


def test_a_wrong_passphrase_is_refused_in_one_line(desk: Desk, bare: Desk) -> None:
    desk.good("init", "org", "--preset", "house", "--member", "li.wei")
    org, at_terminal = desk.at(desk.folder / "org"), bare.at(desk.folder / "org")
    case = org.register()
    org.having(PLAINT_PASSPHRASE="not this").plaint("open", case).fails(2, "passphrase is wrong", "li.wei.age-identity")
    at_terminal.plaint("open", case).fails(2, "under a passphrase", "PLAINT_PASSPHRASE")
    with at_terminal.terminal("open", case, columns=300) as person:
        person.secret("Passphrase of", "not this")
        assert person.end() == 2
        assert person.seen.strip().splitlines()[-1].startswith("plaint: ")
        assert "passphrase is wrong" in person.seen
    # an existing identity is used again, and its passphrase needed for that
    desk.having(PLAINT_PASSPHRASE="not this").plaint("init", "second", "--preset", "house", "--member", "li.wei").fails(2, "passphrase is wrong")
    assert not (desk.folder / "second").exists()


def test_without_a_passphrase_it_warns(bare: Desk) -> None:
    done = bare.plaint("init", "org", "--preset", "house", "--member", "li.wei")
    assert done.code == 0
    assert "has no passphrase" in done.stderr
    assert "AGE-SECRET-KEY-1" in (keys(bare) / "li.wei.age-identity").read_text()


@pytest.mark.parametrize("umask", ["000", "077"])
def test_keys_are_for_their_owner_alone(desk: Desk, umask: str) -> None:
    done = desk.run("sh", "-c", f"umask {umask}; plaint init org --preset house --member li.wei; plaint member keys wang.fang")
    assert done.code == 0, done.stderr
    private = [path for path in keys(desk).iterdir() if path.suffix != ".pub"]
    assert sorted(path.name for path in private) == ["li.wei.age-identity", "li.wei.signing", "wang.fang.age-identity", "wang.fang.signing"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}


def test_own_keys_are_used(bare: Desk) -> None:
    bare.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "mine")
    bare.run("age-keygen", "-o", "mine.txt")
    bare.good("init", "org", "--preset", "house", "--member", "li.wei", "--signing-key", "mine", "--identity", "mine.txt")
    member = bare.at(bare.folder / "org").data("member", "list")[0]
    assert member["signing"] == [" ".join((bare.folder / "mine.pub").read_text().split()[:2])]
    assert member["recipient"] == bare.run("age-keygen", "-y", "mine.txt").stdout.strip()
    assert not keys(bare).exists()


def test_members_from_a_file(desk: Desk) -> None:
    line = desk.good("member", "keys", "wang.fang").strip()
    assert line.endswith("--role …")
    (desk.folder / "lines").write_text("# who is there\n" + line.replace("…", "investigator") + "\n")
    desk.good("init", "org", "--preset", "house", "--member", "li.wei", "--members", "lines")
    org = desk.at(desk.folder / "org")
    is_sound(org)
    assert {m["member"]: m["roles"] for m in org.data("member", "list")}["wang.fang"] == ["investigator"]

    (desk.folder / "lines").write_text(f"{line.replace('…', 'intake')}\n" * 2)
    desk.plaint("init", "second", "--preset", "house", "--member", "li.wei", "--members", "lines").fails(2, "same id or key", "wang.fang")
    (desk.folder / "lines").write_text(line + "\n")
    desk.plaint("init", "second", "--preset", "house", "--member", "li.wei", "--members", "lines").fails(2, "wang.fang has no role")
    assert not (desk.folder / "second").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--member", "li.wei"), ("--preset is missing", "house")),
        (("--preset", "house", "--member", "Li Wei"), ("Li Wei is no member id",)),
        (("--preset", "house", "--member", "li.wei", "--country", "XX"), ("no working calendar is known for XX",)),
        (("--preset", "house", "--member", "li.wei", "--timezone", "Mars"), ("no time zone Mars",)),
        (("--preset", "house", "--member", "li.wei", "--role", "boss"), ("no role boss", "intake")),
        (("--preset", "house", "--member", "li.wei", "--recovery", "age1no"), ("not an age recipient",)),
        (("--preset", "house", "--member", "li.wei", "--signing-key", "nothing"), ("nothing", "does not exist")),
    ],
)
def test_a_refused_founding_leaves_nothing(bare: Desk, options: tuple[str, ...], words: tuple[str, ...]) -> None:
    (keys(bare)).mkdir(parents=True)  # with a key that is there, nothing is said about making one
    (keys(bare) / "li.wei.age-identity").write_text(bare.run("age-keygen").stdout)
    (keys(bare) / "li.wei.age-identity").chmod(0o600)
    bare.plaint("init", "org", *options).fails(2, *words)
    assert not (bare.folder / "org").exists()
    # what was refused is not in the way of the next attempt
    bare.good("init", "org", "--preset", "house", "--member", "li.wei")
    assert (bare.folder / "org" / "plaint.yaml").exists()


def test_a_key_that_does_not_sign_leaves_nothing(desk: Desk) -> None:
    desk.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", "locked")
    (desk.folder / "org").mkdir()
    desk.plaint("init", "org", "--preset", "house", "--member", "li.wei", "--signing-key", "locked").fails(3, "under a passphrase", "ssh-add")
    assert list((desk.folder / "org").iterdir()) == []


def test_a_folder_that_is_not_empty_is_left_alone(desk: Desk) -> None:
    (desk.folder / "org").mkdir()
    (desk.folder / "org" / "notes.txt").write_text("mine")
    desk.plaint("init", "org", "--preset", "house", "--member", "li.wei").fails(2, "is not empty")
    assert [path.name for path in (desk.folder / "org").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    "question", ["What is the organisation called?", "Which time zone?", "The line", "On which forge", "A passphrase for your age identity"]
)
def test_ctrl_c_leaves_nothing(bare: Desk, question: str) -> None:
    with bare.terminal("init", "org", "--language", "en", "--preset", "house", "--country", "CN", "--member", "li.wei", "--role", "intake") as person:
        for each in ("What is the organisation called?", "Which time zone?", "The line", "On which forge", "A passphrase for your age identity"):
            person.expect(each)
            if each == question:
                break
            person.send("\r")
        assert person.interrupt() == 130
        assert "stopped; nothing was recorded" in person.seen
    assert not (bare.folder / "org").exists()
    assert not keys(bare).exists()
