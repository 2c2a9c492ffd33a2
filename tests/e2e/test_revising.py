"""Revising the policy: drafted, approved by two different people above, in force on its date; cases keep the revision they came under."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Plaint

from plaint.model.policy import load_preset
from plaint.model.yamlio import dump_yaml, load_yaml

pytestmark = pytest.mark.long

ZONE = load_preset("house").timezone


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Plaint:
    """An organisation of today, for its commits carry the time of this machine."""
    place = tmp_path_factory.mktemp("today")
    maker = Plaint(place, place, now=None)
    maker.good("demo", "org", "--cases", "0")
    return maker.at(place / "org")


@pytest.fixture
def org(founded: Plaint, tmp_path: Path) -> Plaint:
    from shutil import copytree

    copytree(founded.folder, tmp_path / "org", symlinks=True)
    return founded.at(tmp_path / "org")


def next_policy(org: Plaint, tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """The policy in force as the next revision, changed."""
    file = tmp_path / "next.yaml"
    org.good("policy", "next", file, member="zhou.ning")
    document = load_yaml(file.read_bytes(), file.name)
    change(document)
    file.write_text(dump_yaml(document), "utf-8")
    return file


def sooner(days: int = 0) -> Callable[[dict[str, Any]], object]:
    """A first reply within 12 hours, in effect so many days from now."""

    def change(document: dict[str, Any]) -> None:
        document["clocks"]["acknowledgement"]["within"] = "12 hours"
        document["effective"] = (datetime.now(ZONE) + timedelta(days=days)).date().isoformat()

    return change


def acknowledgement_due(org: Plaint, case: str) -> timedelta:
    shown = org.data("show", case)
    clock = next(c for c in shown["clocks"] if c["clock"] == "acknowledgement")
    return datetime.fromisoformat(clock["due"]) - datetime.fromisoformat(clock["started"])


def test_a_revision_from_draft_to_force(org: Plaint, tmp_path: Path) -> None:
    old = org.register()
    file = next_policy(org, tmp_path, sooner())
    assert "sound" in org.good("policy", "lint", file)
    drafted = org.data("policy", "draft", file, member="zhou.ning")
    assert (drafted["policy"], drafted["approvals"], drafted["needed"], drafted["since"]) == (2, 0, 2, None)
    assert org.data("show", org.register())["policy"] == 1  # a draft changes nothing
    assert org.data("policy", "approve", "2", member="sun.li")["since"] is None
    assert org.data("show", org.register())["policy"] == 1
    approved = org.data("policy", "approve", "2", member="liu.yang")
    assert approved["approvals"] == 2
    assert approved["since"] is not None
    new = org.register()
    assert org.data("show", new)["policy"] == 2
    assert acknowledgement_due(org, new) == timedelta(hours=12)
    org.good("acknowledge", old, "--result", "delivered", member="li.wei")
    assert org.data("show", old)["policy"] == 1
    assert acknowledgement_due(org, old) == timedelta(hours=24)
    org.good("check")
    assert "all in order" in org.good("audit")
    assert org.git("log", "--format=%s", "-7").count("policy 2") == 3


def test_a_revision_waits_for_its_date(org: Plaint, tmp_path: Path) -> None:
    org.good("policy", "draft", next_policy(org, tmp_path, sooner(days=10)), member="zhou.ning")
    for member in ("sun.li", "liu.yang"):
        org.good("policy", "approve", "2", member=member)
    assert org.data("show", org.register())["policy"] == 1
    later = (datetime.now(ZONE) + timedelta(days=11)).isoformat(timespec="minutes")
    assert org.data("show", org.register(now=later))["policy"] == 2


def test_who_may_draft_and_approve(org: Plaint, tmp_path: Path) -> None:
    file = next_policy(org, tmp_path, sooner())
    before = org.snapshot()
    assert "may not draft" in org.refused("policy", "draft", file, member="li.wei")
    assert "no draft" in org.refused("policy", "approve", "2", member="sun.li")
    assert org.snapshot() == before
    org.good("policy", "draft", file, member="zhou.ning")
    assert "may not approve a revision: it takes the role Supervisor, Decision maker" in org.refused("policy", "approve", "2", member="zhou.ning")
    org.good("policy", "approve", "2", member="sun.li")
    assert "approved it already" in org.refused("policy", "approve", "2", member="sun.li")


def _set(path: str, value: object) -> Callable[[dict[str, Any]], object]:
    def change(document: dict[str, Any]) -> None:
        *keys, last = path.split("/")
        for key in keys:
            document = document[key]
        document[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(_set("policy", 3), "number 2", id="number"),
        pytest.param(_set("stewards", ["nobody"]), "nobody", id="unknown role"),
        pytest.param(_set("clocks/acknowledgement/within", "soon"), "next.yaml", id="no duration"),
        pytest.param(_set("titel", {"en": "x"}), "titel", id="unknown key"),
        pytest.param(_set("events", []), "without events", id="events"),
    ],
)
def test_a_draft_that_is_not_sound_is_refused(founded: Plaint, tmp_path: Path, change: Callable[[dict[str, Any]], object], says: str) -> None:
    file = next_policy(founded, tmp_path, change)
    before = founded.snapshot()
    assert says in founded.refused("policy", "draft", file, member="zhou.ning")
    assert founded.snapshot() == before


def test_next_overwrites_nothing(org: Plaint, tmp_path: Path) -> None:
    file = tmp_path / "next.yaml"
    file.write_text("mine")
    assert "exists already" in org.refused("policy", "next", file)
    assert file.read_text() == "mine"
