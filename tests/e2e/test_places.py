"""Where people work: subfolders, worktrees, bigger repositories, odd names, other git settings; two at once, and killed at any moment."""

from __future__ import annotations

import csv
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal import Desk

NOW = "2026-11-20T12:00:00+08:00"
DEMO = ("demo", "org", "--cases", "2", "--today", "2026-11-20")


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("places")
    Desk(folder, folder).good(*DEMO)
    return folder / "org"


@pytest.fixture
def desk(master: Path, tmp_path: Path) -> Desk:
    shutil.copytree(master, tmp_path / "org")
    (tmp_path / "home").mkdir()
    desk = Desk(tmp_path / "home", tmp_path / "org", {"PLAINT_NOW": NOW, "PLAINT_MEMBER": "li.wei"})
    desk.git("config", "--global", "user.name", "Somebody Else")
    desk.git("config", "--global", "user.email", "somebody@example.org")
    return desk


def events(desk: Desk) -> int:
    return desk.git("grep", "-h", "--cached", "-e", "^- event: ", "--", "cases").count("\n") + 1


def works(desk: Desk, *what: str, but: str = "") -> str:
    """That a case can be registered and moved on here; its id. `what` is to be checked (the files as they lie there, if nothing is named)."""
    case = desk.register("By hand")
    desk.good("acknowledge", case)
    assert [each for each in desk.check(*what) if each["rule"] != but] == []
    assert desk.run("git", "fsck", "--strict").code == 0
    assert "gpgsig" in desk.git("cat-file", "commit", "HEAD")
    assert [each["by"] for each in desk.data("log", case)] == ["li.wei", "li.wei"]
    assert "By hand" in desk.good("open", case)
    return case


# --- folders ---


@pytest.mark.parametrize("below", ["cases/2023", "schemas/sealed"])
def test_a_subfolder(desk: Desk, below: str) -> None:
    folder = desk.folder / below
    folder.mkdir(exist_ok=True, parents=True)
    works(desk.at(folder))
    assert desk.is_clean()
    elsewhere = desk.at(desk.home)
    assert elsewhere.data("-C", folder, "list") == desk.data("list")


@pytest.mark.long
def test_a_worktree(desk: Desk) -> None:
    """Two working trees of one repository: each has its own branch and files, keyrings and the lock are shared."""
    keys = desk.folder / ".demo-keys"
    desk = desk.having(PLAINT_SIGNING_KEY=str(keys / "li.wei"), PLAINT_IDENTITY=str(keys / "li.wei.age-identity"))
    other = desk.at(desk.home.parent / "other tree")
    desk.git("worktree", "add", "-q", "-b", "other", other.folder)
    theirs = works(other)
    assert other.is_clean()
    assert theirs not in desk.good("list")
    mine = works(desk, but="K203")  # a keyring whose case stands on the other branch
    assert desk.is_clean()
    assert mine not in other.good("list")
    assert f"refs/plaint/keys/{theirs}" in desk.refs()
    # git alone brings them together
    desk.git("merge", "-q", "--no-edit", "other")
    assert {mine, theirs} <= {each["case"] for each in desk.data("list")}
    works(desk)


def is_handed_over(desk: Desk, case: str) -> None:
    """That a dossier can be made here, which git alone proves, and a backup, which gives all back."""
    folder = desk.home.parent / "dossier"
    desk.good("export", case, "-o", folder, "--format", "html")
    commands = re.findall(r"^git clone .*NOT IN ORDER\"$", (folder / "README.txt").read_text("utf-8"), re.DOTALL | re.MULTILINE)[0]
    done = subprocess.run(["sh", "-c", commands], cwd=folder, env=desk.environment, capture_output=True, text=True, check=False)
    assert f"In order · 全部相符: {case}" in done.stdout, done.stdout + done.stderr
    assert desk.plaint("backup", desk.home.parent / "all.bundle").code == 1  # what is not signed here is so in the backup
    assert desk.run("git", "bundle", "verify", "-q", desk.home.parent / "all.bundle").code == 0


