"""Benign histories: what honest people do over the years, with plaint, plain git and forges. The audit finds nothing in any of them.

Each is made on a copy of the good organisation, or as an organisation of its own, and must be without any finding, even with --strict.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import evil
import pytest
from evil import CASES, MEMBERS, NOW, WORKFLOW, Org, at, environment, found_org, founding_files, good, message_of, new_id, next_policy
from odd_keys import Hardware, keygen

from plaint.model.policy import load_preset
from plaint.model.record import Event, dump_event, dump_header

BENIGN: list[Callable[[Org], object]] = []
MAIN, NEW = "cases/2026/C0DD-0003.yaml", "cases/2026/E0DD-0005.yaml"


def benign(do: Callable[[Org], object]) -> Callable[[Org], object]:
    """Adds a history."""
    BENIGN.append(do)
    return do


def fine(org: Org) -> None:
    """The audit finds nothing, not even a warning."""
    verdict = org.audit("--strict")
    assert not verdict.findings, "\n".join(f"{f['rule']} {f['record']} {f['message']}" for f in verdict.findings)
    assert verdict.code == 0, verdict.error


@pytest.mark.parametrize("do", BENIGN, ids=lambda do: do.__name__.replace("_", "-"))
def test_benign(do: Callable[[Org], object], tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    before = org.head
    do(org)
    assert org.head != before
    fine(org)


# Every kind of event


def concluded(org: Org) -> None:
    org.event("main", "conclude", "wang.fang", outcome="substantiated", sealed=["inquiry"])


def decided(org: Org) -> None:
    concluded(org)
    org.event("main", "decide", "liu.yang", measures=[{"id": "m1", "measure": "rectification", "due": "2026-12-31"}], sealed=["inquiry"])


def verified(org: Org, result: str = "fulfilled") -> None:
    decided(org)
    org.event("main", "verify", "sun.li", measure="m1", result=result)


def closed(org: Org) -> None:
    verified(org)
    org.event("main", "answer", "li.wei", result="delivered", sealed=["report"])
    org.event("main", "close", "chen.jie", satisfaction="satisfied")


def requested(org: Org) -> str:
    id_ = new_id()
    org.event("main", "disclose", "wang.fang", step="request", id_=id_)
    return id_


def disposing(org: Org) -> Org:
    """Retention ends, so the present is three years on."""
    org.now, org.clock = "2029-12-20T12:00", at("2029-12-20T09:00")
    org.event("done", "dispose", "zhou.ning", step="propose")
    return org


KINDS: dict[str, Callable[[Org], object]] = {
    "receive": lambda o: registered(o),
    "receive-anonymous-letter": lambda o: registered(o, when=at("2026-08-01T09:00")),
    "acknowledge": lambda o: acknowledged(o),
    "accept": lambda o: o.event("new", "accept", "chen.jie"),
    "decline": lambda o: o.event("new", "decline", "chen.jie", reason="withdrawn"),
    "notify": lambda o: o.event("main", "notify", "he.ping", result="delivered"),
    "assign": lambda o: o.event("main", "assign", "chen.jie", team=["zhao.min", "wang.fang"], keyring="0" * 64),
    "evidence": lambda o: evidence(o),
    "interview": lambda o: o.event("main", "interview", "zhao.min", person="respondent", sealed=["inquiry"]),
    "hear": lambda o: o.event("main", "hear", "wang.fang", result="heard", sealed=["inquiry"]),
    "extend": lambda o: o.event("main", "extend", "sun.li", clock="inquiry", until="2027-03-01T00:00:00+08:00", reason="complex"),
    "suspend": lambda o: o.event("main", "suspend", "chen.jie", reason="expert"),
    "resume": lambda o: (o.event("main", "suspend", "chen.jie", reason="expert"), o.event("main", "resume", "chen.jie")),
    "conclude": concluded,
    "decide": decided,
    "decide-nothing": lambda o: (concluded(o), o.event("main", "decide", "liu.yang", measures=[], sealed=["inquiry"])),
    "answer": lambda o: (concluded(o), o.event("main", "answer", "chen.jie", result="delivered", sealed=["report"])),
    "verify": verified,
    "verify-in-part": lambda o: verified(o, "partly"),
    "close": closed,
    "close-after-declining": lambda o: (declined(o), o.event("new", "close", "chen.jie", satisfaction="unknown")),
    "reopen": lambda o: (closed(o), o.event("main", "reopen", "sun.li", reason="new-evidence")),
    "hold": lambda o: o.event("done", "hold", "zhou.ning", reason="litigation"),
    "release-hold": lambda o: (o.event("done", "hold", "zhou.ning", reason="litigation"), o.event("done", "release-hold", "sun.li")),
    "dispose-proposed": disposing,
    "dispose-confirmed": lambda o: disposing(o).event("done", "dispose", "sun.li", step="confirm"),
    "dispose-withdrawn": lambda o: disposing(o).event("done", "dispose", "sun.li", step="withdraw"),
    "correct": lambda o: o.event("new", "correct", "li.wei", corrects=first_event(o), category="other", sealed=["report"]),
    "link": lambda o: o.event("new", "link", "li.wei", other=CASES["main"], relation="related"),
    "message": lambda o: o.event("main", "message", "he.ping", direction="from-reporter", sealed=["report"]),
    "disclose-requested": requested,
    "disclose-granted": lambda o: o.event("main", "disclose", "he.ping", step="grant", request=requested(o), keyring="0" * 64),
    "disclose-refused": lambda o: o.event("main", "disclose", "he.ping", step="refuse", request=requested(o)),
    "disclose-told": lambda o: told(o),
    "grant": lambda o: o.event("main", "grant", "chen.jie", keyring="0" * 64, sealed=["report"]),
    "revoke": lambda o: o.event("main", "revoke", "liu.yang", keyring="0" * 64, sealed=["inquiry"]),
    "rekey": lambda o: o.event("main", "rekey", "he.ping", keyring="0" * 64),
}


def registered(org: Org, case: str = "F0DD-0006", when: object = None, by: str = "li.wei") -> None:
    path, text, id_ = org.new_case(case, by, when or org.tick())
    org.commit({path: text}, by, message_of("receive", case, id_))


def acknowledged(org: Org) -> None:
    registered(org)
    org.event("more", "acknowledge", "he.ping", result="unreachable")


def declined(org: Org) -> None:
    org.event("new", "decline", "chen.jie", reason="other-authority", sealed=["report"])
    org.event("new", "notify", "li.wei", result="delivered")


def evidence(org: Org) -> None:
    data = b"age-encryption.org/v1\n-> X25519 " + b"A" * 43 + b"\n"
    more = {MAIN.replace(".yaml", "/e1.age"): data}
    org.event("main", "evidence", "wang.fang", more=more, kind="recording", digest=sha256(data).hexdigest(), size="large", sealed=["inquiry"])


def told(org: Org) -> None:
    id_ = requested(org)
    org.event("main", "disclose", "he.ping", step="grant", request=id_, keyring="0" * 64)
    org.event("main", "disclose", "li.wei", step="inform", request=id_, sealed=["report"])


def first_event(org: Org) -> str:
    return org.read(NEW).decode().partition("  id: ")[2].split()[0]


@pytest.mark.parametrize("name", KINDS)
def test_event(name: str, tmp_path: Path) -> None:
    org = good().copy(tmp_path)
    KINDS[name](org)
    fine(org)


def test_every_kind_of_event_is_among_them() -> None:
    assert set(load_preset("house").transitions) <= {name for name in KINDS if name in load_preset("house").transitions} | {"dispose", "disclose"}


# Events of many cases, and as time goes on


@benign
def an_import_of_a_year(org: Org) -> None:
    new = [org.new_case(f"F{n:03}-0006", "li.wei", at("2025-01-06T09:00") + timedelta(days=9 * n)) for n in range(12)]
    ids = [word for n, (_path, _text, id_) in enumerate(new) for word in (f"F{n:03}-0006", id_)]
    org.commit({path: text for path, text, _id in new}, "li.wei", message_of("receive: 12 cases", *ids))


@benign
def keyrings_sealed_anew_in_one_commit(org: Org) -> None:
    texts = {case: org.text_of(case, "rekey", "chen.jie", when=org.clock, keyring="0" * 64) for case in ("main", "done", "new", "run")}
    changes = {org.path(case): org.read(org.path(case)) + text for case, (_id, text) in texts.items()}
    org.commit(changes, "chen.jie", message_of("rekey: 4 cases", *(word for case, (id_, _t) in texts.items() for word in (CASES[case], id_))))


@benign
def an_event_recorded_days_later(org: Org) -> None:
    org.event("main", "interview", "wang.fang", dated=at("2026-11-14T09:00"), person="witness", sealed=["inquiry"])


@benign
def a_clock_that_is_minutes_ahead(org: Org) -> None:
    org.event("new", "accept", "chen.jie", dated=org.clock + timedelta(minutes=4), when=org.clock)


@benign
def a_computer_half_an_hour_behind(org: Org) -> None:
    org.event("new", "accept", "chen.jie")
    org.event("main", "message", "li.wei", when=org.clock - timedelta(minutes=30), direction="to-reporter", sealed=["report"])


@benign
def a_case_of_the_old_policy_goes_on(org: Org) -> None:
    org.event("run", "assign", "chen.jie", team=["wang.fang", "zhao.min"], keyring="0" * 64)


@benign
def an_old_letter_is_entered_under_the_policy_of_its_time(org: Org) -> None:
    path, text, id_ = org.new_case("F0DD-0006", "li.wei", at("2023-05-02T09:00"), policy=1)
    org.commit({path: text}, "li.wei", message_of("receive", "F0DD-0006", id_))


@benign
def a_review(org: Org) -> None:
    when = org.tick()
    events = Event("open", new_id(), when, "sun.li"), Event("conclude", new_id(), when, "sun.li", {"result": "sound"})
    data = dump_header({"plaint": 1, "review": "2026-H1", "policy": 2}) + b"".join(map(dump_event, events))
    org.commit({"reviews/2026-H1.yaml": data}, "sun.li", "review: 2026-H1", when=when)


@benign
def evidence_goes_with_its_case(org: Org) -> None:
    evidence(org)
    closed(org)
    org.now, org.clock = "2030-01-20T12:00", at("2030-01-20T09:00")
    org.event("main", "dispose", "zhou.ning", step="propose")
    org.event("main", "dispose", "sun.li", step="confirm")
    org.commit({MAIN.replace(".yaml", "/e1.age"): None}, "zhou.ning", "remove what no key opens")


# People and policies


@benign
def somebody_joins_and_works(org: Org) -> None:
    org.join("newcomer", ["intake", "coordinator"], "zhou.ning")
    org.event("new", "accept", "newcomer")


@benign
def somebody_leaves(org: Org) -> None:
    org.event("new", "message", "li.wei", direction="to-reporter", sealed=["report"])
    org.house_event("members/li.wei.yaml", "leave", "zhou.ning")


@benign
def somebody_comes_back_under_another_name(org: Org) -> None:
    org.join("gao.lan.2", ["intake"], "zhou.ning", key=org.public("newcomer"))
    org.event("main", "message", "gao.lan.2", signer="newcomer", author="gao.lan.2", direction="to-reporter", sealed=["report"])


@benign
def somebody_takes_a_new_key(org: Org) -> None:
    org.house_event("members/li.wei.yaml", "rotate", "li.wei", signing=[org.public("newcomer")])
    org.event("main", "message", "li.wei", signer="newcomer", author="li.wei", direction="to-reporter", sealed=["report"])


@benign
def somebody_has_two_keys(org: Org) -> None:
    org.house_event("members/li.wei.yaml", "rotate", "li.wei", signing=[org.public("li.wei"), org.public("newcomer")])
    org.event("main", "message", "li.wei", signer="newcomer", author="li.wei", direction="to-reporter", sealed=["report"])
    org.event("main", "message", "li.wei", direction="from-reporter", sealed=["report"])


@benign
def a_steward_replaces_a_lost_key(org: Org) -> None:
    org.house_event("members/zhao.min.yaml", "rotate", "zhou.ning", signing=[org.public("newcomer")])
    org.event("main", "interview", "zhao.min", signer="newcomer", author="zhao.min", person="witness", sealed=["inquiry"])


@benign
def roles_change_hands(org: Org) -> None:
    org.house_event("members/li.wei.yaml", "roles", "zhou.ning", roles=["coordinator"])
    org.house_event("members/chen.jie.yaml", "roles", "zhou.ning", roles=["intake"])
    org.event("new", "accept", "li.wei")


@benign
def a_policy_is_drafted_and_approved(org: Org) -> None:
    draft(org, 3, "2026-11-20")
    org.house_event("policy/3.yaml", "approve", "sun.li")
    org.house_event("policy/3.yaml", "approve", "liu.yang")
    path, text, id_ = org.new_case("F0DD-0006", "li.wei", org.tick(), policy=3)
    org.commit({path: text}, "li.wei", message_of("receive", "F0DD-0006", id_), when=org.clock)
    org.event("new", "accept", "chen.jie")


@benign
def a_policy_waits_for_its_day(org: Org) -> None:
    draft(org, 3, "2027-01-01")
    org.house_event("policy/3.yaml", "approve", "liu.yang")
    org.house_event("policy/3.yaml", "approve", "sun.li")
    registered(org)


@benign
def a_draft_finds_no_approval_and_the_next_one_does(org: Org) -> None:
    draft(org, 3, "2026-11-20", by="sun.li")
    draft(org, 4, "2026-11-20")
    org.house_event("policy/4.yaml", "approve", "sun.li")
    org.house_event("policy/4.yaml", "approve", "liu.yang")
    path, text, id_ = org.new_case("F0DD-0006", "li.wei", org.tick(), policy=4)
    org.commit({path: text}, "li.wei", message_of("receive", "F0DD-0006", id_), when=org.clock)


def draft(org: Org, number: int, effective: str, by: str = "zhou.ning") -> None:
    text = next_policy(org.read("policy/2.yaml"), number, effective, org.tick(), by)
    org.commit({f"policy/{number}.yaml": text}, by, f"draft: policy {number}", when=org.clock)


@benign
def a_steward_changes_the_workflow(org: Org) -> None:
    org.commit({WORKFLOW: "on: push\njobs: {}\n", ".gitlab-ci.yml": "check: {}\n", "site/docs/index.md": "Report.\n"}, "zhou.ning")


@benign
def the_organisation_changes_its_name(org: Org) -> None:
    org.commit({"plaint.yaml": org.read("plaint.yaml").replace(b"Example Works", b"Better Works")}, "zhou.ning")


# Files that are nobody's matter


@benign
def anybody_improves_the_readme(org: Org) -> None:
    org.commit({"README.md": "# Works\n", "docs/how.md": "So.\n", "docs/photo.jpg": b"\xff\xd8\0", "docs/名字.md": "是\n"}, "li.wei")
    org.commit({"docs/how.md": None, "docs/run.sh": ("100755", org.put("echo\n")), "docs/link": ("120000", org.put("how.md"))}, "he.ping")


@benign
def a_commit_by_plain_git(org: Org) -> None:
    org.git("reset", "-q", "--hard")
    (org.folder / "README.md").write_text("# By hand\n")
    org.git(*signing(org, "chen.jie"), "commit", "-q", "-S", "-a", "-m", "by hand", env=dated(org))


def signing(org: Org, member: str) -> list[str]:
    """Git's own settings for signing."""
    return ["-c", "gpg.format=ssh", "-c", f"user.signingKey={org.keys / member}", "-c", f"user.name={member}", "-c", f"user.email={member}@example.org"]


