"""Nothing is found in what honest people do: not in the benign histories, and not in organisations of many kinds, even with --strict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import benign_consent
import benign_events
import benign_git
import benign_habits
import benign_house
import benign_years
import pytest
from benign import fine
from benign_events import KINDS
from evil import NOW, Org, at, environ, environment, message_of
from odd_keys import Hardware, keygen
from organisations import MEMBERS, demo, found_org, founding_files, good

from plaint.model.policy import load_preset

BENIGN = [do for module in (benign_events, benign_house, benign_consent, benign_git, benign_years, benign_habits) for do in module.benign.histories]


@pytest.mark.parametrize("do", BENIGN, ids=lambda do: do.__name__.replace("_", "-"))
def test_benign(do: Callable[[Org], object], tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    before = org.head
    do(org)
    assert org.head != before
    fine(org)


@pytest.mark.parametrize("name", KINDS)
def test_event(name: str, tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    KINDS[name](org)
    fine(org)


def test_every_kind_of_event_is_among_them() -> None:
    assert set(load_preset("house").transitions) <= {name for name in KINDS if name in load_preset("house").transitions} | {"dispose", "disclose"}


# Organisations of their own


def made(org: Org, *format_: str) -> Org:
    """An organisation of one, made by plain git."""
    org.folder.mkdir(parents=True)
    (org.folder.parent / "home").mkdir(exist_ok=True)
    org.git("init", "-q", "-b", "main", *format_)
    return org


def empty(place: Path) -> Org:
    """A place for an organisation."""
    return replace(good(), folder=place / "org", home=place / "home", clock=at("2026-11-20T09:00"))


def worked(org: Org, by: str) -> None:
    """A case, and a word in it."""
    org.git("reset", "-q", "--hard")
    path, text, id_ = org.new_case("F0DD-0006", by, org.tick(), policy=1)
    org.commit({path: text}, by, message_of("receive", "F0DD-0006", id_), when=org.clock)
    org.event("more", "message", by, direction="to-reporter", sealed=["report"])


def test_a_repository_of_sha_256(tmp_path: Path) -> None:
    org = made(empty(tmp_path), "--object-format=sha256")
    org.commit(founding_files(org, "stranger", org.clock), "stranger", parents=[], when=org.clock)
    worked(org, "stranger")
    assert len(org.head) == 64
    fine(org)
    org.event("more", "message", "stranger", signer="li.wei", direction="to-reporter", sealed=["report"])
    assert org.audit().codes == ["A103"]


def test_an_organisation_in_a_folder_of_a_larger_repository(tmp_path: Path) -> None:
    whole = made(empty(tmp_path))
    org = replace(whole, prefix="complaints/")
    whole.commit({"README.md": "# Firm\n", "cases/notes.txt": "other cases\n"}, None, parents=[], when=at("2020-01-01T09:00"))
    whole.commit({"src/main.c": "int main;\n"}, "li.wei", when=at("2019-01-01T09:00"))
    founded = org.commit(founding_files(org, "stranger", org.tick()), "stranger", when=org.clock)
    (org.folder / "complaints").mkdir()
    whole.git("reset", "-q", "--hard")
    worked(org, "stranger")
    whole.clock = org.clock
    whole.commit({"src/main.c": "int main(){}\n"}, None)
    org.clock = whole.clock
    org.event("more", "accept", "stranger")
    fine(org)
    assert org.audit("--root", founded).code == 0
    forged = org.event("more", "message", "stranger", signer=None, direction="to-reporter", sealed=["report"])
    assert org.audit().commits("A101") == {forged}


def test_a_folder_is_founded_only_once(tmp_path: Path) -> None:
    """Another beginning, on a branch from before the first one, cannot be merged in."""
    whole = made(empty(tmp_path))
    org = replace(whole, prefix="complaints/")
    base = whole.commit({"README.md": "# Firm\n"}, None, parents=[], when=at("2020-01-01T09:00"))
    ours = org.commit(founding_files(org, "stranger", org.tick()), "stranger", when=org.clock)
    other = org.commit({"members/newcomer.yaml": org.member_file("newcomer", ["steward"], "newcomer", org.tick())}, "newcomer", parents=[base], when=org.clock)
    whole.git("update-ref", "refs/heads/main", ours)
    whole.git("reset", "-q", "--hard")
    tree = org.tree({"members/newcomer.yaml": org.read("members/newcomer.yaml", other)}, ours)
    whole.move(whole.write_commit(tree, [ours, other], "Merge", None, when=org.clock))
    verdict = org.audit()
    assert verdict.codes == ["A502"]
    assert verdict.commits("A502") <= {ours, other}


@pytest.mark.parametrize("kind", ["ecdsa-256", "ecdsa-384", "ecdsa-521", "rsa-2048", "rsa-4096", "ed25519"])
def test_keys_of_other_kinds(kind: str, tmp_path: Path) -> None:
    org = empty(tmp_path)
    org.keys = tmp_path / "keys"
    keygen(org.keys / "stranger", kind)
    made(org).commit(founding_files(org, "stranger", org.clock), "stranger", parents=[], when=org.clock)
    worked(org, "stranger")
    fine(org)


@pytest.mark.parametrize("kind", ["sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"])
def test_keys_in_hardware(kind: str, tmp_path: Path) -> None:
    """No device is at hand: the signature is made as a device makes it."""
    key = Hardware(kind)

    class Touched(Org):
        def public(self, _member: str) -> str:
            return key.public

        def signature(self, payload: bytes, _by: str, namespace: str = "git") -> str:
            return key.sign(payload, namespace)

    org = made(Touched(tmp_path / "org", tmp_path / "home", tmp_path / "keys"))
    org.commit(founding_files(org, "stranger", org.clock), "stranger", parents=[], when=org.clock)
    worked(org, "stranger")
    fine(org)


@pytest.mark.parametrize("preset", ["house", "eu-2019-1937"])
def test_a_founding(preset: str, tmp_path: Path) -> None:
    org = empty(tmp_path)
    org.home.mkdir()
    org.keys = tmp_path / "keys"
    members = {name: roles for name, roles in MEMBERS.items() if preset == "house"} or {"zhou.ning": (tuple(load_preset(preset).roles), ())}
    with environ({**environment(org.home, NOW), "PLAINT_HOME": str(org.keys)}):
        found_org(org, members, preset)
    fine(org)


def test_a_bare_clone(tmp_path: Path) -> None:
    org = good()
    org.git("clone", "-q", "--bare", str(org.folder), str(tmp_path / "bare"))
    fine(replace(org, folder=tmp_path / "bare"))


def test_a_worktree(tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    org.git("worktree", "add", "-q", "--detach", str(tmp_path / "other"), "HEAD~5")
    fine(replace(org, folder=tmp_path / "other"))


def test_a_packed_clone(tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    org.git("gc", "-q")
    org.git("pack-refs", "--all")
    fine(org)


@pytest.mark.long
def test_the_demo(demo40: Org) -> None:
    assert demo40.audit().summary["commits"] > 300
    fine(demo40)


@pytest.fixture(scope="module")
def demo40(tmp_path_factory: pytest.TempPathFactory) -> Org:
    """The demo organisation, with forty cases."""
    return demo(tmp_path_factory.mktemp("demo"), 40)