def test_inside_a_bigger_repository(desk: Desk) -> None:
    big = desk.at(desk.home.parent / "big")
    big.folder.mkdir()
    big.git("init", "-q", "-b", "main")
    (big.folder / "budget.txt").write_text("1\n")
    inner = big.at(big.folder / "offices" / "complaints 投诉")
    shutil.copytree(desk.folder, inner.folder, ignore=shutil.ignore_patterns(".git"))
    big.git("add", "-A")
    big.git("commit", "-q", "-m", "everything")
    big.git("fetch", "-q", desk.folder, "refs/plaint/*:refs/plaint/*")
    for name in ("li.wei", "li.wei.age-identity"):
        assert (inner.folder / ".demo-keys" / name).exists()
    keys = inner.folder / ".demo-keys"
    inner = inner.having(PLAINT_SIGNING_KEY=str(keys / "li.wei"), PLAINT_IDENTITY=str(keys / "li.wei.age-identity"))
    (big.folder / "budget.txt").write_text("2\n")
    (big.folder / "plan.txt").write_text("new\n")
    big.git("add", "plan.txt")
    case = works(inner)
    assert big.git("-c", "core.quotePath=false", "show", "--format=", "--name-only", "HEAD") == f"offices/complaints 投诉/cases/2026/{case}.yaml"
    assert big.git("status", "--porcelain").splitlines() == [" M budget.txt", "A  plan.txt"]
    is_handed_over(inner, case)
    big.plaint("list").fails(3, "there is no plaint.yaml here or in a folder above")


@pytest.mark.parametrize("name", ["with space", "投诉 举报", 'it\'s "quoted" & $HOME;', "-dash", "é\u0301ü"])
def test_names_of_folders(desk: Desk, name: str) -> None:
    place = desk.at(desk.home.parent / name / "组织")
    place.folder.parent.mkdir()
    shutil.move(desk.folder, place.folder)
    works(place)
    assert place.is_clean()


def test_not_a_place(desk: Desk) -> None:
    outside = desk.at(desk.home)
    outside.plaint("list").fails(3, "this is not a git repository", "plaint init")
    desk.plaint("-C", "nowhere", "list").fails(2, "nowhere")
    bare = desk.at(desk.home.parent / "bare")
    desk.git("clone", "-q", "--bare", desk.folder, bare.folder)
    bare.plaint("list").fails(3, "bare", "clone it")
    empty = desk.at(desk.home.parent / "empty")
    empty.folder.mkdir()
    empty.git("init", "-q")
    empty.plaint("list").fails(3, "there is no plaint.yaml")


# --- others' work ---


def test_touches_nothing_else(desk: Desk) -> None:
    """Changed, staged, deleted, untracked and half-staged files stay exactly as they are."""
    (desk.folder / "README.md").write_text("mine\n")
    desk.git("add", "README.md")
    (desk.folder / "README.md").write_text("mine, and more\n")
    (desk.folder / "members" / "sun.li.yaml").unlink()
    (desk.folder / "notes.txt").write_text("untracked\n")
    (desk.folder / "staged.txt").write_text("staged\n")
    desk.git("add", "staged.txt")
    desk.git("rm", "-q", "--cached", "schemas/map.schema.json")
    before = desk.git("status", "--porcelain"), desk.git("diff", "--cached"), desk.git("diff"), desk.git("stash", "list")
    case = works(desk, "--rev", "HEAD")
    assert (desk.git("status", "--porcelain"), desk.git("diff", "--cached"), desk.git("diff"), desk.git("stash", "list")) == before
    assert desk.git("show", "--format=", "--name-only", "HEAD") == f"cases/2026/{case}.yaml"
    assert (desk.folder / "README.md").read_text() == "mine, and more\n"


def test_work_on_the_same_file_is_not_lost(desk: Desk) -> None:
    case = desk.register()
    path = desk.folder / f"cases/2026/{case}.yaml"
    changed = path.read_text() + "# mine\n"
    path.write_text(changed)
    before = desk.refs()
    desk.plaint("acknowledge", case).fails(2, f"{case}.yaml", "uncommitted changes", "git restore")
    assert path.read_text() == changed
    assert desk.refs() == before