def dated(org: Org) -> dict[str, str]:
    """The time of a commit that git makes."""
    return {"GIT_AUTHOR_DATE": org.tick().isoformat(), "GIT_COMMITTER_DATE": org.clock.isoformat()}


@benign
def a_commit_with_a_key_in_the_agent(org: Org) -> None:
    org.git("reset", "-q", "--hard")
    (org.folder / "README.md").write_text("# By agent\n")
    socket = str(org.home / "agent")
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    try:
        env = {**environment(org.home, NOW), "SSH_AUTH_SOCK": socket}
        for _try in range(100):
            if subprocess.run(["ssh-add", "-q", str(org.keys / "chen.jie")], env=env, capture_output=True, check=False).returncode == 0:
                break
        settings = signing(org, "chen.jie")
        settings[3] = f"user.signingKey=key::{org.public('chen.jie')}"
        org.git(*settings, "commit", "-q", "-S", "-a", "-m", "by agent", env={**dated(org), "SSH_AUTH_SOCK": socket})
    finally:
        agent.terminate()
        agent.wait()


@benign
def a_commit_that_changes_nothing(org: Org) -> None:
    org.commit({}, "li.wei", "nothing")


@benign
def times_of_other_places(org: Org) -> None:
    org.event("new", "accept", "chen.jie", zone="-1130")
    org.event("main", "message", "li.wei", zone="+1400", direction="to-reporter", sealed=["report"])
    org.event("main", "message", "li.wei", zone="+0545", dated=at("2026-11-20T03:25:00+02:00"), direction="to-reporter", sealed=["report"])


