"""What README shows is what there is: its picture, its links, its commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from plaint.i18n import set_language
from plaint.model.diagram import svg_diagram
from plaint.model.policy import load_preset

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_picture_is_the_policy() -> None:
    set_language("en")
    assert (ROOT / "site/docs/images/house.svg").read_text("utf-8") == svg_diagram(load_preset("house"))


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).is_file()


def test_folders_named_are_there() -> None:
    table = README.partition("## Where things are")[2]
    for name in re.findall(r"`([a-z/]+/)`", table):
        assert (ROOT / name).is_dir() or (ROOT / "tools/plaint" / name).is_dir(), name


@pytest.mark.parametrize("number", [1, 2])
def test_the_commands_are_marked(number: int) -> None:
    """.ci/run takes them from here."""
    assert len(re.findall(rf"<!-- command {number} -->\n```sh\npython3 -m venv .*\n```", README)) == 1