@pytest.mark.parametrize("state", ["merge", "rebase"])
def test_in_the_middle_of_a_merge(desk: Desk, state: str) -> None:
    (desk.folder / "README.md").write_text("one\n")
    desk.git("commit", "-q", "-am", "one")
    desk.git("switch", "-q", "-c", "side", "HEAD^")
    (desk.folder / "README.md").write_text("two\n")
    desk.git("commit", "-q", "-am", "two")
    assert desk.run("git", state, "main").code != 0
    before = desk.refs(), desk.git("status", "--porcelain")
    desk.plaint("register", "--channel", "phone", "--category", "other", "--body", "-", stdin="report: {title: 'x'}").fails(3, "under way", "git status")
    assert (desk.refs(), desk.git("status", "--porcelain")) == before


def test_a_detached_head(desk: Desk) -> None:
    desk.git("switch", "-q", "--detach")
    works(desk)
    assert desk.is_clean()


# --- the user's own git ---


def hook(desk: Desk, name: str) -> None:
    folder = desk.home / "hooks"
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\ntouch "{desk.home}/{name}.ran"\nexit 1\n')
    path.chmod(0o755)


SETTINGS: dict[str, dict[str, str]] = {
    "signs with openpgp": {"commit.gpgsign": "true", "gpg.format": "openpgp", "user.signingkey": "0xDEADBEEF", "tag.gpgsign": "true"},
    "line ends": {"core.autocrlf": "true", "core.eol": "crlf", "core.safecrlf": "true"},
    "template and encoding": {
        "commit.template": "/nonexistent",
        "i18n.commitEncoding": "GB18030",
        "i18n.logOutputEncoding": "GB18030",
        "commit.cleanup": "scissors",
    },
    "file monitor": {"core.fsmonitor": "/nonexistent/monitor", "core.untrackedCache": "true", "index.version": "4", "feature.manyFiles": "true"},
    "odd output": {
        "color.ui": "always",
        "core.pager": "false",
        "log.showSignature": "true",
        "core.quotePath": "true",
        "core.abbrev": "4",
        "core.commentChar": ";",
    },
    "protective": {"receive.denyCurrentBranch": "refuse", "core.protectNTFS": "true", "transfer.fsckObjects": "true", "user.useConfigOnly": "true"},
    "ways to write": {"core.logAllRefUpdates": "always", "core.compression": "0", "core.sharedRepository": "group", "push.gpgSign": "true", "gc.auto": "1"},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_git_settings(desk: Desk, name: str) -> None:
    for key, value in SETTINGS[name].items():
        desk.git("config", "--global", key, value)
    if name == "signs with openpgp":
        desk.git("config", "--unset", "gpg.format")
    case = works(desk)
    data = (desk.folder / f"cases/2026/{case}.yaml").read_bytes()
    assert b"\r" not in data
    assert data == desk.run("git", "show", f"HEAD:cases/2026/{case}.yaml").stdout.encode()


def test_hooks_are_not_run(desk: Desk) -> None:
    for name in ("pre-commit", "commit-msg", "prepare-commit-msg", "post-commit", "pre-push"):
        hook(desk, name)
    desk.git("config", "--global", "core.hooksPath", desk.home / "hooks")
    works(desk)
    assert not list(desk.home.glob("*.ran"))


def test_a_hook_that_forbids_changes_is_obeyed(desk: Desk) -> None:
    """A reference-transaction hook that says no: nothing is recorded, and one line says so."""
    hook(desk, "reference-transaction")
    desk.git("config", "--global", "core.hooksPath", desk.home / "hooks")
    before = desk.refs()
    desk.plaint("register", "--channel", "phone", "--category", "other", "--body", "-", stdin="report: {title: 'x'}").fails(3, "hook")
    assert desk.refs() == before
    assert desk.is_clean()


def test_no_identity_of_the_user_is_needed(desk: Desk) -> None:
    (desk.home / ".gitconfig").unlink()
    works(desk)


def test_a_global_ignore_file(desk: Desk) -> None:
    (desk.home / "ignore").write_text("*.yaml\ncases/\nmembers/\n")
    desk.git("config", "--global", "core.excludesFile", desk.home / "ignore")
    case = works(desk)
    assert desk.is_clean()
    assert f"cases/2026/{case}.yaml" in desk.git("ls-files")


@pytest.mark.parametrize(
    "variables",
    [
        {"GIT_DIR": "/nonexistent"},
        {"GIT_INDEX_FILE": "/nonexistent/index", "GIT_WORK_TREE": "/tmp"},
        {"GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2001-01-01T00:00:00Z", "GIT_AUTHOR_NAME": "nobody"},
        {"GIT_OBJECT_DIRECTORY": "/nonexistent", "GIT_NAMESPACE": "elsewhere", "GIT_PREFIX": "cases/"},
        {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.signingkey", "GIT_CONFIG_VALUE_0": "/nonexistent"},
        {"GIT_TRACE": "1", "GIT_TRACE2": "1", "GIT_LITERAL_PATHSPECS": "0", "GIT_DEFAULT_HASH": "sha256"},
        {"LC_ALL": "zh_CN.GB18030", "LANG": "zh_CN.GB18030", "PYTHONIOENCODING": "utf-8"},
    ],
)
def test_the_environment(desk: Desk, variables: dict[str, str]) -> None:
    started = int(time.time())
    plaint = desk.having(**variables)
    case = plaint.register("Under odd stars")
    plaint.good("acknowledge", case)
    assert desk.check() == []
    assert desk.is_clean()
    assert int(desk.git("log", "-1", "--format=%at")) >= started
    assert desk.git("log", "-1", "--format=%an") == "li.wei"


def test_a_repository_of_somebody_else(desk: Desk) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    for path in (desk.folder, desk.folder / ".git"):
        os.chown(path, 12345, 12345)
    desk.plaint("list").fails(3, "belongs to another user", "safe.directory")
    desk.git("config", "--global", "safe.directory", desk.folder)
    works(desk)


def test_a_sha256_repository(desk: Desk) -> None:
    new = desk.at(desk.home.parent / "sha256")
    new.folder.mkdir()
    new.git("init", "-q", "-b", "main", "--object-format=sha256")
    for each in ("cases", "members", "policy", "schemas", "reviews", "plaint.yaml", "README.md", ".gitignore", ".gitattributes", ".demo-keys"):
        source = desk.folder / each
        if source.is_dir():
            shutil.copytree(source, new.folder / each)
        elif source.exists():
            shutil.copy(source, new.folder / each)
    new.git("add", "-A")
    new.git("commit", "-q", "-m", "everything")
    new.git("config", "plaint.keys", ".demo-keys")
    case = new.register("In a longer hash")
    new.good("acknowledge", case)
    assert len(new.head) == 64
    assert "gpgsig-sha256" in new.git("cat-file", "commit", "HEAD")
    assert "In a longer hash" in new.good("open", case)
    assert new.is_clean()
    assert new.run("git", "fsck", "--strict").code == 0
    is_handed_over(new, case)


# --- at once, and cut short ---


@pytest.mark.long
def test_two_at_the_same_moment(desk: Desk) -> None:
    """Forty registrations by two people at once: all of them stand, one after the other."""
    before = int(desk.git("rev-list", "--count", "HEAD")), events(desk)
    script = """
        i=0
        while [ $i -lt 20 ]; do
            printf 'report: {title: "%s"}' "$0 $i" | plaint register --channel phone --category other --body - || exit 1
            i=$((i + 1))
        done
    """
    people = [
        subprocess.Popen(
            ["sh", "-c", script, who], cwd=desk.folder, env=desk.having(PLAINT_MEMBER=who).environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for who in ("li.wei", "chen.jie")
    ]
    for person in people:
        _out, error = person.communicate(timeout=120)
        assert person.returncode == 0, error.decode()
    assert int(desk.git("rev-list", "--count", "HEAD")) == before[0] + 40
    assert desk.git("rev-list", "--merges", "HEAD") == ""
    assert events(desk) == before[1] + 40
    authors = desk.git("log", "-40", "--format=%an").splitlines()
    assert sorted(authors) == ["chen.jie"] * 20 + ["li.wei"] * 20
    assert desk.check() == []
    assert desk.is_clean()
    assert desk.run("git", "fsck", "--strict").code == 0


def test_the_lock_of_somebody_who_waits(desk: Desk) -> None:
    """Two events on one case at once: the second sees the first."""
    case = desk.register()
    both = [desk.start("acknowledge", case), desk.start("acknowledge", case)]
    codes = sorted(process.wait(timeout=60) for process in both)
    assert codes in ([0, 0], [0, 2])
    assert desk.check() == []
    assert desk.is_clean()


def killed(desk: Desk, start: Callable[[], subprocess.Popen[bytes]], whole: float, times: int, seed: int) -> int:
    """Starts it again and again and kills it at a random moment; after each kill the repository is whole. How often it was cut short."""
    chance = random.Random(seed)
    cut = 0
    for _attempt in range(times):
        process = start()
        time.sleep(chance.uniform(0.2, 1.0) * whole)
        process.send_signal(signal.SIGKILL)
        cut += process.wait() != 0
        process.communicate()
    return cut


def is_whole(desk: Desk) -> None:
    assert desk.run("git", "fsck", "--strict", "--no-dangling").code == 0
    assert desk.check() == []
    works(desk)  # no lock is in the way, files and index agree again
    assert desk.is_clean()
    git = desk.folder / ".git"
    assert not list(git.rglob("*.lock")) or [p.name for p in git.rglob("*.lock")] == ["plaint.lock"]
    assert not (git / "plaint" / "pending.json").exists()
    # every keyring has its case, and every case its keyring
    kept = {ref.rsplit("/", 1)[1] for ref in desk.refs().splitlines() if "refs/plaint/keys/" in ref} - {"import"}
    assert kept == {each["case"] for each in desk.data("list") if each["state"] != "disposed"}


@pytest.mark.long
def test_killed_while_recording(desk: Desk) -> None:
    body = desk.home / "body.yaml"
    body.write_text("report: {title: 'cut short'}\n")
    begun = time.monotonic()
    desk.good("register", "--channel", "phone", "--category", "other", "--body", body)
    whole = time.monotonic() - begun
    cut = killed(desk, lambda: desk.start("register", "--channel", "phone", "--category", "other", "--body", str(body)), whole, 20, 1)
    assert cut >= 6, "the kills came too late to mean anything"
    is_whole(desk)


ROWS = 500
"""Enough for an import of some seconds: a kill meets it at work."""


@pytest.mark.long
def test_killed_while_importing(desk: Desk) -> None:
    table, plan = desk.home / "rows.csv", desk.home / "map.yaml"
    with table.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "date", "text"])
        rows.writerows([number, "2026-11-20", f"Row {number}"] for number in range(ROWS))
    plan.write_text(
        "plaint: 1\nmap: rows\nkey: [id]\nchannel: {constant: online}\ncategory: {constant: other}\n"
        "received: {column: date, formats: ['%Y-%m-%d']}\nsealed: {report: {narrative: text}}\n"
    )
    assert desk.data("import", table, "--map", plan, "--dry-run")["registered"] == ROWS
    cut = killed(desk, lambda: desk.start("import", str(table), "--map", str(plan)), 1.5, 8, 2)
    assert cut >= 1
    desk.good("import", table, "--map", plan)
    again = desk.data("import", table, "--map", plan)
    assert (again["registered"], again["known"], again["refused"]) == (0, ROWS, [])
    assert len(desk.data("list")) == ROWS + 2
    is_whole(desk)