@benign
def words_of_other_alphabets_in_a_message(org: Org) -> None:
    org.commit({"README.md": "# 你好\n"}, "li.wei", "更新说明 🙂\n\nSigned-off-by: 李伟 <li.wei@example.org>")


# Merges


def sides(org: Org) -> tuple[str, str]:
    base = org.head
    ours = org.event("main", "interview", "wang.fang", person="witness", sealed=["inquiry"])
    return ours, org.event("new", "accept", "chen.jie", parent=base, ref="refs/heads/side")


@benign
def a_forge_merges_two_lines(org: Org) -> None:
    org.merge(*sides(org))


@benign
def a_merge_by_a_member(org: Org) -> None:
    org.merge(*sides(org), by="li.wei")


@benign
def a_merge_by_plain_git(org: Org) -> None:
    ours, theirs = sides(org)
    org.git("reset", "-q", "--hard", ours)
    org.git("-c", "user.name=x", "-c", "user.email=x@example.org", "merge", "-q", "--no-edit", theirs, env=dated(org))


@benign
def a_merge_signed_by_a_forge(org: Org) -> None:
    """With the forge's OpenPGP key, which is nobody's here."""
    sha = org.merge(*sides(org))
    head, message = org.git("cat-file", "commit", sha).split("\n\n", 1)
    pgp = "-----BEGIN PGP SIGNATURE-----\n \n wsFcBAABCAAQBQJ\n =abcd\n -----END PGP SIGNATURE-----"
    org.move(org.put(f"{head}\ngpgsig {pgp}\n\n{message}\n", "commit"))


