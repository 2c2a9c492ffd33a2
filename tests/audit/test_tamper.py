"""The tamper battery: what people with a laptop, a forge or an old backup can do to a history, and the rule that finds it.

Each attack is made by plain git on a copy of one small, real organisation. It must be found by the very rules it names, in the very commit,
with exit code 1. The copy without it has no finding at all, so every finding is the attack's.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import attacks_added
import attacks_consent
import attacks_course
import attacks_git
import attacks_history
import attacks_house
import attacks_pushed
import attacks_records
import attacks_signers
import pytest
from attack import Attack, Done
from evil import environment
from organisations import good

from plaint.audit import history
from plaint.check.rules import Severity, rules

MODULES = (attacks_records, attacks_added, attacks_course, attacks_signers, attacks_house, attacks_consent, attacks_history, attacks_pushed, attacks_git)
ATTACKS = [attack for module in MODULES for attack in module.attack.attacks]


def test_the_good_twin_is_in_order() -> None:
    verdict = good().audit()
    assert (verdict.code, verdict.findings) == (0, [])
    assert verdict.summary["commits"] > 30
    assert not {code for code in good().check().codes if code[0] in "SKTP"}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name.replace(" ", "-"))
def test_attack(attack: Attack, tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    came = attack.do(org)
    done = came if isinstance(came, Done) else Done(came)
    verdict = org.audit(*done.args)
    said = "\n".join(f"{f['rule']} {f['record']} {f['message']}" for f in verdict.findings)
    assert verdict.codes == attack.codes, said or verdict.error
    assert verdict.code == attack.code, said
    assert attack.error in verdict.error
    if done.commit and attack.rule:
        assert done.commit in verdict.commits(attack.rule), said
    if attack.check:
        assert set(attack.check) <= set(org.check().codes)


@pytest.mark.parametrize(
    ("leaf", "within"),
    [("100644 blob {}\tx\n", "notes"), ("100644 blob {}\tx\n", "cases/2026"), ("100644 blob {}\tx\n", "members"), ("", "notes")],
    ids=["files", "cases", "members", "no file at all"],
)
def test_folders_that_stand_for_more_than_there_is_memory(leaf: str, within: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold one another many times. Git goes through them all; the audit waits so long, and no longer, and goes on."""
    monkeypatch.setattr(history, "PATIENCE", 1.0)
    org = good().copy(tmp_path)
    before = org.head
    sha = attacks_git.bomb(org, leaf.format(org.put("x")), within)
    org.move(org.write_commit(org.git("rev-parse", "HEAD^{tree}"), [sha], "nothing", "chen.jie"))
    org.move(org.write_commit(org.git("rev-parse", f"{before}^{{tree}}"), [org.head], "as it was", "chen.jie"))
    verdict = org.audit()
    assert verdict.codes == ["A506"]
    assert verdict.commits("A506") == {sha, org.head}


def test_each_attack_is_another() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(set(names)) == len(names) >= 75


def test_each_rule_of_the_history_finds_an_attack() -> None:
    found = {code for attack in ATTACKS for code in (attack.rule, *attack.also)}
    assert {code for code in rules() if code[0] == "A"} <= found


def test_findings_of_the_installed_command(tmp_path: Path) -> None:
    """The same as those of the tests above, which call the command within their own process."""
    org = good().copy(tmp_path)
    sha = org.event("new", "accept", "chen.jie", signer="li.wei")
    done = subprocess.run(["plaint", "audit"], cwd=org.folder, env=environment(org.home, org.now), capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "A104" in done.stdout
    assert sha[:7] in done.stdout
    assert org.audit().codes == ["A104"]


def test_warnings_fail_only_where_asked() -> None:
    assert {code for code, rule in rules().items() if code[0] == "A" and rule.severity is Severity.WARNING} == {"A304", "A307", "A507", "A508"}
