"""The repository: reading, and commits that are whole or not there, whatever else lies in the working tree."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from plaint.errors import EnvironmentFaultError, InputError, LockedError
from plaint.store.commits import Change
from plaint.store.repository import Repository
from plaint.store.signing import SigningKey, load_signing_key

CASE = "cases/2026/Q7M4-K2XD.yaml"
FIRST = {"plaint.yaml": b"plaint: 1\n", CASE: b"events:\n- a\n"}
WHEN = datetime(2026, 11, 20, 9, 12, tzinfo=timezone(timedelta(hours=8)))


def git(folder: Path, *args: str) -> str:
    return subprocess.run(["git", "-C", folder, *args], capture_output=True, check=True, text=True).stdout.strip()


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration of the machine, and an allowed_signers file."""
    config = tmp_path / "gitconfig"
    config.write_text(f'[gpg]\n\tformat = ssh\n[gpg "ssh"]\n\tallowedSignersFile = {tmp_path}/allowed\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", tmp_path / "key"], check=True)
    found = load_signing_key(tmp_path / "key")
    (tmp_path / "allowed").write_text(f'* namespaces="git" {found.public}\n')
    return found


@pytest.fixture
def repo(tmp_path: Path, key: SigningKey) -> Repository:
    repo = Repository.init(tmp_path / "org")
    repo.commit(FIRST, "Begin", key, "li.wei", WHEN)
    return repo


def grow(repo: Repository, key: SigningKey, text: bytes = b"- b\n", path: str = CASE) -> str:
    return repo.commit({path: (repo.read(path) or b"") + text}, "Append\n\nPlaint-Case: X", key, "li.wei", WHEN)


class TestCommit:
    def test_an_unborn_branch(self, repo: Repository, tmp_path: Path) -> None:
        assert repo.read(CASE) == FIRST[CASE] == (repo.root / CASE).read_bytes()
        assert git(repo.root, "status", "--porcelain") == ""
        assert git(repo.root, "symbolic-ref", "HEAD") == "refs/heads/main"
        assert git(repo.root, "log", "--format=%an <%ae> %aI %cI %P") == ("li.wei <li.wei@plaint.invalid> 2026-11-20T09:12:00+08:00 2026-11-20T09:12:00+08:00")
        git(repo.root, "fsck", "--strict")

    def test_git_accepts_it(self, repo: Repository, key: SigningKey) -> None:
        sha = grow(repo, key)
        assert repo.head() == sha == git(repo.root, "rev-parse", "main")
        git(repo.root, "verify-commit", sha)
        assert git(repo.root, "log", "-1", "--format=%B") == "Append\n\nPlaint-Case: X"
        assert git(repo.root, "diff", "HEAD~", "--numstat") == f"1\t0\t{CASE}"
        assert git(repo.root, "status", "--porcelain") == ""
        git(repo.root, "fsck", "--strict")

    def test_it_is_the_commit_git_would_make(self, repo: Repository, key: SigningKey) -> None:
        ours = grow(repo, key)
        tree = git(repo.root, "rev-parse", "HEAD^{tree}")
        env = {**os.environ}
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{role}_NAME": "li.wei", f"GIT_{role}_EMAIL": "li.wei@plaint.invalid", f"GIT_{role}_DATE": WHEN.isoformat()}
        theirs = subprocess.run(
            ["git", "-c", f"user.signingkey={key.source}", "commit-tree", "-S", "-p", "HEAD~", "-m", "Append", "-m", "Plaint-Case: X", tree],
            cwd=repo.root, env=env, capture_output=True, check=True, text=True,
        ).stdout.strip()  # fmt: skip
        assert ours == theirs  # Ed25519 signatures are deterministic

    def test_the_users_email(self, repo: Repository, key: SigningKey) -> None:
        git(repo.root, "config", "user.email", "wei@example.org")
        with Repository.discover(repo.root) as fresh:
            grow(fresh, key)
        assert git(repo.root, "log", "-1", "--format=%ae %ce") == "wei@example.org wei@example.org"

    def test_now_is_the_default_time(self, repo: Repository, key: SigningKey) -> None:
        repo.commit({"a": b"a"}, "Now", key, "li.wei")
        made = datetime.fromisoformat(git(repo.root, "log", "-1", "--format=%cI"))
        assert abs(datetime.now(UTC) - made) < timedelta(seconds=20)

    def test_detached_head(self, repo: Repository, key: SigningKey) -> None:
        old = git(repo.root, "rev-parse", "main")
        git(repo.root, "checkout", "-q", "--detach")
        sha = grow(repo, key)
        assert git(repo.root, "rev-parse", "HEAD", "main").split() == [sha, old]
        assert git(repo.root, "status", "--porcelain") == ""

    def test_from_any_folder_below_the_top(self, tmp_path: Path, key: SigningKey) -> None:
        git(tmp_path, "init", "-q", "-b", "main", "all")
        (tmp_path / "all" / "README").write_text("hello")
        git(tmp_path / "all", "add", "README")
        (tmp_path / "all" / "sub" / "org").mkdir(parents=True)
        with Repository.at(tmp_path / "all" / "sub" / "org") as repo:
            repo.commit(FIRST, "Begin", key, "li.wei", WHEN)
        inner = tmp_path / "all" / "sub" / "org" / "cases" / "2026"
        with Repository.discover(inner) as repo:
            assert repo.prefix == "sub/org/"
            assert repo.root == tmp_path / "all" / "sub" / "org"
            grow(repo, key)
            assert repo.record_paths("case") == [CASE]
            assert (repo.root / CASE).read_bytes() == repo.read(CASE) == b"events:\n- a\n- b\n"
        assert git(tmp_path / "all", "status", "--porcelain") == "A  README"
        assert git(tmp_path / "all", "ls-tree", "-r", "--name-only", "HEAD").split() == [f"sub/org/{CASE}", "sub/org/plaint.yaml"]

    def test_a_linked_worktree(self, repo: Repository, key: SigningKey, tmp_path: Path) -> None:
        main = repo.head()
        git(repo.root, "worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
        with Repository.discover(tmp_path / "linked" / "cases") as linked:
            sha = grow(linked, key)
            assert linked.common_folder == repo.common_folder
        assert git(tmp_path / "linked", "status", "--porcelain") == ""
        assert git(repo.root, "rev-parse", "other", "main").split() == [sha, main]
        assert git(repo.root, "status", "--porcelain") == ""

    def test_a_sha256_repository(self, tmp_path: Path, key: SigningKey) -> None:
        git(tmp_path, "init", "-q", "--object-format=sha256", "-b", "main", "long")
        with Repository.at(tmp_path / "long") as repo:
            repo.commit(FIRST, "Begin", key, "li.wei", WHEN)
            sha = grow(repo, key)
        assert len(sha) == 64
        git(tmp_path / "long", "verify-commit", sha)
        git(tmp_path / "long", "fsck", "--strict")
        assert git(tmp_path / "long", "status", "--porcelain") == ""

    def test_modes_and_neighbours_stay(self, repo: Repository, key: SigningKey) -> None:
        for name in ("a.yaml", "a-b", "a/x", "a0"):
            (repo.root / name).parent.mkdir(exist_ok=True)
            (repo.root / name).write_text(name)
        (repo.root / "a.yaml").chmod(0o755)
        git(repo.root, "add", ".")
        git(repo.root, "-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "-m", "x")
        repo.commit({"a.yaml": b"new", "a/b/c": b"c", "a-c": b"d"}, "More", key, "li.wei")
        git(repo.root, "fsck", "--strict")
        assert git(repo.root, "ls-tree", "-r", "HEAD", "a.yaml").startswith("100755")
        assert os.access(repo.root / "a.yaml", os.X_OK)
        assert git(repo.root, "status", "--porcelain") == ""

    def test_attributes_with_crlf(self, repo: Repository, key: SigningKey) -> None:
        repo.commit({".gitattributes": b"* text=auto eol=crlf\n"}, "Attributes", key, "li.wei")
        (repo.root / CASE).unlink()
        git(repo.root, "checkout", "-q", "HEAD", "--", CASE)
        assert b"\r\n" in (repo.root / CASE).read_bytes()
        grow(repo, key)
        assert git(repo.root, "status", "--porcelain") == ""
        assert repo.read(CASE) == b"events:\n- a\n- b\n"


class TestSeries:
    def test_one_upon_the_other(self, repo: Repository, key: SigningKey) -> None:
        series = [Change({f"cases/2026/A{n:03}-0000.yaml": b"x%d\n" % n}, f"Case {n}", "li.wei", WHEN) for n in range(130)]
        series += [Change({CASE: FIRST[CASE] + b"- b\n" * n}, f"Event {n}", "wang.fang", WHEN) for n in range(1, 4)]
        commits = repo.commit_series(series, key)
        assert git(repo.root, "rev-list", "--reverse", "HEAD").split()[1:] == commits
        assert git(repo.root, "log", "--format=%G?").split() == ["G"] * 134
        git(repo.root, "fsck", "--strict")
        assert git(repo.root, "status", "--porcelain") == ""
        assert len(repo.record_paths("case")) == 131
        assert git(repo.root, "show", "--format=", "--name-only", commits[100]) == "cases/2026/A100-0000.yaml"

    def test_nothing_to_do(self, repo: Repository, key: SigningKey) -> None:
        head = repo.head()
        assert repo.commit_series([], key) == []
        assert repo.head() == head

    def test_a_bad_change_means_no_change(self, repo: Repository, key: SigningKey) -> None:
        head = repo.head()
        with pytest.raises(InputError):
            repo.commit_series([Change({"a": b"a"}, "Good", "x"), Change({"../b": b"b"}, "Bad", "x")], key)
        assert repo.head() == head
        assert git(repo.root, "status", "--porcelain") == ""


class TestDirtyTree:
    def test_others_work_is_not_touched(self, repo: Repository, key: SigningKey) -> None:
        repo.commit({"b": b"b", "c": b"c"}, "More", key, "li.wei")
        (repo.root / "b").write_bytes(b"changed")
        (repo.root / "c").unlink()
        (repo.root / "staged").write_bytes(b"staged")
        git(repo.root, "add", "staged")
        (repo.root / "staged").write_bytes(b"and changed again")
        (repo.root / "new").write_bytes(b"untracked")
        before = git(repo.root, "status", "--porcelain"), git(repo.root, "diff"), git(repo.root, "diff", "--cached")
        assert before[0].splitlines() == ["M b", " D c", "AM staged", "?? new"]  # the first line's space is stripped
        grow(repo, key)
        assert (git(repo.root, "status", "--porcelain"), git(repo.root, "diff"), git(repo.root, "diff", "--cached")) == before
        assert git(repo.root, "show", "--format=", "--name-only") == CASE

    @pytest.mark.parametrize("content", [b"events:\n- a\n- mine\n", b"other", b"events:\n- a\r"])
    def test_uncommitted_changes_are_refused(self, repo: Repository, key: SigningKey, content: bytes) -> None:
        head = repo.head()
        (repo.root / CASE).write_bytes(content)
        with pytest.raises(InputError, match=r"Q7M4-K2XD.yaml: this file has uncommitted changes. git restore"):
            grow(repo, key)
        assert repo.head() == head
        assert (repo.root / CASE).read_bytes() == content

    @pytest.mark.parametrize("content", [b"events:\n- ", b"", None])
    def test_a_torn_or_missing_file_is_mended(self, repo: Repository, key: SigningKey, content: bytes | None) -> None:
        if content is None:
            (repo.root / CASE).unlink()
        else:
            (repo.root / CASE).write_bytes(content)
        grow(repo, key)
        assert (repo.root / CASE).read_bytes() == b"events:\n- a\n- b\n"
        assert git(repo.root, "status", "--porcelain") == ""

    def test_a_file_nobody_committed_is_not_overwritten(self, repo: Repository, key: SigningKey) -> None:
        (repo.root / "new").write_bytes(b"mine")
        with pytest.raises(InputError, match="not committed"):
            repo.commit({"new": b"ours"}, "New", key, "li.wei")
        repo.commit({"new": b"mine"}, "New", key, "li.wei")

    def test_links_and_folders_in_the_way(self, repo: Repository, key: SigningKey, tmp_path: Path) -> None:
        head = repo.head()
        (tmp_path / "outside").mkdir()
        (repo.root / "members").symlink_to(tmp_path / "outside")
        (repo.root / "policy").write_text("a file")
        (repo.root / "folder").mkdir()
        for path in ("members/a.yaml", "policy/1.yaml", "folder"):
            with pytest.raises(InputError):
                repo.commit({path: b"x"}, "New", key, "li.wei")
        assert repo.head() == head
        assert list((tmp_path / "outside").iterdir()) == []

    @pytest.mark.parametrize("path", ["", "/etc/x", "../x", "a/../b", "a//b", ".git/config", "a/.GIT/x", "a\nb", "C:x", "a\\b", "./a", "a/"])
    def test_paths_outside(self, repo: Repository, key: SigningKey, path: str) -> None:
        for use in (lambda: repo.commit({path: b"x"}, "x", key, "x"), lambda: repo.read(path)):
            with pytest.raises(InputError, match="not a path"):
                use()

    def test_a_merge_under_way(self, repo: Repository, key: SigningKey) -> None:
        (repo.git_folder / "MERGE_HEAD").write_text(f"{repo.head()}\n")
        with pytest.raises(EnvironmentFaultError, match="under way"):
            grow(repo, key)


class TestRefs:
    def test_keyrings_move_with_the_commit(self, repo: Repository, key: SigningKey) -> None:
        assert not repo.keyring_refs()
        assert repo.read_keyring("Q7M4-K2XD") is None
        ring = {"identity": "one\n", "report": "two\n"}
        refs = repo.write_keyrings([("Q7M4-K2XD", ring)], key, "li.wei", WHEN)
        assert not repo.keyring_refs()
        repo.commit({CASE: FIRST[CASE] + b"- b\n"}, "Grant", key, "li.wei", WHEN, refs)
        assert repo.keyring_refs()
        assert repo.read_keyring("Q7M4-K2XD") == ring
        assert repo.read_keyrings() == {"Q7M4-K2XD": ring}
        ref, sha = next(iter(refs.items()))
        assert repo.keyring_refs() == {"Q7M4-K2XD": sha}
        git(repo.root, "verify-commit", ref)
        assert git(repo.root, "rev-list", "--parents", ref) == sha
        assert git(repo.root, "ls-tree", "--name-only", ref).split() == ["identity.age", "report.age"]
        git(repo.root, "fsck", "--strict")

    def test_destroyed_with_the_commit(self, repo: Repository, key: SigningKey) -> None:
        git(repo.root, "config", "core.logAllRefUpdates", "always")
        refs = repo.write_keyrings([("Q7M4-K2XD", {"report": "two\n"})], key, "li.wei")
        grow(repo, key)
        repo.update_refs(refs)
        repo.commit({"a": b"a"}, "Dispose", key, "li.wei", deletes=list(refs))
        assert repo.read_keyring("Q7M4-K2XD") is None
        git(repo.root, "gc", "-q", "--prune=now")
        gone = subprocess.run(["git", "-C", repo.root, "cat-file", "-e", next(iter(refs.values()))], check=False)
        assert gone.returncode != 0

    def test_many(self, repo: Repository, key: SigningKey) -> None:
        rings = {f"A{n:03}-0000": {"identity": f"i{n}\n", "report": f"r{n}\n", "inquiry": f"q{n}\n"} for n in range(250)}
        refs = repo.write_keyrings(list(rings.items()), key, "li.wei", WHEN)
        repo.commit({"a": b"a"}, "Import", key, "li.wei", WHEN, refs)
        assert repo.read_keyrings() == rings
        for case in ("A000-0000", "A249-0000"):
            git(repo.root, "verify-commit", f"refs/plaint/keys/{case}")
        git(repo.root, "fsck", "--strict")

    def test_a_damaged_one_is_no_crash(self, repo: Repository, key: SigningKey) -> None:
        git(repo.root, "update-ref", "refs/plaint/keys/Q7M4-K2XD", str(repo.head()))
        assert repo.read_keyrings() == {"Q7M4-K2XD": {}}
        with pytest.raises(EnvironmentFaultError, match="damaged"):
            repo.read_keyring("Q7M4-K2XD")

    @pytest.mark.parametrize("case", ["", "../../heads/main", "Q7M4-K2XD.lock", "q7m4-k2xd", "Q7M4-K2XD\n"])
    def test_names_that_are_none(self, repo: Repository, key: SigningKey, case: str) -> None:
        with pytest.raises(InputError):
            repo.write_keyrings([(case, {"report": "x"})], key, "li.wei")
        with pytest.raises(InputError):
            repo.read_keyring(case)

    def test_all_or_nothing(self, repo: Repository, key: SigningKey) -> None:
        head = repo.head()
        sha = grow(repo, key)
        with pytest.raises(EnvironmentFaultError):
            repo.commit({"a": b"a"}, "x", key, "x", refs={"refs/plaint/keys/A": str(head), "refs/plaint/keys/A/B": str(head)})
        assert repo.head() == sha
        assert not repo.keyring_refs()
        assert git(repo.root, "status", "--porcelain") == ""
        assert not (repo.git_folder / "plaint" / "pending.json").exists()


class TestReading:
    def test_names_that_are_more_than_a_pipe_holds(self, repo: Repository) -> None:
        """Both sides would write, and neither read."""
        for name in ("x" * 4000, "投诉举报" * 400):
            asked = [f"HEAD:{name}{n}" for n in range(200)]
            waiting = threading.Thread(target=lambda asked=asked: answers.append(list(repo.objects.get_many([*asked, "HEAD:plaint.yaml"]))), daemon=True)
            answers: list[list[object]] = []
            waiting.start()
            waiting.join(timeout=60)
            assert [found is not None for found in answers[0]] == [*[False] * 200, True]

    def test_at_any_commit(self, repo: Repository, key: SigningKey) -> None:
        old = repo.head()
        grow(repo, key)
        assert repo.read(CASE, old) == FIRST[CASE]
        assert repo.read(CASE, "HEAD~1") == FIRST[CASE]
        assert repo.read("none") is None
        assert repo.read("cases") is None
        assert list(repo.read_records("case")) == [(CASE, b"events:\n- a\n- b\n")]
        assert list(repo.read_records("case", old)) == [(CASE, FIRST[CASE])]
        assert repo.resolve("HEAD~1") == repo.resolve("main^") == old
        for bad in ("none", "", "HEAD:plaint.yaml", "a\nb", "-x", "HEAD~9"):
            with pytest.raises(InputError):
                repo.resolve(bad)

    def test_changes_of_others_are_seen(self, repo: Repository, key: SigningKey) -> None:
        assert repo.head()
        with Repository.discover(repo.root) as other:
            sha = grow(other, key)
        git(repo.root, "gc", "-q")
        assert repo.head() == sha
        assert repo.read(CASE) == b"events:\n- a\n- b\n"

    def test_records_of_a_kind(self, repo: Repository, key: SigningKey) -> None:
        names = [
            "members/li.wei.yaml", "members/x/y.yaml", "policy/2.yaml", "policy/10.yaml", "policy/1.yaml", "reviews/2026-H1.yaml",
            "cases/2026/Q7M4-K2XD/evidence.age", "cases/2025/A000-0000.yaml", "cases/x.yaml", "cases/2026/notes.txt",
        ]  # fmt: skip
        repo.commit(dict.fromkeys(names, b"x"), "Records", key, "li.wei")
        assert repo.record_paths("case") == ["cases/2025/A000-0000.yaml", CASE]
        assert repo.record_paths("member") == ["members/li.wei.yaml"]
        assert repo.record_paths("policy") == ["policy/1.yaml", "policy/2.yaml", "policy/10.yaml"]
        assert repo.record_paths("review") == ["reviews/2026-H1.yaml"]
        assert repo.record_paths("release") == []
        assert repo.record_paths("case", "HEAD~1") == [CASE]
        assert all(repo.objects.read_blob(entry.sha) for entry in repo.records("case"))

    def test_an_unborn_branch_holds_nothing(self, tmp_path: Path) -> None:
        with Repository.init(tmp_path / "new") as repo:
            assert repo.head() is None
            assert repo.read("plaint.yaml") is None
            assert repo.record_paths("case") == []
            assert not repo.keyring_refs()
            assert repo.read_keyrings() == {}

    def test_large_and_many(self, repo: Repository, key: SigningKey) -> None:
        big = os.urandom(3_000_000)
        files = {f"cases/2026/Q7M4-K2XD/{n:04}.age": b"%d" % n for n in range(1500)} | {"big": big}
        repo.commit(files, "Evidence", key, "li.wei")
        assert repo.read("big") == big
        assert [repo.read(path) for path in files] == list(files.values())


class TestFaults:
    def test_each_has_a_hint(self, repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "plain").mkdir()
        with pytest.raises(EnvironmentFaultError, match=r"not a git repository.*plaint init"):
            Repository.discover(tmp_path / "plain")
        (tmp_path / "plain" / "plaint.yaml").write_text("plaint: 1\n")
        with pytest.raises(EnvironmentFaultError, match=r"not a git repository.*plaint init"):
            Repository.discover(tmp_path / "plain")
        git(tmp_path, "init", "-q", "other")
        with pytest.raises(EnvironmentFaultError, match=r"no plaint\.yaml.*plaint init"):
            Repository.discover(tmp_path / "other")
        git(tmp_path, "clone", "-q", "--bare", "org", "bare")
        for find in (Repository.at, Repository.discover):
            with pytest.raises(EnvironmentFaultError, match=r"bare.*clone it"):
                find(tmp_path / "bare")
        monkeypatch.setenv("PATH", str(tmp_path / "plain"))
        with pytest.raises(EnvironmentFaultError, match=r"git was not found.*install git"):
            Repository.discover(repo.root)

    @pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a file away")
    def test_dubious_ownership(self, repo: Repository) -> None:
        for path in (repo.root, repo.git_folder):
            os.chown(path, 65534, 65534)
        with pytest.raises(EnvironmentFaultError, match=r"another user.*safe\.directory"):
            Repository.discover(repo.root)

    def test_a_callers_git_environment_does_not_lead_elsewhere(
        self, repo: Repository, key: SigningKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        git(tmp_path, "init", "-q", "victim")
        for name, value in {
            "GIT_DIR": str(tmp_path / "victim/.git"), "GIT_WORK_TREE": str(tmp_path), "GIT_INDEX_FILE": str(tmp_path / "index"),
            "GIT_OBJECT_DIRECTORY": str(tmp_path), "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.bare", "GIT_CONFIG_VALUE_0": "true",
            "GIT_CONFIG_PARAMETERS": "'core.bare=true'", "GIT_AUTHOR_NAME": "mallory", "GIT_NAMESPACE": "x", "GIT_PREFIX": "x/",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        with Repository.discover(repo.root) as fresh:
            grow(fresh, key)
        monkeypatch.undo()
        assert not (tmp_path / "index").exists()
        assert git(repo.root, "status", "--porcelain") == ""
        assert git(repo.root, "log", "-1", "--format=%an") == "li.wei"

    def test_the_branch_moved(self, repo: Repository, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
        base = repo.head()
        sha = grow(repo, key)
        with pytest.raises(LockedError, match="same moment"):
            repo.commit({"a": b"a"}, "x", key, "x", base=base)
        store: Callable[..., list[str]] = repo._build

        def slowly(*args: object) -> list[str]:
            made = store(*args)
            git(repo.root, "-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "--allow-empty", "-m", "theirs")
            return made

        monkeypatch.setattr(repo, "_build", slowly)
        with pytest.raises(LockedError, match="same moment"):
            repo.commit({"a": b"a"}, "x", key, "x", base=sha)
        assert git(repo.root, "status", "--porcelain") == ""
        assert git(repo.root, "log", "-1", "--format=%s") == "theirs"

    def test_an_index_held_for_good(self, repo: Repository, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("plaint.store.follow._INDEX_WAIT", 0.1)
        (repo.git_folder / "index.lock").write_text("")
        sha = grow(repo, key)
        assert repo.head() == sha
        assert (repo.root / CASE).read_bytes() == b"events:\n- a\n- b\n"
        (repo.git_folder / "index.lock").unlink()
        Repository.discover(repo.root).close()
        assert git(repo.root, "status", "--porcelain") == ""
        assert not (repo.git_folder / "plaint" / "pending.json").exists()


class TestLock:
    def test_one_at_a_time_and_nested(self, repo: Repository, key: SigningKey) -> None:
        with repo.lock(), repo.lock():
            grow(repo, key)
            with Repository.discover(repo.root) as other:
                with pytest.raises(LockedError, match=rf"written to by process {os.getpid()} on "), other.lock(wait=0.05):
                    pass
                assert other.read(CASE) == repo.read(CASE)  # reading needs no lock
        with Repository.discover(repo.root) as other, other.lock(wait=0):
            pass

    @pytest.mark.parametrize("flock", [True, False])
    def test_threads_wait_for_each_other(self, repo: Repository, key: SigningKey, flock: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("plaint.store.lock.HAVE_FLOCK", flock)
        (repo.common_folder / "plaint.lock").unlink(missing_ok=True)  # what flock leaves behind would look held

        def work(name: str) -> None:
            with Repository.discover(repo.root) as mine:
                for _i in range(4):
                    with mine.lock():
                        grow(mine, key, f"- {name}\n".encode())
                    time.sleep(0.05)  # the lock is not fair: give the others their turn

        threads = [threading.Thread(target=work, args=(name,)) for name in "xyz"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        text = (repo.root / CASE).read_text()
        assert [text.count(name) for name in ("- x", "- y", "- z")] == [4, 4, 4]
        assert git(repo.root, "rev-list", "--count", "HEAD") == "13"
        assert git(repo.root, "status", "--porcelain") == ""

    def test_without_flock_a_dead_process_is_no_obstacle(self, repo: Repository, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("plaint.store.lock.HAVE_FLOCK", False)
        dead = subprocess.Popen(["true"])
        dead.wait()
        path = repo.common_folder / "plaint.lock"
        path.write_text(f"{dead.pid} {os.uname().nodename}\n")
        grow(repo, key)
        assert not path.exists()
        path.write_text(f"{dead.pid} another-host\n")
        with pytest.raises(LockedError, match="another-host"), repo.lock(wait=0):
            pass