@benign
def a_signed_tag_is_merged(org: Org) -> None:
    ours, theirs = sides(org)
    org.git(*signing(org, "chen.jie"), "tag", "-s", "-m", "release", "v1", theirs)
    org.git("reset", "-q", "--hard", ours)
    org.git("-c", "user.name=x", "-c", "user.email=x@example.org", "merge", "-q", "--no-edit", "v1", env=dated(org))
    assert "mergetag" in org.git("cat-file", "commit", "HEAD")


@benign
def a_merge_that_only_goes_forward(org: Org) -> None:
    base = org.head
    tip = org.event("new", "accept", "chen.jie", ref="refs/heads/side")
    tree = org.git("rev-parse", f"{tip}^{{tree}}")
    org.move(org.write_commit(tree, [base, tip], "Merge pull request #2", None))


@benign
def three_lines_in_one_merge(org: Org) -> None:
    base = org.head
    third = org.event("run", "assign", "chen.jie", team=["wang.fang", "zhao.min"], ref="refs/heads/third", keyring="0" * 64)
    org.move(base)
    org.merge(*sides(org), third)


@benign
def lines_that_cross(org: Org) -> None:
    ours, theirs = sides(org)
    one = org.merge(ours, theirs)
    other = org.write_commit(org.git("rev-parse", "HEAD^{tree}"), [theirs, ours], "Merge", None)
    org.move(one)
    tip = org.commit({"README.md": "# Works\n"}, "li.wei")
    org.merge(tip, other)


