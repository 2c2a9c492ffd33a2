"""`plaint update`: the repository is brought up to this version in one signed commit, by a steward; what else stands in a workflow stays."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from conftest import Plaint

pytestmark = pytest.mark.long
OLD = """\
# ours: plaint==0.0.1 was bad
env:
  PLAINT_SOURCE: ${{ vars.PLAINT_SOURCE || 'plaint[x]==0.0.1rc2' }}
  ANOTHER: "plaint==0.0.3"
run: pip install other==1
"""


def test_an_older_repository_is_brought_up_to_date(demo: Plaint) -> None:
    demo = Plaint(demo.folder, demo.home, now=None)
    workflow = demo.folder / ".github" / "workflows" / "check.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(OLD)
    demo.git("rm", "-q", "schemas/mailbox.schema.json")
    (demo.folder / "schemas" / "case.schema.json").write_text("{}\n")
    demo.git("add", ".github", "schemas")
    who = ("-c", "user.name=zhou.ning", "-c", "user.email=z@example.org", "-c", f"user.signingkey={demo.key('zhou.ning')}", "-c", "gpg.format=ssh")
    demo.git(*who, "commit", "-q", "-S", "-m", "As an older version would have it")

    def outdated() -> int:
        return demo.run("check").stdout.count("S301")

    assert outdated() == 2
    before = demo.snapshot()
    assert "it takes the role Policy and records steward" in demo.refused("update", member="li.wei")
    assert demo.snapshot() == before
    assert f"3 files brought to plaint {version('plaint')}." in demo.good("update", member="zhou.ning")
    assert outdated() == 0
    assert workflow.read_text() == OLD.replace("0.0.1rc2", version("plaint"))
    assert demo.git("show", "-s", "--format=%an %s").strip() == f"zhou.ning update: plaint {version('plaint')}"
    assert demo.git("status", "--porcelain") == ""
    demo.good("audit")
    before = demo.snapshot()
    assert "already" in demo.good("update", member="zhou.ning")
    assert demo.snapshot() == before
    (demo.folder / "schemas" / "case.schema.json").unlink()
    (demo.folder / "schemas" / "member.schema.json").write_text("{}\n")
    assert demo.run("update", member="zhou.ning").stderr.splitlines() == [
        f"schemas/{name}.schema.json: not as it was committed; git restore schemas/{name}.schema.json brings that back" for name in ("case", "member")
    ]
    assert (demo.run("check").stdout.count("S210"), outdated()) == (2, 0)
    demo.git("restore", "schemas")
    assert demo.snapshot() == before