@benign
def both_sides_change_the_readme(org: Org) -> None:
    base, text = org.head, org.read("README.md").decode()
    ours = org.commit({"README.md": text.replace("First.", "First of all.")}, "li.wei")
    theirs = org.commit({"README.md": text.replace("Last.", "Last of all.")}, "chen.jie", parents=[base], ref="refs/heads/side")
    org.merge(ours, theirs)


@benign
def both_sides_change_the_readme_alike(org: Org) -> None:
    base = org.head
    ours = org.commit({"README.md": "# Works\n"}, "li.wei")
    theirs = org.commit({"README.md": "# Works\n"}, "chen.jie", parents=[base], ref="refs/heads/side")
    org.merge(ours, theirs)


@benign
def a_new_workflow_is_merged(org: Org) -> None:
    base = org.head
    ours = org.event("new", "accept", "chen.jie")
    theirs = org.commit({WORKFLOW: "jobs: {}\n", ".github/CODEOWNERS": "* @zhou\n"}, "zhou.ning", parents=[base], ref="refs/heads/side")
    org.merge(ours, theirs)


@benign
def a_workflow_is_taken_out_on_one_side(org: Org) -> None:
    base = org.head
    ours = org.event("new", "accept", "chen.jie")
    theirs = org.commit({WORKFLOW: None}, "zhou.ning", parents=[base], ref="refs/heads/side")
    org.merge(ours, theirs)


@benign
def somebody_joins_on_one_side(org: Org) -> None:
    base = org.head
    ours = org.event("new", "accept", "chen.jie")
    org.join("newcomer", ["intake"], "zhou.ning", parents=[base], ref="refs/heads/side")
    theirs = org.event("main", "message", "newcomer", parent=org.rev("side"), ref="refs/heads/side", direction="to-reporter", sealed=["report"])
    org.move(ours)
    org.merge(ours, theirs)


@benign
def somebody_leaves_on_one_side_after_their_last_event(org: Org) -> None:
    base = org.event("main", "message", "li.wei", direction="to-reporter", sealed=["report"])
    ours = org.house_event("members/li.wei.yaml", "leave", "zhou.ning")
    theirs = org.event("new", "accept", "chen.jie", parent=base, ref="refs/heads/side")
    org.merge(ours, theirs)


@benign
def a_policy_is_approved_on_one_side(org: Org) -> None:
    base = org.head
    draft(org, 3, "2026-11-20")
    org.house_event("policy/3.yaml", "approve", "sun.li")
    ours = org.house_event("policy/3.yaml", "approve", "liu.yang")
    theirs = org.event("new", "accept", "chen.jie", parent=base, ref="refs/heads/side")
    org.merge(ours, theirs)


@benign
def a_branch_of_a_month_without_events(org: Org) -> None:
    base = org.git("log", "--format=%H", "--grep", "^readme", "-1")
    text = org.read("README.md", base).decode()
    theirs = org.commit({"README.md": text.replace("First.", "1.")}, "li.wei", parents=[base], ref="refs/heads/side", when=at("2026-11-07T09:00"))
    org.merge(org.rev("main"), theirs)


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
    with evil.environ({**environment(org.home, NOW), "PLAINT_HOME": str(org.keys)}):
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


def test_the_demo(demo40: Org) -> None:
    assert demo40.audit().summary["commits"] > 300
    fine(demo40)


@pytest.fixture(scope="module")
def demo40(tmp_path_factory: pytest.TempPathFactory) -> Org:
    """The demo organisation, with forty cases."""
    return evil.demo(tmp_path_factory.mktemp("demo"), 40)
